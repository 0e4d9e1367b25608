"""What a task or a mixture consists of, in words, without reading its data."""

from __future__ import annotations

import dataclasses
import functools
import glob
import inspect
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.data import dataset_providers

# Class of a source -> what it reads.
_KINDS = {
    "FunctionDataSource": "function",
    "TextLineDataSource": "text lines",
    "TFExampleDataSource": "TFRecord files",
    "TableDataSource": "table",
}
# What functions that make metrics call the metric they were given.
_METRIC_VARIABLES = ("metric_str", "metric_fn")
_ARGUMENTS_OF_THE_TASK = ("output_features", "sequence_length")


@dataclasses.dataclass(frozen=True)
class Step:
  """One function of a task.

  Attributes:
    name: the function's, with its module where it is not the package's.
    arguments: the arguments that are bound to it, as Python writes them.
    given: names of the arguments that the task itself gives.
    summary: first line of the function's docstring.
  """

  name: str
  arguments: Mapping[str, str]
  given: tuple[str, ...] = ()
  summary: str = ""

  def __str__(self) -> str:
    bound = ", ".join(f"{k}={v}" for k, v in self.arguments.items())
    return f"{self.name}({bound})" if bound else self.name


def step(fn: Callable[..., Any]) -> Step:
  """Describes a preprocessor, postprocessor, metric or rate function.

  >>> str(step(functools.partial(sorted, reverse=True)))
  'sorted(reverse=True)'
  """
  arguments: dict[str, str] = {}
  while isinstance(fn, functools.partial):
    names = _parameters(fn.func)
    bound = dict(zip(names, fn.args, strict=False)) | fn.keywords
    arguments = {**{k: _value(v) for k, v in bound.items()}, **arguments}
    fn = fn.func
  name = getattr(fn, "__qualname__", None)
  if name is None:  # an object that is called
    name = type(fn).__name__
    arguments = {
        k.lstrip("_"): _value(v)
        for k, v in getattr(fn, "__dict__", {}).items()
        if v is not None
    }
  if "<locals>" in name:  # made by another function, with what it was given
    name = name.partition(".<locals>")[0]
    arguments = {k: _value(v) for k, v in _closure(fn).items()} | arguments
  documented = fn if hasattr(fn, "__qualname__") else type(fn)
  parameters = _parameters(fn)
  given = [
      name
      for name in _ARGUMENTS_OF_THE_TASK
      if name in parameters and name not in arguments
  ]
  return Step(
      name,
      arguments,
      tuple(given),
      (inspect.getdoc(documented) or "").split("\n")[0],
  )


def short_name(fn: Callable[..., Any]) -> str:
  """The name of a function, or of what the function was made for.

  >>> from t5_mtf.evaluation import metrics
  >>> short_name(metrics.accuracy)
  'accuracy'
  >>> short_name(metrics.sklearn_metrics_wrapper("matthews_corrcoef"))
  'matthews_corrcoef'
  """
  while isinstance(fn, functools.partial):
    fn = fn.func
  if "<locals>" in getattr(fn, "__qualname__", ""):
    held = _closure(fn)
    for name in _METRIC_VARIABLES:
      if name in held:
        value = held[name]
        return value if isinstance(value, str) else short_name(value)
  return step(fn).name


def _closure(fn: Callable[..., Any]) -> dict[str, Any]:
  """Simple values that a function made by another one holds."""
  names = getattr(getattr(fn, "__code__", None), "co_freevars", ())
  cells = getattr(fn, "__closure__", None) or ()
  found = {}
  for name, cell in zip(names, cells, strict=False):
    try:
      value = cell.cell_contents
    except ValueError:  # not set yet
      continue
    if isinstance(value, (str, int, float, list, tuple)) or callable(value):
      found[name] = value
  return found


def _parameters(fn: Callable[..., Any]) -> list[str]:
  try:
    return list(inspect.signature(fn).parameters)
  except (TypeError, ValueError):  # some built-in functions have none
    return []


def _value(value: Any) -> str:
  if callable(value) and hasattr(value, "__qualname__"):
    return value.__qualname__
  if isinstance(value, functools.partial):
    return str(step(value))
  if isinstance(value, Mapping):
    inside = ", ".join(f"{k!r}: {_value(v)}" for k, v in value.items())
    return f"{{{inside}}}"
  if isinstance(value, (list, tuple)):
    inside = ", ".join(map(_value, value))
    if isinstance(value, list):
      return f"[{inside}]"
    return f"({inside},)" if len(value) == 1 else f"({inside})"
  return repr(value)


def source_of(task: dataset_providers.Task) -> str:
  """What a task reads, in a few words.

  >>> from t5_mtf import data
  >>> source_of(data.TaskRegistry.get("mini_squad"))
  'table'
  """
  source = task.source
  name = getattr(source, "tfds_name", None)
  if name:
    return f"TFDS {name}"
  if of := getattr(source, "of", None):
    return f"first tokens of {of.name}"
  kind = type(source).__name__
  return _KINDS.get(kind, kind)


def vocabulary_text(vocabulary: Any) -> str:
  """A vocabulary, its size and special ids.

  >>> from t5_mtf import data
  >>> vocabulary_text(data.ByteVocabulary())
  'ByteVocabulary(extra_ids=0): 259 ids, pad 0, eos 1, unk 2'
  """
  special = [
      f"{name} {value}"
      for name in ("pad", "eos", "unk", "bos")
      if (value := getattr(vocabulary, f"{name}_id", None)) is not None
  ]
  size = f"{vocabulary.vocab_size:,} ids"
  return f"{vocabulary!r}: {', '.join([size, *special])}"


@dataclasses.dataclass(frozen=True)
class TfdsFolder:
  """Where TensorFlow Datasets keeps a data set.

  Attributes:
    path: its folder, of the newest version if none is named.
    data_dir: the folder of all data sets.
    splits: TFDS's splits -> examples, of the prepared data set; or None.
  """

  path: str
  data_dir: str
  splits: Mapping[str, int] | None


def tfds_folder(source: Any) -> TfdsFolder | None:
  """Looks for a TFDS source's data on disk; imports and downloads nothing.

  Args:
    source: a data source.

  Returns:
    The folder; None if the source is not TFDS's.
  """
  name = getattr(source, "tfds_name", None)
  if not name:
    return None
  data_dir = os.path.expanduser(
      source.tfds_data_dir
      or os.environ.get("TFDS_DATA_DIR")
      or os.path.join("~", "tensorflow_datasets")
  )
  data_set, _, version = name.partition(":")
  folder = os.path.join(data_dir, data_set)
  pattern = os.path.join(folder, version or "*")
  found = sorted(glob.glob(os.path.join(pattern, "dataset_info.json")))
  if not found:
    return TfdsFolder(
        os.path.join(folder, version) if version else folder, data_dir, None
    )
  try:
    with open(found[-1], encoding="utf-8") as f:
      splits = {
          s["name"]: sum(map(int, s.get("shardLengths", [])))
          for s in json.load(f).get("splits", [])
      }
  except (OSError, ValueError, KeyError) as error:
    raise errors.DataError(
        f"{found[-1]} cannot be read ({error}). Prepare the data set again."
    ) from error
  return TfdsFolder(os.path.dirname(found[-1]), data_dir, splits)


def missing_data(task: dataset_providers.Task) -> str | None:
  """Why a task cannot be read here, and what to run; None if nothing is known.

  Only TFDS data sets are looked for: the files of other sources are named by
  the error that reading them gives.
  """
  folder = tfds_folder(task.source)
  remote = folder and "://" in folder.data_dir  # not worth a look over the net
  if folder is None or folder.splits is not None or remote:
    return None
  return (
      f"{task.source.tfds_name} is not prepared here ({folder.path} is"
      " missing). On a machine with a network run\n"
      f"tfds build {task.source.tfds_name} --data_dir={folder.data_dir}\n"
      "then, if need be, copy the folder here, or name it with"
      " --tfds_data_dir=DIR."
  )


def splits(task: dataset_providers.Task) -> list[str] | None:
  """The splits of a task; None if only unprepared data knows them."""
  if of := getattr(task.source, "of", None):  # reads what another task does
    return splits(of)
  stated = list(getattr(task.source, "_splits", ()) or ())
  folder = tfds_folder(task.source)
  if stated or folder is None:
    return stated or list(task.source.splits)
  return list(folder.splits) if folder.splits is not None else None


def num_examples(
    task: dataset_providers.Task, split: str = "train"
) -> int | None:
  """Raw examples of a split; None if only unprepared data knows them."""
  stated = getattr(task.source, "_num_input_examples", None) or {}
  if stated.get(split) is not None:
    return stated[split]
  if missing_data(task) or split not in (splits(task) or ()):
    return None
  return task.num_input_examples(split)


@dataclasses.dataclass(frozen=True)
class Share:
  """A task within a mixture.

  Attributes:
    task: its name.
    examples: raw training examples, or None if not known.
    rate: its rate, or None if that depends on unknown examples.
    share: of the batches, from 0 to 1, or None if a rate is not known.
    rule: the declared rate: a number, or a function with its arguments.
    through: the nested mixtures it comes in by.
  """

  task: str
  examples: int | None
  rate: float | None
  share: float | None
  rule: str
  through: tuple[str, ...] = ()


def shares(mixture: dataset_providers.Mixture) -> list[Share]:
  """The tasks of a mixture, in order; what is not known here is None."""
  found: dict[str, Share] = {}
  for member in mixture.members:
    rule = _rule(mixture, member.name)
    rate = _rate(mixture, member)
    if isinstance(member, dataset_providers.Mixture):
      nested = shares(member)
    else:
      nested = [Share(member.name, num_examples(member), 1.0, 1.0, rule)]
    for inner in nested:
      through = inner.through
      if inner.task != member.name:
        through = (member.name, *through)
      own = (
          None if rate is None or inner.share is None else rate * inner.share
      )
      if inner.task in found:
        before = found[inner.task]
        own = None if None in (own, before.rate) else own + before.rate
        through = (*before.through, *through)
      found[inner.task] = Share(
          inner.task, inner.examples, own, None, rule, through
      )
  rates = [share.rate for share in found.values()]
  total = None if None in rates else sum(rates)
  return [
      dataclasses.replace(s, share=s.rate / total) if total else s
      for s in found.values()
  ]


def _rule(mixture: dataset_providers.Mixture, member: str) -> str:
  rate = mixture.rate_per_task_name[member]
  return str(step(rate)) if callable(rate) else f"{rate:g}"


def rules(mixture: dataset_providers.Mixture) -> list[str]:
  """The different declared rates of a mixture's members."""
  names = mixture.rate_per_task_name
  return list(dict.fromkeys(_rule(mixture, name) for name in names))


class _SizeUnknownError(Exception):
  """A rate depends on a number of examples that is not known here."""


class _WithKnownSizes:
  """A task or mixture for rate functions: asking for sizes reads no data."""

  def __init__(self, member: Any):
    self._member = member

  def __getattr__(self, name: str) -> Any:
    return getattr(self._member, name)

  def num_input_examples(self, split: str) -> int:
    tasks = getattr(self._member, "tasks", [self._member])
    counts = [
        num_examples(task, split)
        for task in tasks
        if split in (splits(task) or [split])
    ]
    if None in counts:
      raise _SizeUnknownError
    return sum(counts)


def _rate(mixture: dataset_providers.Mixture, member: Any) -> float | None:
  rate = mixture.rate_per_task_name[member.name]
  try:
    return float(rate(_WithKnownSizes(member)) if callable(rate) else rate)
  except _SizeUnknownError:
    return None
