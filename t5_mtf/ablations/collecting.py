"""From the folders of runs to the results file of a table."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence

from t5_mtf import errors
from t5_mtf.ablations import runs, table_results, watching
from t5_mtf.ablations.run_folder import Done, RunFolder
from t5_mtf.ablations.runs import RowRuns, Run
from t5_mtf.ablations.scales import Scale
from t5_mtf.ablations.table_results import (
    RowResult,
    RunResult,
    SeedResult,
    TableResult,
)
from t5_mtf.evaluation import curves

_LOSSES = 200  # of a run, that are kept


class Collector:
  """Makes the results file of one table, again and again as runs end.

  Attributes:
    path: of the file.
  """

  def __init__(
      self, table: str, scale: Scale, every: Sequence[RowRuns], output: str
  ) -> None:
    """Initializes the collector.

    Args:
      table: its name.
      scale: of the runs.
      every: all rows and seeds that the file may have, rows in the paper's
        order.
      output: the directory of the tables.
    """
    self.path = file_of(table, output)
    self._table, self._scale, self._output = table, scale, output
    self._every = list(every)
    self._written: set[tuple[str, int]] = set()
    self._made: dict[str, RunResult] = {}

  def check_kept(self) -> None:
    """Checks that the file, if it is there, holds nothing that would be lost.

    Raises:
      UserError: it does, of other settings.
    """
    if not os.path.exists(self.path):
      return
    before = table_results.read(self.path)
    own = {(row.row, row.seed) for row in self._ended()}
    lost = [
        f"{row.id} with seed {seed.seed}"
        for row in before.rows
        for seed in row.seeds
        if (row.id, seed.seed) not in own
    ]
    if lost:
      raise errors.UserError(
          f"{self.path} has {len(lost)} results that this command would not"
          f" keep, such as {lost[0]}: they are of other settings (scale"
          f" {before.scale}), or their runs are gone. Give another --output, or"
          " the settings they were made with, or move the file away."
      )

  def update(self, command: str) -> bool:
    """Writes the file, if a row has ended with a seed since the last time."""
    ended = self._ended()
    keys = {(row.row, row.seed) for row in ended}
    if keys <= self._written:
      return False
    table_results.write(self.path, self._collect(ended, command))
    self._written = keys
    return True

  def _ended(self) -> list[RowRuns]:
    return [
        row
        for row in self._every
        if all(
            RunFolder(run, self._output).read_done()
            for run in set(row.columns.values())
        )
    ]

  def _collect(self, ended: Sequence[RowRuns], command: str) -> TableResult:
    needed = runs.in_order(r for row in ended for r in row.columns.values())
    done = {r.name: RunFolder(r, self._output).read_done() for r in needed}
    newest = max(done.values(), key=lambda d: d.date)
    for run in needed:
      if run.name not in self._made:
        self._made[run.name] = _run_result(run, done[run.name], self._output)
    settings = json.loads(json.dumps(self._scale.settings()))
    return TableResult(
        table=self._table,
        scale=self._scale.name,
        scale_settings=settings,
        rows=tuple(
            RowResult(
                row_id,
                tuple(
                    _seed_result(row, self._output)
                    for row in sorted(ended, key=lambda r: r.seed)
                    if row.row == row_id
                ),
            )
            for row_id in dict.fromkeys(row.row for row in ended)
        ),
        runs={run.name: self._made[run.name] for run in needed},
        machine=newest.machine,
        versions=newest.versions,
        command=command,
        date=newest.date,
    )


def file_of(table: str, output: str) -> str:
  """Path of the results file of a table."""
  return os.path.join(output, f"{table}.json")


def seeds_in(path: str) -> set[int]:
  """The seeds that a results file has; none if it is not there."""
  if not os.path.exists(path):
    return set()
  before = table_results.read(path)
  return {seed.seed for row in before.rows for seed in row.seeds}


def _seed_result(row: RowRuns, output: str) -> SeedResult:
  """The scores of a row with a seed."""
  chosen = {}
  for run in dict.fromkeys(row.columns.values()):
    chosen |= watching.scores(run, output)
  return SeedResult(
      seed=row.seed,
      scores={task: result.metrics for task, result in chosen.items()},
      checkpoints={task: result.step for task, result in chosen.items()},
      columns={heading: run.name for heading, run in row.columns.items()},
  )


def _run_result(run: Run, done: Done, output: str) -> RunResult:
  return RunResult(
      kind=run.kind,
      label=run.label,
      seed=run.seed,
      steps=run.steps,
      tokens=done.facts.tokens,
      flops=done.facts.flops,
      seconds=done.seconds,
      parameters=done.facts.parameters,
      loss=tuple(thinned(_losses(run.folder(output)))),
      parents=tuple(parent.name for parent in run.parents),
  )


def _losses(folder: str) -> list[tuple[int, float]]:
  path = os.path.join(folder, curves.METRICS_FILE)
  if not os.path.exists(path):
    return []  # an ensemble's
  rows = curves.read_metrics(path)
  return [(int(row["step"]), float(row["loss"])) for row in rows]


def thinned(
    points: Sequence[tuple[int, float]], most: int = _LOSSES
) -> list[tuple[int, float]]:
  """Returns at most so many points: each the mean of neighbours.

  >>> thinned([(0, 4.0), (1, 2.0), (2, 3.0), (3, 1.0)], 2)
  [(1, 3.0), (3, 2.0)]
  """
  size = max(1, math.ceil(len(points) / most))
  groups = [points[i : i + size] for i in range(0, len(points), size)]
  return [
      (group[-1][0], sum(loss for _, loss in group) / len(group))
      for group in groups
  ]
