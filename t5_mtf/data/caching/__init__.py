"""Offline caches: processed examples of tasks, kept in files.

A task's preprocessors up to its `CacheDatasetPlaceholder` are run once, and
their examples are written as TFRecords. Layout and names are as published
(SeqIO), so either package reads the other's caches. In a cache directory a
task has the folder `cache_folder(name)`, and there, for each split:

* `SPLIT.tfrecord-00000-of-00016` and so on, `tf.train.Example`s;
* `info.SPLIT.json`: number of files, dtype and shape of each feature;
* `stats.SPLIT.json`: number of examples and of tokens.

The file `COMPLETED` ends a cache. One without it is half-written: never used.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from t5_mtf import errors
from t5_mtf.data.sources.patterns import FileDataSource
from t5_mtf.tf_compat import tf

if TYPE_CHECKING:
  from t5_mtf.data.task import Task

COMPLETED = "COMPLETED"
_FINGERPRINT = "t5_mtf_fingerprint"
_OLD_SUFFIX = "_plaintext"  # of `_pretokenized` in the oldest caches

_global_cache_dirs: list[str] = []


class CacheDatasetPlaceholder:
  """Marks among a task's preprocessors what is cached: all that come before.

  As a preprocessor it changes nothing.
  """

  def __init__(
      self, required: bool = False, file_shuffle_buffer_size: int | None = None
  ):
    """Initializes the placeholder.

    Args:
      required: whether the task may only be used with a cache, because its
        preprocessors take too long to run in training.
      file_shuffle_buffer_size: from how many files of the cache the next one
        is drawn when they are shuffled; all by default.
    """
    self._required = required
    self._file_shuffle_buffer_size = file_shuffle_buffer_size

  @property
  def required(self) -> bool:
    """Whether the task may only be used with a cache."""
    return self._required

  @property
  def file_shuffle_buffer_size(self) -> int | None:
    """From how many files the next one is drawn; None for all."""
    return self._file_shuffle_buffer_size

  def __call__(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the dataset unchanged."""
    return dataset


class NotCachedError(errors.UserError, AssertionError):
  """A task has no cache that can be used; the message says how to build it.

  An AssertionError, too, as published.
  """


def set_global_cache_dirs(global_cache_dirs: Sequence[str]) -> None:
  """Sets the directories in which tasks look for their caches, in order."""
  _global_cache_dirs[:] = [os.fspath(folder) for folder in global_cache_dirs]


def add_global_cache_dirs(global_cache_dirs: Sequence[str]) -> None:
  """Adds directories in which tasks look for their caches."""
  for folder in map(os.fspath, global_cache_dirs):
    if folder not in _global_cache_dirs:
      _global_cache_dirs.append(folder)


def get_global_cache_dirs() -> list[str]:
  """Returns the directories in which tasks look for their caches."""
  return list(_global_cache_dirs)


def cache_folder(task_name: str) -> str:
  """Returns the folder of a task in a cache directory.

  >>> cache_folder("mine:sums")
  'mine/sums'
  """
  return os.path.join(*task_name.split(":"))


def info_path(folder: str, split: str) -> str:
  """Returns the path of the file that describes a cached split."""
  return os.path.join(folder, f"info.{split}.json")


def stats_path(folder: str, split: str) -> str:
  """Returns the path of the statistics of a cached split."""
  return os.path.join(folder, f"stats.{split}.json")


def shard_path(folder: str, split: str, index: int, num_shards: int) -> str:
  """Returns the path of one file of examples.

  >>> shard_path("sums", "train", 3, 16)
  'sums/train.tfrecord-00003-of-00016'
  """
  return os.path.join(
      folder, f"{split}.tfrecord-{index:05d}-of-{num_shards:05d}"
  )


def find(task_name: str) -> str | None:
  """Returns the folder of a task's completed cache, None if there is none."""
  for folder in _folders(task_name):
    if tf.io.gfile.exists(os.path.join(folder, COMPLETED)):
      return folder
  return None


def not_cached(task_name: str) -> NotCachedError:
  """Returns the error that says where was looked and how to build the cache."""
  half = [f for f in _folders(task_name) if tf.io.gfile.exists(f)]
  where = ", ".join(_global_cache_dirs) or (
      "none is set: use --additional_task_cache_dirs or add_global_cache_dirs"
  )
  text = (
      f"'{task_name}' does not exist in any of the task cache directories."
      f" Directories searched: {where}."
  )
  if half:
    text += (
        f" {half[0]} is half-written (it has no file {COMPLETED}), so it is"
        " not used."
    )
  return NotCachedError(f"{text} Build it with `{command(task_name)}`.")


def command(task_name: str, *flags: str) -> str:
  """Returns the command that builds the cache of a task."""
  folder = _global_cache_dirs[0] if _global_cache_dirs else "DIR"
  return " ".join(["t5_mtf cache", task_name, f"--output_dir={folder}", *flags])


def read_json(path: str) -> dict[str, Any] | None:
  """Returns the object in a JSON file, None if there is no such file.

  Raises:
    DataError: the file is not JSON.
  """
  try:
    with tf.io.gfile.GFile(path) as f:
      return json.loads(f.read())
  except tf.errors.NotFoundError:
    return None
  except ValueError as error:
    raise errors.DataError(
        f"{path} is damaged ({error}). Build the cache again with"
        " `t5_mtf cache ... --overwrite`."
    ) from error


def fingerprint(task: Task) -> str:
  """Returns a hash of what determines the examples of a task's cache.

  That is the source, the preprocessors before the placeholder with the
  arguments that are bound to them, and the output features with their
  vocabularies. A function is known by its name: a change of its code is not
  seen.
  """
  parts = [_source_name(task.source)]
  parts += [_step_name(fn) for fn in task.steps_before_cache]
  for name, feature in sorted(task.output_features.items()):
    vocabulary = feature.vocabulary
    identity = getattr(vocabulary, "fingerprint", type(vocabulary).__name__)
    dtype = getattr(feature.dtype, "name", feature.dtype)
    parts.append(f"{name}:{dtype}:{feature.rank}:{feature.add_eos}:{identity}")
  return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()


def check_is_current(task: Task, folder: str, split: str) -> dict[str, Any]:
  """Returns the description of a cached split.

  Raises:
    NotCachedError: the split is not there, or the task has changed since.
  """
  info = read_json(info_path(folder, split))
  if info is None:
    raise NotCachedError(
        f"{folder} has no split {split!r}. Add it with"
        f" `{command(task.name, f'--splits={split}')}`."
    )
  found = info.get(_FINGERPRINT)
  if found is not None and found != fingerprint(task):
    raise NotCachedError(
        f"the cache {folder} is stale: the source, the preprocessors, the"
        f" features or the vocabulary of task {task.name!r} have changed since"
        f" it was built. Build it again with"
        f" `{command(task.name, '--overwrite')}`."
    )
  return info


def describe(
    task: Task, num_shards: int, features: Mapping[str, Any]
) -> dict[str, Any]:
  """Returns what `info.SPLIT.json` holds.

  Args:
    task: the task.
    num_shards: number of files.
    features: name -> {"dtype": name, "shape": [None, ...]}.
  """
  return {
      "num_shards": num_shards,
      "features": {name: features[name] for name in sorted(features)},
      _FINGERPRINT: fingerprint(task),
  }


class CachedDataSource(FileDataSource):
  """The examples of a cached split."""

  def __init__(
      self,
      folder: str,
      split: str,
      info: Mapping[str, Any],
      file_shuffle_buffer_size: int | None = None,
  ):
    """Initializes the source.

    Args:
      folder: of the cache.
      split: the split.
      info: what `info.SPLIT.json` holds.
      file_shuffle_buffer_size: from how many files the next one is drawn when
        they are shuffled; all by default.

    Raises:
      NotCachedError: files of the cache are missing.
    """
    count = info["num_shards"]
    paths = [shard_path(folder, split, i, count) for i in range(count)]
    missing = [path for path in paths if not tf.io.gfile.exists(path)]
    if missing:
      raise NotCachedError(
          f"the cache {folder} lacks {len(missing)} of {count} files of split"
          f" {split!r}, the first is {missing[0]}. Build it again with"
          " `t5_mtf cache ... --overwrite`."
      )
    stats = read_json(stats_path(folder, split)) or {}
    examples = stats.get("examples")
    super().__init__(
        functools.partial(_read, features=info["features"]),
        {split: paths},
        None if examples is None else {split: examples},
        file_shuffle_buffer_size=file_shuffle_buffer_size,
    )


def _folders(task_name: str) -> list[str]:
  return [os.path.join(d, cache_folder(task_name)) for d in _global_cache_dirs]


def _read(
    path: tf.Tensor, features: Mapping[str, Mapping[str, Any]]
) -> tf.data.Dataset:
  """The examples of one file."""
  description = {
      name: _parser(name, feature["dtype"], feature["shape"])
      for name, feature in features.items()
  }

  def parse(record: tf.Tensor) -> dict[str, Any]:
    example = tf.io.parse_single_example(record, description)
    return {
        _current_name(name): tf.cast(example[name], feature["dtype"])
        for name, feature in features.items()
    }

  return tf.data.TFRecordDataset(path).map(
      parse, num_parallel_calls=tf.data.AUTOTUNE
  )


def _parser(name: str, dtype: str, shape: Sequence[int | None]) -> Any:
  """How a feature is read from a `tf.train.Example`."""
  dtype = tf.as_dtype(dtype)
  if dtype.is_floating:
    dtype = tf.float32
  elif dtype != tf.string:
    dtype = tf.int64
  if not shape or None not in shape:
    return tf.io.FixedLenFeature(shape, dtype)
  if None not in shape[1:]:
    return tf.io.FixedLenSequenceFeature(shape[1:], dtype, allow_missing=True)
  partitions = [
      tf.io.RaggedFeature.RowLengths(row_lengths_key(name, dim))
      if size is None
      else tf.io.RaggedFeature.UniformRowLength(size)
      for dim, size in enumerate(shape[1:])
  ]
  return tf.io.RaggedFeature(dtype, name, partitions)


def row_lengths_key(name: str, dim: int) -> str:
  """Returns the published name of the row lengths of a ragged feature."""
  return f"_rl:{dim}:{name}"


def _current_name(name: str) -> str:
  if name.endswith(_OLD_SUFFIX):
    return f"{name.removesuffix(_OLD_SUFFIX)}_pretokenized"
  return name


def _source_name(source: Any) -> str:
  name = getattr(source, "tfds_name", None)
  return f"{type(source).__name__}:{name}" if name else type(source).__name__


def _step_name(fn: Any) -> str:
  """A preprocessor's name and its bound arguments, the same in every run."""
  if isinstance(fn, functools.partial):
    bound = [*map(_value_name, fn.args)]
    bound += [f"{k}={_value_name(v)}" for k, v in sorted(fn.keywords.items())]
    return f"{_step_name(fn.func)}({', '.join(bound)})"
  named = fn if hasattr(fn, "__qualname__") else type(fn)
  return f"{named.__module__}.{named.__qualname__}"


def _value_name(value: Any) -> str:
  if callable(value):
    return _step_name(value)
  if isinstance(value, Mapping):
    pairs = sorted((str(k), _value_name(v)) for k, v in value.items())
    return repr(pairs)
  if isinstance(value, (list, tuple)):
    return repr([_value_name(v) for v in value])
  if type(value).__repr__ is object.__repr__:
    return type(value).__name__
  return repr(value)
