"""Made-up results files, for tests of the report. None of this was measured.

Scores follow the paper's differences, shrunk, with seeded noise; losses and
costs are formulas.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from t5_mtf.ablations import table_results
from t5_mtf.evaluation import benchmarks, paper

DATE = "2026-11-25T08:00:00"
# Of one run, in each mini column; some columns barely move, as real ones.
_NOISE = (0.9, 0.3, 1.2, 1.5, 0.4, 0.5, 0.3)
_BASE = (52.0, 14.0, 31.0, 55.0, 9.0, 11.0, 7.0)
_TRANSFER = (0.6, 0.4, 0.8, 0.5, 1.2, 0.3, 1.0)


def table(
    name: str,
    rows: Sequence[str] | None = None,
    seeds: Sequence[int] = (0, 1),
    columns: Sequence[int] = tuple(range(7)),
    settings: dict | None = None,
) -> table_results.TableResult:
  """Returns made-up results of a table of the paper, or of some of its rows."""
  wanted = list(paper.table(name).rows) if rows is None else rows
  wanted = [i for i in wanted if "standard_deviation" not in i]
  runs: dict[str, table_results.RunResult] = {}
  return table_results.TableResult(
      table=name,
      scale="mini",
      scale_settings=settings or {"d_model": 128, "pretraining_steps": 2000},
      rows=tuple(
          table_results.RowResult(
              row, tuple(_seed(row, seed, columns, runs) for seed in seeds)
          )
          for row in wanted
      ),
      runs=runs,
      machine={"cpu": "a fixture", "cores": 2, "memory_gb": 8},
      versions={"t5_mtf": "fixture", "tensorflow": "2.15.1"},
      command=f"t5_mtf ablations run {name} (a fixture, never run)",
      date=DATE,
  )


def scores(column: int, value: float) -> dict[str, dict[str, float]]:
  """Scores of every task of a mini column that make its number this one."""
  found: dict[str, dict[str, float]] = {}
  for score in benchmarks.MINI[column].scores:
    found.setdefault(score.task, {})[score.metric] = value
  return found


def _experiment(row: str) -> str:
  """A label, the same for rows that are the same experiment."""
  found = paper.row(row)
  if found.starred:
    return "baseline"
  table_name, name = row.split("/")
  return name if name == "bert_style" else f"{table_name}-{name}"


def _seed(
    row: str,
    seed: int,
    columns: Sequence[int],
    runs: dict[str, table_results.RunResult],
) -> table_results.SeedResult:
  label = _experiment(row)
  rng = random.Random(f"{label} {seed}")
  baseline = paper.row("table_1/baseline_average")
  found: dict[str, dict[str, float]] = {}
  headings = {}
  pretraining = _pretraining(label, seed, runs)
  for i in columns:
    published = paper.score(paper.row(row), benchmarks.PAPER[i])
    moved = published - paper.score(baseline, benchmarks.PAPER[i])
    value = _BASE[i] + _TRANSFER[i] * moved + rng.gauss(0, _NOISE[i])
    found |= scores(i, max(0.0, value))
    heading = benchmarks.MINI[i].name
    run = f"fine_tuning-{label}_{heading}-seed_{seed}"
    runs[run] = table_results.RunResult(
        "fine_tuning", f"{label}_{heading}", seed, 400, 400 * 4096, 2.4e12,
        55.0 + 10 * i, 1_300_000, parents=(pretraining,),
    )  # fmt: skip
    headings[heading] = run
  return table_results.SeedResult(
      seed, found, dict.fromkeys(found, 400), headings
  )


def _pretraining(
    label: str, seed: int, runs: dict[str, table_results.RunResult]
) -> str:
  name = f"pretraining-{label}-seed_{seed}"
  rng = random.Random(name)
  depth = 1.5 + len(label) % 5 / 3
  loss = tuple(
      (step, depth + 5 * math.exp(-step / 500) + rng.gauss(0, 0.08))
      for step in range(10, 2001, 10)
  )
  runs[name] = table_results.RunResult(
      "pretraining", label, seed, 2000, 2000 * 4096, 1.2e13, 312.0, 1_300_000,
      loss=loss,
  )  # fmt: skip
  return name


def write(folder: str, *results: table_results.TableResult) -> str:
  """Writes results files; returns their folder."""
  for result in results:
    table_results.write(f"{folder}/{result.table}.json", result)
  return str(folder)
