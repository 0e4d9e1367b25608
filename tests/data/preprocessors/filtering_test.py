"""Tests of filtering; golden_test.py has the published results."""

from __future__ import annotations

import gin
import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import filtering


def _texts(*texts: str) -> tf.data.Dataset:
  return tf.data.Dataset.from_tensor_slices({"targets": list(texts)})


def _lengths(dataset: tf.data.Dataset) -> list[int]:
  return [len(e["targets"]) for e in dataset.as_numpy_iterator()]


def test_both_limits_are_kept():
  found = preprocessors.filter_by_string_length(
      _texts("a", "bb", "ccc", "dddd"), min_length=2, max_length=3
  )
  assert _lengths(found) == [2, 3]


def test_limits_are_set_by_the_published_gin_name():
  gin.parse_config("preprocessors.filter_by_string_length.max_length = 1")
  found = preprocessors.filter_by_string_length(_texts("a", "bb"))
  assert _lengths(found) == [1]


def test_missing_feature_is_named():
  with pytest.raises(errors.DataError, match="needs the feature 'text'"):
    preprocessors.filter_by_string_length(_texts("a"), feature_key="text")


@pytest.mark.parametrize(("number", "left"), [(-1, 3), (0, 0), (2, 2), (9, 3)])
def test_take(number, left):
  found = preprocessors.take(_texts("a", "b", "c"), num_examples=number)
  assert len(_lengths(found)) == left


def test_take_does_not_guess_what_a_negative_number_means():
  with pytest.raises(errors.UserError, match="num_examples is -2"):
    preprocessors.take(_texts("a"), num_examples=-2)


def test_docstring_examples(run_examples):
  run_examples(filtering)
