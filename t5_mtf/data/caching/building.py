"""Builds offline caches: plans the files, writes each, and completes them.

Each file of a cache is made from its own part of the source alone. So the
files can be written in any order, by any number of processes or machines, hold
the same examples wherever they were made, and those that are finished stay
when a build is interrupted. Until the end the folder has a subfolder
`BUILDING`: what is built, and a note for each file that is finished.
"""

from __future__ import annotations

import dataclasses
import math
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import caching, files, registries
from t5_mtf.data.sources.base import ShardInfo
from t5_mtf.data.task import Task
from t5_mtf.tf_compat import tf

MIN_SHARDS = 16
_BUILDING = "BUILDING"
_PLAN = "plan.json"
# Preprocessors take fewer seeds than this; each file has seeds of its own.
_SEEDS_A_SHARD = 1000


@dataclasses.dataclass(frozen=True)
class ShardWork:
  """One file to be written.

  Attributes:
    task: name of the registered task.
    split: the split.
    folder: of the task's cache.
    index: number of the file.
    num_shards: number of files of the split.
  """

  task: str
  split: str
  folder: str
  index: int
  num_shards: int


class CacheBuild:
  """The building of one task's cache.

  Attributes:
    task: the task.
    folder: of its cache.
    num_shards: split -> number of files.
    kept: number of files that an earlier, interrupted build has finished.
  """

  def __init__(
      self,
      task: Task,
      output_dir: str,
      splits: Sequence[str] | None = None,
      min_shards: int = MIN_SHARDS,
      overwrite: bool = False,
  ):
    """Plans the cache, and begins its folder.

    Splits that a completed cache has already are left as they are. Files of an
    interrupted build are kept if the task has not changed since.

    Args:
      task: a registered task with a `CacheDatasetPlaceholder`.
      output_dir: the cache directory; the task gets a folder there.
      splits: the splits to build; all by default.
      min_shards: number of files of a split, if its source has fewer; if it
        has more, there are as many as in the source.
      overwrite: whether to remove what was built before.

    Raises:
      UserError: the task cannot be cached, or has no such split.
      NotCachedError: the completed cache in that folder is stale.
    """
    if not task.supports_caching:
      raise errors.UserError(
          f"task {task.name!r} cannot be cached: it has no"
          " CacheDatasetPlaceholder among its preprocessors."
      )
    self.task = task
    self.folder = os.path.join(output_dir, caching.cache_folder(task.name))
    if overwrite and tf.io.gfile.exists(self.folder):
      self._remove_all()
    for split in splits or ():
      if split not in task.splits:
        raise errors.unknown_name(
            f"split of task {task.name!r}", split, task.splits
        )
    wanted = [s for s in splits or task.splits if not self._has(s)]
    self.num_shards = {
        split: _num_shards(task, split, min_shards) for split in wanted
    }
    self.kept = self._begin() if wanted else 0

  def pending(self) -> list[ShardWork]:
    """The files that are still to be written."""
    return [
        work
        for split, count in self.num_shards.items()
        for work in self._works(split, count)
        if not tf.io.gfile.exists(_note_path(work))
    ]

  def finish(self) -> dict[str, dict[str, int]]:
    """Writes info and statistics, and marks the cache as completed.

    Returns:
      Split -> its statistics, for the splits of this build.

    Raises:
      DataError: a file is missing, a split has no example, or the files of a
        split do not agree on the features.
    """
    if not self.num_shards:
      return {}
    statistics = {}
    for split, count in self.num_shards.items():
      notes = [
          caching.read_json(_note_path(work))
          for work in self._works(split, count)
      ]
      if None in notes:
        raise errors.DataError(
            f"{notes.count(None)} of {count} files of {self.folder} split"
            f" {split!r} are not written. Run the same command again."
        )
      statistics[split] = _merge([note["stats"] for note in notes])
      features = self._agreed(split, [n["features"] for n in notes])
      info = caching.describe(self.task, count, features)
      stats_path = caching.stats_path(self.folder, split)
      files.write_json(stats_path, statistics[split], sort_keys=True)
      info_path = caching.info_path(self.folder, split)
      files.write_json(info_path, info, sort_keys=True)
    tf.io.gfile.rmtree(os.path.join(self.folder, _BUILDING))
    with tf.io.gfile.GFile(
        os.path.join(self.folder, caching.COMPLETED), "w"
    ) as f:
      f.write("")
    return statistics

  def _works(self, split: str, count: int) -> Iterator[ShardWork]:
    for index in range(count):
      yield ShardWork(self.task.name, split, self.folder, index, count)

  def _has(self, split: str) -> bool:
    """Whether a completed cache has the split; a stale one is an error."""
    if not tf.io.gfile.exists(os.path.join(self.folder, caching.COMPLETED)):
      return False
    if not tf.io.gfile.exists(caching.info_path(self.folder, split)):
      return False
    caching.check_is_current(self.task, self.folder, split)
    return True

  def _begin(self) -> int:
    """Begins or continues the folder; returns the number of finished files."""
    marker = os.path.join(self.folder, caching.COMPLETED)
    building = os.path.join(self.folder, _BUILDING)
    plan_path = os.path.join(building, _PLAN)
    plan = {
        "fingerprint": caching.fingerprint(self.task),
        "num_shards": self.num_shards,
    }
    tf.io.gfile.makedirs(building)
    found = caching.read_json(plan_path)
    if found is not None and found["fingerprint"] != plan["fingerprint"]:
      self._remove_all()
      tf.io.gfile.makedirs(building)
    elif found is not None and found != plan:
      tf.io.gfile.rmtree(building)
      tf.io.gfile.makedirs(building)
    if tf.io.gfile.exists(marker):
      tf.io.gfile.remove(marker)
    files.write_json(plan_path, plan, sort_keys=True)
    return sum(self.num_shards.values()) - len(self.pending())

  def _remove_all(self) -> None:
    marker = os.path.join(self.folder, caching.COMPLETED)
    if tf.io.gfile.exists(marker):  # first, so that nobody uses the rest
      tf.io.gfile.remove(marker)
    tf.io.gfile.rmtree(self.folder)

  def _agreed(
      self, split: str, found: Sequence[Mapping[str, Any]]
  ) -> Mapping[str, Any]:
    found = [features for features in found if features]
    if not found:
      raise errors.DataError(
          f"split {split!r} of task {self.task.name!r} has no examples, so"
          " there is nothing to cache. Look at its source and preprocessors, or"
          " leave the split out with --splits."
      )
    for features in found[1:]:
      if features != found[0]:
        raise errors.DataError(
            f"the features of task {self.task.name!r} differ from example to"
            f" example: {found[0]} and {features}."
        )
    return found[0]


def write_shard(work: ShardWork) -> dict[str, int]:
  """Writes one file of a cache, under a temporary name until it is whole.

  Args:
    work: which file of which task.

  Returns:
    Its statistics, named as in `Task.get_cached_stats`.
  """
  task = registries.TaskRegistry.get(work.task)
  building = os.path.join(work.folder, _BUILDING)
  temporary = os.path.join(building, f"{uuid.uuid4().hex}.tfrecord")
  stats = {"examples": 0}
  features: dict[str, Any] = {}
  with tf.io.TFRecordWriter(temporary) as writer:
    for example in _examples(task, work):
      features = _checked_features(features, example)
      _count(task, example, stats)
      writer.write(_serialized(example))
  path = caching.shard_path(
      work.folder, work.split, work.index, work.num_shards
  )
  tf.io.gfile.rename(temporary, path, overwrite=True)
  note = {"stats": stats, "features": features}
  files.write_json(_note_path(work), note, sort_keys=True)
  return stats


def _examples(task: Task, work: ShardWork) -> Iterator[dict[str, Any]]:
  dataset = task.source.get_dataset(
      split=work.split,
      shuffle=False,
      seed=0,
      shard_info=ShardInfo(work.index, work.num_shards),
  )
  dataset = task.preprocess_precache(dataset, work.index * _SEEDS_A_SHARD)
  for example in dataset.prefetch(tf.data.AUTOTUNE):
    yield {
        name: value if isinstance(value, tf.RaggedTensor) else value.numpy()
        for name, value in example.items()
    }


def _num_shards(task: Task, split: str, min_shards: int) -> int:
  """As many as the source has files, or a multiple of that."""
  of_source = len(task.source.list_shards(split))
  return of_source * math.ceil(min_shards / of_source)


def _note_path(work: ShardWork) -> str:
  return os.path.join(
      work.folder, _BUILDING, f"{work.split}-{work.index:05d}.json"
  )


def _merge(found: Sequence[Mapping[str, int]]) -> dict[str, int]:
  merged = {"examples": 0}
  for stats in found:
    for name, value in stats.items():
      combine = max if name.endswith("_max_tokens") else int.__add__
      merged[name] = combine(merged.get(name, 0), value)
  return merged


def _count(
    task: Task, example: Mapping[str, Any], stats: dict[str, int]
) -> None:
  """Adds an example; padding and EOS are no tokens, as published."""
  import numpy as np

  stats["examples"] += 1
  for name, feature in task.output_features.items():
    ids = example.get(name)
    if not isinstance(ids, np.ndarray) or ids.dtype.kind not in "iu":
      continue
    is_token = ids != 0
    if feature.vocabulary.eos_id is not None:
      is_token &= ids != feature.vocabulary.eos_id
    tokens = int(is_token.sum())
    total, longest = f"{name}_tokens", f"{name}_max_tokens"
    stats[total] = stats.get(total, 0) + tokens
    stats[longest] = max(stats.get(longest, 0), tokens)


def _checked_features(
    known: dict[str, Any], example: Mapping[str, Any]
) -> dict[str, Any]:
  """Returns dtype and shape of the features; all examples must agree."""
  found = {
      name: {"dtype": _dtype(value), "shape": _shape(value)}
      for name, value in example.items()
  }
  if known and known != found:
    raise errors.DataError(
        "the features differ from example to example, which a cache cannot"
        f" hold: {known} and {found}. Dimensions but the first must be fixed,"
        " or the feature be a tf.RaggedTensor."
    )
  return found


def _dtype(value: Any) -> str:
  return "string" if isinstance(value, bytes) else tf.as_dtype(value.dtype).name


def _shape(value: Any) -> list[int | None]:
  """The shape with None for what differs from example to example."""
  import numpy as np

  if isinstance(value, tf.RaggedTensor):
    inner = value.flat_values.shape[1:]
    return [None] * (value.ragged_rank + 1) + [int(n) for n in inner]
  shape = [int(n) for n in np.shape(value)]
  return [None, *shape[1:]] if shape else []


def _serialized(example: Mapping[str, Any]) -> bytes:
  """Returns an example as a serialized `tf.train.Example`."""
  import numpy as np

  features = {}
  for name, value in example.items():
    if isinstance(value, tf.RaggedTensor):
      for dim, splits in enumerate(value.nested_row_splits):
        lengths = np.diff(splits.numpy())
        features[caching.row_lengths_key(name, dim)] = _feature(lengths)
      value = value.flat_values.numpy()
    features[name] = _feature(np.asarray(value).reshape(-1))
  return tf.train.Example(
      features=tf.train.Features(feature=features)
  ).SerializeToString(deterministic=True)


def _feature(values: Any) -> Any:
  if values.dtype.kind in "biu":
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
  if values.dtype.kind == "f":
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
  return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
