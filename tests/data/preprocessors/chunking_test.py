"""Tests of chunking; golden_test.py has the published results."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import chunking

_FEATURE = data.Feature(data.ByteVocabulary(extra_ids=100))


def _targets(dataset) -> list[list[int]]:
  return [e["targets"].tolist() for e in dataset.as_numpy_iterator()]


def _numbers(count: int) -> tf.data.Dataset:
  return tf.data.Dataset.from_tensors({"targets": tf.range(1, count + 1)})


def test_random_chunk_is_one_of_the_pieces():
  with data.map_seed_manager(1):
    chunks = _targets(
        preprocessors.select_random_chunk(
            _numbers(12).repeat(50), {}, max_length=5
        )
    )
  assert {tuple(chunk) for chunk in chunks} == {
      (1, 2, 3, 4, 5), (6, 7, 8, 9, 10), (11, 12),
  }  # fmt: skip


def test_chunk_leaves_room_for_eos_when_only_lengths_are_given():
  with data.map_seed_manager(1):
    chunks = preprocessors.select_random_chunk(
        _numbers(4),
        {"targets": _FEATURE},
        sequence_length={"targets": 3},
    )
  assert len(_targets(chunks)[0]) == 2


def test_chunk_needs_a_length():
  with pytest.raises(errors.UserError, match="needs max_length"):
    preprocessors.select_random_chunk(_numbers(4), {"targets": _FEATURE})


def test_empty_examples_give_no_chunk():
  empty = tf.data.Dataset.from_tensors({"targets": tf.zeros([0], tf.int32)})
  assert not _targets(
      preprocessors.select_random_chunk(empty, {}, max_length=3)
  )


def test_additional_features_of_another_length_are_an_error():
  source = tf.data.Dataset.from_tensors({"targets": [5, 6], "other": [5]})
  with pytest.raises(tf.errors.InvalidArgumentError, match="differs"):
    chunks = preprocessors.select_random_chunk(
        source, {}, max_length=3, additional_feature_keys=["other"]
    )
    next(iter(chunks))


def test_chunks_of_vectors_are_cut_in_the_first_dimension():
  source = tf.data.Dataset.from_tensors({"targets": tf.ones([4, 2])}).repeat(9)
  chunks = preprocessors.select_random_chunk(source, {}, max_length=3)
  assert {len(chunk) for chunk in _targets(chunks)} <= {1, 3}


def test_docstring_examples(run_examples):
  run_examples(chunking)
