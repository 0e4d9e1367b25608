"""Tests of t5_mtf.data.statistics."""

from __future__ import annotations

import functools

import tensorflow as tf

from t5_mtf import data
from t5_mtf.data import preprocessors

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
