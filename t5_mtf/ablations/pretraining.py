"""Loss curves of the pre-trainings behind some tables, each run once."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from t5_mtf.ablations import costs, runs, table_results, table_view, wording
from t5_mtf.evaluation import curves


@dataclasses.dataclass(frozen=True)
class Group:
  """The runs of one pre-training with different seeds.

  Attributes:
    title: what was trained, as the runs are labelled.
    seeds: seed -> (step, loss) rows, finite losses only.
    dropped: number of losses that were not finite.
    rows: the rows that start from it, in words.
  """

  title: str
  seeds: Mapping[int, Sequence[curves.Row]]
  dropped: int
  rows: str

  def told(self) -> str:
    """Says where the loss ends."""
    ends = [
        curves.smooth([row["loss"] for row in rows])[-1]
        for rows in self.seeds.values()
    ]
    last = max(row["step"] for rows in self.seeds.values() for row in rows)
    text = (
        f"{wording.count(len(ends), 'seed')}; average"
        f" {statistics.fmean(ends):.2f} at step {last:,.0f}."
    )
    if self.dropped:
      text += f" {wording.count(self.dropped, 'loss')} not finite."
    return text


def of_views(
    views: Iterable[table_view.TableView],
) -> tuple[list[Group], list[str]]:
  """Returns the groups, and names of runs without any finite loss."""
  every: dict[str, table_results.RunResult] = {}
  used: dict[str, list[tuple[str, str]]] = {}
  for view in views:
    for row in view.rows:
      table = wording.table_title(view.paper.name)
      for name in costs.runs_of(row.result, view.result.runs):
        run = view.result.runs.get(name)
        if run is not None and run.kind == runs.PRETRAINING:
          every[name] = run
          used.setdefault(name, []).append((table, row.name))
  grouped: dict[tuple, list[str]] = {}
  for name, run in every.items():
    key = (run.label, run.steps, run.parameters, tuple(used[name]))
    grouped.setdefault(key, []).append(name)
  groups, without = [], []
  for (label, *_), names in grouped.items():
    found = {every[name].seed: _finite(every[name]) for name in names}
    without += [name for name in names if not _finite(every[name])]
    found = {seed: rows for seed, rows in found.items() if rows}
    dropped = sum(len(every[n].loss) - len(_finite(every[n])) for n in names)
    if found:
      groups.append(Group(label, found, dropped, _rows(used[names[0]])))
  return groups, without


def _finite(run: table_results.RunResult) -> list[curves.Row]:
  return [
      {"step": step, "loss": loss}
      for step, loss in run.loss
      if math.isfinite(loss)
  ]


def _rows(used: Sequence[tuple[str, str]]) -> str:
  tables = dict.fromkeys(table for table, _ in used)
  return "; ".join(
      f"{table}: {wording.listing(row for t, row in used if t == table)}"
      for table in tables
  )


def axes(groups: Sequence[Group]) -> tuple[tuple[float, float], float]:
  """Returns the lowest and highest loss and the last step of all."""
  rows = [row for g in groups for rows in g.seeds.values() for row in rows]
  if not rows:
    return (0.0, 1.0), 1.0
  losses = [row["loss"] for row in rows]
  return (min(losses), max(losses)), max(row["step"] for row in rows)
