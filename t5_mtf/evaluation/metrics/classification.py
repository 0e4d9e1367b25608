"""Metrics of predicted class labels.

Labels are integers (or any values that compare with ==). Postprocessors give
-1 for a text that is no label, which no target equals: an invalid prediction
is a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from t5_mtf import errors
from t5_mtf.evaluation import bootstrap, checks

# Metrics of the package's own tasks: registering a task must not import
# scikit-learn, which takes seconds.
_SURELY_IN_SKLEARN = ("matthews_corrcoef", "fbeta_score")


@bootstrap.mean_of_examples("accuracy")
def accuracy(
    targets: Sequence[Any], predictions: Sequence[Any]
) -> dict[str, float]:
  """Percentage of predictions equal to their target.

  Raises:
    DataError: no examples, or lengths differ.

  >>> accuracy([0, 1, 1, 0], [0, 1, -1, 1])
  {'accuracy': 50.0}
  """
  checks.check_pairs("accuracy", targets, predictions)
  right = [bool(t == p) for t, p in zip(targets, predictions, strict=True)]
  return {"accuracy": float(100 * np.mean(right))}


def sklearn_metrics_wrapper(
    metric_str: str,
    metric_dict_str: str | None = None,
    metric_post_process_fn: Callable[[float], float] | None = None,
    **metric_fn_kwargs: Any,
) -> Callable[[Sequence[Any], Sequence[Any]], dict[str, float]]:
  """Makes a metric of a function of `sklearn.metrics`.

  Args:
    metric_str: name of the function, called as `fn(targets, predictions)`.
    metric_dict_str: name of the score; by default `metric_str`.
    metric_post_process_fn: applied to the score, for example to make it a
      percentage.
    **metric_fn_kwargs: passed to the function.

  Returns:
    A metric of `targets` and `predictions` that returns one named score.

  Raises:
    UnknownNameError: `sklearn.metrics` has no such function.

  >>> matthews = sklearn_metrics_wrapper(
  ...     "matthews_corrcoef", metric_post_process_fn=lambda x: 100 * x)
  >>> matthews([0, 1, 1, 0], [0, 1, 1, 0])
  {'matthews_corrcoef': 100.0}
  """
  if metric_str not in _SURELY_IN_SKLEARN:
    _check_in_sklearn(metric_str)
  name = metric_dict_str or metric_str

  def metric(
      targets: Sequence[Any], predictions: Sequence[Any]
  ) -> dict[str, float]:
    import sklearn.metrics

    checks.check_pairs(name, targets, predictions)
    metric_fn = getattr(sklearn.metrics, metric_str)
    score = metric_fn(targets, predictions, **metric_fn_kwargs)
    if metric_post_process_fn is not None:
      score = metric_post_process_fn(score)
    return {name: float(score)}

  metric.__name__ = name
  return metric


def _check_in_sklearn(metric_str: str) -> None:
  import sklearn.metrics

  known = [n for n in sklearn.metrics.__all__ if n.islower()]
  if metric_str not in known:
    raise errors.unknown_name("function of sklearn.metrics", metric_str, known)


def mean_multiclass_f1(
    num_classes: int, **metric_fn_kwargs: Any
) -> Callable[[Sequence[int], Sequence[int]], dict[str, float]]:
  """Makes the metric of the mean over classes of each class's F1, times 100.

  Args:
    num_classes: classes are 0 to num_classes - 1; other predictions are wrong.
    **metric_fn_kwargs: passed to `sklearn.metrics.fbeta_score`.

  Returns:
    A metric of `targets` and `predictions` that returns
    `mean_{num_classes}class_f1`.

  >>> mean_multiclass_f1(num_classes=3)([0, 1, 2, 2], [0, 1, 2, 1])
  {'mean_3class_f1': 77.77777777777777}
  """
  return sklearn_metrics_wrapper(
      "fbeta_score",
      metric_dict_str=f"mean_{num_classes}class_f1",
      metric_post_process_fn=lambda score: 100 * score,
      **{
          "beta": 1,
          "labels": list(range(num_classes)),
          "average": "macro",
          "zero_division": 0,
      }
      | metric_fn_kwargs,
  )


def f1_score_with_invalid(
    targets: Sequence[int], predictions: Sequence[int]
) -> dict[str, float]:
  """F1 of class 1 of two, times 100; an invalid prediction is a wrong one.

  A prediction that is neither 0 nor 1 counts as the class that the target is
  not. 0 when no example is, or is called, class 1.

  Raises:
    DataError: no examples, lengths differ, or a target is neither 0 nor 1.

  >>> f1_score_with_invalid([1, 0, 1], [1, 0, -1])
  {'f1': 66.66666666666666}
  """
  checks.check_pairs("f1_score_with_invalid", targets, predictions)
  target_array, predicted = np.asarray(targets), np.asarray(predictions)
  if not np.isin(target_array, (0, 1)).all():
    found = sorted(set(target_array.tolist()) - {0, 1})
    raise errors.DataError(
        f"f1_score_with_invalid: targets {found}; they must be 0 or 1. For more"
        " classes use mean_multiclass_f1."
    )
  predicted = np.where(np.isin(predicted, (0, 1)), predicted, 1 - target_array)
  true_positives = np.sum((target_array == 1) & (predicted == 1))
  positives = np.sum(target_array == 1) + np.sum(predicted == 1)
  if not positives:
    return {"f1": 0.0}
  return {"f1": float(100 * (2 * true_positives / positives))}
