"""The results file of a table: `OUTPUT/table_4.json`.

It holds all that the report needs, without any model directory: the scores of
each row and seed, and of each run how long it took and how its loss fell.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import files

SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class RunResult:
  """One run that has ended.

  Attributes:
    kind: as in `runs.Run`.
    label: as in `runs.Run`.
    seed: as in `runs.Run`.
    steps: trained in it.
    tokens: positions trained on, padding included.
    flops: of all its steps, estimated; 0 where nothing is trained.
    seconds: spent training and evaluating.
    parameters: number of the model's.
    loss: (step, training loss) along the run, thinned to a few hundred.
    parents: names of the runs it starts from.
  """

  kind: str
  label: str
  seed: int
  steps: int
  tokens: int
  flops: float
  seconds: float
  parameters: int
  loss: tuple[tuple[int, float], ...] = ()
  parents: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class SeedResult:
  """The scores of one row with one seed.

  Attributes:
    seed: the seed.
    scores: task -> metric -> score, of each task's best checkpoint.
    checkpoints: task -> the step of that checkpoint.
    columns: heading -> name of the run that the column's scores come from.
  """

  seed: int
  scores: Mapping[str, Mapping[str, float]]
  checkpoints: Mapping[str, int]
  columns: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class RowResult:
  """One row; its published numbers are in `evaluation.paper` by its id.

  Attributes:
    id: such as "table_4/bert_style".
    seeds: one result for each seed that has ended, in their order.
  """

  id: str
  seeds: tuple[SeedResult, ...]


@dataclasses.dataclass(frozen=True)
class TableResult:
  """The results of a table at one scale.

  Attributes:
    table: such as "table_4".
    scale: name of the scale, such as "mini".
    scale_settings: the scale's settings, as they are in its file.
    rows: in the paper's order; rows without any ended seed are not there.
    runs: name -> every run of these rows.
    machine: such as {"cpu": "...", "cores": 2, "memory_gb": 23}.
    versions: package -> version.
    command: that made them.
    date: ISO 8601, of the last run's end.
  """

  table: str
  scale: str
  scale_settings: Mapping[str, Any]
  rows: tuple[RowResult, ...]
  runs: Mapping[str, RunResult]
  machine: Mapping[str, Any]
  versions: Mapping[str, str]
  command: str
  date: str


def write(path: str, result: TableResult) -> None:
  """Writes the results of a table, whole or not at all."""
  document = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(result)}
  files.write_atomically(path, json.dumps(document, indent=1) + "\n")


def read(path: str) -> TableResult:
  """Reads the results of a table.

  Raises:
    DataError: the file is not one.
  """
  try:
    document = json.loads(files.read_text(path))
    version = document.pop("schema_version")
    if version != SCHEMA_VERSION:
      raise ValueError(f"schema {version}, where {SCHEMA_VERSION} is read")
    rows = tuple(
        RowResult(row["id"], tuple(SeedResult(**s) for s in row["seeds"]))
        for row in document.pop("rows")
    )
    runs = {
        name: RunResult(
            **{
                **run,
                "loss": tuple((step, loss) for step, loss in run["loss"]),
                "parents": tuple(run["parents"]),
            }
        )
        for name, run in document.pop("runs").items()
    }
    return TableResult(rows=rows, runs=runs, **document)
  except (KeyError, TypeError, ValueError, AttributeError) as error:
    raise errors.DataError(
        f"{path} is not a results file of a table: {error!r}. `t5_mtf ablations"
        " run` writes them."
    ) from error
