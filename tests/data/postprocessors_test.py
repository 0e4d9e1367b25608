"""Postprocessors: examples of the docstrings, and edges."""

import doctest

from t5_mtf.data import postprocessors


def test_docstring_examples():
  result = doctest.testmod(postprocessors)
  assert result.attempted == 7
  assert result.failed == 0


def test_a_label_in_another_case_is_no_label():
  assert (
      postprocessors.string_label_to_class_id("TRUE", ["False", "True"]) == -1
  )


def test_answers_may_be_str_already():
  assert postprocessors.qa("a", example={"answers": ["a"]}, is_target=True) == [
      "a"
  ]
