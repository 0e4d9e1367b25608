"""Metrics of numbers that a model gives to targets, such as log-likelihoods."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from t5_mtf import errors
from t5_mtf.evaluation import checks
from t5_mtf.evaluation.metrics import classification

# Index (group and choice), whether the choice is right, weight, length.
_RankTarget = tuple[Sequence[int], bool, float, int]
_RANK_FIELDS = 4


def _finite(metric: str, side: str, values: Sequence[float]) -> np.ndarray:
  array = checks.numbers(metric, side, values)
  if not np.isfinite(array).all():
    index = int(np.flatnonzero(~np.isfinite(array))[0])
    raise errors.DataError(
        f"{metric}: {side} {index} is {array[index]}. It must be finite: check"
        " the model's loss, which is not either."
    )
  return array


def _areas(
    metric: str,
    targets: np.ndarray,
    scores: np.ndarray,
    weights: np.ndarray | None = None,
) -> dict[str, float]:
  """Areas under the ROC and precision-recall curves, from 0 to 1."""
  import sklearn.metrics

  labels = sorted(set(targets.tolist()))
  if len(labels) > 2 or not set(labels) <= {-1, 0, 1}:
    raise errors.DataError(
        f"{metric}: the targets take the values"
        f" {', '.join(map(str, labels[:5]))}. They must be 0 or 1. For other"
        " numbers, give targets_threshold, from which on a target is 1."
    )
  with warnings.catch_warnings():
    # One class only: the NaN returned says it.
    warnings.simplefilter("ignore")
    roc = sklearn.metrics.roc_auc_score(targets, scores, sample_weight=weights)
    pr = sklearn.metrics.average_precision_score(
        targets, scores, sample_weight=weights
    )
  return {"auc-roc": float(roc), "auc-pr": float(pr)}


def auc(
    targets: Sequence[float],
    predictions: Sequence[float],
    targets_threshold: float | None = None,
) -> dict[str, float]:
  """Areas under the ROC curve and the precision-recall curve, from 0 to 1.

  `sklearn.metrics.roc_auc_score` and `average_precision_score`.

  Args:
    targets: 0 or 1 for each example, or numbers if there is a threshold.
    predictions: a number for each example, larger for a likelier 1.
    targets_threshold: targets from this number on are 1, the others 0.

  Returns:
    `auc-roc`, NaN when all targets are of one class, and `auc-pr`.

  Raises:
    DataError: no examples, lengths differ, targets of more than two values, or
      a prediction that is no finite number.

  >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
  {'auc-roc': 0.75, 'auc-pr': 0.8333333333333333}
  """
  return _auc("auc", targets, predictions, targets_threshold)


def score_auc(
    targets: Sequence[float],
    scores: Sequence[float],
    targets_threshold: float | None = None,
) -> dict[str, float]:
  """`auc` of the scores that a model gives to targets.

  Args:
    targets: 0 or 1 for each example, or numbers if there is a threshold.
    scores: the log-likelihood of each target.
    targets_threshold: targets from this number on are 1, the others 0.

  >>> score_auc([0.0, 0.2, 0.5], [-3.5, -2.0, -0.7], targets_threshold=0.5)
  {'auc-roc': 1.0, 'auc-pr': 1.0}
  """
  return _auc("score_auc", targets, scores, targets_threshold)


def _auc(
    metric: str,
    targets: Sequence[float],
    scores: Sequence[float],
    targets_threshold: float | None,
) -> dict[str, float]:
  checks.check_pairs(metric, targets, scores)
  labels = _finite(metric, "target", targets)
  if targets_threshold is not None:
    labels = (labels >= targets_threshold).astype(np.float64)
  return _areas(metric, labels, _finite(metric, "score", scores))


def perplexity(
    targets: Sequence[Sequence[int] | int], scores: Sequence[float]
) -> dict[str, float]:
  """Loss per token and perplexity of the targets.

  All tokens count the same, whichever example they are in. Two models'
  perplexities can be compared only if they share the vocabulary.

  Args:
    targets: the token ids of each target, or their number.
    scores: the log-likelihood of each target: the sum over its tokens of the
      natural logarithm of their probabilities.

  Returns:
    `loss`, in nats per token, and `perplexity`, its exponential.

  Raises:
    DataError: no examples, lengths differ, no tokens, or a score that is no
      finite number.

  >>> perplexity([[5, 1], [7, 8, 1]], [-4.5, -0.5])
  {'loss': 1.0, 'perplexity': 2.718281828459045}
  """
  checks.check_pairs("perplexity", targets, scores)
  tokens = sum(np.size(t) if np.ndim(t) else int(t) for t in targets)
  if tokens <= 0:
    raise errors.DataError(
        "perplexity: the targets hold no tokens. Give the token ids of each"
        " target, or their number."
    )
  log_likelihood = math.fsum(_finite("perplexity", "score", scores))
  loss = -log_likelihood / tokens
  return {"loss": loss, "perplexity": float(np.exp(loss))}


def rank_classification(
    targets: Sequence[_RankTarget],
    scores: Sequence[float],
    num_classes: int | None = None,
    normalize_by_target_length: bool = False,
    idx_len: int = 2,
) -> dict[str, float]:
  """Scores a choice between texts by the log-likelihood of each.

  The choice with the highest score is the prediction, of equals the first;
  with `num_classes`, scores are compared in single precision, as published.

  Args:
    targets: for each choice of each example, in any order: its index (the
      example's number and the choice's number), whether it is right, the
      example's weight, and the choice's length in tokens.
    scores: the log-likelihood of each choice.
    num_classes: how many choices each example has; by default any number.
    normalize_by_target_length: divide each score by the choice's length.
    idx_len: length of each index. With `num_classes`, the choices of an example
      are those whose index differs only in the last number; without, those
      whose index has the same first number.

  Returns:
    `accuracy`, times 100: the weight of the examples whose prediction is right.
    With `num_classes`, if no example has two right choices, also `f1` of choice
    1, `auc-roc` and `auc-pr` (two classes; of the softmax of the two scores),
    or `mean_{num_classes}class_f1`; all times 100 and weighted.

  Raises:
    DataError: no examples, lengths differ, a target is not made so, an index
      stands twice, a score is no finite number, or an example has not
      `num_classes` choices.

  >>> targets = [((0, 0), False, 1.0, 4), ((0, 1), True, 1.0, 6),
  ...            ((1, 0), True, 1.0, 4), ((1, 1), False, 1.0, 6),
  ...            ((1, 2), False, 1.0, 3)]
  >>> rank_classification(targets, [-5.0, -4.5, -6.1, -7.0, -5.9])
  {'accuracy': 50.0}
  """
  name = "rank_classification"
  _check_rank_targets(targets, idx_len)
  checks.check_pairs(name, targets, scores)
  values = _finite(name, "score", scores)
  if normalize_by_target_length:
    lengths = _finite(name, "target length", [t[3] for t in targets])
    if (lengths <= 0).any():
      raise errors.DataError(
          f"{name}: a target's length is {lengths.min():g}; to normalize by"
          " length it must be positive. Count the tokens of each target."
      )
    values = values / lengths
  rows = sorted(
      (tuple(index), bool(right), weight, value)
      for (index, right, weight, _), value in zip(
          targets, values.tolist(), strict=True
      )
  )
  for (index, *_), (following, *_) in itertools.pairwise(rows):
    if index == following:
      raise errors.DataError(
          f"{name}: the index {index} stands twice. Score each choice of each"
          " example once."
      )
  if num_classes is None:
    return _any_number_of_choices(rows)
  return _fixed_number_of_choices(rows, num_classes)


def _check_rank_targets(targets: Sequence[_RankTarget], idx_len: int) -> None:
  for target in targets:
    if len(target) != _RANK_FIELDS:
      raise errors.DataError(
          f"`targets` should contain {_RANK_FIELDS} elements but has"
          f" {len(target)}."
      )
    index = target[0]
    if np.ndim(index) != 1 or len(index) != idx_len:
      raise errors.DataError(
          "The first element of `targets` ('idx') should be"
          f" {idx_len}-dimensional. Got {index}."
      )


def _weighted_accuracy(right_and_weight: Iterable[tuple[bool, float]]) -> float:
  right, weight = np.array(list(right_and_weight), dtype=np.float64).T
  if (weight < 0).any() or not weight.sum() > 0:
    raise errors.DataError(
        "rank_classification: the weights of the examples are negative, not"
        " numbers, or all 0. Use 1.0 for examples that count the same."
    )
  return float(100 * (right * weight).sum() / weight.sum())


def _any_number_of_choices(rows: list[tuple[Any, ...]]) -> dict[str, float]:

  def predictions() -> Iterator[tuple[bool, float]]:
    for _, group in itertools.groupby(rows, key=lambda row: row[0][0]):
      # max() keeps the first of equals.
      _, right, weight, _ = max(group, key=lambda row: row[3])
      yield right, weight

  return {"accuracy": _weighted_accuracy(predictions())}


def _fixed_number_of_choices(
    rows: list[tuple[Any, ...]], num_classes: int
) -> dict[str, float]:
  sizes = [
      (group, len(list(members)))
      for group, members in itertools.groupby(rows, key=lambda r: r[0][:-1])
  ]
  for group, size in sizes:
    if size % num_classes if group == () else size != num_classes:
      raise errors.DataError(
          f"rank_classification: example {group} has {size} choices, not"
          f" num_classes={num_classes}. Score every choice of every example, or"
          " leave num_classes out."
      )
  right = np.array([r[1] for r in rows]).reshape(-1, num_classes)
  weights = np.array([r[2] for r in rows]).reshape(-1, num_classes)[:, 0]
  # In float32 as published: nearly equal scores tie, and so do examples whose
  # softmax rounds to 0 or 1.
  values = np.array([r[3] for r in rows], np.float32).reshape(-1, num_classes)
  predictions = values.argmax(axis=1)
  is_right = right[np.arange(len(right)), predictions]
  scores = {
      "accuracy": _weighted_accuracy(zip(is_right, weights, strict=True))
  }
  if (right.sum(axis=1) > 1).any():
    return scores
  # -1, no class, for an example without a right choice.
  targets = np.where(right.any(axis=1), right.argmax(axis=1), -1)
  if num_classes > 2:
    mean_f1 = classification.mean_multiclass_f1(
        num_classes, sample_weight=weights
    )
    return scores | mean_f1(targets, predictions)
  return scores | _two_classes(targets == 1, predictions, values, weights)


def _two_classes(
    targets: np.ndarray,
    predictions: np.ndarray,
    values: np.ndarray,
    weights: np.ndarray,
) -> dict[str, float]:
  import scipy.special
  import sklearn.metrics

  f1 = sklearn.metrics.f1_score(
      targets, predictions == 1, sample_weight=weights, zero_division=0
  )
  probabilities = scipy.special.softmax(values, axis=1)
  areas = _areas(
      "rank_classification",
      targets.astype(np.float64),
      probabilities[:, 1],
      weights,
  )
  return {"f1": float(100 * f1)} | {k: 100 * v for k, v in areas.items()}
