"""Tests of glue and stsb; golden_test.py has the published results."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import classification


def _one(dataset: tf.data.Dataset) -> dict:
  (example,) = dataset.as_numpy_iterator()
  return example


def _cola(**features) -> tf.data.Dataset:
  example = {"sentence": "It rains.", "label": 0, "idx": 3}
  return tf.data.Dataset.from_tensors(example | features)


def test_docstring_examples(run_examples):
  run_examples(classification)


@pytest.mark.parametrize("dtype", [tf.int16, tf.int32, tf.int64])
def test_labels_of_any_integer_type_are_words(dtype):
  labels = tf.constant([-1, 0, 1], dtype)
  dataset = tf.data.Dataset.from_tensor_slices(
      {"sentence": ["a", "b", "c"], "label": labels, "idx": [0, 1, 2]}
  )
  found = preprocessors.glue(dataset, "cola", ["bad", "good"])
  assert [e["targets"] for e in found.as_numpy_iterator()] == [
      b"<unk>", b"bad", b"good"
  ]  # fmt: skip


@pytest.mark.parametrize("label", [-2, 2])
def test_an_unknown_label_says_which_there_are(label):
  dataset = preprocessors.glue(_cola(label=label), "cola", ["bad", "good"])
  with pytest.raises(
      tf.errors.InvalidArgumentError,
      match="neither -1 nor an index of bad, good",
  ):
    list(dataset)


def test_no_label_names_is_an_error():
  with pytest.raises(errors.UserError, match="'cola' has no label_names"):
    preprocessors.glue(_cola(), "cola", [])


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [({"feature_names": ["text"]}, "text"), ({"id_key": "uid"}, "uid")],
)
def test_a_missing_feature_is_named(arguments, missing):
  with pytest.raises(errors.DataError, match=f"needs the feature '{missing}'"):
    preprocessors.glue(_cola(), "cola", ["bad", "good"], **arguments)


def test_only_multirc_loses_markup_and_splits_its_ids():
  idx = {"paragraph": 1, "question": 2, "answer": 3}
  dataset = _cola(sentence="<b>One</b><br>two", idx=idx)
  names = ["False", "True"]
  assert _one(preprocessors.glue(dataset, "multirc", names)) == {
      "idx/paragraph": 1,
      "idx/question": 2,
      "idx/answer": 3,
      "inputs": b"multirc sentence: One two",
      "targets": b"False",
  }
  assert _one(preprocessors.glue(dataset, "other", names)) == {
      "idx": idx,
      "inputs": b"other sentence: <b>One</b><br>two",
      "targets": b"False",
  }


def test_similarities_are_the_nearest_fifth():
  labels = [0.0, 0.09, 0.1, 0.5, 0.7, 2.636, 4.9, 5.0]
  dataset = tf.data.Dataset.from_tensor_slices({
      "sentence1": ["a"] * 8, "sentence2": ["b"] * 8, "label": labels,
      "idx": list(range(8)),
  })  # fmt: skip
  found = preprocessors.stsb(dataset).as_numpy_iterator()
  texts = b" ".join(example["targets"] for example in found)
  assert texts == b"0.0 0.0 0.0 0.4 0.8 2.6 4.8 5.0"
