from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import baselines


def test_majority_class_takes_the_first_seen_of_equals() -> None:
  assert baselines.majority_class(["b", "a", "a", "b"], ["x"]) == ["b"]


def test_random_class_draws_each_class_as_often_whatever_its_share() -> None:
  predictions = baselines.random_class(["a"] * 9 + ["b"], ["x"] * 1000)
  assert 450 < predictions.count("b") < 550
  assert baselines.random_class(["a", "b"], ["x"] * 9, seed=3) == (
      baselines.random_class(["a", "b"], ["x"] * 9, seed=3)
  )


def test_copy_source_names_an_input_without_the_prefix() -> None:
  with pytest.raises(errors.DataError, match="input 1 is 'It rained.'"):
    baselines.copy_source([], ["sum: a", "It rained."], prefix="sum:")


def test_mean_target_keeps_the_tasks_number_format() -> None:
  predictions = baselines.mean_target(["1", "2"], ["x"], number_format="{:.3f}")
  assert predictions == ["1.500"]


def test_mean_target_names_a_target_that_is_no_number() -> None:
  with pytest.raises(errors.DataError, match="target 1 is 'high'"):
    baselines.mean_target(["1.0", "high"], ["x"])


@pytest.mark.parametrize(
    "baseline",
    [
        baselines.majority_class,
        baselines.mean_target,
        baselines.random_class,
    ],
)
def test_no_training_targets_is_an_error(baseline) -> None:
  with pytest.raises(errors.DataError, match="training split"):
    baseline([], ["x"])
