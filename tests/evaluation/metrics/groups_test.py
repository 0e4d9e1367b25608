from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics


def _examples(*rows: tuple) -> tuple[list[dict], list[dict]]:
  """Makes targets and predictions of rows (group, target, prediction)."""
  targets = [{"group": group, "value": target} for group, target, _ in rows]
  return targets, [{"value": prediction} for *_, prediction in rows]


def test_every_group_counts_the_same_whatever_its_size() -> None:
  # Group a: 3 of 3 right; group b: 0 of 1.
  examples = _examples(("a", 1, 1), ("a", 0, 0), ("a", 1, 1), ("b", 1, 0))
  metric = metrics.mean_group_metric(metrics.accuracy)
  assert metric(*examples) == {"accuracy": 50.0}


def test_members_of_a_group_need_not_stand_together() -> None:
  examples = _examples((0, 1, 1), (1, 1, 1), (0, 0, 1))
  metric = metrics.mean_group_metric(metrics.all_match)
  assert metric(*examples) == {"exact_match": 50.0}


def test_subgroup_scores_are_named_by_their_group() -> None:
  metric = metrics.mean_group_metric(
      metrics.accuracy, return_subgroup_scores=True
  )
  assert metric(*_examples(((0, 1), 1, 1), ("b", 1, 0))) == {
      "accuracy": 50.0,
      "(0, 1)-accuracy": 100.0,
      "b-accuracy": 0.0,
  }


def test_only_the_first_example_of_a_group_counts() -> None:
  examples = _examples((0, 1, 0), (0, 1, 1), (1, 1, 1))
  metric = metrics.deduplicate_metric(metrics.accuracy)
  assert metric(*examples) == {"accuracy": 50.0}


def test_multirc_f1_counts_answers_and_not_questions() -> None:
  # tp 2, fp 1, fn 1: 2 * 2 / (2 * 2 + 2).
  examples = _examples((0, 1, 1), (0, 1, 1), (0, 0, 1), (1, 1, -1))
  f1 = metrics.multirc_f1_over_all_answers(*examples)["f1"]
  assert f1 == pytest.approx(100 * 4 / 6)


@pytest.mark.parametrize(
    "metric",
    [
        metrics.mean_group_metric(metrics.accuracy),
        metrics.deduplicate_metric(metrics.accuracy),
        metrics.multirc_f1_over_all_answers,
    ],
)
def test_bad_examples_are_named(metric) -> None:
  targets, predictions = _examples((0, 1, 1), (1, 1, 1))
  with pytest.raises(errors.DataError, match="2 targets but 1 predictions"):
    metric(targets, predictions[:1])
  with pytest.raises(errors.DataError, match="0 examples"):
    metric([], [])
  with pytest.raises(errors.DataError, match="prediction 1 is 1, without"):
    metric(targets, [{"value": 1}, 1])


@pytest.mark.parametrize(
    "make", [metrics.mean_group_metric, metrics.deduplicate_metric]
)
def test_a_group_must_be_comparable_as_a_whole(make) -> None:
  examples = _examples(([0, 1], 1, 1))
  with pytest.raises(errors.DataError, match="group of target 0.*tuple"):
    make(metrics.accuracy)(*examples)
