from __future__ import annotations

import random

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics


def test_sequence_accuracy_compares_token_lists_of_any_length() -> None:
  scores = metrics.sequence_accuracy([[1, 2], [3]], [[1, 2], [3, 4]])
  assert scores == {"sequence_accuracy": 50.0}


def test_all_match_needs_every_element() -> None:
  assert metrics.all_match([1, 0], [1, 0]) == {"exact_match": 100.0}
  assert metrics.all_match([1, 0], [1]) == {"exact_match": 0.0}


def test_edit_distance_by_hand() -> None:
  # kept, substituted, deleted; and one inserted.
  scores = metrics.edit_distance(["a b c", "x"], ["a d", "x y"])
  assert scores == {
      "min_edit": 1,
      "max_edit": 2,
      "mean_edit": 1.5,
      "median_edit": 1.5,
      "sum_edit": 3,
  }


def test_edit_distance_minds_case_when_asked() -> None:
  assert metrics.edit_distance(["A"], ["a"])["sum_edit"] == 0
  assert metrics.edit_distance(["A"], ["a"], lower=False)["sum_edit"] == 1


def test_edit_distance_of_nothing_is_an_error() -> None:
  with pytest.raises(errors.DataError):
    metrics.edit_distance([], [])


def test_edit_distance_agrees_with_the_textbook_table() -> None:
  rng = random.Random(0)
  for _ in range(300):
    left, right = (
        [rng.choice("abcd") for _ in range(rng.randint(1, 90))]
        for _ in range(2)
    )
    scores = metrics.edit_distance([" ".join(left)], [" ".join(right)])
    assert scores["sum_edit"] == _table_distance(left, right)


def _table_distance(left: list[str], right: list[str]) -> int:
  row = list(range(len(right) + 1))
  for i, a in enumerate(left, 1):
    above = row
    row = [i]
    for j, b in enumerate(right, 1):
      row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
  return row[-1]


def test_edit_distance_of_very_long_texts_is_quick() -> None:
  text = " ".join(map(str, range(5000)))
  scores = metrics.edit_distance([text], ["x " + text])
  assert scores["sum_edit"] == 1


def test_unigram_accuracy_by_hand() -> None:
  # 2 of 3 words, order aside, and 1 of 1.
  scores = metrics.unigram_accuracy(["a b b", "c"], ["b a", "d c c"])
  assert scores == {"unigram_accuracy": 75.0}


def test_unigram_accuracy_of_no_words_is_an_error() -> None:
  with pytest.raises(errors.DataError, match="no words"):
    metrics.unigram_accuracy(["", " "], ["a", "b"])


@pytest.mark.parametrize(
    "metric", [metrics.edit_distance, metrics.unigram_accuracy]
)
def test_metrics_of_texts_name_what_is_no_text(metric) -> None:
  with pytest.raises(errors.DataError, match="prediction 1 is '3', a int"):
    metric(["a", "b"], ["a", 3])
