"""Metrics that compare a predicted sequence with its target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from t5_mtf.evaluation import checks


def sequence_accuracy(
    targets: Sequence[Any], predictions: Sequence[Any]
) -> dict[str, float]:
  """Percentage of predictions equal to their whole target, without cleaning.

  Raises:
    DataError: no examples, or lengths differ.

  >>> sequence_accuracy(["a b", "c"], ["a b", "C"])
  {'sequence_accuracy': 50.0}
  """
  checks.check_pairs("sequence_accuracy", targets, predictions)
  right = [
      np.array_equal(t, p) for t, p in zip(targets, predictions, strict=True)
  ]
  return {"sequence_accuracy": float(100 * np.mean(right))}


def all_match(
    targets: Sequence[Any], predictions: Sequence[Any]
) -> dict[str, float]:
  """100 when all the predictions equal their targets, else 0.

  The score of a group of examples that only counts as a whole, such as the
  answers to one question of MultiRC.

  >>> all_match([1, 0, 1], [1, 0, 0])
  {'exact_match': 0.0}
  """
  same = len(targets) == len(predictions) and all(
      np.array_equal(t, p) for t, p in zip(targets, predictions, strict=True)
  )
  return {"exact_match": 100.0 if same else 0.0}


def _words(text: str, lower: bool) -> list[str]:
  # Two separators in a row enclose an empty word, as published.
  return re.split(r"\W", text.lower() if lower else text)


def _levenshtein(left: Sequence[str], right: Sequence[str]) -> int:
  """Fewest insertions, deletions and substitutions from `left` to `right`."""
  row = list(range(len(right) + 1))
  for i, a in enumerate(left, 1):
    diagonal, row[0] = row[0], i
    for j, b in enumerate(right, 1):
      substituted = diagonal + (a != b)
      diagonal = row[j]
      row[j] = min(row[j] + 1, row[j - 1] + 1, substituted)
  return row[-1]


def edit_distance(
    targets: Sequence[str], predictions: Sequence[str], lower: bool = True
) -> dict[str, float]:
  r"""Word-level Levenshtein distance between prediction and target.

  Words are what stands between single characters that are no letter, digit or
  underscore (`re.split` at `\W`), so punctuation counts by position and
  not by kind.

  Args:
    targets: one text for each example.
    predictions: one text for each example.
    lower: compare in lower case.

  Returns:
    `min_edit`, `max_edit`, `mean_edit`, `median_edit` and `sum_edit` over the
    examples. Smaller is better.

  Raises:
    DataError: no examples, or lengths differ.

  >>> edit_distance(["a red kite"], ["A blue boat"])["sum_edit"]
  2
  >>> edit_distance(["It rained."], ["It rained!"])["sum_edit"]
  0
  """
  checks.check_pairs("edit_distance", targets, predictions)
  distances = [
      _levenshtein(_words(p, lower), _words(t, lower))
      for t, p in zip(targets, predictions, strict=True)
  ]
  return {
      "min_edit": min(distances),
      "max_edit": max(distances),
      "mean_edit": float(np.mean(distances)),
      "median_edit": float(np.median(distances)),
      "sum_edit": sum(distances),
  }
