"""What the rows of a table cost; runs that rows share are counted once."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping

from t5_mtf.ablations import table_results, table_view


@dataclasses.dataclass(frozen=True)
class Cost:
  """The cost of some runs.

  Attributes:
    runs: number of runs.
    seconds: spent training and evaluating.
    tokens: positions trained on, padding included.
    flops: estimated.
  """

  runs: int = 0
  seconds: float = 0.0
  tokens: int = 0
  flops: float = 0.0


@dataclasses.dataclass(frozen=True)
class RowCost:
  """The cost of a row, all its seeds together.

  Attributes:
    row: its name.
    whole: of all runs that its scores need.
    shared: of those among them that another row of the table needs too.
    unknown: names of runs it needs that the results do not tell of.
  """

  row: str
  whole: Cost
  shared: Cost
  unknown: tuple[str, ...] = ()

  @property
  def own_seconds(self) -> float:
    """Seconds of the runs that no other row of the table needs."""
    return self.whole.seconds - self.shared.seconds


def of(runs: Iterable[table_results.RunResult]) -> Cost:
  """Adds up runs."""
  runs = list(runs)
  return Cost(
      runs=len(runs),
      seconds=sum(run.seconds for run in runs),
      tokens=sum(run.tokens for run in runs),
      flops=sum(run.flops for run in runs),
  )


def of_rows(view: table_view.TableView) -> list[RowCost]:
  """Returns what each row cost."""
  every = view.result.runs
  needed = [runs_of(row.result, every) for row in view.rows]
  uses = Counter(name for names in needed for name in names)
  return [
      RowCost(
          row.name,
          of(every[name] for name in names if name in every),
          of(every[n] for n in names if n in every and uses[n] > 1),
          tuple(name for name in names if name not in every),
      )
      for row, names in zip(view.rows, needed, strict=True)
  ]


def runs_of(
    row: table_results.RowResult, runs: Mapping[str, table_results.RunResult]
) -> list[str]:
  """Names of the runs that a row needs, with all that they start from."""
  found: dict[str, None] = {}
  waiting = [name for seed in row.seeds for name in seed.columns.values()]
  while waiting:
    name = waiting.pop()
    if name not in found:
      found[name] = None
      waiting += runs[name].parents if name in runs else ()
  return list(found)


def total(results: Iterable[table_results.TableResult]) -> Cost:
  """Returns the cost of all runs of all tables, each once."""
  runs: dict[str, table_results.RunResult] = {}
  for result in results:
    runs |= result.runs
  return of(runs.values())
