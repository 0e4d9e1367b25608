"""What is run for a row of a table: single runs, and which need which.

A run is one model directory: trained by one command and, where it is
fine-tuned, evaluated by another. Rows share runs: two runs that would do the
same are equal, and have one name.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
from collections.abc import Iterable, Mapping

PRETRAINING = "pretraining"
FINE_TUNING = "fine_tuning"
MULTITASK = "multitask"  # one training on everything, evaluated on all columns
ENSEMBLE = "ensemble"  # its parents' models as one; nothing is trained


@dataclasses.dataclass(frozen=True)
class Run:
  """One model directory, and what makes it.

  Attributes:
    kind: one of the four above.
    label: what it is, in a few words for a file name: "iid_15_u_u".
    gin_files: in order, as the command takes them.
    gin_params: further bindings, without folders and seeds.
    steps: trained in this run; those of its parent come before.
    seed: of the weights, of the data's order and of the corruption.
    parents: runs whose last checkpoint it starts from: none, or one; of an
      ensemble, its members.
    tasks: evaluated on validation; none for a pre-training.
    eval_params: bindings of the evaluation only.
  """

  kind: str
  label: str
  gin_files: tuple[str, ...] = ()
  gin_params: tuple[str, ...] = ()
  steps: int = 0
  seed: int = 0
  parents: tuple[Run, ...] = ()
  tasks: tuple[str, ...] = ()
  eval_params: tuple[str, ...] = ()

  @functools.cached_property
  def name(self) -> str:
    """Names the run's folder; equal for equal runs, different for others."""
    told = [
        self.kind, self.gin_files, self.gin_params, self.steps, self.seed,
        [parent.name for parent in self.parents], self.tasks, self.eval_params,
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]
    return f"{self.kind}-{self.label}-seed_{self.seed}-{digest}"

  @property
  def total_steps(self) -> int:
    """The global step at which it ends."""
    if self.kind == ENSEMBLE or not self.parents:
      return self.steps
    return self.steps + self.parents[0].total_steps

  def folder(self, output: str) -> str:
    """The run's directory below that of the tables."""
    return os.path.join(output, "runs", self.name)


@dataclasses.dataclass(frozen=True)
class RowRuns:
  """The runs of one row with one seed.

  Attributes:
    row: the row's id, such as "table_4/bert_style".
    seed: the seed.
    columns: heading -> the run that its score comes from.
  """

  row: str
  seed: int
  columns: Mapping[str, Run]


def in_order(wanted: Iterable[Run]) -> list[Run]:
  """Returns the runs and all they need, each once, parents first."""
  found: dict[str, Run] = {}

  def add(run: Run) -> None:
    for parent in run.parents:
      add(parent)
    found.setdefault(run.name, run)

  for run in wanted:
    add(run)
  return list(found.values())
