"""Tests of the denoising preprocessors."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import denoising

_VOCABULARY = data.ByteVocabulary(extra_ids=100)
_FEATURES = {
    "inputs": data.Feature(_VOCABULARY),
    "targets": data.Feature(_VOCABULARY),
}


def _denoised(seed, inputs_fn, targets_fn, mask_fn, noise_density=0.15):
  dataset = tf.data.Dataset.from_tensors({"targets": tf.range(3, 103)})
  with data.map_seed_manager(seed):
    noisy = preprocessors.denoise(
        dataset.repeat(10),
        _FEATURES,
        noise_density=noise_density,
        noise_mask_fn=mask_fn,
        inputs_fn=inputs_fn,
        targets_fn=targets_fn,
    )
  return [
      {key: value.tolist() for key, value in example.items()}
      for example in noisy.as_numpy_iterator()
  ]


def test_every_example_has_noise_of_its_own_and_seeds_repeat_it():
  arguments = (
      preprocessors.noise_span_to_unique_sentinel,
      preprocessors.nonnoise_span_to_unique_sentinel,
      preprocessors.iid_noise_mask,
  )
  first = _denoised(1, *arguments)
  assert len({tuple(example["inputs"]) for example in first}) == 10
  assert _denoised(1, *arguments) == first
  assert _denoised(2, *arguments) != first


def test_inputs_and_targets_share_one_mask():
  examples = _denoised(
      1,
      preprocessors.drop_noise_tokens,
      preprocessors.drop_nonnoise_tokens,
      preprocessors.iid_noise_mask,
  )
  for example in examples:
    assert sorted(example["inputs"] + example["targets"]) == [*range(3, 103)]


def test_without_a_targets_function_targets_are_the_whole_text():
  examples = _denoised(
      1,
      preprocessors.noise_token_to_sentinel,
      None,
      preprocessors.iid_noise_mask,
  )
  for example in examples:
    assert example["targets"] == [*range(3, 103)]
    assert len(example["inputs"]) == 100


def test_prefix_lm_splits_the_text_in_two():
  examples = _denoised(
      1,
      preprocessors.drop_nonnoise_tokens,
      preprocessors.drop_noise_tokens,
      preprocessors.random_prefix_noise_mask,
      noise_density=0.5,
  )
  for example in examples:
    assert example["inputs"] + example["targets"] == [*range(3, 103)]


def test_vocabularies_must_agree():
  features = {**_FEATURES, "inputs": data.Feature(data.ByteVocabulary(5))}
  dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7]})
  with pytest.raises(errors.UserError, match="one vocabulary"):
    preprocessors.denoise(
        dataset,
        features,
        noise_density=0.15,
        noise_mask_fn=preprocessors.iid_noise_mask,
        inputs_fn=preprocessors.drop_noise_tokens,
    )


def test_docstring_examples(run_examples):
  run_examples(denoising)
