"""Denoising objectives: corrupt a sequence, and ask for what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data.features import Feature
from t5_mtf.data.mapping import map_over_dataset, of_user
from t5_mtf.tf_compat import tf

# As many as the functions of a denoising objective use at most.
_MASK_SEEDS = 2
_NOISE_FN_SEEDS = 2


@gin.configurable(module="t5.data.preprocessors")
def denoise(
    dataset: tf.data.Dataset,
    output_features: Mapping[str, Feature],
    noise_density: float = gin.REQUIRED,
    noise_mask_fn: Callable[..., Any] = gin.REQUIRED,
    inputs_fn: Callable[..., Any] = gin.REQUIRED,
    targets_fn: Callable[..., Any] | None = None,
    passthrough_feature_keys: Sequence[str] | None = None,
    input_feature_key: str = "inputs",
    **unused_kwargs: Any,
) -> tf.data.Dataset:
  """Corrupts "targets" to inputs, with new noise for every example.

  The rows of the paper's tables 5 to 7 differ in the three functions only.

  >>> from t5_mtf.data import ByteVocabulary, preprocessors
  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7, 8]})
  >>> features = {"targets": Feature(ByteVocabulary(extra_ids=100))}
  >>> noisy = denoise(
  ...     dataset, features, noise_density=0.15,
  ...     noise_mask_fn=preprocessors.random_spans_noise_mask,
  ...     inputs_fn=preprocessors.noise_span_to_unique_sentinel,
  ...     targets_fn=preprocessors.nonnoise_span_to_unique_sentinel)
  >>> for key, ids in next(noisy.as_numpy_iterator()).items():
  ...   print(key, ids)
  inputs [  5   6   7 358]
  targets [358   8]

  Args:
    dataset: dicts with ids under "targets".
    output_features: name -> feature; that of "targets" gives the vocabulary.
    noise_density: the share of noise.
    noise_mask_fn: a function of `noise_masks`.
    inputs_fn: a function of `noise_fns` that makes the inputs.
    targets_fn: one that makes the targets; None keeps all tokens.
    passthrough_feature_keys: features kept as they are.
    input_feature_key: name of the inputs.
    **unused_kwargs: ignored.

  Returns:
    A dataset with inputs, targets and the features passed through.
  """
  del unused_kwargs
  _check_vocabularies(output_features, input_feature_key)
  mask_fn, corrupt = of_user(noise_mask_fn), of_user(inputs_fn)
  ask = of_user(targets_fn) if targets_fn else None

  @map_over_dataset(num_seeds=1)
  def apply(example: Mapping[str, Any], seed: Any) -> Mapping[str, Any]:
    return single_example_denoise(
        example,
        seed,
        output_features=output_features,
        noise_density=noise_density,
        noise_mask_fn=mask_fn,
        inputs_fn=corrupt,
        targets_fn=ask,
        passthrough_feature_keys=passthrough_feature_keys,
        input_feature_key=input_feature_key,
    )

  return apply(dataset)


def single_example_denoise(
    features: Mapping[str, Any],
    seed: Any,
    *,
    output_features: Mapping[str, Feature],
    noise_density: float,
    noise_mask_fn: Callable[..., Any],
    inputs_fn: Callable[..., Any],
    targets_fn: Callable[..., Any] | None = None,
    passthrough_feature_keys: Sequence[str] | None = None,
    input_feature_key: str = "inputs",
) -> dict[str, Any]:
  """Corrupts one example; see `denoise`.

  >>> from t5_mtf.data import ByteVocabulary, preprocessors
  >>> example = single_example_denoise(
  ...     {"targets": tf.range(5, 9)}, seed=tf.constant([1, 2]),
  ...     output_features={"targets": Feature(ByteVocabulary(extra_ids=100))},
  ...     noise_density=0.15,
  ...     noise_mask_fn=preprocessors.random_spans_noise_mask,
  ...     inputs_fn=preprocessors.noise_span_to_unique_sentinel,
  ...     targets_fn=preprocessors.nonnoise_span_to_unique_sentinel)
  >>> example["inputs"].numpy().tolist()
  [5, 6, 7, 358]

  Args:
    features: a dict with ids under "targets".
    seed: int tensor [2]; its children seed the mask and the two functions.
    output_features: see `denoise`, as all that follow.
    noise_density: the share of noise.
    noise_mask_fn: makes the mask.
    inputs_fn: makes the inputs.
    targets_fn: makes the targets.
    passthrough_feature_keys: features kept as they are.
    input_feature_key: name of the inputs.

  Returns:
    A dict with inputs, targets and the features passed through.
  """
  seeds = tf.unstack(
      tf.random.experimental.stateless_split(
          seed, _MASK_SEEDS + 2 * _NOISE_FN_SEEDS
      )
  )
  tokens = features["targets"]
  vocabulary = output_features["targets"].vocabulary
  mask = noise_mask_fn(tf.size(tokens), noise_density, seeds=seeds[:2])
  inputs = inputs_fn(tokens, mask, vocabulary, seeds=seeds[2:4])
  targets = tokens
  if targets_fn is not None:
    targets = targets_fn(tokens, mask, vocabulary, seeds=seeds[4:6])
  kept = {key: features[key] for key in passthrough_feature_keys or ()}
  return {input_feature_key: inputs, "targets": targets, **kept}


def _check_vocabularies(
    output_features: Mapping[str, Feature], input_feature_key: str
) -> None:
  inputs = output_features.get(input_feature_key, output_features["targets"])
  targets = output_features["targets"]
  if inputs.vocabulary != targets.vocabulary:
    raise errors.UserError(
        "denoising needs one vocabulary, but that of"
        f" {input_feature_key!r} is {inputs.vocabulary}, and that of"
        f" 'targets' {targets.vocabulary}."
    )
