"""Tests of t5_mtf.data.corpus.settings."""

from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.data.corpus.settings import CorpusSettings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("rules", "c5", "Known .3.: c4, mc4, none"),
        ("dedup", "line", "Did you mean 'lines'"),
        ("input_format", "csv", "jsonl"),
        ("min_sentences", -1, "0 or more"),
        ("max_page_characters", 0, "1 or more"),
        ("min_probability", 1.5, "from 0 to 1"),
    ],
)
def test_value_that_is_not_allowed_is_an_error(name, value, said):
  with pytest.raises(errors.UserError, match=said):
    CorpusSettings(**{name: value})


def test_defaults_are_those_of_the_published_c4():
  from tensorflow_datasets.text import c4_utils

  settings = CorpusSettings()
  assert settings.min_words_per_line == c4_utils._MIN_WORDS_PER_LINE
  assert settings.min_sentences == c4_utils._MIN_NUM_SENTENCES
  assert settings.max_word_length == c4_utils._MAX_WORD_LENGTH
