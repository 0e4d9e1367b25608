"""Tests of trimming; golden_test.py has the published results."""

from __future__ import annotations

import tensorflow as tf

from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import trimming


def _first(dataset) -> dict:
  return next(dataset.as_numpy_iterator())


def test_trimming_at_the_front_keeps_the_end_and_room_for_eos():
  source = tf.data.Dataset.from_tensors(
      {"inputs": tf.range(6), "targets": tf.range(2), "id": "a"}
  )
  short = _first(
      preprocessors.trim_tokens_at_front(source, {"inputs": 4, "targets": 4})
  )
  assert short["inputs"].tolist() == [3, 4, 5]
  assert short["targets"].tolist() == [0, 1]
  assert short["id"] == b"a"


def test_only_named_features_are_trimmed():
  source = tf.data.Dataset.from_tensors(
      {"inputs": tf.range(6), "targets": tf.range(6)}
  )
  short = _first(
      preprocessors.trim_tokens_at_front(
          source, {"inputs": 4, "targets": 4}, keys_to_trim=["targets"]
      )
  )
  assert short["inputs"].size == 6
  assert short["targets"].size == 3


def test_padding_sets_the_static_shape_in_the_first_dimension():
  source = tf.data.Dataset.from_tensors({"a": tf.ones([2, 3]), "b": [5]})
  fitted = preprocessors.trim_and_pad_dataset(source, {"a": 4})
  assert fitted.element_spec["a"].shape == [4, 3]
  example = _first(fitted)
  assert example["a"].sum(axis=1).tolist() == [3, 3, 0, 0]
  assert example["b"].tolist() == [5]


def test_docstring_examples(run_examples):
  run_examples(trimming)
