from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics


def test_accuracy_counts_an_invalid_prediction_as_wrong() -> None:
  assert metrics.accuracy([0, 1, 2, 0], [0, 1, -1, 0]) == {"accuracy": 75.0}


def test_metrics_name_both_lengths_when_they_differ() -> None:
  with pytest.raises(errors.DataError, match="2 targets but 1 predictions"):
    metrics.accuracy([0, 1], [0])


def test_an_empty_split_is_an_error_and_not_a_score() -> None:
  with pytest.raises(errors.DataError, match="0 examples"):
    metrics.accuracy([], [])


def test_matthews_correlation_by_hand() -> None:
  # tp 2, tn 1, fp 1, fn 1: (2*1 - 1*1) / sqrt(3 * 3 * 2 * 2) = 1/6.
  metric = metrics.sklearn_metrics_wrapper(
      "matthews_corrcoef", metric_post_process_fn=lambda x: 100 * x
  )
  scores = metric([1, 1, 1, 0, 0], [1, 1, 0, 1, 0])
  assert scores == {"matthews_corrcoef": pytest.approx(100 / 6)}


def test_an_unknown_sklearn_metric_names_the_nearest() -> None:
  with pytest.raises(errors.UnknownNameError, match="'matthews_corrcoef'"):
    metrics.sklearn_metrics_wrapper("mathews_corrcoef")


def test_mean_multiclass_f1_by_hand() -> None:
  # Class 0: p 1, r 1/2 -> 2/3. Class 1: p 1/2, r 1 -> 2/3. Class 2: absent, 0.
  scores = metrics.mean_multiclass_f1(3)([0, 0, 1], [0, 1, 1])
  assert scores == {"mean_3class_f1": pytest.approx(100 * (4 / 3) / 3)}


def test_f1_takes_an_invalid_prediction_as_the_other_class() -> None:
  # -1 for target 0 counts as 1: tp 1, fp 1, fn 0 -> f1 2/3.
  scores = metrics.f1_score_with_invalid([1, 0, 0], [1, -1, 0])
  assert scores == {"f1": pytest.approx(200 / 3)}


def test_f1_refuses_targets_that_are_no_binary_labels() -> None:
  with pytest.raises(errors.DataError, match="mean_multiclass_f1"):
    metrics.f1_score_with_invalid([0, 2], [0, 1])


def test_bytes_and_text_are_never_compared() -> None:
  with pytest.raises(errors.DataError, match="Decode the bytes"):
    metrics.accuracy([b"yes", b"no"], ["yes", "no"])
