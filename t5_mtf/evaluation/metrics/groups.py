"""Metrics of examples that belong together.

One question of MultiRC is several examples, one for each answer; one query of
ReCoRD is several, one for each gold answer. Their postprocessors return a
dictionary for each example: a target's holds the group and the value, a
prediction's the value.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from t5_mtf import errors
from t5_mtf.evaluation import checks
from t5_mtf.evaluation.metrics import classification

_Metric = Callable[[Sequence[Any], Sequence[Any]], Mapping[str, float]]


def _values(
    metric: str, side: str, items: Sequence[Mapping[str, Any]], key: str
) -> list[Any]:
  try:
    return [item[key] for item in items]
  except (KeyError, TypeError, IndexError):
    index, item = next(
        (i, item)
        for i, item in enumerate(items)
        if not isinstance(item, Mapping) or key not in item
    )
    raise errors.DataError(
        f"{metric}: {side} {index} is {item!r}, without {key!r}. Use a"
        " postprocessor that returns a dictionary with this key, or name the"
        " key that it returns."
    ) from None


def _groups(
    metric: str, targets: Sequence[Mapping[str, Any]], key: str
) -> list[Hashable]:
  groups = _values(metric, "target", targets, key)
  for index, group in enumerate(groups):
    if not isinstance(group, Hashable):
      raise errors.DataError(
          f"{metric}: the group of target {index} is {group!r}, a"
          f" {type(group).__name__}, which cannot be compared as a whole. Use"
          " a number, a text or a tuple of them."
      )
  return groups


def mean_group_metric(
    metric_fn: _Metric,
    group_key: str = "group",
    value_key: str = "value",
    return_subgroup_scores: bool = False,
) -> _Metric:
  """Makes the metric of the mean over groups of each group's own scores.

  Every group counts the same, whatever its size: with `all_match`, this is the
  exact match of MultiRC's questions (Wang et al. 2019, SuperGLUE).

  Args:
    metric_fn: a metric, called with each group's values.
    group_key: key, in a target, of its group.
    value_key: key, in targets and predictions, of what is compared.
    return_subgroup_scores: also return each group's own scores, named
      "{group}-{name}".

  Returns:
    A metric of `targets` and `predictions`, lists of dictionaries. Raises
    DataError: no examples, lengths differ, or a key is missing.

  >>> from t5_mtf.evaluation.metrics import all_match
  >>> metric = mean_group_metric(all_match)
  >>> targets = [{"group": "q1", "value": 1}, {"group": "q1", "value": 0},
  ...            {"group": "q2", "value": 1}]
  >>> metric(targets, [{"value": 1}, {"value": 1}, {"value": 1}])
  {'exact_match': 50.0}
  """

  def mean_group(
      targets: Sequence[Mapping[str, Any]],
      predictions: Sequence[Mapping[str, Any]],
  ) -> dict[str, float]:
    name = "mean_group_metric"
    checks.check_pairs(name, targets, predictions)
    members = collections.defaultdict(lambda: ([], []))
    for group, target, prediction in zip(
        _groups(name, targets, group_key),
        _values(name, "target", targets, value_key),
        _values(name, "prediction", predictions, value_key),
        strict=True,
    ):
      members[group][0].append(target)
      members[group][1].append(prediction)
    scores = collections.defaultdict(list)
    for group, (group_targets, group_predictions) in members.items():
      for key, score in metric_fn(group_targets, group_predictions).items():
        scores[key].append(score)
        if return_subgroup_scores:
          scores[f"{group}-{key}"].append(score)
    return {key: float(np.mean(values)) for key, values in scores.items()}

  return mean_group


def deduplicate_metric(
    metric_fn: _Metric, group_key: str = "group", value_key: str = "value"
) -> _Metric:
  """Makes a metric that counts only the first example of each group.

  For ReCoRD, where training on every gold answer makes several examples of one
  query, all with the same list of gold answers.

  Args:
    metric_fn: a metric, called with the values of the first examples.
    group_key: key, in a target, of its group.
    value_key: key, in targets and predictions, of what is compared.

  Returns:
    A metric of `targets` and `predictions`, lists of dictionaries. Raises
    DataError: no examples, lengths differ, or a key is missing.

  >>> from t5_mtf.evaluation.metrics import squad
  >>> metric = deduplicate_metric(squad)
  >>> gold = ["Vell", "Marta Osk"]
  >>> targets = [{"group": (0, 1), "value": gold},
  ...            {"group": (0, 1), "value": gold}]
  >>> metric(targets, [{"value": "Vell"}, {"value": "a bell"}])
  {'em': 100.0, 'f1': 100.0}
  """

  def deduplicated(
      targets: Sequence[Mapping[str, Any]],
      predictions: Sequence[Mapping[str, Any]],
  ) -> Mapping[str, float]:
    name = "deduplicate_metric"
    checks.check_pairs(name, targets, predictions)
    first = {}
    for index, group in enumerate(_groups(name, targets, group_key)):
      first.setdefault(group, index)
    kept_targets = [targets[i] for i in first.values()]
    kept_predictions = [predictions[i] for i in first.values()]
    return metric_fn(
        _values(name, "target", kept_targets, value_key),
        _values(name, "prediction", kept_predictions, value_key),
    )

  return deduplicated


def multirc_f1_over_all_answers(
    targets: Sequence[Mapping[str, Any]],
    predictions: Sequence[Mapping[str, Any]],
) -> dict[str, float]:
  """F1 of MultiRC over all answers, groups ignored, times 100.

  `f1_score_with_invalid` of the values: F1a of Khashabi et al. 2018, section
  5.1.

  Args:
    targets: dictionaries whose "value" is 1 for a right answer, 0 for a wrong.
    predictions: dictionaries whose "value" is 1, 0, or anything else for an
      invalid prediction, which counts as wrong.

  Returns:
    `f1`.

  Raises:
    DataError: no examples, lengths differ, or "value" is missing.

  >>> targets = [{"group": 0, "value": 1}, {"group": 0, "value": 0}]
  >>> multirc_f1_over_all_answers(targets, [{"value": 1}, {"value": -1}])
  {'f1': 66.66666666666666}
  """
  name = "multirc_f1_over_all_answers"
  checks.check_pairs(name, targets, predictions)
  return classification.f1_score_with_invalid(
      _values(name, "target", targets, "value"),
      _values(name, "prediction", predictions, "value"),
  )
