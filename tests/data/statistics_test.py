"""Tests of t5_mtf.data.statistics."""

from __future__ import annotations

import doctest
import functools

import numpy as np
import tensorflow as tf

from t5_mtf import data
from t5_mtf.data import packing, preprocessors, statistics

_BYTES = data.ByteVocabulary(extra_ids=100)
_FEATURES = {"inputs": data.Feature(_BYTES), "targets": data.Feature(_BYTES)}
_LENGTHS = {"inputs": 8, "targets": 8}


def _task(*fns) -> data.Task:
  def dataset_fn(split, shuffle_files, seed=None):
    del split, shuffle_files, seed
    return tf.data.Dataset.from_tensor_slices(
        {
            "inputs": ["abc", "abcdefg", "abcdefgh"],
            "targets": ["x" * 6, "y" * 6, "z"],
        }
    )

  return data.Task(
      "lengths",
      source=data.FunctionDataSource(dataset_fn, ["train"]),
      output_features=_FEATURES,
      preprocessors=fns,
  )


def test_counts_the_examples_that_a_limit_cuts():
  task = _task(preprocessors.tokenize, preprocessors.append_eos_after_trim)
  found = data.length_statistics(task, "train", _LENGTHS)
  assert found["inputs"].examples == 3
  assert found["inputs"].truncated == 1
  assert found["inputs"].percentiles[100] == 9
  assert found["inputs"].mean == (4 + 8 + 9) / 3
  assert found["targets"].truncated == 0
  assert str(found["inputs"]) == (
      "3 examples, mean 7.0, longest 9, truncated at 8: 1"
  )


def test_without_limits_nothing_is_truncated():
  task = _task(preprocessors.tokenize)
  found = data.length_statistics(task, max_examples=2)
  assert found["inputs"].examples == 2
  assert found["inputs"].limit is None
  assert found["inputs"].truncated == 0


def test_pieces_of_span_corruption_fit():
  corrupt = functools.partial(preprocessors.span_corruption, noise_density=0.2)
  task = _task(
      preprocessors.tokenize, corrupt, preprocessors.append_eos_after_trim
  )
  found = data.length_statistics(task, "train", _LENGTHS)
  assert found["inputs"].examples == 2
  assert found["inputs"].percentiles[100] == 8
  assert found["inputs"].truncated == 0


def test_doctests():
  assert doctest.testmod(statistics).failed == 0


def test_rows_are_counted_as_packing_makes_them():
  rng = np.random.default_rng(0)
  lengths = {
      "inputs": rng.integers(1, 12, 500),
      "targets": rng.integers(1, 6, 500),
  }
  limits = {"inputs": 16, "targets": 8}
  examples = tf.data.Dataset.from_generator(
      lambda: (
          {key: [3] * int(n[i]) for key, n in lengths.items()}
          for i in range(500)
      ),
      output_signature={k: tf.TensorSpec([None], tf.int32) for k in lengths},
  )
  for window in (2048, 64):
    rows = list(
        packing.pack(examples, limits, window=window).as_numpy_iterator()
    )
    use = statistics.row_use(lengths, limits, True, window=window)
    assert use.rows == len(rows)
    for key in limits:
      full = np.mean([row[key] > 0 for row in rows])
      np.testing.assert_allclose(use.filled[key], full)


def test_unknown_ids_are_counted_and_traced_to_characters():
  vocabulary = data.get_default_vocabulary()
  features = {"text": data.Feature(vocabulary)}
  rows = [{"text": "a {b} {c"}, {"text": "plain"}, {"text": "ő"}]
  found = statistics.measure(
      statistics.tokenized_rows(rows, features), features
  )["text"]
  assert found.unknown_examples == 2
  assert found.unknown_characters == {"{": 2, "}": 1, "ő": 1}
  ids = [i for row in rows for i in vocabulary.encode(row["text"])]
  assert found.unknown == ids.count(vocabulary.unk_id)
  assert found.tokens == len(ids) + len(rows)


def test_rows_without_tensorflow_measure_as_the_task_does():
  rows = [{"inputs": "abc", "targets": "x" * 6}]
  rows += [{"inputs": "abcdefg", "targets": "y" * 6}]
  rows += [{"inputs": "abcdefgh", "targets": "z"}]
  task = _task(preprocessors.tokenize, preprocessors.append_eos_after_trim)
  examples = statistics.tokenized_rows(rows, _FEATURES)
  found = statistics.measure(examples, _FEATURES)
  summaries = {key: f.summary() for key, f in found.items()}
  assert summaries == data.length_statistics(task, "train")
