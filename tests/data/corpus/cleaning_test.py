"""Tests of t5_mtf.data.corpus.cleaning."""

from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.data.corpus import cleaning
from t5_mtf.data.corpus.cleaning import PageRules
from t5_mtf.data.corpus.reading import Page
from t5_mtf.data.corpus.settings import CorpusSettings
from t5_mtf.data.corpus.tally import Tally
from tests.data.corpus.raw_text import sentences

_BASE = sentences("tea")


def _clean(text, **settings):
  tally = Tally()
  rules = PageRules(CorpusSettings(**settings))
  page = rules.clean(Page("http://a.org", text), tally)
  return page and page.text, tally


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("This line has no mark at its end", "no end mark"),
        ("This line trails off at its end...", "no end mark"),
        ("Only four words here.", "too few words"),
        ("Please enable JavaScript to see this page.", "javascript"),
        ("Read our Terms of Use before you go on.", "policy or cookie notice"),
        ("This site uses cookies to serve you better.",
         "policy or cookie notice"),
        ("Here is a word of many letters: " + "x" * 1001 + " !",
         "word too long"),
    ],
)  # fmt: skip
def test_bad_line_goes_and_the_page_stays(line, reason):
  text, tally = _clean(f"{_BASE}\n{line}")
  assert text == _BASE
  assert tally.starting("line dropped: ") == {reason: 1}


@pytest.mark.parametrize(
    "line",
    [
        "This line has a mark at its end.",
        "Does this line have a mark as well?",
        "Five words are enough here!",
        'He said that it was "quite enough."',
        "Here is a long word: " + "x" * 1000 + " and an end.",
    ],
)
def test_good_line_stays(line):
  text, tally = _clean(f"{_BASE}\n{line}")
  assert text == f"{_BASE}\n{line}"
  assert tally.counts == {
      "lines kept": 5,
      "pages clean before de-duplication": 1,
  }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{_BASE}\nLorem ipsum dolor sit amet, consectetur.", "lorem ipsum"),
        (f"{_BASE}\nThis is code: if (a) {{ b = 1; }} in C.",
         "curly bracket (code)"),
        (sentences("tea", 2), "too few sentences"),
    ],
)  # fmt: skip
def test_bad_page_goes(text, reason):
  cleaned, tally = _clean(text)
  assert cleaned is None
  assert tally.starting("page dropped: ") == {reason: 1}


def test_three_sentences_in_one_line_are_enough():
  line = "Here is one of them. Dr. Fox had another. That makes three of them."
  assert _clean(line)[0] == line


def test_citation_marks_are_removed():
  text, _ = _clean(_BASE + "\nTea[1] is old[citation needed] in China[edit].")
  assert text.endswith("\nTea is old in China.")


def test_least_numbers_can_be_those_of_the_first_version_of_the_paper():
  text = sentences("tea", 4) + "\nThree words here."
  kept, _ = _clean(text, min_words_per_line=3, min_sentences=5)
  assert kept == text
  assert _clean(sentences("tea", 4), min_sentences=5)[0] is None


def test_mc4_keeps_pages_with_three_long_lines_as_they_are():
  long = "é" * 200
  assert _clean(f"{long}\n{long}\n{long}\nshort", rules="mc4")[0]
  text, tally = _clean(f"{long}\n{long}\nshort", rules="mc4")
  assert text is None
  assert "less than three lines" in next(iter(tally.counts))


def test_no_rules_keep_everything():
  assert _clean("no mark {", rules="none")[0] == "no mark {"


def test_page_that_is_too_long_goes():
  rules = PageRules(CorpusSettings(max_page_characters=5))
  tally = Tally()
  assert rules.is_valid_length(Page("u", "12345"), tally)
  assert not rules.is_valid_length(Page("u", "123456"), tally)
  assert tally.counts == {"page dropped: too long": 1}


def test_bad_words_count_as_whole_words_in_any_case(write_file):
  words = cleaning.read_badwords(write_file("bad.txt", "Tabu\n\nfoo bar\r\n"))
  assert words == ("foo bar", "tabu")
  rules = PageRules(CorpusSettings(badwords=words))
  tally = Tally()
  for text, kept in (
      ("This is TABU.", False),
      ("All foo bar here.", False),
      ("This is taboo, and tabula rasa.", True),
  ):
    assert rules.admit(Page("u", text), tally) is kept
  assert tally.counts == {"page dropped: bad word": 2}


def test_empty_list_of_bad_words_is_an_error(write_file):
  with pytest.raises(errors.DataError, match="holds no word"):
    cleaning.read_badwords(write_file("bad.txt", "\n"))


def test_validation_pages_are_those_of_c4():
  rules = PageRules(CorpusSettings(validation_every=10))
  pages = [
      rules.located(Page(f"https://www.a.org/{i}/?utm_a=b", ""))
      for i in range(200)
  ]
  assert pages[0].normalized_url == "a.org/0"
  chosen = sum(map(rules.is_validation, pages))
  assert 8 <= chosen <= 35
  never = PageRules(CorpusSettings(validation_every=0))
  assert not any(map(never.is_validation, pages))


def test_language_is_the_one_that_langdetect_sees():
  pytest.importorskip("langdetect")
  from tensorflow_datasets.text import c4_utils

  english = "The cat sat on the mat and looked at the birds in the garden."
  german = "Die Katze saß auf der Matte und sah den Vögeln im Garten zu."
  rules = PageRules(CorpusSettings(language="en"))
  tally = Tally()
  for text in (english, german, "1234 5678", f"{english} {german}"):
    page = Page("u", text)
    theirs = list(c4_utils.detect_english(page))
    assert rules.admit(page, tally) is bool(theirs)
  assert tally.counts["page dropped: language de"] == 1
  assert tally.counts["page dropped: language not detectable"] == 1
  german_rules = PageRules(CorpusSettings(language="de"))
  assert german_rules.admit(Page("u", german), tally)
