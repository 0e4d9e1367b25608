"""results.json: what was scored, how, and how well.

The file is one JSON object with the keys of `Results`. Its `tasks` are objects
with the keys of `TaskResult`, one for each task, split and checkpoint, in the
order they were scored; `columns` are objects with those of `ColumnResult`. A
score that is not defined, such as the correlation with constant predictions, is
NaN here and null in the file. Every key is always there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any

import t5_mtf
from t5_mtf import errors
from t5_mtf.evaluation import files

FILE = "results.json"
SCHEMA_VERSION = 2


@dataclasses.dataclass(frozen=True)
class BaselineResult:
  """What a task's scores have to beat: those of predictions without a model.

  Attributes:
    name: name of the baseline, see `t5_mtf.evaluation.baselines`.
    metrics: its scores, by metric name.
  """

  name: str
  metrics: dict[str, float]


@dataclasses.dataclass(frozen=True)
class TaskResult:
  """The scores of one task on one split at one step.

  Attributes:
    task: name of the task.
    split: the evaluated split, such as "validation".
    step: global step of the evaluated checkpoint; None for predictions that
      came from elsewhere.
    metrics: score by metric name.
    examples: number of examples scored.
    truncated_inputs: how many of them were cut to the model's input length.
    truncated_targets: how many targets were cut, where targets were scored.
    seconds: time taken to decode and to score.
    decode: the decoding settings, such as {"beam_size": 1, "alpha": 0.6};
      empty where nothing was decoded.
    config_hash: `text_hash` of the model's configuration.
    data_hash: `text_hash` of the examples, see `evaluator.EvalTask`.
    baseline: what the scores have to beat, or None.
  """

  task: str
  split: str
  step: int | None
  metrics: dict[str, float]
  examples: int
  truncated_inputs: int = 0
  truncated_targets: int = 0
  seconds: float = 0.0
  decode: dict[str, Any] = dataclasses.field(default_factory=dict)
  config_hash: str = ""
  data_hash: str = ""
  baseline: BaselineResult | None = None

  @property
  def key(self) -> tuple[str, str, int | None]:
    """What the result is of: task, split and step."""
    return self.task, self.split, self.step

  @property
  def made_with(self) -> tuple[str, str, str]:
    """What the scores depend on, beside the checkpoint."""
    decode = json.dumps(self.decode, sort_keys=True)
    return decode, self.config_hash, self.data_hash


@dataclasses.dataclass(frozen=True)
class ColumnResult:
  """One number of a result table; made by `columns.make_column`.

  Attributes:
    name: name of the column.
    metric: what the score is, in a few words.
    score: mean over `tasks` of each task's mean over its main metrics.
    baseline: names of the tasks' baselines, joined by ", ".
    baseline_score: the same mean of the baselines' scores.
    examples: number of examples of all the tasks.
    beats_baseline: whether `score` is larger than `baseline_score`.
    main_metrics: task -> its metrics that count.
  """

  name: str
  metric: str
  score: float
  baseline: str
  baseline_score: float
  examples: int
  beats_baseline: bool
  main_metrics: dict[str, list[str]]


@dataclasses.dataclass(frozen=True)
class Results:
  """The whole of results.json.

  Attributes:
    tasks: one result for each task, split and step.
    columns: a result table made of them; may be empty.
    command: the command line, or None when there was none.
    run: facts to show to people: model, steps, seconds, machine, ...
    t5_mtf_version: the version of this package that wrote the file.
    schema_version: the version of this schema, `SCHEMA_VERSION`.
  """

  tasks: list[TaskResult]
  columns: list[ColumnResult] = dataclasses.field(default_factory=list)
  command: str | None = None
  run: dict[str, str | int | float] = dataclasses.field(default_factory=dict)
  t5_mtf_version: str = t5_mtf.__version__
  schema_version: int = SCHEMA_VERSION


def text_hash(*texts: str) -> str:
  """Returns the SHA-256, in hexadecimal, of texts.

  >>> text_hash("run.batch_size = 8")[:12]
  '4de4462058e9'
  """
  found = hashlib.sha256()
  for index, text in enumerate(texts):
    found.update(b"\0" * bool(index) + text.encode())
  return found.hexdigest()


def merged(
    old: Sequence[TaskResult], new: Iterable[TaskResult]
) -> list[TaskResult]:
  """Returns old and new results; a new one replaces the old of its key."""
  found = {result.key: result for result in old}
  for result in new:
    found.pop(result.key, None)  # the new one stands last
    found[result.key] = result
  return list(found.values())


def best(
    results: Iterable[TaskResult], task: str, metric: str
) -> TaskResult | None:
  """Returns a task's result with the highest score, of equals the earliest.

  Scores of `metrics.LOWER_IS_BETTER` are the better the lower they are. NaN is
  never the best.

  Args:
    results: of one split.
    task: name of the task.
    metric: name of the score.

  Returns:
    None if the task has no such score.
  """
  from t5_mtf.evaluation import metrics

  sign = -1 if metric in metrics.LOWER_IS_BETTER else 1
  having = [
      r
      for r in results
      if r.task == task and not math.isnan(r.metrics.get(metric, math.nan))
  ]
  return max(
      having, key=lambda r: (sign * r.metrics[metric], -(r.step or 0)),
      default=None,
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
  text = files.read_text(path)
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
  for inner in filter(dataclasses.is_dataclass, accepted):
    if value is not None:
      return _decode_dataclass(inner, value, where)
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
