from __future__ import annotations

import math
import warnings

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics


def _choices(*examples: tuple[int, int], weights=None) -> list[tuple]:
  """Makes targets of (number of choices, the right one) for each example."""
  return [
      ((i, j), j == right, weights[i] if weights else 1.0, 4)
      for i, (count, right) in enumerate(examples)
      for j in range(count)
  ]


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
  # 3 of the 4 pairs; precision 1 at recall 1/2, 2/3 at recall 1.
  assert metrics.auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == {
      "auc-roc": 0.75,
      "auc-pr": pytest.approx((1 + 2 / 3) / 2),
  }


def test_a_target_at_the_threshold_is_positive() -> None:
  scores = metrics.score_auc([0.5, 0.4], [2.0, 1.0], targets_threshold=0.5)
  assert scores == {"auc-roc": 1.0, "auc-pr": 1.0}


def test_one_class_has_no_roc_and_no_warning() -> None:
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    assert math.isnan(metrics.auc([1, 1], [0.1, 0.2])["auc-roc"])


@pytest.mark.parametrize("metric", [metrics.auc, metrics.score_auc])
def test_auc_refuses_what_it_is_not_defined_for(metric) -> None:
  with pytest.raises(errors.DataError, match="targets_threshold"):
    metric([0, 1, 2], [0.1, 0.2, 0.3])
  with pytest.raises(errors.DataError, match="score 1 is nan"):
    metric([0, 1], [0.1, math.nan])
  with pytest.raises(errors.DataError, match="score 0 is 'a', not a number"):
    metric([0, 1], ["a", "b"])


def test_perplexity_of_uniform_guesses_is_their_number() -> None:
  scores = metrics.perplexity([3, 1], [3 * math.log(1 / 8), math.log(1 / 8)])
  assert scores == {
      "loss": pytest.approx(math.log(8)),
      "perplexity": pytest.approx(8.0),
  }


def test_perplexity_counts_tokens_and_not_examples() -> None:
  assert metrics.perplexity([[7], [7, 8, 9]], [-4.0, 0.0])["loss"] == 1.0


def test_perplexity_of_no_tokens_is_an_error() -> None:
  with pytest.raises(errors.DataError, match="no tokens"):
    metrics.perplexity([[], []], [0.0, 0.0])


def test_two_choices_by_hand() -> None:
  # Predicted 1, 1, 0; right 0, 1, 0: tp 1, fp 1. The positive's margin, 1, is
  # between the negatives' 4 and -1.
  scores = metrics.rank_classification(
      _choices((2, 0), (2, 1), (2, 0)),
      [-5.0, -1.0, -3.0, -2.0, -1.0, -2.0],
      num_classes=2,
  )
  assert scores == {
      "accuracy": pytest.approx(200 / 3),
      "f1": pytest.approx(200 / 3),
      "auc-roc": 50.0,
      "auc-pr": 50.0,
  }


def test_more_choices_give_the_mean_of_the_classes_f1() -> None:
  scores = metrics.rank_classification(
      _choices((3, 0), (3, 1), (3, 2)),
      [-1, -2, -3, -2, -1, -3, -1, -2, -3],
      num_classes=3,
  )
  # Class 0: p 1/2, r 1; class 1: 1; class 2: 0.
  assert scores == {
      "accuracy": pytest.approx(200 / 3),
      "mean_3class_f1": pytest.approx(100 * (2 / 3 + 1) / 3),
  }


def test_examples_in_any_order_and_number_of_choices() -> None:
  targets = _choices((2, 1), (4, 0))
  scores = [-2.0, -1.0, -1.0, -2.0, -3.0, -4.0]
  order = [3, 5, 0, 2, 4, 1]
  assert metrics.rank_classification(
      [targets[i] for i in order], [scores[i] for i in order]
  ) == {"accuracy": 100.0}


def test_length_decides_only_when_asked() -> None:
  targets = [((0, 0), True, 1.0, 10), ((0, 1), False, 1.0, 2)]
  rank = metrics.rank_classification
  assert rank(targets, [-5.0, -4.0]) == {"accuracy": 0.0}
  assert rank(targets, [-5.0, -4.0], normalize_by_target_length=True) == {
      "accuracy": 100.0
  }


def test_weights_count_examples() -> None:
  targets = _choices((2, 0), (2, 0), weights=[3.0, 1.0])
  scores = metrics.rank_classification(targets, [-1.0, -2.0, -2.0, -1.0])
  assert scores == {"accuracy": 75.0}


@pytest.mark.parametrize(
    ("targets", "kwargs", "message"),
    [
        ([((0, 0), True, 1.0)], {}, "should contain 4 elements but has 3"),
        ([(0, True, 1.0, 1)], {}, "should be 2-dimensional. Got 0"),
        (_choices((2, 0))[:1] * 2, {}, r"\(0, 0\) stands twice"),
        (_choices((3, 0), (1, 0)), {"num_classes": 2}, "has 3 choices"),
        (_choices((1, 0), weights=[0.0]), {}, "all 0"),
        (
            [((0, 0), True, 1.0, 0)],
            {"normalize_by_target_length": True},
            "length is 0",
        ),
        ([], {}, "0 examples"),
    ],
)
def test_rank_classification_names_what_is_wrong(
    targets: list, kwargs: dict, message: str
) -> None:
  with pytest.raises(errors.DataError, match=message):
    metrics.rank_classification(targets, [-1.0] * len(targets), **kwargs)


def test_rank_classification_refuses_scores_of_a_diverged_model() -> None:
  with pytest.raises(errors.DataError, match="score 1 is nan"):
    metrics.rank_classification(_choices((2, 0)), [-1.0, math.nan])
