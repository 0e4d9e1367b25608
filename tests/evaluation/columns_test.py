from __future__ import annotations

import math

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import columns, results


def task_result(
    task: str,
    metrics: dict[str, float],
    baseline_metrics: dict[str, float],
    baseline: str = "majority_class",
) -> results.TaskResult:
  return results.TaskResult(
      task=task,
      split="validation",
      step=1500,
      metrics=metrics,
      examples=10,
      baseline=results.BaselineResult(baseline, baseline_metrics),
  )


def above() -> results.ColumnResult:
  tasks = [
      task_result("one", {"f1": 80.0, "accuracy": 60.0},
                  {"f1": 40.0, "accuracy": 50.0}),
      task_result("two", {"pearson_corrcoef": 30.0},
                  {"pearson_corrcoef": math.nan}, "mean_target"),
  ]
  main = {"one": ["f1", "accuracy"], "two": ["pearson_corrcoef"]}
  return columns.make_column("Above", tasks, main)


def below() -> results.ColumnResult:
  task = task_result("three", {"bleu": 5.0}, {"bleu": 6.0}, "copy_source")
  return columns.make_column("Below", [task], {"three": ["bleu"]})


def test_a_column_is_the_mean_over_tasks_of_means_over_main_metrics() -> None:
  column = above()
  assert column.score == (70.0 + 30.0) / 2
  assert column.baseline_score == (45.0 + 0.0) / 2  # NaN counts as 0.
  assert column.baseline == "majority_class, mean_target"
  assert column.metric == "f1, accuracy, pearson_corrcoef"
  assert column.examples == 20
  assert column.beats_baseline


def test_metrics_that_are_not_main_do_not_count() -> None:
  result = task_result("t", {"rouge1": 9.0, "rouge2": 4.0},
                       {"rouge1": 1.0, "rouge2": 5.0})
  column = columns.make_column("Summaries", [result], {"t": ["rouge2"]})
  assert (column.score, column.metric) == (4.0, "rouge2")
  assert not column.beats_baseline


def test_equal_to_the_baseline_does_not_beat_it() -> None:
  equal = task_result("t", {"f1": 5.0}, {"f1": 5.0})
  column = columns.make_column("c", [equal], {"t": ["f1"]})
  assert not column.beats_baseline


def test_a_main_metric_without_a_score_is_an_error() -> None:
  result = task_result("t", {"f1": 5.0}, {"accuracy": 5.0})
  with pytest.raises(errors.UserError, match="'t' has main metrics"):
    columns.make_column("c", [result], {"t": ["f1"]})


def test_a_column_without_tasks_is_an_error() -> None:
  with pytest.raises(errors.UserError, match="'c' has no tasks"):
    columns.make_column("c", [], {})


def test_the_table_is_aligned_and_marks_columns_below_their_baseline() -> None:
  table = columns.terminal_table([above(), below()])
  lines = table.split("\n")
  assert lines[0].split() == [
      "column", "metric", "score", "baseline", "difference", "examples"
  ]
  assert lines[2].split()[-4:] == ["50.00", "22.50", "+27.50", "20"]
  assert lines[3].endswith("10  not above baseline")
  assert lines[0].index("score") + 5 == lines[2].index("50.00") + 5
  assert "not above" not in lines[2]
  assert "\x1b" not in table
  assert max(map(len, lines)) <= 110
