"""Tests of objectives on text; golden_test.py has the published results."""

from __future__ import annotations

import collections

import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import text_objectives

_WORDS = "this is a long test with many words to see if it works".split()


def _many(count: int, words=tuple(_WORDS)) -> tf.data.Dataset:
  text = " ".join(words)
  return tf.data.Dataset.from_tensors({"text": text}).repeat(count)


def _pairs(dataset: tf.data.Dataset) -> list[tuple[list[str], list[str]]]:
  return [
      (e["inputs"].decode().split()[1:], e["targets"].decode().split())
      for e in dataset.as_numpy_iterator()
  ]


def _filled(inputs: list[str], targets: list[str]) -> list[str]:
  """The words of the inputs, with those of the targets for each X."""
  runs = iter(" ".join(targets).split("X"))
  if targets[0] == "X":
    next(runs)
  words = []
  for word in inputs:
    words += next(runs).split() if word == "X" else [word]
  return words


def test_blanks_are_filled_by_the_targets():
  with data.map_seed_manager(1):
    found = _pairs(preprocessors.fill_in_the_blank(_many(40)))
  assert len(found) == 80
  assert all(_filled(*pair) == _WORDS for pair in found)


def test_the_second_example_of_a_text_exchanges_inputs_and_targets():
  with data.map_seed_manager(1):
    found = _pairs(preprocessors.fill_in_the_blank(_many(20)))
  for (inputs, targets), exchanged in zip(found[::2], found[1::2], strict=True):
    assert inputs[0] == "X"
    assert exchanged == (targets, inputs)


def test_the_number_of_pieces_is_that_of_log_uniform_rates():
  # Of four words: three places, rates 1/6 to 1/2; E[rate^3] is that all are
  # cuts.
  with data.map_seed_manager(1):
    found = _pairs(preprocessors.fill_in_the_blank(_many(2000, tuple("abcd"))))
  pieces = collections.Counter(
      (inputs + targets).count("X") for inputs, targets in found[::2]
  )
  assert set(pieces) == {2, 3, 4}
  assert pieces[4] / 2000 == pytest.approx(0.0365, abs=0.015)
  assert pieces[3] / 2000 == pytest.approx(0.194, abs=0.03)


def _sized(count: int, bins, words=tuple(_WORDS)) -> list[tuple[int, int]]:
  """The bin that is shown and the size of each blank."""
  with data.map_seed_manager(1):
    found = preprocessors.fill_in_the_blank_sized(_many(count, words), bins)
  sizes = []
  for example in found.as_numpy_iterator():
    before, size, after = example["inputs"].decode().split("_")
    blank = example["targets"].decode()
    whole = (before.removeprefix("fill:") + blank + after).split()
    assert whole == list(words)
    sizes.append((int(size), len(blank.split())))
  return sizes


def test_a_blank_shows_the_nearest_bin():
  sizes = _sized(200, [1, 2, 4, 8, 16])
  assert set(sizes) == {
      (1, 1), (2, 2), (2, 3), (4, 4), (4, 5), (4, 6), (8, 7), (8, 8), (8, 9),
      (8, 10), (8, 11), (8, 12),
  }  # fmt: skip


def test_a_blank_is_shorter_than_the_greatest_bin_and_the_text():
  assert {size for _, size in _sized(60, [2, 5])} == {2, 3, 4}
  assert {size for _, size in _sized(30, [1, 9], "a b c".split())} == {1, 2}


def test_texts_too_short_for_a_blank_are_dropped():
  assert not _sized(3, [13])
  assert _sized(1, [12]) == [(12, 12)]


@pytest.mark.parametrize("bins", [[], [0, 1]])
def test_bins_are_numbers_of_words(bins):
  with pytest.raises(errors.UserError, match="size_bins"):
    preprocessors.fill_in_the_blank_sized(_many(1), bins)


def test_segments_join_to_the_whole_text():
  with data.map_seed_manager(1):
    found = preprocessors.random_split_text(
        _many(25), min_words_per_segment=2, max_words_per_segment=6
    )
  words = [e["text"].decode().split() for e in found.as_numpy_iterator()]
  assert sum(words, []) == _WORDS * 25
  lengths = {len(segment) for segment in words if segment[0] == "this"}
  assert lengths == {2, 3, 4, 5}


def test_of_a_very_long_text_one_piece_is_split():
  with data.map_seed_manager(1):
    found = preprocessors.random_split_text(
        _many(25),
        min_words_per_segment=9,
        max_words_per_segment=9,
        max_words_total=5,
    )
  pieces = {e["text"].decode() for e in found.as_numpy_iterator()}
  assert pieces == {
      "this is a long test", "with many words to see", "if it works",
  }  # fmt: skip


@pytest.mark.parametrize(("low", "high"), [(0, 4), (5, 4)])
def test_segments_have_words(low, high):
  with pytest.raises(errors.UserError, match=f"{low} to {high} words"):
    preprocessors.random_split_text(
        _many(1), min_words_per_segment=low, max_words_per_segment=high
    )


def test_same_seed_same_blanks():
  def blanks(seed: int):
    with data.map_seed_manager(seed):
      return _pairs(preprocessors.fill_in_the_blank(_many(10)))

  assert blanks(5) == blanks(5) != blanks(6)


def test_missing_text_is_named():
  dataset = tf.data.Dataset.from_tensors({"body": "A."})
  for preprocessor in (
      preprocessors.lm,
      preprocessors.split_text_to_words,
      preprocessors.fill_in_the_blank,
      preprocessors.random_split_text,
  ):
    with pytest.raises(errors.DataError, match="needs the feature 'text'"):
      preprocessor(dataset)


def test_docstring_examples(run_examples):
  run_examples(text_objectives)
