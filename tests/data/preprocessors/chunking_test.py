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


def test_split_pieces_join_to_the_whole():
  pieces = _targets(
      preprocessors.split_tokens(_numbers(23), max_tokens_per_segment=5)
  )
  assert sum(pieces, []) == [*range(1, 24)]
  assert [len(piece) for piece in pieces] == [5, 5, 5, 5, 3]


def test_random_segment_lengths_stay_in_their_range():
  with data.map_seed_manager(1):
    pieces = _targets(
        preprocessors.split_tokens(
            _numbers(60).repeat(50),
            min_tokens_per_segment=4,
            max_tokens_per_segment=16,
        )
    )
  longest = {len(piece) for piece in pieces if piece[0] == 1}
  assert min(longest) >= 4
  assert max(longest) <= 16
  assert len(longest) > 5


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


def test_split_needs_the_length_of_its_feature():
  with pytest.raises(errors.UserError, match="maximum length of 'inputs'"):
    preprocessors.split_tokens_to_inputs_length(
        _numbers(4), {"targets": 3}, {"inputs": _FEATURE}
    )


def test_unsupervised_without_an_objective_is_an_error():
  with pytest.raises(errors.UserError, match="objectives/span_3_15_u_u.gin"):
    preprocessors.unsupervised(_numbers(4))


def test_empty_examples_give_no_pieces():
  empty = tf.data.Dataset.from_tensors({"targets": tf.zeros([0], tf.int32)})
  assert not _targets(
      preprocessors.split_tokens(empty, max_tokens_per_segment=3)
  )
  assert not _targets(
      preprocessors.select_random_chunk(empty, {}, max_length=3)
  )


def test_docstring_examples(run_examples):
  run_examples(chunking)
