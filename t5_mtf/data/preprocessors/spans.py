"""Span corruption, and how much text fills its lengths exactly.

Raffel et al. 2020, sections 3.1.4 and 3.3.4: 15 % of the tokens in spans of 3
on average, each span replaced by a sentinel of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import gin

from t5_mtf import errors
from t5_mtf.data.features import Feature
from t5_mtf.data.preprocessors import (
    chunking,
    denoising,
    noise_fns,
    noise_masks,
    splitting,
)
from t5_mtf.tf_compat import tf

_MODULE = "t5.data.preprocessors"


@gin.configurable(module=_MODULE)
def span_corruption(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
    mean_noise_span_length: float = 3.0,
    noise_density: float = 0.15,
    input_feature_key: str = "inputs",
    merge_examples_to_reduce_padding: bool = True,
    reserved_for_packing: int | None = None,
    passthrough_feature_keys: Sequence[str] | None = None,
) -> tf.data.Dataset:
  """T5's pre-training objective: replaced spans are to be filled in.

  The text is cut into pieces that make inputs of exactly
  `sequence_length["inputs"]` ids after corruption, EOS included.

  >>> from t5_mtf.data import ByteVocabulary
  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7, 8]})
  >>> feature = Feature(ByteVocabulary(extra_ids=100))
  >>> corrupted = span_corruption(
  ...     dataset, {"inputs": 20, "targets": 20},
  ...     {"inputs": feature, "targets": feature})
  >>> for key, ids in next(corrupted.as_numpy_iterator()).items():
  ...   print(key, ids)
  inputs [  5   6   7 358]
  targets [358   8]

  Args:
    dataset: dicts with ids under "targets".
    sequence_length: maximum lengths of "inputs" and "targets".
    output_features: name -> feature.
    mean_noise_span_length: mean length of a span.
    noise_density: the share of tokens that are replaced.
    input_feature_key: name of the inputs.
    merge_examples_to_reduce_padding: join examples before cutting them.
    reserved_for_packing: number of input ids to leave free.
    passthrough_feature_keys: features copied to every piece; only without
      merging.

  Returns:
    A dataset of dicts with inputs and targets, without EOS.

  Raises:
    UserError: the targets would not fit, or features are to be passed through
      merged examples.
  """
  if passthrough_feature_keys and merge_examples_to_reduce_padding:
    raise errors.UserError(
        f"span_corruption cannot keep {list(passthrough_feature_keys)} of"
        " examples that it merges. Set"
        " merge_examples_to_reduce_padding=False."
    )
  if sequence_length is None:
    raise errors.UserError(
        "span_corruption needs sequence_length, for example"
        ' {"inputs": 512, "targets": 114}.'
    )
  tokens_length = _tokens_length(
      sequence_length[input_feature_key] - (reserved_for_packing or 0),
      sequence_length["targets"],
      noise_density,
      mean_noise_span_length,
  )
  dataset = chunking.select_random_chunk(
      dataset,
      output_features=output_features,
      max_length=chunking.MAX_CHUNK,
      feature_key="targets",
      passthrough_feature_keys=passthrough_feature_keys,
  )
  if merge_examples_to_reduce_padding:
    dataset = chunking.reduce_concat_tokens(
        dataset, feature_key="targets", batch_size=128
    )
  dataset = splitting.split_tokens(
      dataset,
      feature_key="targets",
      min_tokens_per_segment=None,
      max_tokens_per_segment=tokens_length,
      passthrough_feature_keys=passthrough_feature_keys,
  )
  return denoising.denoise(
      dataset,
      output_features,
      noise_density=noise_density,
      noise_mask_fn=_spans_of(mean_noise_span_length),
      inputs_fn=noise_fns.noise_span_to_unique_sentinel,
      targets_fn=noise_fns.nonnoise_span_to_unique_sentinel,
      passthrough_feature_keys=passthrough_feature_keys,
      input_feature_key=input_feature_key,
  )


def _tokens_length(
    inputs_length: int,
    targets_limit: int,
    noise_density: float,
    mean_noise_span_length: float,
) -> int:
  """How much text fills the inputs, given that its targets fit."""
  tokens_length, targets_length = random_spans_helper(
      inputs_length=inputs_length,
      noise_density=noise_density,
      mean_noise_span_length=mean_noise_span_length,
      extra_tokens_per_span_inputs=1,
      extra_tokens_per_span_targets=1,
  )
  if targets_limit < targets_length:
    raise errors.UserError(
        f"inputs of {inputs_length} ids need targets of {targets_length} ids"
        " (EOS included), but sequence_length['targets'] is"
        f" {targets_limit}. Raise it, or lower that of the inputs."
    )
  return tokens_length


def _spans_of(mean_noise_span_length: float) -> functools.partial:
  return functools.partial(
      noise_masks.random_spans_noise_mask,
      mean_noise_span_length=mean_noise_span_length,
  )


@gin.configurable(module=_MODULE)
def random_spans_helper(
    inputs_length: int = gin.REQUIRED,
    noise_density: float = gin.REQUIRED,
    mean_noise_span_length: float = gin.REQUIRED,
    extra_tokens_per_span_inputs: int = gin.REQUIRED,
    extra_tokens_per_span_targets: int = gin.REQUIRED,
    verbose: bool = False,
) -> tuple[int, int]:
  """How much text span corruption turns into inputs of a given length.

  For 512 inputs, 15 % noise and spans of 3, 568 tokens of text make 512 ids
  of inputs and 114 of targets:

  >>> random_spans_helper(512, 0.15, 3.0, 1, 1)
  (568, 114)

  Args:
    inputs_length: length of the inputs, EOS included.
    noise_density: the share of noise.
    mean_noise_span_length: mean length of a span.
    extra_tokens_per_span_inputs: sentinels that a span leaves in the inputs.
    extra_tokens_per_span_targets: sentinels that it adds to the targets.
    verbose: print the result.

  Returns:
    The largest number of tokens whose inputs fit, and the length of their
    targets, EOS included.
  """

  def lengths(tokens: int) -> tuple[int, int]:
    noise = int(round(tokens * noise_density))
    spans = int(round(noise / mean_noise_span_length))
    return (
        tokens - noise + spans * extra_tokens_per_span_inputs + 1,
        noise + spans * extra_tokens_per_span_targets + 1,
    )

  tokens = inputs_length
  while lengths(tokens + 1)[0] <= inputs_length:
    tokens += 1
  while tokens > 0 and lengths(tokens)[0] > inputs_length:
    tokens -= 1
  targets_length = lengths(tokens)[1]
  # At half noise, rounding may make the targets the longer ones by one.
  if noise_density == 0.5 and targets_length > inputs_length:
    tokens -= 1
    targets_length -= 1
  if verbose:
    print(
        f"tokens_length={tokens} inputs_length={inputs_length}"
        f" targets_length={targets_length} noise_density={noise_density}"
        f" mean_noise_span_length={mean_noise_span_length}"
    )
  return tokens, targets_length


@gin.configurable(module=_MODULE)
def random_spans_tokens_length() -> int:
  """First result of `random_spans_helper`, whose parameters gin sets.

  >>> _ = gin.parse_config(SPANS_OF_3)
  >>> random_spans_tokens_length()
  568
  """
  return random_spans_helper()[0]


@gin.configurable(module=_MODULE)
def random_spans_targets_length() -> int:
  """Second result of `random_spans_helper`, whose parameters gin sets.

  >>> _ = gin.parse_config(SPANS_OF_3)
  >>> random_spans_targets_length()
  114
  """
  return random_spans_helper()[1]
