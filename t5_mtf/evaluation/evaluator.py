"""Scores of a task's predictions: postprocessed, compared, and put in order.

An `EvalTask` is what there is to score against. It is made once; its targets
are postprocessed once, however many checkpoints are scored against them.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import metrics as metrics_lib
from t5_mtf.evaluation import results as results_lib

MetricFn = Callable[[Sequence[Any], Sequence[Any]], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Predictions:
  """What a model gave for the examples of a task, in their order.

  Attributes:
    texts: its answers; None if nothing was decoded.
    log_likelihoods: of the targets; None if they were not scored.
    tokens: of each scored target; None if they were not counted.
  """

  texts: Sequence[str] | None = None
  log_likelihoods: Sequence[float] | None = None
  tokens: Sequence[int] | None = None


@dataclasses.dataclass(frozen=True)
class EvalTask:
  """The examples of a task's split, and how answers to them are scored.

  Attributes:
    name: of the task.
    split: of the task.
    inputs: texts that a model is given.
    targets: texts that it should give.
    examples: what the postprocessor is given with each text.
    postprocess_fn: `fn(text, example=..., is_target=...)`.
    predict_metric_fns: functions of (targets, predictions).
    score_metric_fns: functions of (targets, scores).
  """

  name: str
  split: str
  inputs: Sequence[str]
  targets: Sequence[str]
  examples: Sequence[Mapping[str, Any]]
  postprocess_fn: Callable[..., Any]
  predict_metric_fns: Sequence[MetricFn] = ()
  score_metric_fns: Sequence[MetricFn] = ()

  @functools.cached_property
  def data_hash(self) -> str:
    """`results.text_hash` of all inputs and targets, in order."""
    return results_lib.text_hash(*self.inputs, *self.targets)

  @functools.cached_property
  def processed_targets(self) -> list[Any]:
    """The targets as the metrics compare them."""
    return self._postprocessed(self.targets, is_target=True)

  def processed(self, texts: Sequence[str]) -> list[Any]:
    """Predictions as the metrics compare them."""
    return self._postprocessed(texts, is_target=False)

  def score(self, predictions: Predictions) -> dict[str, float]:
    """Returns every score that the predictions allow.

    The metrics of the task; and, where targets were scored and their tokens
    counted, their `loss` (nats per token) and `perplexity`, for a task without
    metrics too.

    Args:
      predictions: one text, or one log-likelihood, for each example.

    Returns:
      Score by name.

    Raises:
      DataError: their number is not that of the examples, or two metrics give
        different scores of one name.
    """
    scores: dict[str, float] = {}
    if predictions.texts is not None:
      self._check_number("predictions", predictions.texts)
      answers = self.processed(predictions.texts)
      for metric_fn in self.predict_metric_fns:
        self._add(scores, metric_fn(self.processed_targets, answers))
    if predictions.log_likelihoods is not None:
      self._check_number("scores", predictions.log_likelihoods)
      for metric_fn in self.score_metric_fns:
        found = metric_fn(self.processed_targets, predictions.log_likelihoods)
        self._add(scores, found)
      if predictions.tokens is not None:
        found = metrics_lib.perplexity(
            predictions.tokens, predictions.log_likelihoods
        )
        self._add(scores, found)
    return scores

  def _postprocessed(self, texts: Sequence[str], is_target: bool) -> list[Any]:
    return [
        self.postprocess_fn(text, example=example, is_target=is_target)
        for text, example in zip(texts, self.examples, strict=True)
    ]

  def _check_number(self, what: str, values: Sequence[Any]) -> None:
    if len(values) != len(self.examples):
      raise errors.DataError(
          f"task {self.name!r}, split {self.split!r}: {len(values):,} {what}"
          f" for {len(self.examples):,} examples. Give one for each, in the"
          " order of the examples."
      )

  def _add(
      self, scores: dict[str, float], found: Mapping[str, Any]
  ) -> None:
    for name, value in found.items():
      value = float(value)
      known = scores.setdefault(name, value)
      if known != value and not (math.isnan(known) and math.isnan(value)):
        raise errors.DataError(
            f"task {self.name!r}: two of its metric functions give a score"
            f" {name!r}, {known} and {value}. Rename one of them."
        )
