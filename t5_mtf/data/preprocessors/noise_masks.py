"""Which tokens of a sequence are noise (Raffel et al. 2020, section 3.3).

A noise mask function takes the length of a sequence, the share of noise, and
stateless random seeds (two ints each), and gives booleans [length].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gin

from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"


@gin.configurable(module=_MODULE)
def iid_noise_mask(
    length: int | tf.Tensor, noise_density: float, seeds: Sequence[Any]
) -> tf.Tensor:
  """Each token is noise or not, independently.

  >>> iid_noise_mask(5, 0.5, seeds=[(1, 2)]).numpy().tolist()
  [False, True, False, True, True]

  Args:
    length: number of tokens.
    noise_density: the probability of noise.
    seeds: one seed.

  Returns:
    Booleans [length].
  """
  return tf.random.stateless_uniform([length], seed=seeds[0]) < noise_density


@gin.configurable(module=_MODULE)
def regular_noise_mask(
    length: int | tf.Tensor,
    noise_density: float,
    seeds: Sequence[Any],
    min_span_length: int = 1,
    max_span_length: int = 5,
) -> tf.Tensor:
  """Spans of one length at equal distances, from a random offset.

  >>> regular_noise_mask(9, 0.5, seeds=[(1, 2), (3, 4)]).numpy().tolist()
  [False, True, False, True, False, True, False, True, False]

  Args:
    length: number of tokens.
    noise_density: the share of noise.
    seeds: two seeds, for the length of the spans and for the offset.
    min_span_length: shortest span.
    max_span_length: longest span.

  Returns:
    Booleans [length].
  """
  span_length = tf.random.stateless_uniform(
      [],
      minval=min_span_length,
      maxval=max_span_length + 1,
      dtype=tf.int32,
      seed=seeds[0],
  )
  period = tf.cast(
      tf.round(tf.cast(span_length, tf.float32) / noise_density), tf.int32
  )
  offset = tf.random.stateless_uniform(
      [], maxval=period, dtype=tf.int32, seed=seeds[1]
  )
  return (tf.range(length, dtype=tf.int32) + offset) % period < span_length


@gin.configurable(module=_MODULE)
def random_spans_noise_mask(
    length: int | tf.Tensor,
    noise_density: float,
    seeds: Sequence[Any],
    mean_noise_span_length: float = 3.0,
    random_roll: bool = False,
) -> tf.Tensor:
  """Spans of random lengths that make up a fixed number of tokens.

  The number of noise tokens is round(length * noise_density), and that of
  spans round(noise tokens / mean_noise_span_length), both at least 1. Noise
  and the rest are each divided at random into so many spans, which
  alternate. The sequence begins with a span that is not noise and ends with
  one that is, so a short sequence is always masked at its end; `random_roll`
  rotates the mask by a random offset.

  >>> random_spans_noise_mask(
  ...     8, 0.25, seeds=[(1, 2), (3, 4)], mean_noise_span_length=1.0
  ... ).numpy().astype(int).tolist()
  [0, 0, 1, 0, 0, 0, 0, 1]

  Args:
    length: number of tokens.
    noise_density: the share of noise.
    seeds: two seeds, for the noise spans and for the others.
    mean_noise_span_length: mean length of a noise span.
    random_roll: whether to rotate the mask.

  Returns:
    Booleans [length]; all False if `noise_density` is 0.

  Raises:
    InvalidArgumentError: the spans are more than the tokens between them.
  """
  if noise_density == 0.0:
    return tf.zeros([length], tf.bool)
  original_length = tf.cast(length, tf.int32)
  # One token of each kind is the least; the mask is cut again at the end.
  length = tf.maximum(original_length, 2)
  as_float = tf.cast(length, tf.float32)
  noise = tf.cast(tf.round(as_float * noise_density), tf.int32)
  noise = tf.minimum(tf.maximum(noise, 1), length - 1)
  spans = tf.cast(
      tf.round(tf.cast(noise, tf.float32) / mean_noise_span_length), tf.int32
  )
  spans = tf.maximum(spans, 1)
  tf.debugging.assert_less_equal(
      spans,
      length - noise,
      "random_spans_noise_mask has more spans than tokens to part them: lower"
      " noise_density, or raise mean_noise_span_length",
  )
  noise_ends = _random_segment_ends(noise, spans, seeds[0])
  other_ends = _random_segment_ends(length - noise, spans, seeds[1])
  # Where a span that is not noise ends, and the noise span that follows it.
  noise_before = tf.concat([[0], noise_ends[:-1]], 0)
  ends = tf.stack([other_ends + noise_before, other_ends + noise_ends], axis=1)
  span = tf.searchsorted(
      tf.reshape(ends, [-1]), tf.range(original_length), side="right"
  )
  mask = tf.equal(span % 2, 1)
  if random_roll:
    roll_seed = (seeds[0][0] + seeds[1][1], seeds[0][1] - seeds[1][0])
    offset = tf.random.stateless_uniform(
        [], seed=roll_seed, dtype=tf.int32, minval=0, maxval=length
    )
    mask = tf.roll(mask, shift=offset, axis=0)
  return mask


def _random_segment_ends(
    num_items: tf.Tensor, num_segments: tf.Tensor, seed: Any
) -> tf.Tensor:
  """Divides items into non-empty segments, all ways being equally likely.

  Returns:
    Where the segments end, ascending int32 [num_segments]; the last end is
    `num_items`.
  """
  gaps = _stateless_permutation(num_items - 1, seed)
  ends = tf.where(gaps < num_segments - 1)[:, 0]
  return tf.concat([tf.cast(ends, tf.int32) + 1, num_items[tf.newaxis]], 0)


def stateless_shuffle(values: tf.Tensor, seed: Any) -> tf.Tensor:
  """Shuffles a vector, as a function of the seed alone.

  >>> stateless_shuffle(tf.range(5), (1, 2)).numpy().tolist()
  [3, 1, 4, 0, 2]
  """
  return tf.gather(values, _stateless_permutation(tf.size(values), seed))


def _stateless_permutation(size: tf.Tensor, seed: Any) -> tf.Tensor:
  keys = tf.random.stateless_uniform([size], seed=seed)
  return tf.argsort(keys)


@gin.configurable(module=_MODULE)
def random_prefix_noise_mask(
    length: int | tf.Tensor, noise_density: float, seeds: Sequence[Any]
) -> tf.Tensor:
  """A prefix is noise; all its lengths from 1 to length - 1 are as likely.

  For the prefix language model: `drop_nonnoise_tokens` gives the inputs, and
  `drop_noise_tokens` the targets.

  >>> random_prefix_noise_mask(5, 0.5, seeds=[(1, 2)]).numpy().tolist()
  [True, False, False, False, False]

  Args:
    length: number of tokens; a single one is not noise.
    noise_density: must be 0.5.
    seeds: one seed.

  Returns:
    Booleans [length].

  Raises:
    NotImplementedError: `noise_density` is not 0.5.
  """
  if noise_density != 0.5:
    raise NotImplementedError(
        f"noise_density is {noise_density}, but random_prefix_noise_mask is"
        " defined for 0.5 only. Set `preprocessors.denoise.noise_density ="
        " 0.5`."
    )
  prefix = tf.random.stateless_uniform(
      [], minval=1, maxval=tf.maximum(length, 2), dtype=tf.int32, seed=seeds[0]
  )
  prefix = tf.minimum(prefix, length - 1)
  return tf.range(length, dtype=tf.int32) < prefix
