"""Pieces of long examples, and examples joined to long ones.

The functions work on one feature (`feature_key`, by default "targets") and
drop the others, unless they are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data import bulk
from t5_mtf.data.features import Feature
from t5_mtf.data.mapping import (
    example_seeds,
    maybe_cast_seed,
    next_map_seed,
    unconverted,
)
from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"

# The longest piece of one document that pre-training looks at.
MAX_CHUNK = 65536

# The number of examples that are looked at in bulk.
_BULK = 128


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

  seeds = [next_map_seed(), next_map_seed()]

  def choose(index: tf.Tensor, example: Mapping[str, Any]) -> dict[str, Any]:
    return single_example_select_random_chunk(
        example,
        example_seeds(seeds, index)[0],
        output_features=output_features,
        max_length=max_length,
        feature_key=feature_key,
        additional_feature_keys=additional_feature_keys,
        passthrough_feature_keys=passthrough_feature_keys,
        sequence_length=sequence_length,
        uniform_random_start=uniform_random_start,
        min_length=min_length,
    )

  filled = dataset.filter(
      unconverted(lambda example: tf.size(example[feature_key]) > 0)
  )
  chunks = filled.enumerate().map(
      unconverted(choose),
      num_parallel_calls=tf.data.AUTOTUNE,
      deterministic=True,
  )
  tokens = bulk.find(dataset, feature_key)
  if tokens is None or additional_feature_keys or passthrough_feature_keys:
    return chunks
  draws = uniform_random_start or min_length is not None
  chunks_of = _bulk_chunks(
      tokens,
      lambda index, ids: choose(index, {feature_key: ids})[feature_key],
      kept_length=0 if draws else max_length,
  )
  return bulk.offer(chunks, {feature_key: chunks_of})


def _bulk_chunks(
    tokens: bulk.Bulk, choose: Callable[..., tf.Tensor], kept_length: int
) -> bulk.Bulk:
  """The chunks of what is not empty.

  Args:
    tokens: the examples.
    choose: makes the place of an example and its ids those of its chunk.
    kept_length: the longest example of which nothing is to be drawn.
  """

  def mark(ids: tf.RaggedTensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
    return ids, ids.row_lengths() > 0

  def cut(
      index: tf.Tensor, marked: tuple[tf.RaggedTensor, tf.Tensor]
  ) -> tf.RaggedTensor:
    ids, _ = marked
    return tf.cond(
        tf.reduce_max(ids.row_lengths()) <= kept_length,
        lambda: ids,
        lambda: tf.map_fn(
            lambda numbered: choose(*numbered),
            (index, ids),
            fn_output_signature=tf.RaggedTensorSpec(
                [None], ids.dtype, ragged_rank=0
            ),
        ),
    )

  # A filter that only picks a feature costs no call.
  filled = (
      tokens.batches(_BULK)
      .map(unconverted(mark), num_parallel_calls=tf.data.AUTOTUNE)
      .unbatch()
      .filter(unconverted(lambda ids, is_filled: is_filled))
  )
  return bulk.Bulk(filled.enumerate(), cut)


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
  size = tf.shape(features[feature_key])[0]

  def draw() -> tuple[tf.Tensor, tf.Tensor]:
    return _random_range(
        size,
        maybe_cast_seed(seed),
        max_length,
        uniform_random_start,
        min_length,
    )

  if uniform_random_start or min_length is not None:
    start, end = draw()
  else:  # Most examples have one chunk: nothing is to be drawn.
    start, end = tf.cond(size <= max_length, lambda: (0, size), draw)
  chunk = {feature_key: features[feature_key][start:end]}
  for key in additional_feature_keys or ():
    check_same_length(features, key, feature_key)
    chunk[key] = features[key][start:end]
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

  def join(batch: tf.Tensor | tf.RaggedTensor) -> dict[str, tf.Tensor]:
    ids = batch.flat_values if isinstance(batch, tf.RaggedTensor) else batch
    return {feature_key: tf.boolean_mask(ids, tf.not_equal(ids, 0))}

  tokens = bulk.find(dataset, feature_key)
  if tokens is not None:
    batches = tokens.batches(batch_size)
  else:
    # Without parallel calls, a map that only picks features costs nothing.
    batches = dataset.map(
        unconverted(lambda example: example[feature_key])
    ).padded_batch(batch_size, padded_shapes=[-1])
  return batches.map(unconverted(join), num_parallel_calls=tf.data.AUTOTUNE)


def _random_range(
    size: tf.Tensor,
    seed: tf.Tensor,
    max_length: int,
    uniform_random_start: bool,
    min_length: int | None,
) -> tuple[tf.Tensor, tf.Tensor]:
  """Where the random chunk of an example of some size begins and ends."""
  length_seed, start_seed = tf.unstack(
      tf.random.experimental.stateless_split(seed, 2)
  )
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
  return tf.maximum(first, 0), tf.minimum(first + length, size)


def check_same_length(
    features: Mapping[str, tf.Tensor], key: str, feature_key: str
) -> None:
  """Checks, when the example is processed, that two features can be cut alike.

  Raises:
    InvalidArgumentError: they differ in length.
  """
  tf.debugging.assert_equal(
      tf.shape(features[key])[0],
      tf.shape(features[feature_key])[0],
      message=f"{key!r} is to be cut like {feature_key!r}, but differs from it"
      " in length",
  )
