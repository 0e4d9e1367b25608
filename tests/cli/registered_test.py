"""Tests of t5_mtf.cli.registered."""

from __future__ import annotations

import doctest

import pytest

from t5_mtf import errors
from t5_mtf.cli import registered


def test_doctests():
  assert doctest.testmod(registered).failed == 0


@pytest.mark.parametrize("text", ["inputs", "inputs=0", "inputs=x"])
def test_a_length_that_is_no_number_is_an_error(text):
  with pytest.raises(errors.UserError, match="pairs of a feature and"):
    registered.lengths(text, ["inputs"])


def test_a_length_of_an_unknown_feature_names_the_nearest():
  with pytest.raises(errors.UnknownNameError, match="'targets'"):
    registered.lengths("target=5", ["inputs", "targets"])


def test_a_misspelt_word_of_a_name_has_a_nearest_word():
  with pytest.raises(errors.UnknownNameError, match="Did you mean 'glue'"):
    registered.matching("task", "gleu", ["mini_glue_cola", "mini_squad"])


def test_the_packaged_vocabulary_takes_another_number_of_sentinels():
  assert registered.vocabulary("t5").vocab_size == 32_100
  assert registered.vocabulary("t5", extra_ids=0).vocab_size == 32_000


def test_an_unknown_vocabulary_is_an_error():
  with pytest.raises(errors.UnknownNameError, match="SentencePiece model file"):
    registered.vocabulary("t6")
