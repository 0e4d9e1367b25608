"""Metrics that compare a predicted sequence with its target."""

from __future__ import annotations

import collections
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from t5_mtf import errors
from t5_mtf.evaluation import bootstrap, checks


def _equal(target: Any, prediction: Any) -> bool:
  if type(target) is type(prediction) and isinstance(target, (str, int, float)):
    return target == prediction
  return np.array_equal(target, prediction)


@bootstrap.mean_of_examples("sequence_accuracy")
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
  right = [_equal(t, p) for t, p in zip(targets, predictions, strict=True)]
  return {"sequence_accuracy": float(100 * np.mean(right))}


def unigram_accuracy(
    targets: Sequence[str], predictions: Sequence[str]
) -> dict[str, float]:
  """Percentage of the targets' words that their predictions hold, in any order.

  Words are what white space separates. Each counts as often as both texts have
  it, and all words count the same, whichever example they are in. Ours: the
  published release has no metric of this name.

  Raises:
    DataError: no examples, lengths differ, not texts, or targets without words.

  >>> unigram_accuracy(["a red red kite"], ["red kite , blue sky"])
  {'unigram_accuracy': 50.0}
  """
  name = "unigram_accuracy"
  checks.check_pairs(name, targets, predictions)
  checks.check_texts(name, "target", targets)
  checks.check_texts(name, "prediction", predictions)
  words = [collections.Counter(target.split()) for target in targets]
  total = sum(w.total() for w in words)
  if not total:
    raise errors.DataError(
        f"{name}: the targets hold no words. Check that the evaluated split is"
        " not empty."
    )
  found = sum(
      (w & collections.Counter(prediction.split())).total()
      for w, prediction in zip(words, predictions, strict=True)
  )
  return {name: 100 * found / total}


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
      _equal(t, p) for t, p in zip(targets, predictions, strict=True)
  )
  return {"exact_match": 100.0 if same else 0.0}


def _words(text: str, lower: bool) -> list[str]:
  # Two separators in a row enclose an empty word, as published.
  return re.split(r"\W", text.lower() if lower else text)


def _levenshtein(left: Sequence[str], right: Sequence[str]) -> int:
  """Fewest insertions, deletions and substitutions from `left` to `right`.

  Myers' bit-parallel algorithm (J. ACM 46, 1999), a column of the table in two
  numbers: bit i tells that the distance grows, or falls, from row i to i + 1.
  """
  if not left or not right:
    return max(len(left), len(right))
  positions = collections.defaultdict(int)
  for i, word in enumerate(left):
    positions[word] |= 1 << i
  every = (1 << len(left)) - 1
  last = 1 << (len(left) - 1)
  grows, falls, distance = every, 0, len(left)
  for word in right:
    same = positions.get(word, 0)
    diagonal = (((same & grows) + grows) ^ grows) | same
    right_grows = falls | (every & ~(diagonal | grows))
    right_falls = grows & diagonal
    distance += bool(right_grows & last) - bool(right_falls & last)
    right_grows = (right_grows << 1) | 1
    same |= falls
    grows = (right_falls << 1 | ~(same | right_grows)) & every
    falls = right_grows & same & every
  return distance


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
    DataError: no examples, lengths differ, or not texts.

  >>> edit_distance(["a red kite"], ["A blue boat"])["sum_edit"]
  2
  >>> edit_distance(["It rained."], ["It rained!"])["sum_edit"]
  0
  """
  checks.check_pairs("edit_distance", targets, predictions)
  checks.check_texts("edit_distance", "target", targets)
  checks.check_texts("edit_distance", "prediction", predictions)
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
