"""From text to ids, and the end of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t5_mtf.data import bulk
from t5_mtf.data.features import Feature
from t5_mtf.data.mapping import map_over_dataset, of_user, unconverted
from t5_mtf.data.vocabularies import SentencePieceVocabulary
from t5_mtf.tf_compat import tf


@map_over_dataset
def rekey(
    example: Mapping[str, Any], key_map: Mapping[str, str | None] | None = None
) -> Mapping[str, Any]:
  """Renames features; those that are not named are dropped.

  >>> dataset = tf.data.Dataset.from_tensors({"text": "tea", "id": 7})
  >>> renamed = rekey(dataset, {"inputs": None, "targets": "text"})
  >>> list(renamed.as_numpy_iterator())
  [{'inputs': b'', 'targets': b'tea'}]

  Args:
    example: a dict of features.
    key_map: new name -> old name. A new name that maps to None becomes an
      empty string. An empty map changes nothing.

  Returns:
    The example under its new names.
  """
  if not key_map:
    return example
  return {
      new: example[old] if old else "" for new, old in key_map.items()
  }


def tokenize(
    dataset: tf.data.Dataset,
    output_features: Mapping[str, Feature],
    copy_pretokenized: bool = True,
    with_eos: bool = False,
) -> tf.data.Dataset:
  """Encodes the output features as ids.

  >>> from t5_mtf.data import ByteVocabulary
  >>> dataset = tf.data.Dataset.from_tensors({"inputs": "ab", "id": 7})
  >>> features = {"inputs": Feature(ByteVocabulary())}
  >>> for key, value in next(
  ...     tokenize(dataset, features).as_numpy_iterator()).items():
  ...   print(key, value)
  inputs_pretokenized b'ab'
  inputs [100 101]
  id 7

  Args:
    dataset: dicts of tf.string scalars (others are left alone).
    output_features: name -> feature; the features to encode.
    copy_pretokenized: keep the text as `<name>_pretokenized`.
    with_eos: append EOS to the features that have `add_eos`.

  Returns:
    The dataset, with int32 ids [length].
  """
  encoders = {
      key: of_user(feature.vocabulary.encode_tf)
      for key, feature in output_features.items()
  }

  def encode(example: Mapping[str, Any]) -> dict[str, Any]:
    encoded = {}
    for key, value in example.items():
      if key in output_features:
        feature = output_features[key]
        if copy_pretokenized:
          encoded[f"{key}_pretokenized"] = value
        value = encoders[key](value)
        if with_eos and feature.add_eos:
          value = _with_eos(value, feature)
      encoded[key] = value
    return encoded

  tokenized = dataset.map(
      unconverted(encode), num_parallel_calls=tf.data.AUTOTUNE
  )
  bulks = {
      key: _texts(dataset, key, feature)
      for key, feature in output_features.items()
      if dataset.element_spec.get(key) == tf.TensorSpec([], tf.string)
      # One of a user's own may not take several texts.
      and type(feature.vocabulary) is SentencePieceVocabulary
      and not (with_eos and feature.add_eos)
  }
  return bulk.offer(tokenized, bulks)


def _texts(dataset: tf.data.Dataset, key: str, feature: Feature) -> bulk.Bulk:
  # Without parallel calls, a map that only picks features costs nothing.
  texts = dataset.map(unconverted(lambda example: example[key]))
  return bulk.Bulk(texts, feature.vocabulary.encode_tf)


def append_eos(
    dataset: tf.data.Dataset, output_features: Mapping[str, Feature]
) -> tf.data.Dataset:
  """Appends EOS to the output features that have `add_eos`.

  A feature that is trimmed later loses its EOS: see `append_eos_after_trim`.

  >>> from t5_mtf.data import ByteVocabulary
  >>> dataset = tf.data.Dataset.from_tensors({"inputs": [5, 6]})
  >>> features = {"inputs": Feature(ByteVocabulary())}
  >>> next(append_eos(dataset, features).as_numpy_iterator())
  {'inputs': array([5, 6, 1], dtype=int32)}

  Args:
    dataset: dicts of ids [length].
    output_features: name -> feature.

  Returns:
    The dataset, with EOS.
  """
  return append_eos_after_trim(dataset, output_features, None)


def append_eos_after_trim(
    dataset: tf.data.Dataset,
    output_features: Mapping[str, Feature],
    sequence_length: Mapping[str, int] | None = None,
) -> tf.data.Dataset:
  """Trims the features so that EOS still fits, then appends it.

  >>> from t5_mtf.data import ByteVocabulary
  >>> dataset = tf.data.Dataset.from_tensors({"inputs": [5, 6, 7]})
  >>> features = {"inputs": Feature(ByteVocabulary())}
  >>> short = append_eos_after_trim(dataset, features, {"inputs": 3})
  >>> next(short.as_numpy_iterator())
  {'inputs': array([5, 6, 1], dtype=int32)}

  Args:
    dataset: dicts of ids [length].
    output_features: name -> feature; those that have `add_eos` are changed.
    sequence_length: feature -> maximum length, EOS included; None trims none.

  Returns:
    The dataset, with EOS.
  """
  limits = sequence_length or {}

  def trim_and_append(example: Mapping[str, Any]) -> dict[str, Any]:
    ended = dict(example)
    for key, feature in output_features.items():
      if key not in example or not feature.add_eos:
        continue
      value = example[key]
      if limits.get(key) is not None:
        value = value[: limits[key] - 1]
      ended[key] = _with_eos(value, feature)
    return ended

  return dataset.map(
      unconverted(trim_and_append), num_parallel_calls=tf.data.AUTOTUNE
  )


def _with_eos(ids: tf.Tensor, feature: Feature) -> tf.Tensor:
  return tf.concat([ids, [tf.cast(feature.vocabulary.eos_id, ids.dtype)]], 0)
