from __future__ import annotations

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
