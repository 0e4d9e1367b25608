"""Tests of prefix_lm_packing; golden_test.py has the published results."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import prefix_lm_packing

_LENGTHS = {"inputs": 8, "targets": 8}


def _source(count: int) -> tf.data.Dataset:
  ids = np.arange(1, 8 * count + 1, dtype=np.int32).reshape(count, 8)
  return tf.data.Dataset.from_tensor_slices({"targets": ids})


def _rows(pack, source, **kwargs) -> list[dict[str, np.ndarray]]:
  with data.map_seed_manager(1):
    return list(pack(source, _LENGTHS, **kwargs).as_numpy_iterator())


def _segments(row, part: str, key: str) -> list[list[int]]:
  numbers = row[f"{part}_segment_ids"]
  return [row[f"{part}_{key}"][numbers == n].tolist() for n in (1, 2)]


def test_prefix_and_rest_join_to_each_example():
  rows = _rows(preprocessors.pack_prefix_lm_encoder_decoder, _source(40))
  found, splits = [], set()
  for row in rows:
    prefixes = _segments(row, "encoder", "input_tokens")
    rests = _segments(row, "decoder", "target_tokens")
    found += [a + b for a, b in zip(prefixes, rests, strict=True)]
    splits.add(len(prefixes[0]))
  assert found == np.arange(1, 321).reshape(40, 8).tolist()
  assert splits == {1, 2, 3, 4, 5, 6, 7}


def test_decoder_inputs_and_positions_begin_anew_in_each_segment():
  for row in _rows(preprocessors.pack_prefix_lm_encoder_decoder, _source(8)):
    targets = _segments(row, "decoder", "target_tokens")
    for ids, shifted in zip(
        targets, _segments(row, "decoder", "input_tokens"), strict=True
    ):
      assert shifted == [0, *ids[:-1]]
    for part in "encoder", "decoder":
      for positions in _segments(row, part, "positions"):
        assert positions == [*range(len(positions))]


def test_last_example_without_a_partner_is_kept():
  rows = _rows(preprocessors.pack_prefix_lm_encoder_decoder, _source(3))
  last = rows[-1]
  ids = [
      *_segments(last, "encoder", "input_tokens")[0],
      *_segments(last, "decoder", "target_tokens")[0],
  ]
  assert ids == [*range(17, 25)]
  assert _segments(last, "decoder", "loss_weights")[1] == [0] * (
      8 - sum(last["decoder_loss_weights"])
  )


def test_decoder_only_has_loss_behind_the_prefix():
  rows = _rows(preprocessors.pack_prefix_lm_decoder_only, _source(40))
  prefixes = set()
  for row in rows:
    prefix = 8 - row["decoder_loss_weights"].sum()
    prefixes.add(prefix)
    seen = row["decoder_causal_attention"].sum()
    assert seen == prefix + 1
    assert row["decoder_input_tokens"].tolist() == [
        0, *row["decoder_target_tokens"][:-1],
    ]  # fmt: skip
  assert prefixes == {1, 2, 3, 4, 5, 6, 7}


def test_padding_has_no_loss_even_with_loss_on_the_prefix():
  source = tf.data.Dataset.from_tensors({"targets": [5, 6, 7, 8, 9, 9, 9, 9]})
  (row,) = _rows(
      preprocessors.pack_prefix_lm_decoder_only,
      source,
      loss_on_targets_only=False,
      pad_id=9,
  )
  assert row["decoder_loss_weights"].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "lengths", [{"targets": 5}, {"inputs": 4, "targets": 8}, {}]
)
@pytest.mark.parametrize(
    "name", ["pack_prefix_lm_encoder_decoder", "pack_prefix_lm_decoder_only"]
)
def test_lengths_must_be_one_even_number(name, lengths):
  with pytest.raises(errors.UserError, match="one even length"):
    getattr(preprocessors, name)(_source(2), lengths)


def test_docstring_examples(run_examples):
  run_examples(prefix_lm_packing)
