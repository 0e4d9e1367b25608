"""Tests of tokenization; golden_test.py has the published results."""

from __future__ import annotations

import tensorflow as tf

from t5_mtf import data
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import tokenization

_BYTES = data.ByteVocabulary()
_FEATURES = {
    "inputs": data.Feature(_BYTES, add_eos=False),
    "targets": data.Feature(_BYTES),
}


def _ids() -> tf.data.Dataset:
  return tf.data.Dataset.from_tensors({"inputs": [5, 6, 7], "targets": [8, 9]})


def _one(dataset) -> dict:
  (example,) = dataset.as_numpy_iterator()
  return {key: value.tolist() for key, value in example.items()}


def test_eos_goes_to_features_that_want_it():
  found = _one(preprocessors.append_eos(_ids(), _FEATURES))
  assert found == {"inputs": [5, 6, 7], "targets": [8, 9, 1]}


def test_eos_survives_trimming():
  found = _one(
      preprocessors.append_eos_after_trim(
          _ids(), _FEATURES, {"inputs": 2, "targets": 2}
      )
  )
  assert found == {"inputs": [5, 6, 7], "targets": [8, 1]}


def test_short_features_are_not_trimmed():
  found = _one(
      preprocessors.append_eos_after_trim(_ids(), _FEATURES, {"targets": 3})
  )
  assert found["targets"] == [8, 9, 1]


def test_tokenize_without_a_copy_of_the_text():
  dataset = tf.data.Dataset.from_tensors({"inputs": "ab", "targets": ""})
  found = preprocessors.tokenize(
      dataset, _FEATURES, copy_pretokenized=False
  )
  assert _one(found) == {"inputs": _BYTES.encode("ab"), "targets": []}


def test_docstring_examples(run_examples):
  run_examples(tokenization)
