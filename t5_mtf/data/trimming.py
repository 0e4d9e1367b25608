"""Cuts features to their maximum lengths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from t5_mtf.data.mapping import unconverted
from t5_mtf.tf_compat import tf


def trim_dataset(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int | Sequence[int | None] | None] | None,
    output_features: Iterable[str],
) -> tf.data.Dataset:
  """Cuts the output features to their maximum lengths.

  Args:
    dataset: dicts of features.
    sequence_length: feature -> maximum length along its first dimension, or
      one for each dimension; None cuts nothing.
    output_features: names of the features to cut; others stay as they are.

  Returns:
    The dataset, trimmed.
  """
  limits = {
      key: limit if isinstance(limit, (list, tuple)) else [limit]
      for key, limit in (sequence_length or {}).items()
      if key in output_features and limit is not None
  }

  def trim(example: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {
        key: value[tuple(slice(limit) for limit in limits[key])]
        if key in limits and value.shape.rank != 0
        else value
        for key, value in example.items()
    }

  return dataset.map(unconverted(trim), num_parallel_calls=tf.data.AUTOTUNE)
