"""What becomes of noise tokens, and of the others.

A function of this kind takes ids [length], a noise mask [length], the
vocabulary and stateless random seeds (two ints each; those that choose nothing
at random ignore them), and gives ids. `denoise` makes its inputs with one and
its targets with another (Raffel et al. 2020, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gin

from t5_mtf.data.preprocessors import noise_masks
from t5_mtf.data.vocabularies import Vocabulary
from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"


@gin.configurable(module=_MODULE)
def sentinel_id(vocabulary: Vocabulary, return_value: int | None = None) -> int:
  """The id of the first sentinel: by default the last id.

  >>> from t5_mtf.data import ByteVocabulary
  >>> sentinel_id(ByteVocabulary(extra_ids=100))
  358

  Args:
    vocabulary: the vocabulary.
    return_value: the id to use instead.

  Returns:
    The id.
  """
  if return_value is not None:
    return return_value
  return vocabulary.vocab_size - 1


@gin.configurable(module=_MODULE)
def noise_token_to_sentinel(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
) -> tf.Tensor:
  """Replaces each noise token by the first sentinel.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> noise_token_to_sentinel(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[]
  ... ).numpy().tolist()
  [5, 358, 358, 8, 358, 10]
  """
  del seeds
  return tf.where(
      noise_mask, tf.cast(sentinel_id(vocabulary), tokens.dtype), tokens
  )


@gin.configurable(module=_MODULE)
def noise_span_to_sentinel(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
) -> tf.Tensor:
  """Replaces each run of noise tokens by one first sentinel.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> noise_span_to_sentinel(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[]
  ... ).numpy().tolist()
  [5, 358, 8, 358, 10]
  """
  del seeds
  starts, continues = _span_starts(noise_mask)
  sentinel = tf.cast(sentinel_id(vocabulary), tokens.dtype)
  return _select(
      tf.where(starts, sentinel, tokens), tf.logical_not(continues)
  )


@gin.configurable(module=_MODULE)
def nonnoise_span_to_sentinel(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
) -> tf.Tensor:
  """Replaces each run of tokens that are not noise by one first sentinel.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> nonnoise_span_to_sentinel(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[]
  ... ).numpy().tolist()
  [358, 6, 7, 358, 9, 358]
  """
  return noise_span_to_sentinel(
      tokens, tf.logical_not(noise_mask), vocabulary, seeds
  )


@gin.configurable(module=_MODULE)
def noise_span_to_unique_sentinel(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
    batch_size: int | None = None,
) -> tf.Tensor:
  """Replaces the n-th run of noise tokens by the n-th sentinel.

  Sentinels count downwards from the last id. More runs than sentinels run
  into the ids of ordinary pieces, as published. With `batch_size`, tokens and
  mask are [batch_size, length], and shorter results are padded with 0.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> noise_span_to_unique_sentinel(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[]
  ... ).numpy().tolist()
  [5, 358, 8, 357, 10]
  """
  del seeds
  starts, continues = _span_starts(noise_mask)
  number = tf.cumsum(tf.cast(starts, tokens.dtype), axis=-1)
  sentinels = sentinel_id(vocabulary) + 1 - number
  replaced = tf.where(starts, sentinels, tokens)
  if batch_size is None:
    return _select(replaced, tf.logical_not(continues))
  return tf.ragged.boolean_mask(
      replaced, tf.logical_not(continues)
  ).to_tensor()


@gin.configurable(module=_MODULE)
def nonnoise_span_to_unique_sentinel(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
    batch_size: int | None = None,
) -> tf.Tensor:
  """Replaces the n-th run of tokens that are not noise by the n-th sentinel.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> nonnoise_span_to_unique_sentinel(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[]
  ... ).numpy().tolist()
  [358, 6, 7, 357, 9, 356]
  """
  return noise_span_to_unique_sentinel(
      tokens, tf.logical_not(noise_mask), vocabulary, seeds, batch_size
  )


@gin.configurable(module=_MODULE)
def drop_noise_tokens(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
) -> tf.Tensor:
  """Leaves out the noise tokens.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> drop_noise_tokens(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[]
  ... ).numpy().tolist()
  [5, 8, 10]
  """
  del vocabulary, seeds
  return _select(tokens, tf.logical_not(noise_mask))


@gin.configurable(module=_MODULE)
def drop_nonnoise_tokens(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
) -> tf.Tensor:
  """Leaves out all but the noise tokens.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> drop_nonnoise_tokens(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[]
  ... ).numpy().tolist()
  [6, 7, 9]
  """
  del vocabulary, seeds
  return _select(tokens, noise_mask)


@gin.configurable(module=_MODULE)
def permute_noise_tokens(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
) -> tf.Tensor:
  """Shuffles the noise tokens among their places. Takes one seed.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> permute_noise_tokens(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[(1, 2)]
  ... ).numpy().tolist()
  [5, 7, 6, 8, 9, 10]
  """
  del vocabulary
  places = tf.where(noise_mask)
  noise = _select(tokens, noise_mask)
  return tf.tensor_scatter_nd_update(
      tokens, places, noise_masks.stateless_shuffle(noise, seeds[0])
  )


@gin.configurable(module=_MODULE)
def noise_token_to_gathered_token(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
) -> tf.Tensor:
  """Replaces each noise token by a random one of the sequence. One seed.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> noise_token_to_gathered_token(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[(1, 2)]
  ... ).numpy().tolist()
  [5, 10, 5, 8, 6, 10]
  """
  del vocabulary
  places = tf.random.stateless_uniform(
      tf.shape(tokens), seeds[0], maxval=tf.size(tokens), dtype=tf.int32
  )
  return tf.where(noise_mask, tf.gather(tokens, places), tokens)


@gin.configurable(module=_MODULE)
def noise_token_to_random_token(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
    num_reserved_tokens: int = 3,
) -> tf.Tensor:
  """Replaces each noise token by a random id of the vocabulary. One seed.

  `num_reserved_tokens` is the number of ids, from 0, that are never drawn.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> noise_token_to_random_token(
  ...     tokens, mask, ByteVocabulary(extra_ids=100), seeds=[(1, 2)]
  ... ).numpy().tolist()
  [5, 332, 237, 8, 198, 10]
  """
  drawn = tf.random.stateless_uniform(
      tf.shape(tokens),
      seeds[0],
      minval=num_reserved_tokens,
      maxval=vocabulary.vocab_size,
      dtype=tokens.dtype,
  )
  return tf.where(noise_mask, drawn, tokens)


@gin.configurable(module=_MODULE)
def noise_token_to_random_token_or_sentinel(
    tokens: tf.Tensor,
    noise_mask: tf.Tensor,
    vocabulary: Vocabulary,
    seeds: Sequence[Any],
    random_prob: float = 0.1,
) -> tf.Tensor:
  """Replaces each noise token by a random id or by the first sentinel.

  `random_prob` is the probability of the former. Takes two seeds: for that
  choice, and for the ids.

  >>> from t5_mtf.data import ByteVocabulary
  >>> tokens = tf.constant([5, 6, 7, 8, 9, 10])
  >>> mask = tf.constant([False, True, True, False, True, False])
  >>> noise_token_to_random_token_or_sentinel(
  ...     tokens, mask, ByteVocabulary(extra_ids=100),
  ...     seeds=[(1, 2), (3, 4)], random_prob=0.5
  ... ).numpy().tolist()
  [5, 280, 358, 8, 242, 10]
  """
  use_random = (
      tf.random.stateless_uniform(tf.shape(tokens), seed=seeds[0])
      < random_prob
  )
  return tf.where(
      use_random,
      noise_token_to_random_token(
          tokens, noise_mask, vocabulary, seeds=seeds[1:]
      ),
      noise_token_to_sentinel(tokens, noise_mask, vocabulary, seeds=()),
  )


def _span_starts(mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
  """Splits a mask into the first tokens of its runs, and the others."""
  follows = tf.concat([tf.zeros_like(mask[..., :1]), mask[..., :-1]], axis=-1)
  return (
      tf.logical_and(mask, tf.logical_not(follows)),
      tf.logical_and(mask, follows),
  )


def _select(tokens: tf.Tensor, is_kept: tf.Tensor) -> tf.Tensor:
  """`tf.boolean_mask`, in a fifth of its operations."""
  return tf.gather_nd(tokens, tf.where(is_kept))
