"""Choosing examples: by the length of a text, or the first ones."""

from __future__ import annotations

from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data.mapping import unconverted
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"


@gin.configurable(module=_MODULE)
def filter_by_string_length(
    dataset: tf.data.Dataset,
    feature_key: str = "targets",
    min_length: int = 1,
    max_length: int = 1_000_000,
    **unused_kwargs: Any,
) -> tf.data.Dataset:
  """Drops examples whose text is too short or too long.

  >>> dataset = tf.data.Dataset.from_tensor_slices({"targets": ["", "ab"]})
  >>> list(filter_by_string_length(dataset).as_numpy_iterator())
  [{'targets': b'ab'}]

  Args:
    dataset: dicts with a scalar tf.string.
    feature_key: the feature that is measured.
    min_length: shortest text kept, in bytes of UTF-8.
    max_length: longest text kept, in bytes of UTF-8.
    **unused_kwargs: ignored.

  Returns:
    The dataset of the examples kept.

  Raises:
    DataError: the examples lack the feature.
  """
  del unused_kwargs
  require_features("filter_by_string_length", dataset, [feature_key])

  def fits(example: dict[str, Any]) -> tf.Tensor:
    length = tf.strings.length(example[feature_key])
    return (length >= min_length) & (length <= max_length)

  return dataset.filter(unconverted(fits))


@gin.configurable(module=_MODULE)
def take(
    dataset: tf.data.Dataset, num_examples: int = -1, **unused_kwargs: Any
) -> tf.data.Dataset:
  """Takes the first examples only, to see how much data a task needs.

  >>> [*take(tf.data.Dataset.range(9), num_examples=2).as_numpy_iterator()]
  [0, 1]

  Args:
    dataset: any dataset.
    num_examples: how many to take; -1 takes all.
    **unused_kwargs: ignored.

  Returns:
    The shortened dataset.

  Raises:
    UserError: `num_examples` is below -1.
  """
  del unused_kwargs
  if num_examples < -1:
    raise errors.UserError(
        f"take: num_examples is {num_examples}. Give a number of examples, or"
        " -1 for all."
    )
  return dataset.take(num_examples)
