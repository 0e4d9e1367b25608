"""Tests of finding the pronoun and the noun of a WNLI pair."""

from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.data.preprocessors import winograd_pairs


def test_docstring_examples(run_examples):
  run_examples(winograd_pairs)


@pytest.mark.parametrize(
    ("premise", "hypothesis", "marked", "noun"),
    [
        # Between the words before and those after.
        (
            "Al saw Bo and he said he saw her.",
            "Al saw Bo and he said Bo saw her.",
            "Al saw Bo and he said *he* saw her.",
            "Bo",
        ),
        # At the beginning; the hypothesis tells upper case.
        (
            "The fish ate the worm. It was tasty.",
            "The worm was tasty.",
            "The fish ate the worm. *It* was tasty.",
            "The worm",
        ),
        # At the end, where punctuation moves aside.
        (
            "He pulled the tape off, some glue was stuck on it.",
            "Some glue was stuck on the window sill.",
            "He pulled the tape off, some glue was stuck on *it* .",
            "the window sill",
        ),
        # A possessive noun for a possessive pronoun.
        (
            "The nurse saw the boys and took their coats.",
            "The nurse saw the boys and took the boys' coats.",
            "The nurse saw the boys and took *their* coats.",
            "the boys",
        ),
        # From the article that begins last: words before it are no noun.
        (
            "Bo liked it lots.",
            "Bo liked in fact a big, the Old Barn lots.",
            "Bo liked *it* lots.",
            "the Old Barn",
        ),
        # Nothing in common.
        ("Bo saw it there.", "Dogs bark.", "Bo saw *it* there.", ""),
        # As published, a space before the premise shifts the mark.
        (" Bo saw it.", "Bo saw Al.", " Bo *saw* it.", "Al"),
    ],
)
def test_pairs(premise, hypothesis, marked, noun):
  assert winograd_pairs.mark_pronoun(premise, hypothesis) == (marked, noun)


@pytest.mark.parametrize(
    ("premise", "hypothesis", "message"),
    [
        ("Dogs bark.", "Dogs bark.", "has none of the pronouns he, her"),
        (" it rains", "Bo rains", "spaces in ' it rains' hide the pronoun"),
        ("Bo saw it (now", "Bo saw Al (now", "not a regular expression"),
        ("Bo saw it.", "Bo saw the  cat.", "does not have 'the cat' as it"),
    ],
)
def test_what_cannot_be_found_is_an_error(premise, hypothesis, message):
  with pytest.raises(errors.DataError, match=message):
    winograd_pairs.mark_pronoun(premise, hypothesis)
