"""results.json: what a run scored, beside what it had to beat.

A column is one number of a result table, such as the average of a benchmark,
and is made of tasks. Its score is the mean over its tasks of each task's mean
over its main metrics, the rule of the GLUE benchmark. All main metrics are
better when larger. A score that is not defined, such as the correlation with
constant predictions, is NaN here and null in the file, and counts as 0 in a
column.

The file is one JSON object with the keys of `Results`; `columns` holds objects
with the keys of `ColumnResult`, and their `tasks` objects with those of
`TaskResult`. Every key is always there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import t5_mtf
from t5_mtf import errors
from t5_mtf.evaluation import files

SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class TaskResult:
  """The scores of one task on one split at one step.

  Attributes:
    task: name of the task.
    split: the evaluated split, such as "validation".
    step: global step of the evaluated checkpoint.
    metrics: every score of the model, by metric name.
    main_metrics: those of `metrics` that count in the column.
    baseline: name of the baseline, see `t5_mtf.evaluation.baselines`.
    baseline_metrics: the baseline's scores; `main_metrics` at least.
    examples: number of examples scored.
    truncated_inputs: how many of them were cut to the model's input length.
    seconds: time taken to decode and to score.
  """

  task: str
  split: str
  step: int
  metrics: dict[str, float]
  main_metrics: list[str]
  baseline: str
  baseline_metrics: dict[str, float]
  examples: int
  truncated_inputs: int
  seconds: float


@dataclasses.dataclass(frozen=True)
class ColumnResult:
  """One number of the result table; made by `make_column`.

  Attributes:
    name: name of the column.
    metric: what the score is, in a few words.
    score: mean over `tasks` of each task's mean over its main metrics.
    baseline: names of the tasks' baselines, joined by ", ".
    baseline_score: the same mean of the baselines' scores.
    examples: number of examples of all the tasks.
    beats_baseline: whether `score` is larger than `baseline_score`.
    tasks: the tasks the score is made of.
  """

  name: str
  metric: str
  score: float
  baseline: str
  baseline_score: float
  examples: int
  beats_baseline: bool
  tasks: list[TaskResult]


@dataclasses.dataclass(frozen=True)
class Results:
  """The whole of results.json.

  Attributes:
    columns: the result table.
    decode: the decoding settings, such as {"beam_size": 1, "alpha": 0.6}.
    config_hash: `config_hash` of the configuration the run was made with.
    command: the command line, or None when there was none.
    run: facts to show to people: model, steps, seconds, machine, ...
    t5_mtf_version: the version of this package that wrote the file.
    schema_version: the version of this schema, `SCHEMA_VERSION`.
  """

  columns: list[ColumnResult]
  decode: dict[str, Any]
  config_hash: str
  command: str | None = None
  run: dict[str, str | int | float] = dataclasses.field(default_factory=dict)
  t5_mtf_version: str = t5_mtf.__version__
  schema_version: int = SCHEMA_VERSION


def config_hash(config: str) -> str:
  """Returns the SHA-256, in hexadecimal, of a configuration's text.

  >>> config_hash("run.batch_size = 8")[:12]
  '4de4462058e9'
  """
  return hashlib.sha256(config.encode()).hexdigest()


def make_column(
    name: str, tasks: Sequence[TaskResult], metric: str | None = None
) -> ColumnResult:
  """Makes a column of its tasks by the rule at the top of this module.

  Args:
    name: name of the column.
    tasks: one or more results.
    metric: what the score is; by default the names of the main metrics.

  Returns:
    The column, with its score, its baseline's and whether it is above.

  Raises:
    UserError: no tasks, or a main metric that is not among a task's metrics.
  """
  if not tasks:
    raise errors.UserError(f"column {name!r} has no tasks to be scored on.")
  score = _mean(_task_score(t, t.metrics) for t in tasks)
  baseline_score = _mean(_task_score(t, t.baseline_metrics) for t in tasks)
  if metric is None:
    names = list(dict.fromkeys(m for t in tasks for m in t.main_metrics))
    metric = (
        ", ".join(names) if len(names) <= 3 else f"mean of {len(names)} metrics"
    )
  return ColumnResult(
      name=name,
      metric=metric,
      score=score,
      baseline=", ".join(dict.fromkeys(t.baseline for t in tasks)),
      baseline_score=baseline_score,
      examples=sum(t.examples for t in tasks),
      beats_baseline=score > baseline_score,
      tasks=list(tasks),
  )


def _mean(values: typing.Iterable[float]) -> float:
  values = list(values)
  return sum(values) / len(values)


def _task_score(result: TaskResult, scores: Mapping[str, float]) -> float:
  missing = [m for m in result.main_metrics if m not in scores]
  if missing or not result.main_metrics:
    raise errors.UserError(
        f"task {result.task!r} has main metrics {result.main_metrics}, but"
        f" scores {sorted(scores)}. Name one or more main metrics, and score"
        " both the model and the baseline by each."
    )
  return _mean(
      0.0 if math.isnan(scores[m]) else scores[m] for m in result.main_metrics
  )


def write_results(path: str | os.PathLike[str], results: Results) -> None:
  """Writes `results` as JSON to `path`, atomically."""
  document = _nan_to_null(dataclasses.asdict(results))
  text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
  files.write_atomically(path, text + "\n")


def _nan_to_null(value: Any) -> Any:
  if isinstance(value, dict):
    return {k: _nan_to_null(v) for k, v in value.items()}
  if isinstance(value, list):
    return [_nan_to_null(v) for v in value]
  return None if isinstance(value, float) and math.isnan(value) else value


def read_results(path: str | os.PathLike[str]) -> Results:
  """Reads what `write_results` wrote.

  Raises:
    DataError: no JSON, another schema version, or a key that is missing,
      unknown or of another type; the message names it.
    FileNotFoundError: there is no such file.
  """
  with open(path, encoding="utf-8") as f:
    text = f.read()
  try:
    document = json.loads(text)
  except json.JSONDecodeError as e:
    raise errors.DataError(
        f"{path}:{e.lineno}: not JSON ({e.msg}). Write the file again."
    ) from None
  is_object = isinstance(document, dict)
  version = document.get("schema_version") if is_object else None
  if version != SCHEMA_VERSION:
    raise errors.DataError(
        f"{path}: schema_version is {version!r}; this version of t5_mtf reads"
        f" {SCHEMA_VERSION}. Write the file again, or read it with the version"
        " of t5_mtf that wrote it."
    )
  try:
    return _decode(Results, document, "")
  except _SchemaError as e:
    raise errors.DataError(
        f"{path}: {e}. The file was changed after it was written: write it"
        " again."
    ) from None


class _SchemaError(Exception):
  """A value that is not what its key says."""


def _decode(kind: Any, value: Any, where: str) -> Any:
  """Turns a JSON value into `kind`, or raises naming the key."""
  if dataclasses.is_dataclass(kind):
    return _decode_dataclass(kind, value, where)
  if kind is Any:
    return value
  if kind is float and value is None:
    return math.nan
  origin, arguments = typing.get_origin(kind), typing.get_args(kind)
  if origin is list and isinstance(value, list):
    return [
        _decode(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(value)
    ]
  if origin is dict and isinstance(value, dict):
    return {
        k: _decode(arguments[1], v, f"{where}.{k}") for k, v in value.items()
    }
  accepted = arguments if origin is types.UnionType else (kind,)
  if type(value) in accepted:
    return value
  if float in accepted and type(value) is int:
    return float(value)
  name = kind.__name__ if isinstance(kind, type) else str(kind)
  raise _SchemaError(f"{where.lstrip('.')} is {value!r:.80}, not {name}")


def _decode_dataclass(kind: Any, value: Any, where: str) -> Any:
  if not isinstance(value, dict):
    raise _SchemaError(f"{where.lstrip('.')} is {value!r:.80}, not an object")
  hints = typing.get_type_hints(kind)
  for problem, keys in (
      ("is missing", hints.keys() - value.keys()),
      ("is not a key of the schema", value.keys() - hints.keys()),
  ):
    if keys:
      raise _SchemaError(f"{where}.{min(keys)}".lstrip(".") + f" {problem}")
  return kind(
      **{k: _decode(hints[k], v, f"{where}.{k}") for k, v in value.items()}
  )


def format_score(score: float) -> str:
  """Returns a score with two decimals, or "undefined" for NaN."""
  return "undefined" if math.isnan(score) else f"{score:.2f}"


def terminal_table(results: Results) -> str:
  """Returns the columns as an aligned table of plain text, without colour.

  A column that is not above its baseline stays in the table and says so.
  """
  rows = [
      ["column", "metric", "score", "baseline", "difference", "examples", ""]
  ]
  for c in results.columns:
    rows.append([
        c.name,
        c.metric,
        format_score(c.score),
        format_score(c.baseline_score),
        f"{c.score - c.baseline_score:+.2f}",
        f"{c.examples:,}",
        "" if c.beats_baseline else "not above baseline",
    ])
  widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
  lines = []
  for row in rows:
    cells = [
        cell.rjust(width) if 2 <= i <= 5 else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    lines.append("  ".join(cells).rstrip())
  lines.insert(1, "  ".join("-" * w for w in widths[:6]))
  baselines = dict.fromkeys(c.baseline for c in results.columns)
  lines.append("")
  lines.append("Score: mean over the column's tasks of their main metrics.")
  lines.append("Baseline: " + "; ".join(baselines) + ".")
  return "\n".join(lines)
