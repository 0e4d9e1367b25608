"""Tests of what preprocessors ask of their examples."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import checks


def test_docstring_examples(run_examples):
  run_examples(checks)


def test_lines_have_no_features():
  lines = tf.data.Dataset.from_tensors("a line")
  with pytest.raises(errors.DataError, match="have no named features"):
    checks.require_features("record", lines, ["query"])


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("stsb", "'sentence1', 'sentence2', 'idx'"),
        ("record", "'query', 'entities', 'passage', 'answers', 'idx'"),
        ("wsc", "'text', 'span1_text', 'span1_index'"),
        ("wsc_simple", "'text', 'span1_text', 'span2_text'"),
        ("definite_pronoun_resolution_simple", "'sentence', 'pronoun'"),
        ("wnli_simple", "'sentence1', 'sentence2', 'idx'"),
    ],
)
def test_a_missing_column_is_named_before_anything_is_read(name, missing):
  dataset = tf.data.Dataset.from_tensors({"label": 1})
  with pytest.raises(errors.DataError, match=f"{name} needs .*{missing}"):
    getattr(preprocessors, name)(dataset)
