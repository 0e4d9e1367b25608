from __future__ import annotations

import functools
import math
import statistics

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.evaluation import bootstrap, metrics

TARGETS = [1] * 200
PREDICTIONS = [1] * 150 + [0] * 50


def test_the_interval_of_a_share_is_near_the_normal_approximation() -> None:
  found = bootstrap.confidence_interval(metrics.accuracy, TARGETS, PREDICTIONS)
  half = 100 * 1.96 * math.sqrt(0.75 * 0.25 / 200)
  assert found["accuracy"].score == 75.0
  assert found["accuracy"].low == pytest.approx(75 - half, abs=1.0)
  assert found["accuracy"].high == pytest.approx(75 + half, abs=1.0)


def test_the_seed_decides_the_draws_and_the_confidence_the_width() -> None:
  def interval(**settings):
    scores = [float(i % 7) for i in range(100)]
    return bootstrap.mean_interval(scores, samples=200, **settings)

  assert interval(seed=1) == interval(seed=1)
  assert interval(seed=1) != interval(seed=2)
  wide, narrow = interval(confidence=0.99), interval(confidence=0.5)
  assert wide.low < narrow.low < narrow.score < narrow.high < wide.high


def test_the_mean_of_scores_has_the_interval_of_its_metric() -> None:
  right = [100.0 * (p == 1) for p in PREDICTIONS]
  found = bootstrap.confidence_interval(
      metrics.accuracy, TARGETS, PREDICTIONS, samples=100
  )
  assert bootstrap.mean_interval(right, samples=100) == found["accuracy"]


def test_all_cores_draw_the_same_samples(monkeypatch) -> None:
  arguments = metrics.accuracy, TARGETS, PREDICTIONS
  alone = bootstrap.confidence_interval(*arguments, samples=60)
  monkeypatch.setattr(bootstrap, "_ALL_CORES_FROM", 1)
  assert bootstrap.confidence_interval(*arguments, samples=60) == alone


def test_every_score_of_a_metric_has_its_interval() -> None:
  found = bootstrap.confidence_interval(
      metrics.squad, [["x y"], ["z"]] * 10, ["x", "z"] * 10, samples=50
  )
  assert list(found) == ["em", "f1"]
  assert found["em"].score < found["f1"].score


def test_groups_are_drawn_whole() -> None:
  # Each group is all right or all wrong: every sample's exact match is the
  # share of right groups, which a group drawn in parts would not change either,
  # but a group drawn twice and counted once would.
  targets = [{"group": i // 2, "value": 1} for i in range(8)]
  predictions = [{"value": int(i < 4)} for i in range(8)]
  seen = []

  def metric(targets, predictions):
    groups = {target["group"] for target in targets}
    seen.append((len(targets), len(groups)))
    return metrics.mean_group_metric(metrics.all_match)(targets, predictions)

  found = bootstrap.confidence_interval(
      metric, targets, predictions, samples=50, group_key="group"
  )
  assert set(seen) == {(8, 4)}
  assert found["exact_match"].score == 50.0
  assert targets[0] == {"group": 0, "value": 1}


def test_bootstrap_means_scatter_as_the_standard_error() -> None:
  scores = np.random.default_rng(0).normal(size=(400, 1))
  means = bootstrap.bootstrap_means(scores, samples=1000)
  assert means.shape == (1000, 1)
  assert means.std() == pytest.approx(scores.std() / 20, rel=0.1)
  assert means.mean() == pytest.approx(scores.mean(), abs=0.01)


@pytest.mark.parametrize("settings", [{"confidence": 95}, {"samples": 1}])
def test_settings_that_give_no_interval_are_refused(settings: dict) -> None:
  with pytest.raises(errors.UserError, match="bootstrap"):
    bootstrap.confidence_interval(
        metrics.accuracy, TARGETS, PREDICTIONS, **settings
    )


def test_a_target_without_its_group_is_named() -> None:
  with pytest.raises(errors.DataError, match="target 0 is 1, without 'group'"):
    bootstrap.confidence_interval(
        metrics.accuracy, TARGETS, PREDICTIONS, group_key="group"
    )


def test_across_runs_gives_the_samples_standard_deviation() -> None:
  scores = [83.1, 83.5, 82.9]
  found = bootstrap.across_runs([{"average": score} for score in scores])
  assert found["average"].mean == pytest.approx(statistics.fmean(scores))
  assert found["average"].standard_deviation == pytest.approx(
      statistics.stdev(scores)
  )
  assert found["average"].runs == 3


def test_one_run_has_no_deviation() -> None:
  found = bootstrap.across_runs([{"em": 80.0}])
  assert math.isnan(found["em"].standard_deviation)


def test_runs_with_different_scores_are_refused() -> None:
  with pytest.raises(errors.DataError, match="run 1 .*: f1"):
    bootstrap.across_runs([{"em": 80.0, "f1": 88.0}, {"em": 81.0}])
  with pytest.raises(errors.DataError, match="no runs"):
    bootstrap.across_runs([])


_QUESTIONS = [[f"answer {i % 5}", "another"] for i in range(40)]
_ANSWERS = [f"answer {i % 3}" for i in range(40)]
_TEXTS = [f"the cat {i % 4} sat on the mat . it was {i} red" for i in range(40)]
_GUESSES = [f"the cat {i % 3} sat on a mat . it is red" for i in range(39)]
_GUESSES.append("")


@pytest.mark.parametrize(
    ("metric_fn", "targets", "predictions"),
    [
        (metrics.accuracy, TARGETS[:40], PREDICTIONS[130:170]),
        (metrics.squad, _QUESTIONS, _ANSWERS),
        (metrics.trivia_qa, _QUESTIONS, _ANSWERS),
        (metrics.coqa_f1, _QUESTIONS, _ANSWERS),
        (metrics.sequence_accuracy, _GUESSES[::-1], _GUESSES),
        (metrics.rouge_mean, _TEXTS, _GUESSES),
        (functools.partial(metrics.rouge_mean, score_keys=["rouge2"]),
         _TEXTS, _GUESSES),
        (metrics.bleu, _TEXTS, _GUESSES),
        (functools.partial(metrics.bleu, tokenizer="13a"), _TEXTS, _GUESSES),
        (metrics.bleu, [[t, "the cat"] for t in _TEXTS], _GUESSES),
    ],
)
def test_sums_over_examples_give_the_interval_of_calling_the_metric(
    metric_fn, targets, predictions
) -> None:
  fast = bootstrap.confidence_interval(
      metric_fn, targets, predictions, samples=30
  )
  slow = bootstrap.confidence_interval(
      lambda t, p: metric_fn(t, p), targets, predictions, samples=30
  )
  assert fast.keys() == slow.keys()
  for name in fast:
    assert fast[name].low < fast[name].high
    for end in ("score", "low", "high"):
      assert getattr(fast[name], end) == pytest.approx(
          getattr(slow[name], end), abs=1e-9
      )
