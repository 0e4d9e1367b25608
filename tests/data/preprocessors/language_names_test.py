"""Tests of the names of languages."""

from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.data.preprocessors import language_names
from t5_mtf.data.preprocessors.language_names import english_name


def test_languages_of_the_paper_and_of_wmt():
  names = [english_name(code) for code in ("en", "de", "fr", "ro", "cs", "kk")]
  assert names == [
      "English", "German", "French", "Romanian", "Czech", "Kazakh",
  ]  # fmt: skip


def test_region_and_case_do_not_count():
  assert english_name("zh-tw") == english_name("ZH") == "Chinese"


@pytest.mark.parametrize("code", ["xx", "", "e"])
def test_unknown_code_is_an_error(code):
  with pytest.raises(errors.UnknownNameError, match="ISO 639-1"):
    english_name(code)


def test_docstring_examples(run_examples):
  run_examples(language_names)
