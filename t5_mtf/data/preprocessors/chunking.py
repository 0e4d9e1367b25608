"""Joining, splitting, trimming and padding of token sequences.

The functions of a token sequence work on one feature (`feature_key`, by
default "targets") and drop the others, unless they are named.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data.features import Feature
from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"


@gin.configurable(module=_MODULE)
def unsupervised(
    dataset: tf.data.Dataset,
    preprocessors: Sequence[Callable[..., Any]] | None = None,
    output_features: Mapping[str, Feature] | None = None,
    sequence_length: Mapping[str, int] | None = None,
) -> tf.data.Dataset:
  """Applies the preprocessors of an unsupervised objective, set through gin.

  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7]})
  >>> pieces = unsupervised(
  ...     dataset, [split_tokens_to_targets_length],
  ...     output_features={}, sequence_length={"targets": 2})
  >>> [x["targets"].tolist() for x in pieces.as_numpy_iterator()]
  [[5, 6], [7]]

  Args:
    dataset: dicts of ids.
    preprocessors: functions of a dataset that take `output_features` and
      `sequence_length` by name (and may ignore them).
    output_features: name -> feature.
    sequence_length: feature -> maximum length.

  Returns:
    The processed dataset.

  Raises:
    UserError: no preprocessors were given, so nothing would be denoised.
  """
  if preprocessors is None:
    raise errors.UserError(
        "unsupervised.preprocessors is not set, so there is no objective."
        ' Name a gin file of one, for example "objectives/span_3_15_u_u.gin".'
    )
  for preprocessor in preprocessors:
    dataset = preprocessor(
        dataset,
        output_features=output_features,
        sequence_length=sequence_length,
    )
  return dataset


@gin.configurable(module=_MODULE)
def select_random_chunk(
    dataset: tf.data.Dataset,
    output_features: Mapping[str, Feature],
    max_length: int | None = None,
    feature_key: str = "targets",
    additional_feature_keys: Sequence[str] | None = None,
    passthrough_feature_keys: Sequence[str] | None = None,
    sequence_length: Mapping[str, int] | None = None,
    uniform_random_start: bool = False,
    min_length: int | None = None,
    **unused_kwargs: Any,
) -> tf.data.Dataset:
  """Takes one random chunk of each long example.

  Empty examples are dropped. See `single_example_select_random_chunk`.

  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7]})
  >>> chunks = select_random_chunk(dataset, {}, max_length=8)
  >>> [x["targets"].tolist() for x in chunks.as_numpy_iterator()]
  [[5, 6, 7]]

  Args:
    dataset: dicts of ids.
    output_features: name -> feature.
    max_length: longest chunk; by default `sequence_length[feature_key]`, less
      one if the feature ends with EOS.
    feature_key: the feature to cut.
    additional_feature_keys: features cut at the same places.
    passthrough_feature_keys: features kept as they are.
    sequence_length: feature -> maximum length.
    uniform_random_start: start anywhere, so that a chunk may be shorter.
    min_length: draw the length from min_length ... max_length - 1, too.
    **unused_kwargs: ignored.

  Returns:
    The dataset of chunks.
  """
  del unused_kwargs
  max_length = _chunk_length(
      max_length, sequence_length, feature_key, output_features
  )

  @map_over_dataset(num_seeds=1)
  def choose(example: Mapping[str, Any], seed: tf.Tensor) -> dict[str, Any]:
    return single_example_select_random_chunk(
        example,
        seed,
        output_features=output_features,
        max_length=max_length,
        feature_key=feature_key,
        additional_feature_keys=additional_feature_keys,
        passthrough_feature_keys=passthrough_feature_keys,
        sequence_length=sequence_length,
        uniform_random_start=uniform_random_start,
        min_length=min_length,
    )

  return choose(
      dataset.filter(lambda example: tf.size(example[feature_key]) > 0)
  )


def single_example_select_random_chunk(
    features: Mapping[str, Any],
    seed: Any,
    output_features: Mapping[str, Feature],
    max_length: int | None = None,
    feature_key: str = "targets",
    additional_feature_keys: Sequence[str] | None = None,
    passthrough_feature_keys: Sequence[str] | None = None,
    sequence_length: Mapping[str, int] | None = None,
    uniform_random_start: bool = False,
    min_length: int | None = None,
) -> dict[str, Any]:
  """Takes one random chunk of an example; see `select_random_chunk`.

  By default the example is cut into pieces of `max_length` from its start,
  and one of these is chosen.

  >>> chunk = single_example_select_random_chunk(
  ...     {"targets": tf.range(9)}, seed=(4, 2), output_features={},
  ...     max_length=5)
  >>> chunk["targets"].numpy().tolist()
  [0, 1, 2, 3, 4]

  Args:
    features: a dict of ids.
    seed: two ints, the seed of TensorFlow's stateless functions.
    output_features: name -> feature.
    max_length: longest chunk.
    feature_key: the feature to cut.
    additional_feature_keys: features cut at the same places.
    passthrough_feature_keys: features kept as they are.
    sequence_length: feature -> maximum length, in place of `max_length`.
    uniform_random_start: start anywhere.
    min_length: see `select_random_chunk`.

  Returns:
    The named features of the chunk.

  Raises:
    UserError: neither `max_length` nor `sequence_length` is given.
  """
  max_length = _chunk_length(
      max_length, sequence_length, feature_key, output_features
  )
  length_seed, start_seed = tf.unstack(
      tf.random.experimental.stateless_split(seed, 2)
  )
  size = tf.size(features[feature_key])
  length = tf.constant(max_length, tf.int32)
  if min_length is not None:
    length = tf.random.stateless_uniform(
        [], length_seed, minval=min_length, maxval=max_length, dtype=tf.int32
    )
  if uniform_random_start:
    first = tf.random.stateless_uniform(
        [], start_seed, minval=1 - length, maxval=size, dtype=tf.int32
    )
  else:
    first = length * tf.random.stateless_uniform(
        [], start_seed, maxval=-(-size // length), dtype=tf.int32
    )
  start, end = tf.maximum(first, 0), tf.minimum(first + length, size)
  cut = [feature_key, *(additional_feature_keys or ())]
  chunk = {key: features[key][start:end] for key in cut}
  chunk.update({key: features[key] for key in passthrough_feature_keys or ()})
  return chunk


def _chunk_length(
    max_length: int | None,
    sequence_length: Mapping[str, int] | None,
    feature_key: str,
    output_features: Mapping[str, Feature],
) -> int:
  if max_length is not None:
    return max_length
  if sequence_length is None or feature_key not in sequence_length:
    raise errors.UserError(
        "select_random_chunk needs max_length, or sequence_length with"
        f" {feature_key!r} (it is {sequence_length!r}). For pre-training, set"
        " `preprocessors.select_random_chunk.max_length = 65536` in gin."
    )
  return sequence_length[feature_key] - output_features[feature_key].add_eos


@gin.configurable(module=_MODULE)
def reduce_concat_tokens(
    dataset: tf.data.Dataset,
    feature_key: str = "targets",
    batch_size: int = 128,
    **unused_kwargs: Any,
) -> tf.data.Dataset:
  """Joins each `batch_size` consecutive examples; id 0 is left out.

  >>> dataset = tf.data.Dataset.from_tensor_slices(
  ...     {"targets": [[5, 6], [7, 0]]})
  >>> joined = reduce_concat_tokens(dataset)
  >>> [x["targets"].tolist() for x in joined.as_numpy_iterator()]
  [[5, 6, 7]]

  Args:
    dataset: dicts of ids.
    feature_key: the feature to join; others are dropped.
    batch_size: number of examples to join.
    **unused_kwargs: ignored.

  Returns:
    The dataset of joined examples.
  """
  del unused_kwargs

  def join(batch: tf.Tensor) -> dict[str, tf.Tensor]:
    return {feature_key: tf.boolean_mask(batch, tf.not_equal(batch, 0))}

  tokens = dataset.map(
      lambda example: example[feature_key], num_parallel_calls=tf.data.AUTOTUNE
  )
  return tokens.padded_batch(batch_size, padded_shapes=[-1]).map(
      join, num_parallel_calls=tf.data.AUTOTUNE
  )


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
    size = tf.size(example[feature_key])
    count = -(-size // length)
    padding = [[0, count * length - size]]
    segments = {
        key: tf.reshape(tf.pad(example[key], padding), [count, length])
        for key in keys
    }
    sizes = tf.minimum(length, size - tf.range(count) * length)
    kept = {key: example[key] for key in passed}
    return {"segments": segments, "sizes": sizes, "kept": kept}

  def one_by_one(split: Mapping[str, Any]) -> tf.data.Dataset:
    pieces = tf.data.Dataset.from_tensor_slices(
        (split["segments"], split["sizes"])
    )
    return pieces.map(
        lambda segments, size: {
            **{key: value[:size] for key, value in segments.items()},
            **split["kept"],
        }
    )

  return segment(dataset).flat_map(one_by_one)


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
  length = _room("inputs", sequence_length, output_features)
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
  length = _room("targets", sequence_length, output_features)
  return split_tokens(dataset, max_tokens_per_segment=length, **kwargs)


def _room(
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

  return dataset.map(fit, num_parallel_calls=tf.data.AUTOTUNE)
