"""Splitting of token sequences to a length.

The functions work on one feature (`feature_key`, by default "targets") and
drop the others, unless they are named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data.features import Feature
from t5_mtf.data.mapping import map_over_dataset, unconverted
from t5_mtf.data.preprocessors import chunking
from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"

# The shortest random length (`split_tokens_to_random_length`).
_MIN_RANDOM_LENGTH = 8


@gin.configurable(module=_MODULE)
def split_tokens(
    dataset: tf.data.Dataset,
    min_tokens_per_segment: int | None = None,
    max_tokens_per_segment: int = gin.REQUIRED,
    feature_key: str = "targets",
    additional_feature_keys: Sequence[str] | None = None,
    passthrough_feature_keys: Sequence[str] | None = None,
    **unused_kwargs: Any,
) -> tf.data.Dataset:
  """Splits long examples into segments; empty examples are dropped.

  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7]})
  >>> pieces = split_tokens(dataset, max_tokens_per_segment=2)
  >>> [x["targets"].tolist() for x in pieces.as_numpy_iterator()]
  [[5, 6], [7]]

  Args:
    dataset: dicts of ids.
    min_tokens_per_segment: when given, the length of an example's segments is
      drawn (log-uniformly) between this and `max_tokens_per_segment`.
    max_tokens_per_segment: length of all segments but the last.
    feature_key: the feature to split.
    additional_feature_keys: features of the same length, split alike.
    passthrough_feature_keys: features copied to every segment.
    **unused_kwargs: ignored.

  Returns:
    The dataset of segments, each a dict of the named features.
  """
  del unused_kwargs
  keys = [feature_key, *(additional_feature_keys or ())]
  passed = list(passthrough_feature_keys or ())

  @map_over_dataset(num_seeds=1)
  def segment(example: Mapping[str, Any], seed: tf.Tensor) -> dict[str, Any]:
    length = _segment_length(
        min_tokens_per_segment, max_tokens_per_segment, seed
    )
    size = tf.shape(example[feature_key])[0]
    count = -(-size // length)
    segments = {}
    for key in keys:
      chunking.check_same_length(example, key, feature_key)
      value = example[key]
      rest = value.shape[1:]
      padding = [[0, count * length - size]] + [[0, 0]] * rest.rank
      segments[key] = tf.reshape(
          tf.pad(value, padding), [count, length, *rest]
      )
    sizes = tf.minimum(length, size - tf.range(count) * length)
    kept = {key: example[key] for key in passed}
    return {"segments": segments, "sizes": sizes, "kept": kept}

  def one_by_one(split: Mapping[str, Any]) -> tf.data.Dataset:
    pieces = tf.data.Dataset.from_tensor_slices(
        (split["segments"], split["sizes"])
    )
    return pieces.map(
        unconverted(
            lambda segments, size: {
                **{key: value[:size] for key, value in segments.items()},
                **split["kept"],
            }
        )
    )

  filled = dataset.filter(
      unconverted(lambda example: tf.size(example[feature_key]) > 0)
  )
  return segment(filled).flat_map(unconverted(one_by_one))


def _segment_length(minimum: int | None, maximum: int, seed: Any) -> Any:
  if minimum is None:
    return tf.constant(maximum, tf.int32)
  low, high = math.log(minimum), math.log(maximum)
  draw = tf.random.stateless_uniform([], seed, minval=low, maxval=high)
  return tf.cast(tf.exp(draw), tf.int32)


@gin.configurable(module=_MODULE)
def split_tokens_to_inputs_length(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
    **kwargs: Any,
) -> tf.data.Dataset:
  """Splits "targets" to the length of the inputs, with room for EOS.

  >>> from t5_mtf.data import ByteVocabulary
  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7]})
  >>> features = {"inputs": Feature(ByteVocabulary())}
  >>> pieces = split_tokens_to_inputs_length(dataset, {"inputs": 3}, features)
  >>> [x["targets"].tolist() for x in pieces.as_numpy_iterator()]
  [[5, 6], [7]]

  Args:
    dataset: dicts of ids.
    sequence_length: feature -> maximum length.
    output_features: name -> feature.
    **kwargs: passed on to `split_tokens`.

  Returns:
    The dataset of segments.
  """
  length = room("inputs", sequence_length, output_features)
  return split_tokens(dataset, max_tokens_per_segment=length, **kwargs)


@gin.configurable(module=_MODULE)
def split_tokens_to_targets_length(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
    **kwargs: Any,
) -> tf.data.Dataset:
  """Splits "targets" to the length of the targets, with room for EOS.

  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7]})
  >>> pieces = split_tokens_to_targets_length(dataset, {"targets": 2}, {})
  >>> [x["targets"].tolist() for x in pieces.as_numpy_iterator()]
  [[5, 6], [7]]

  Args:
    dataset: dicts of ids.
    sequence_length: feature -> maximum length.
    output_features: name -> feature.
    **kwargs: passed on to `split_tokens`.

  Returns:
    The dataset of segments.
  """
  length = room("targets", sequence_length, output_features)
  return split_tokens(dataset, max_tokens_per_segment=length, **kwargs)


def room(
    key: str,
    sequence_length: Mapping[str, int] | None,
    output_features: Mapping[str, Feature],
) -> int:
  """The maximum length of a feature, less one if it is to end with EOS."""
  if not sequence_length or key not in sequence_length:
    raise errors.UserError(
        f"splitting tokens needs the maximum length of {key!r}, but"
        f" sequence_length is {sequence_length!r}. For example"
        ' {"inputs": 512, "targets": 114}.'
    )
  feature = output_features.get(key)
  return sequence_length[key] - int(feature is not None and feature.add_eos)


@gin.configurable(module=_MODULE)
def split_tokens_to_random_length(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
    **kwargs: Any,
) -> tf.data.Dataset:
  """Splits "targets" to a random length for each example.

  The length is drawn log-uniformly from 8 to that of the inputs, with room for
  EOS. (If the inputs are shorter than 8, from their length to 8, as published.)

  >>> dataset = tf.data.Dataset.from_tensors({"targets": tf.range(20)})
  >>> pieces = split_tokens_to_random_length(dataset, {"inputs": 8}, {})
  >>> [x["targets"].size for x in pieces.as_numpy_iterator()]
  [8, 8, 4]

  Args:
    dataset: dicts of ids.
    sequence_length: feature -> maximum length.
    output_features: name -> feature.
    **kwargs: passed on to `split_tokens`.

  Returns:
    The dataset of segments.
  """
  return split_tokens(
      dataset,
      min_tokens_per_segment=_MIN_RANDOM_LENGTH,
      max_tokens_per_segment=room("inputs", sequence_length, output_features),
      **kwargs,
  )


@gin.configurable(module=_MODULE)
def concatenate_and_split_to_fixed_length(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
    feature_key: str = "targets",
    **unused_kwargs: Any,
) -> tf.data.Dataset:
  """Joins all examples, and splits the whole to the length of the feature.

  Room is left for EOS. Only the last segment may be shorter.

  >>> dataset = tf.data.Dataset.from_tensor_slices({"targets": [[5, 6, 7]] * 2})
  >>> pieces = concatenate_and_split_to_fixed_length(
  ...     dataset, {"targets": 4}, {})
  >>> [x["targets"].tolist() for x in pieces.as_numpy_iterator()]
  [[5, 6, 7, 5], [6, 7]]

  Args:
    dataset: dicts of ids.
    sequence_length: feature -> maximum length.
    output_features: name -> feature.
    feature_key: the feature to join and split; others are dropped.
    **unused_kwargs: ignored.

  Returns:
    The dataset of segments.
  """
  del unused_kwargs
  length = room(feature_key, sequence_length, output_features)
  return (
      dataset.map(
          unconverted(lambda example: {feature_key: example[feature_key]})
      )
      .unbatch()
      .batch(length)
  )
