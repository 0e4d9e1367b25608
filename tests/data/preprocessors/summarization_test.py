"""Tests of summarization; golden_test.py has the published results."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import summarization


def test_a_missing_summary_is_named():
  dataset = tf.data.Dataset.from_tensors({"article": "A."})
  with pytest.raises(errors.DataError, match="needs the feature 'title'"):
    preprocessors.summarize(dataset, "article", "title")


def test_docstring_examples(run_examples):
  run_examples(summarization)
