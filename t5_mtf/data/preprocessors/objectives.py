"""Unsupervised objectives: the one that gin names, and published ones.

Raffel et al. 2020, section 3.3. `spans.span_corruption` is that of the
released models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data.features import Feature
from t5_mtf.data.preprocessors import (
    chunking,
    denoising,
    noise_fns,
    noise_masks,
    splitting,
    tokenization,
    trimming,
)
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
  ...     dataset, [splitting.split_tokens_to_targets_length],
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
def prefix_lm(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
    noise_density: float = 0.5,
) -> tf.data.Dataset:
  """Prefix language modelling: text is cut at a random place (section 3.3.1).

  >>> from t5_mtf.data import ByteVocabulary
  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6]})
  >>> feature = Feature(ByteVocabulary())
  >>> examples = prefix_lm(
  ...     dataset, {"inputs": 3, "targets": 3},
  ...     {"inputs": feature, "targets": feature})
  >>> for key, ids in next(examples.as_numpy_iterator()).items():
  ...   print(key, ids)
  inputs [5]
  targets [6]

  Args:
    dataset: dicts with ids under "targets".
    sequence_length: text is split to the length of "inputs", less one for EOS.
    output_features: name -> feature.
    noise_density: must be 0.5: all places are as likely.

  Returns:
    A dataset of dicts with inputs and targets, without EOS.
  """
  dataset = _random_chunks(dataset, output_features)
  dataset = splitting.split_tokens_to_inputs_length(
      dataset, sequence_length, output_features
  )
  return denoising.denoise(
      dataset,
      output_features,
      noise_density=noise_density,
      noise_mask_fn=noise_masks.random_prefix_noise_mask,
      inputs_fn=noise_fns.drop_nonnoise_tokens,
      targets_fn=noise_fns.drop_noise_tokens,
  )


@gin.configurable(module=_MODULE)
def full_lm(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
) -> tf.data.Dataset:
  """Language modelling on full rows: texts are joined, each with its EOS.

  >>> from t5_mtf.data import ByteVocabulary
  >>> dataset = tf.data.Dataset.from_tensor_slices({"targets": [[5, 6]] * 2})
  >>> rows = full_lm(
  ...     dataset, {"targets": 4}, {"targets": Feature(ByteVocabulary())})
  >>> [row["targets"].tolist() for row in rows.as_numpy_iterator()]
  [[5, 6, 1, 5], [6, 1]]

  Args:
    dataset: dicts with ids under "targets".
    sequence_length: the length of "targets", which the rows fill.
    output_features: name -> feature.

  Returns:
    A dataset of dicts with targets.
  """
  dataset = _random_chunks(dataset, output_features)
  if output_features["targets"].add_eos:
    dataset = tokenization.append_eos(
        dataset, {"targets": output_features["targets"]}
    )
  dataset = chunking.reduce_concat_tokens(dataset)
  return splitting.split_tokens(
      dataset, max_tokens_per_segment=sequence_length["targets"]
  )


@gin.configurable(module=_MODULE)
def iid_denoising(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
) -> tf.data.Dataset:
  """The baseline objective: 15 % i.i.d. noise, spans replaced (section 3.1.4).

  >>> from t5_mtf.data import ByteVocabulary, map_seed_manager
  >>> dataset = tf.data.Dataset.from_tensors({"targets": tf.range(5, 15)})
  >>> feature = Feature(ByteVocabulary(extra_ids=100))
  >>> with map_seed_manager(7):
  ...   examples = iid_denoising(
  ...       dataset, {"inputs": 20, "targets": 20},
  ...       {"inputs": feature, "targets": feature})
  >>> for key, ids in next(examples.as_numpy_iterator()).items():
  ...   print(key, ids)
  inputs [  5   6   7 358   9 357  11  12  13  14]
  targets [358   8 357  10 356]

  Args:
    dataset: dicts with ids under "targets".
    sequence_length: text is split to the length of "inputs", less one for EOS.
    output_features: name -> feature.

  Returns:
    A dataset of dicts with inputs and targets, without EOS.
  """
  dataset = _random_chunks(dataset, output_features)
  dataset = chunking.reduce_concat_tokens(dataset)
  dataset = splitting.split_tokens_to_inputs_length(
      dataset, sequence_length, output_features
  )
  return denoising.denoise(
      dataset,
      output_features,
      noise_density=0.15,
      noise_mask_fn=noise_masks.iid_noise_mask,
      inputs_fn=noise_fns.noise_span_to_unique_sentinel,
      targets_fn=noise_fns.nonnoise_span_to_unique_sentinel,
  )


@gin.configurable(module=_MODULE)
def targets_for_prefix_lm_objective(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Mapping[str, Feature],
) -> tf.data.Dataset:
  """The padded rows of `full_lm`, for the `pack_prefix_lm` functions.

  >>> from t5_mtf.data import ByteVocabulary
  >>> dataset = tf.data.Dataset.from_tensor_slices({"targets": [[5, 6]] * 2})
  >>> rows = targets_for_prefix_lm_objective(
  ...     dataset, {"targets": 4}, {"targets": Feature(ByteVocabulary())})
  >>> [row["targets"].tolist() for row in rows.as_numpy_iterator()]
  [[5, 6, 1, 5], [6, 1, 0, 0]]

  Args:
    dataset: dicts with ids under "targets".
    sequence_length: the length of "targets".
    output_features: name -> feature.

  Returns:
    A dataset of dicts with targets of that length; the last row of each 128
    joined texts is padded with 0.
  """
  dataset = full_lm(dataset, sequence_length, output_features)
  return trimming.trim_and_pad_dataset(dataset, sequence_length)


def _random_chunks(
    dataset: tf.data.Dataset, output_features: Mapping[str, Feature]
) -> tf.data.Dataset:
  return chunking.select_random_chunk(
      dataset, output_features, max_length=chunking.MAX_CHUNK
  )
