"""Checks that all metrics share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from t5_mtf import errors


def check_pairs(
    metric: str,
    targets: Sequence[Any],
    predictions: Sequence[Any],
    at_least: int = 1,
) -> None:
  """Checks that there is one prediction for each target, and enough of them.

  Args:
    metric: name of the metric, for the message.
    targets: one target for each example.
    predictions: one prediction for each example.
    at_least: the smallest number of examples the metric is defined for.

  Raises:
    DataError: the lengths differ, or there are fewer than `at_least` examples.
  """
  if len(targets) != len(predictions):
    raise errors.DataError(
        f"{metric}: {len(targets)} targets but {len(predictions)} predictions."
        " Give one prediction for each target, in the same order."
    )
  if len(targets) < at_least:
    raise errors.DataError(
        f"{metric}: {len(targets)} examples; it is defined for {at_least} or"
        " more. Check that the evaluated split is not empty."
    )
