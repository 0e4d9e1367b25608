"""Tests of tabular text; golden_test.py has the published results."""

from __future__ import annotations

import logging

import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import tabular

_READERS = [preprocessors.parse_tsv, preprocessors.preprocess_tsv]


def _lines(*lines: str) -> tf.data.Dataset:
  return tf.data.Dataset.from_tensor_slices(list(lines))


def _read(dataset: tf.data.Dataset) -> list[dict[str, bytes]]:
  return list(dataset.as_numpy_iterator())


@pytest.mark.parametrize("reader", _READERS)
@pytest.mark.parametrize(("line", "count"), [("only one", 1), ("", 0)])
def test_too_few_fields_show_the_line(reader, line, count):
  message = rf"2.* fields .*\[{count}\] \[in the line\] \[{line}\]"
  with pytest.raises(tf.errors.InvalidArgumentError, match=message):
    _read(reader(_lines("good\tline", line)))


def test_too_many_fields_are_an_error_for_templates():
  with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[3\] \[in the"):
    _read(preprocessors.preprocess_tsv(_lines("a\tb\tc")))


def test_a_quoted_delimiter_is_no_delimiter():
  line = 'a,"b, ""c"""'
  found = preprocessors.preprocess_tsv(_lines(line), ",", use_quote_delim=True)
  assert _read(found) == [{"inputs": b"a", "targets": b'b, "c"'}]
  with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[3\] \[in the"):
    _read(preprocessors.preprocess_tsv(_lines(line), ","))


@pytest.mark.parametrize("reader", _READERS)
def test_a_line_break_is_an_error_that_shows_the_line(reader):
  with pytest.raises(tf.errors.InvalidArgumentError, match="a line break"):
    _read(reader(_lines("a\tb\r")))


@pytest.mark.parametrize("reader", _READERS)
def test_the_delimiter_is_one_character(reader):
  with pytest.raises(errors.UserError, match="one ASCII character"):
    reader(_lines("a||b"), field_delim="||")


@pytest.mark.parametrize("columns", [[1], [1, 0], [0, 1, 2]])
def test_columns_must_fit_the_names(columns):
  with pytest.raises(errors.UserError, match="must be increasing numbers"):
    preprocessors.parse_tsv(_lines("a\tb"), ["x", "y"], field_columns=columns)


def test_a_field_may_hold_braces():
  found = preprocessors.preprocess_tsv(
      _lines("{1}\tb"), inputs_format="{0} {1}"
  )
  assert _read(found)[0]["inputs"] == b"{1} b"


def test_a_template_names_a_field_that_is_not_there():
  with pytest.raises(errors.UserError, match="names field 2, but there are 2"):
    preprocessors.preprocess_tsv(_lines("a\tb"), inputs_format="{2}")


def test_braces_that_are_no_field_are_warned_of(caplog):
  with caplog.at_level(logging.WARNING):
    found = preprocessors.preprocess_tsv(
        _lines("a\tb"), field_names=["x", "y"], inputs_format="{X} {y}"
    )
  assert _read(found)[0]["inputs"] == b"{X} b"
  assert "{X} in the template '{X} {y}' is no field" in caplog.text


def test_docstring_examples(run_examples):
  run_examples(tabular)
