"""Rows for prefix language models, cut at random places without any padding.

They hold the features of the published JAX trainers (T5X), not those of
`t5_mtf.data.packing`. Their input is that of
`targets_for_prefix_lm_objective`: ids of one length for all examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"


@gin.configurable(module=_MODULE)
def pack_prefix_lm_encoder_decoder(
    ds: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    pad_id: int = 0,
) -> tf.data.Dataset:
  """Packs two examples in a row of an encoder and a decoder.

  The first example is cut at a random place, the second at the mirrored one,
  so that the two prefixes fill the encoder, and the two rests the decoder. If
  the last example has no partner, padding is its partner.

  >>> dataset = tf.data.Dataset.from_tensor_slices({"targets": [[5, 6]] * 2})
  >>> packed = pack_prefix_lm_encoder_decoder(dataset, {"targets": 2})
  >>> for key, row in next(packed.as_numpy_iterator()).items():
  ...   print(key, row)
  encoder_input_tokens [5 5]
  decoder_target_tokens [6 6]
  decoder_input_tokens [0 0]
  encoder_segment_ids [1 2]
  encoder_positions [0 0]
  decoder_segment_ids [1 2]
  decoder_positions [0 0]
  decoder_loss_weights [1 1]

  Args:
    ds: dicts with ids under "targets", all of the length of the features.
    sequence_length: feature -> length, the same even number for all.
    pad_id: the id of padding, which has no loss.

  Returns:
    A dataset of dicts of int32 [length].

  Raises:
    UserError: the lengths differ, or are odd.
  """
  length = _row_length(sequence_length)

  @map_over_dataset(num_seeds=1)
  def pack(pair: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
    missing = [[0, 2 - tf.shape(pair)[0]], [0, 0]]
    pair = tf.pad(pair, missing, constant_values=pad_id)
    first, second = tf.unstack(tf.ensure_shape(pair, [2, length]))
    split = _split_point(length, seed)
    inputs = tf.concat([first[:split], second[: length - split]], 0)
    targets = tf.concat([first[split:], second[length - split :]], 0)
    inputs_segment, inputs_position = _two_segments(length, split)
    segment, position = _two_segments(length, length - split)
    is_start = tf.equal(position, 0)
    shifted = tf.where(is_start, 0, tf.roll(targets, 1, axis=0))
    row = {
        "encoder_input_tokens": inputs,
        "decoder_target_tokens": targets,
        "decoder_input_tokens": shifted,
        "encoder_segment_ids": inputs_segment,
        "encoder_positions": inputs_position,
        "decoder_segment_ids": segment,
        "decoder_positions": position,
        "decoder_loss_weights": _is_not_padding(targets, pad_id),
    }
    return {key: tf.ensure_shape(row[key], [length]) for key in row}

  return pack(ds.map(lambda example: example["targets"]).batch(2))


@gin.configurable(module=_MODULE)
def pack_prefix_lm_decoder_only(
    ds: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    loss_on_targets_only: bool = True,
    pad_id: int = 0,
) -> tf.data.Dataset:
  """Makes each example a row of a decoder that sees a random prefix whole.

  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6]})
  >>> rows = pack_prefix_lm_decoder_only(dataset, {"targets": 2})
  >>> for key, row in next(rows.as_numpy_iterator()).items():
  ...   print(key, row)
  decoder_target_tokens [5 6]
  decoder_input_tokens [0 5]
  decoder_loss_weights [0 1]
  decoder_causal_attention [1 1]

  Args:
    ds: dicts with ids under "targets", all of the length of the features.
    sequence_length: feature -> length, the same even number for all.
    loss_on_targets_only: whether the prefix has no loss.
    pad_id: the id of padding, which has no loss.

  Returns:
    A dataset of dicts of int32 [length]; "decoder_causal_attention" is 1 where
    attention is not causal: at the prefix, and at the first token after it.

  Raises:
    UserError: the lengths differ, or are odd.
  """
  length = _row_length(sequence_length)

  @map_over_dataset(num_seeds=1)
  def pack(example: Mapping[str, Any], seed: Any) -> dict[str, tf.Tensor]:
    split = _split_point(length, seed)
    targets = tf.ensure_shape(example["targets"], [length])
    place = tf.range(length)
    weights = _is_not_padding(targets, pad_id)
    if loss_on_targets_only:
      weights *= tf.cast(place >= split, tf.int32)
    return {
        "decoder_target_tokens": targets,
        "decoder_input_tokens": tf.pad(targets[:-1], [[1, 0]]),
        "decoder_loss_weights": weights,
        "decoder_causal_attention": tf.cast(place <= split, tf.int32),
    }

  return pack(ds)


def _row_length(sequence_length: Mapping[str, int]) -> int:
  lengths = set(sequence_length.values())
  if len(lengths) != 1 or min(lengths) % 2:
    raise errors.UserError(
        "a packed prefix language model needs one even length for all"
        f" features, but sequence_length is {dict(sequence_length)}."
    )
  return lengths.pop()


def _split_point(length: int, seed: Any) -> tf.Tensor:
  """A random number from 1 to length - 1."""
  return tf.random.stateless_uniform(
      [], seed, minval=1, maxval=length, dtype=tf.int32
  )


def _two_segments(
    length: int, split: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
  """Numbers and positions of two segments, the second beginning at `split`."""
  place = tf.range(length)
  is_second = place >= split
  return (
      tf.where(is_second, 2, 1),
      tf.where(is_second, place - split, place),
  )


def _is_not_padding(ids: tf.Tensor, pad_id: int) -> tf.Tensor:
  return tf.cast(tf.not_equal(ids, pad_id), tf.int32)
