"""Tests of t5_mtf.data.caching."""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import caching
from t5_mtf.data.caching import building, engines

_BYTES = data.ByteVocabulary()
_FEATURES = {"inputs": data.Feature(_BYTES), "targets": data.Feature(_BYTES)}
_NAME = "test:cached"


def _examples(split, shuffle_files, seed=None):
  del split, shuffle_files, seed

  def example(i):
    return {
        "inputs": tf.strings.as_string(i),
        "targets": "yes",
        "id": i,
        "score": tf.cast(i, tf.float32) / 4,
        "flag": i > 3,
        "pairs": tf.fill([i % 3, 2], i),
        "none": tf.zeros([0], tf.int32),
        "words": tf.strings.split("a b"),
        "ragged": tf.RaggedTensor.from_row_lengths(tf.range(5), [3, 2]),
    }

  return tf.data.Dataset.range(10).map(example)


def _task(name=_NAME, required=False, features=None, **kwargs) -> data.Task:
  arguments = {
      "source": data.FunctionDataSource(_examples, ["train", "validation"]),
      "output_features": features or _FEATURES,
      "preprocessors": [
          data.tokenize,
          data.CacheDatasetPlaceholder(required),
          data.append_eos_after_trim,
      ],
      **kwargs,
  }
  return data.Task(name, **arguments)


@pytest.fixture
def cache_dir(tmp_path):
  """An empty directory, which is the only global cache directory."""
  before = data.get_global_cache_dirs()
  data.set_global_cache_dirs([tmp_path])
  yield tmp_path
  data.set_global_cache_dirs(before)


@pytest.fixture
def task():
  """The registered task."""
  registered = _task()
  data.TaskRegistry.add_provider(_NAME, registered)
  yield registered
  data.TaskRegistry.remove(_NAME)


def _build(task, folder, shards=2, splits=("train",), **kwargs):
  build = building.CacheBuild(
      task, str(folder), splits, min_shards=shards, **kwargs
  )
  engines.run_locally(build.pending(), say=lambda line: None)
  build.finish()
  return build


def _all(dataset) -> list[dict]:
  found = sorted(dataset, key=lambda example: int(example["id"]))
  return [
      {
          name: value.to_list()
          if isinstance(value, tf.RaggedTensor)
          else (value.dtype.name, np.asarray(value).tolist())
          for name, value in example.items()
      }
      for example in found
  ]


def test_cached_examples_are_those_made_on_the_fly(task, cache_dir):
  made = _all(task.get_dataset({"inputs": 2, "targets": 3}))
  _build(task, cache_dir)
  read = _all(task.get_dataset({"inputs": 2, "targets": 3}, use_cached=True))
  assert read == made
  assert len(read) == 10


def test_files_have_the_published_names_and_statistics(task, cache_dir):
  _build(task, cache_dir)
  folder = cache_dir / "test" / "cached"
  assert sorted(path.name for path in folder.iterdir()) == [
      "COMPLETED",
      "info.train.json",
      "stats.train.json",
      "train.tfrecord-00000-of-00002",
      "train.tfrecord-00001-of-00002",
  ]
  info = json.loads((folder / "info.train.json").read_text())
  assert info["num_shards"] == 2
  assert info["features"]["inputs"] == {"dtype": "int32", "shape": [None]}
  assert info["features"]["inputs_pretokenized"] == {
      "dtype": "string",
      "shape": [],
  }
  assert info["features"]["pairs"]["shape"] == [None, 2]
  assert info["features"]["ragged"]["shape"] == [None, None]
  assert task.get_cached_stats("train") == {
      "examples": 10,
      "inputs_tokens": 10,
      "inputs_max_tokens": 1,
      "targets_tokens": 30,
      "targets_max_tokens": 3,
  }
  with pytest.raises(errors.UserError, match="^Stats do not exist for"):
    task.get_cached_stats("test")


def test_same_seed_gives_the_same_cached_stream(task, cache_dir):
  _build(task, cache_dir, shards=3)
  orders = [
      [int(e["id"]) for e in task.get_dataset(use_cached=True, seed=seed)]
      for seed in (1, 1, 2)
  ]
  assert orders[0] == orders[1]
  assert orders[0] != orders[2]


def test_beam_writes_the_same_files_as_the_local_build(task, cache_dir):
  pytest.importorskip("apache_beam")
  _build(task, cache_dir / "local")
  build = building.CacheBuild(
      task, str(cache_dir / "beam"), ["train"], min_shards=2
  )
  counters = engines.run_on_beam(build.pending())
  build.finish()
  assert counters == {"examples": 10, "files": 2}
  written = {
      folder: {
          path.name: path.read_bytes()
          for path in (cache_dir / folder / "test" / "cached").iterdir()
      }
      for folder in ("local", "beam")
  }
  assert written["local"] == written["beam"]


def test_without_beam_the_error_names_the_extra(monkeypatch):
  monkeypatch.setitem(sys.modules, "apache_beam", None)
  with pytest.raises(errors.UserError, match=r"t5_mtf\[beam\].*--local"):
    engines.run_on_beam([])


def test_missing_cache_warns_once_and_examples_are_made(task, cache_dir):
  with pytest.warns(UserWarning, match="on the fly.*t5_mtf cache test:cached"):
    dataset = task.get_dataset(use_cached=True)
  assert len(_all(dataset)) == 10
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    task.get_dataset(use_cached=True)


def test_required_cache_that_is_missing_is_an_error(cache_dir):
  task = _task(required=True)
  with pytest.raises(errors.UserError, match="requires caching"):
    task.get_dataset()
  with pytest.raises(
      AssertionError,
      match="^'test:cached' does not exist in any of the task cache"
      f" directories.*{cache_dir}.*t5_mtf cache test:cached",
  ):
    task.get_dataset(use_cached=True)


def test_half_written_cache_is_not_used_and_is_continued(task, cache_dir):
  build = building.CacheBuild(
      task, str(cache_dir), ["train"], min_shards=3
  )
  first, *_ = build.pending()
  building.write_shard(first)
  assert task.cache_dir is None
  with pytest.raises(caching.NotCachedError, match="is half-written"):
    task.assert_cached()
  with pytest.raises(errors.DataError, match="2 of 3 files"):
    build.finish()
  path = caching.shard_path(first.folder, "train", 0, 3)
  before = tf.io.gfile.stat(path).mtime_nsec
  again = _build(task, cache_dir, shards=3)
  assert again.kept == 1
  assert tf.io.gfile.stat(path).mtime_nsec == before
  assert len(_all(task.get_dataset(use_cached=True))) == 10


def test_unfinished_files_of_another_definition_are_not_kept(task, cache_dir):
  build = building.CacheBuild(
      task, str(cache_dir), ["train"], min_shards=2
  )
  building.write_shard(build.pending()[0])
  changed = task.replace(preprocessors=[data.CacheDatasetPlaceholder()])
  again = building.CacheBuild(
      changed, str(cache_dir), ["train"], min_shards=2
  )
  assert again.kept == 0
  assert len(again.pending()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"features": {**_FEATURES, "inputs": data.Feature(_BYTES, rank=2)}},
        {"features": {**_FEATURES, "inputs": data.Feature(
            data.ByteVocabulary(extra_ids=5))}},
        {"preprocessors": [data.rekey, data.tokenize,
                           data.CacheDatasetPlaceholder()]},
    ],
    ids=["feature", "vocabulary", "preprocessors"],
)  # fmt: skip
def test_stale_cache_is_refused_with_the_command(task, cache_dir, change):
  _build(task, cache_dir)
  with pytest.raises(caching.NotCachedError, match="stale.*--overwrite"):
    _task(**change).get_dataset(use_cached=True)
  with pytest.raises(caching.NotCachedError, match="stale"):
    building.CacheBuild(_task(**change), str(cache_dir), ["train"])


def test_preprocessors_after_the_placeholder_do_not_make_it_stale(
    task, cache_dir
):
  _build(task, cache_dir)
  longer = task.replace(preprocessors=[*task.preprocessors, data.rekey])
  assert longer.get_dataset(use_cached=True)


def test_splits_can_be_added_and_overwritten(task, cache_dir):
  _build(task, cache_dir)
  with pytest.raises(caching.NotCachedError, match="--splits=validation"):
    task.get_dataset(split="validation", use_cached=True)
  assert not _build(task, cache_dir).num_shards
  both = _build(task, cache_dir, splits=("train", "validation"))
  assert both.num_shards == {"validation": 2}
  assert task.get_cached_stats("validation")["examples"] == 10
  anew = _build(task, cache_dir, overwrite=True)
  assert anew.num_shards == {"train": 2}
  with pytest.raises(errors.UserError):
    task.get_cached_stats("validation")


def test_missing_file_of_a_completed_cache_is_an_error(task, cache_dir):
  _build(task, cache_dir)
  (cache_dir / "test" / "cached" / "train.tfrecord-00001-of-00002").unlink()
  with pytest.raises(caching.NotCachedError, match="lacks 1 of 2 files"):
    task.get_dataset(use_cached=True)


def test_empty_cache_is_refused(cache_dir):
  source = data.FunctionDataSource(
      lambda split, shuffle_files: _examples(split, False).take(0), ["train"]
  )
  task = _task("test_empty", source=source)
  data.TaskRegistry.add_provider("test_empty", task)
  try:
    with pytest.raises(errors.DataError, match="has no examples"):
      _build(task, cache_dir)
  finally:
    data.TaskRegistry.remove("test_empty")


def test_task_without_placeholder_cannot_be_cached(cache_dir):
  task = _task(preprocessors=[data.tokenize])
  assert not task.supports_caching
  with pytest.raises(errors.UserError, match="no CacheDatasetPlaceholder"):
    building.CacheBuild(task, str(cache_dir))
  with pytest.warns(UserWarning, match="cannot be cached"):
    task.get_dataset(use_cached=True)


def test_features_that_a_cache_cannot_hold_are_an_error(cache_dir):
  def widths(split, shuffle_files):
    del split, shuffle_files
    return tf.data.Dataset.range(1, 3).map(
        lambda i: {"inputs": "a", "targets": "b", "id": tf.zeros([2, i])}
    )

  source = data.FunctionDataSource(widths, ["train"])
  task = _task("test_widths", source=source)
  data.TaskRegistry.add_provider("test_widths", task)
  try:
    with pytest.raises(errors.DataError, match="RaggedTensor"):
      _build(task, cache_dir, shards=1)
  finally:
    data.TaskRegistry.remove("test_widths")


def test_placeholder_rules():
  two = [data.CacheDatasetPlaceholder(), data.CacheDatasetPlaceholder()]
  with pytest.raises(errors.UserError, match="can appear at most once"):
    _task(preprocessors=two)
  early = [data.append_eos_after_trim, data.CacheDatasetPlaceholder()]
  with pytest.raises(errors.UserError, match="has a `sequence_length`"):
    _task(preprocessors=early)
  source = data.FunctionDataSource(_examples, ["train"], None, False)
  with pytest.raises(errors.UserError, match="source prohibits caching"):
    _task(source=source)


def test_cache_dirs_are_set_and_added(cache_dir, tmp_path):
  data.add_global_cache_dirs([str(tmp_path), "other"])
  assert data.get_global_cache_dirs() == [str(cache_dir), "other"]
  data.set_global_cache_dirs([])
  assert data.get_global_cache_dirs() == []


def test_rate_counts_cached_examples_first(task, cache_dir):
  with pytest.raises(errors.UserError, match="not known"):
    data.rate_num_examples(task)
  _build(task, cache_dir)
  assert data.rate_num_examples(task) == 10
  assert data.rate_num_examples(task, maximum=4, temperature=2) == 2


def test_int64_and_float_survive(task, cache_dir):
  _build(task, cache_dir, shards=1)
  example = next(
      task.get_dataset(use_cached=True, shuffle=False).as_numpy_iterator()
  )
  assert example["id"].dtype == np.int64
  assert example["score"].dtype == np.float32


def test_examples_in_docstrings(run_examples):
  run_examples(caching)
