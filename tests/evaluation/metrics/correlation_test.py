from __future__ import annotations

import math
import warnings

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics


def test_pearson_by_hand() -> None:
  # Deviations (-1, 0, 1) and (-4/3, -1/3, 5/3): 3 / sqrt(2 * 42/9).
  scores = metrics.pearson_corrcoef([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
  assert scores["pearson_corrcoef"] == pytest.approx(
      100 * 3 / math.sqrt(2 * 42 / 9)
  )


def test_spearman_sees_ranks_only() -> None:
  scores = metrics.spearman_corrcoef([1.0, 2.0, 3.0], [1.0, 10.0, 1000.0])
  assert scores == {"spearman_corrcoef": pytest.approx(100.0)}


@pytest.mark.parametrize("name", ["pearson_corrcoef", "spearman_corrcoef"])
def test_constant_predictions_give_nan_without_a_warning(name: str) -> None:
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    scores = getattr(metrics, name)([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
  assert math.isnan(scores[name])


def test_one_example_has_no_correlation() -> None:
  with pytest.raises(errors.DataError, match="defined for 2 or more"):
    metrics.pearson_corrcoef([1.0], [1.0])


@pytest.mark.parametrize("bad", ["2.0", None])
def test_a_prediction_that_is_no_number_is_named(bad: object) -> None:
  with pytest.raises(errors.DataError, match="prediction 1 is .*not a number"):
    metrics.spearman_corrcoef([1.0, 2.0, 3.0], [1.0, bad, 3.0])


def test_a_nan_prediction_makes_the_score_nan() -> None:
  scores = metrics.pearson_corrcoef([1.0, 2.0, 3.0], [1.0, math.nan, 3.0])
  assert math.isnan(scores["pearson_corrcoef"])
