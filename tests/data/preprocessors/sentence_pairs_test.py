"""Tests of pairs of sentences; golden_test.py has the published results."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import sentence_pairs


def _numbered(count: int) -> tf.data.Dataset:
  text = " ".join(f"{number}." for number in range(count))
  return tf.data.Dataset.from_tensors({"text": text})


def _predictions(**kwargs) -> list[tuple[int, int, bool]]:
  """First and second number of each pair, and whether it says `next`."""
  with data.map_seed_manager(3):
    pairs = preprocessors.next_sentence_prediction(_numbered(201), **kwargs)
  found = []
  for pair in pairs.as_numpy_iterator():
    _, first, second = pair["inputs"].decode().replace(".", "").split()
    found.append((int(first), int(second), pair["targets"] == b"next"))
  return found


def test_sentences_of_two_lines_are_no_pair():
  dataset = tf.data.Dataset.from_tensors({"text": "A. B.\nC."})
  found = preprocessors.neighboring_pairs(dataset)
  assert list(found.as_numpy_iterator()) == [{"first": b"A.", "second": b"B."}]


def test_the_answer_tells_whether_they_are_neighbors():
  found = _predictions(buffer_size=50)
  assert len(found) == 200
  shares = sum(is_next for *_, is_next in found) / len(found)
  assert 0.35 < shares < 0.65
  assert all(second == first + 1 for first, second, is_next in found if is_next)
  swapped = [pair for pair in found if not pair[2]]
  assert all(second != first + 1 for first, second, _ in swapped)


def test_every_sentence_is_used_as_often_as_without_exchange():
  found = _predictions(buffer_size=50, p_neighbors=0.0)
  assert sorted(first for first, *_ in found) == [*range(200)]
  assert sorted(second for _, second, _ in found) == [*range(1, 201)]


def test_pairs_are_shuffled_and_the_same_for_the_same_seed():
  first = _predictions(buffer_size=50, p_neighbors=1.0)
  assert first == _predictions(buffer_size=50, p_neighbors=1.0)
  assert first != sorted(first)


def test_missing_text_is_named():
  with pytest.raises(errors.DataError, match="needs the feature 'body'"):
    preprocessors.next_sentence_prediction(_numbered(2), text_key="body")


def test_docstring_examples(run_examples):
  run_examples(sentence_pairs)
