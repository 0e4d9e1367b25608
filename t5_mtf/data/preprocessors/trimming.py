"""Trimming and padding of token sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gin

from t5_mtf.data.mapping import map_over_dataset, unconverted
from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"


def trim_and_pad_dataset(
    dataset: tf.data.Dataset, sequence_length: Mapping[str, int]
) -> tf.data.Dataset:
  """Cuts each named feature, or pads it with 0, to exactly its length.

  >>> dataset = tf.data.Dataset.from_tensors({"inputs": [5, 6, 7]})
  >>> next(trim_and_pad_dataset(dataset, {"inputs": 4}).as_numpy_iterator())
  {'inputs': array([5, 6, 7, 0], dtype=int32)}

  Args:
    dataset: dicts of features, trimmed and padded in their first dimension.
    sequence_length: feature -> length; other features stay as they are.

  Returns:
    The dataset, with static shapes.
  """

  def fit(example: Mapping[str, Any]) -> dict[str, Any]:
    fitted = dict(example)
    for key, length in sequence_length.items():
      if key in example:
        value = example[key][:length]
        missing = [[0, length - tf.shape(value)[0]]]
        rest = [[0, 0]] * (value.shape.rank - 1)
        fitted[key] = tf.ensure_shape(
            tf.pad(value, missing + rest), [length, *value.shape[1:]]
        )
    return fitted

  return dataset.map(unconverted(fit), num_parallel_calls=tf.data.AUTOTUNE)


@gin.configurable(module=_MODULE)
@map_over_dataset
def trim_tokens_at_front(
    example: Mapping[str, Any],
    sequence_length: Mapping[str, int],
    keys_to_trim: Sequence[str] | None = None,
    **unused_kwargs: Any,
) -> dict[str, Any]:
  """Cuts features at their front, so that the end and EOS still fit.

  >>> dataset = tf.data.Dataset.from_tensors({"inputs": [5, 6, 7]})
  >>> short = trim_tokens_at_front(dataset, {"inputs": 3})
  >>> next(short.as_numpy_iterator())
  {'inputs': array([6, 7], dtype=int32)}

  Args:
    example: a dict of ids.
    sequence_length: feature -> maximum length, one more than what is kept.
    keys_to_trim: the features to cut; by default those of `sequence_length`.
    **unused_kwargs: ignored.

  Returns:
    The example, with the features cut.
  """
  del unused_kwargs
  trimmed = dict(example)
  for key in keys_to_trim or sequence_length:
    if key in example:
      trimmed[key] = example[key][-(sequence_length[key] - 1) :]
  return trimmed
