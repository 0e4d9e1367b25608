"""Checks that all metrics share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

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
    DataError: the lengths differ, there are fewer than `at_least` examples, or
      some are bytes and others text, which never compare as equal.
  """
  if len(targets) != len(predictions):
    raise errors.DataError(
        f"{metric}: {len(targets)} targets but {len(predictions)} predictions."
        " Number of targets and predictions must match. Give one prediction for"
        " each target, in the same order."
    )
  if len(targets) < at_least:
    raise errors.DataError(
        f"{metric}: {len(targets)} examples; it is defined for {at_least} or"
        " more. Check that the evaluated split is not empty."
    )
  kinds = {*map(type, targets), *map(type, predictions)}
  if all(any(issubclass(k, kind) for k in kinds) for kind in (bytes, str)):
    raise errors.DataError(
        f"{metric}: some targets or predictions are bytes and others are text,"
        " which are never equal. Decode the bytes: value.decode('utf-8')."
    )


def check_texts(metric: str, side: str, texts: Iterable[Any]) -> None:
  """Checks that a metric of texts is given texts.

  Args:
    metric: name of the metric, for the message.
    side: "target" or "prediction", for the message.
    texts: what should be texts.

  Raises:
    DataError: one of `texts` is no `str`.
  """
  for index, text in enumerate(texts):
    if not isinstance(text, str):
      remedy = (
          "Decode it: value.decode('utf-8')."
          if isinstance(text, bytes)
          else "Give one text for each example, without a postprocessor that"
          " makes labels or numbers of texts."
      )
      raise errors.DataError(
          f"{metric}: {side} {index} is {str(text)[:60]!r}, a"
          f" {type(text).__name__}, not a text. {remedy}"
      )


def numbers(metric: str, side: str, values: Sequence[Any]) -> np.ndarray:
  """Returns `values` as a float array of one dimension; NaN stays NaN.

  Args:
    metric: name of the metric, for the message.
    side: "target", "prediction" or "score", for the message.
    values: numbers; a text is none, even if it reads like one.

  Raises:
    DataError: one of `values` is no number.
  """
  array = np.asarray(values)
  if array.dtype.kind not in "biuf":
    for index, value in enumerate(values):
      if np.asarray(value).dtype.kind not in "biuf":
        raise errors.DataError(
            f"{metric}: {side} {index} is {value!r}, not a number. Use a"
            " postprocessor that makes numbers, such as string_to_float."
        )
  return array.astype(np.float64).ravel()
