"""Tests of t5_mtf.data.corpus.deduplication."""

from __future__ import annotations

import doctest
import random

from t5_mtf.data.corpus import deduplication, sentences


def _units(text: str):
  return deduplication.units_of(
      text, "three_sentences", sentences.tokenizer("rules")
  )


def test_examples_of_the_documentation():
  assert doctest.testmod(deduplication).failed == 0
  assert doctest.testmod(sentences).failed == 0


def test_lines_are_equal_but_for_case_and_spaces_at_their_ends():
  units = deduplication.units_of("One line.\none LINE. \nOne  line.", "lines")
  first, second, third = units.hashes()
  assert first == second != third


def test_windows_of_three_sentences_overlap_and_cross_lines():
  units = _units("One. Two.\nThree. Four.")
  assert units.texts == ("One.", "Two.", "Three.", "Four.")
  assert len(units.hashes()) == 2
  assert units.hashes()[1] == _units("Two. Three. Four.").hashes()[0]


def test_text_without_a_window_keeps_its_lines():
  units = _units("One. Two.\nThree. Four.\nFive.")
  assert units.without({1}) == ("One.\nFive.", 3)
  assert units.without({0, 1}) == ("Five.", 4)
  assert units.without({0, 2}) == ("", 5)
  assert units.without(()) == ("One. Two.\nThree. Four.\nFive.", 0)


def test_fewer_than_three_sentences_have_no_window():
  assert _units("One. Two.").hashes() == []


def test_all_places_but_the_least_go():
  places = random.Random(0).sample(range(1000), 50)
  gone = list(deduplication.all_but_least(places))
  assert sorted([*gone, min(places)]) == sorted(places)
  assert min(places) not in gone
