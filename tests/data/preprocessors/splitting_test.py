"""Tests of splitting; golden_test.py has the published results."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import splitting

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


def test_split_needs_the_length_of_its_feature():
  with pytest.raises(errors.UserError, match="maximum length of 'inputs'"):
    preprocessors.split_tokens_to_inputs_length(
        _numbers(4), {"targets": 3}, {"inputs": _FEATURE}
    )


def test_empty_examples_give_no_pieces_and_change_no_seed():
  sizes = [0, 60, 0, 60]
  pieces = []
  for kept in sizes, [60, 60]:
    source = tf.data.Dataset.from_generator(
        lambda kept=kept: ({"targets": np.arange(n)} for n in kept),
        output_signature={"targets": tf.TensorSpec([None], tf.int32)},
    )
    with data.map_seed_manager(1):
      split = preprocessors.split_tokens(
          source, min_tokens_per_segment=2, max_tokens_per_segment=9
      )
    pieces.append(_targets(split))
  assert pieces[0] == pieces[1]


def test_vectors_are_split_in_the_first_dimension():
  source = tf.data.Dataset.from_tensors(
      {"targets": [1, 2, 3], "pairs": [[1, 1], [2, 2], [3, 3]]}
  )
  pieces = preprocessors.split_tokens(
      source, max_tokens_per_segment=2, additional_feature_keys=["pairs"]
  )
  assert [e["pairs"].tolist() for e in pieces.as_numpy_iterator()] == [
      [[1, 1], [2, 2]],
      [[3, 3]],
  ]


def test_random_lengths_are_from_8_to_that_of_the_inputs():
  with data.map_seed_manager(1):
    pieces = _targets(
        preprocessors.split_tokens_to_random_length(
            _numbers(60).repeat(100),
            {"inputs": 21, "targets": 5},
            {"inputs": _FEATURE},
        )
    )
  lengths = {len(piece) for piece in pieces if piece[0] == 1}
  assert lengths <= set(range(8, 21))
  assert len(lengths) > 8


@pytest.mark.parametrize("add_eos", [True, False])
def test_concatenated_pieces_fill_the_length_with_room_for_eos(add_eos):
  feature = data.Feature(data.ByteVocabulary(), add_eos=add_eos)
  pieces = _targets(
      preprocessors.concatenate_and_split_to_fixed_length(
          _numbers(7).repeat(5), {"targets": 10}, {"targets": feature}
      )
  )
  assert {len(piece) for piece in pieces[:-1]} == {9 if add_eos else 10}
  assert sum(pieces, []) == [*range(1, 8)] * 5


def test_docstring_examples(run_examples):
  run_examples(splitting)
