from __future__ import annotations

import math

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import evaluator, metrics


def task(**changes) -> evaluator.EvalTask:
  return evaluator.EvalTask(**{
      "name": "t",
      "split": "validation",
      "inputs": ["a", "b"],
      "targets": ["yes", "no"],
      "examples": [{}, {}],
      "postprocess_fn": lambda text, example, is_target: text.upper(),
      "predict_metric_fns": [metrics.accuracy],
      **changes,
  })


def test_answers_and_targets_are_postprocessed_alike() -> None:
  found = task().score(evaluator.Predictions(["Yes", "NO"]))
  assert found == {"accuracy": 100.0}


def test_targets_are_postprocessed_once_however_often_they_are_scored() -> None:
  seen = []

  def postprocess(text, example, is_target):
    seen.extend([text] * is_target)
    return text

  one = task(postprocess_fn=postprocess)
  for _ in range(3):
    one.score(evaluator.Predictions(["yes", "no"]))
  assert seen == ["yes", "no"]


def test_scored_targets_have_loss_and_perplexity() -> None:
  found = task().score(evaluator.Predictions(None, [-4.5, -0.5], [2, 3]))
  assert found == {"loss": 1.0, "perplexity": pytest.approx(math.e)}


def test_metrics_of_scores_see_the_targets() -> None:
  one = task(
      postprocess_fn=lambda text, example, is_target: int(text == "yes"),
      score_metric_fns=[metrics.score_auc],
  )
  found = one.score(evaluator.Predictions(None, [-1.0, -2.0]))
  assert found["auc-roc"] == 1.0 and "loss" not in found


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (evaluator.Predictions(["yes"]), "1 predictions for 2 examples"),
        (evaluator.Predictions(None, [0.0] * 3), "3 scores for 2 examples"),
    ],
)
def test_there_must_be_one_for_each_example(predictions, message) -> None:
  with pytest.raises(errors.DataError, match=message):
    task().score(predictions)


def test_two_scores_of_one_name_must_be_the_same() -> None:
  predictions = evaluator.Predictions(["yes", "no"])
  same = task(predict_metric_fns=[metrics.accuracy, metrics.accuracy])
  assert same.score(predictions) == {"accuracy": 100.0}
  other = task(
      predict_metric_fns=[metrics.accuracy, lambda t, p: {"accuracy": 1}]
  )
  with pytest.raises(errors.DataError, match="'accuracy', 100.0 and 1.0"):
    other.score(predictions)
