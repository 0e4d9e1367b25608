"""Metrics of predicted numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from t5_mtf.evaluation import checks


def _correlation(
    name: str,
    function: Callable[..., Any],
    targets: Sequence[float],
    predictions: Sequence[float],
) -> dict[str, float]:
  checks.check_pairs(name, targets, predictions, at_least=2)
  with warnings.catch_warnings():
    # Constant predictions: the NaN returned says it.
    warnings.simplefilter("ignore")
    return {
        name: float(
            100
            * function(
                checks.numbers(name, "target", targets),
                checks.numbers(name, "prediction", predictions),
            )[0]
        )
    }


def pearson_corrcoef(
    targets: Sequence[float], predictions: Sequence[float]
) -> dict[str, float]:
  """Pearson's correlation coefficient (`scipy.stats.pearsonr`), times 100.

  NaN when the targets or the predictions are all equal, or hold a NaN.

  Raises:
    DataError: fewer than two examples, lengths differ, or no numbers.

  >>> round(pearson_corrcoef([1., 2., 3.], [1., 2., 4.])["pearson_corrcoef"], 6)
  98.198051
  """
  import scipy.stats

  return _correlation(
      "pearson_corrcoef", scipy.stats.pearsonr, targets, predictions
  )


def spearman_corrcoef(
    targets: Sequence[float], predictions: Sequence[float]
) -> dict[str, float]:
  """Spearman's rank correlation (`scipy.stats.spearmanr`), times 100.

  NaN when the targets or the predictions are all equal, or hold a NaN.

  Raises:
    DataError: fewer than two examples, lengths differ, or no numbers.

  >>> round(spearman_corrcoef([1., 2., 3., 4.], [1., 2., 9., 4.])[
  ...     "spearman_corrcoef"], 6)
  80.0
  """
  import scipy.stats

  return _correlation(
      "spearman_corrcoef", scipy.stats.spearmanr, targets, predictions
  )
