from __future__ import annotations

import json
import math
import pathlib
from typing import Any

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import results


def task_result(
    metrics: dict[str, float],
    baseline_metrics: dict[str, float],
    **changes: Any,
) -> results.TaskResult:
  return results.TaskResult(**{
      "task": "mini_task",
      "split": "validation",
      "step": 1500,
      "metrics": metrics,
      "main_metrics": list(metrics),
      "baseline": "majority_class",
      "baseline_metrics": baseline_metrics,
      "examples": 10,
      "truncated_inputs": 1,
      "seconds": 0.5,
      **changes,
  })


def some_results() -> results.Results:
  above = results.make_column(
      "Above",
      [
          task_result({"f1": 80.0, "accuracy": 60.0},
                      {"f1": 40.0, "accuracy": 50.0}),
          task_result({"pearson_corrcoef": 30.0},
                      {"pearson_corrcoef": math.nan}, baseline="mean_target"),
      ],
  )
  below = results.make_column(
      "Below",
      [task_result({"bleu": 5.0}, {"bleu": 6.0}, baseline="copy_source")],
  )
  return results.Results(
      columns=[above, below],
      decode={"beam_size": 1, "alpha": None},
      config_hash=results.config_hash("run.batch_size = 8"),
      run={"model": "mini", "steps": 1500, "seconds": 9.5},
  )


def test_a_column_is_the_mean_over_tasks_of_means_over_main_metrics() -> None:
  column = some_results().columns[0]
  assert column.score == (70.0 + 30.0) / 2
  assert column.baseline_score == (45.0 + 0.0) / 2  # NaN counts as 0.
  assert column.baseline == "majority_class, mean_target"
  assert column.metric == "f1, accuracy, pearson_corrcoef"
  assert column.examples == 20
  assert column.beats_baseline


def test_metrics_that_are_not_main_do_not_count() -> None:
  result = task_result({"rouge1": 9.0, "rouge2": 4.0},
                       {"rouge1": 1.0, "rouge2": 5.0}, main_metrics=["rouge2"])
  column = results.make_column("Summaries", [result])
  assert (column.score, column.metric) == (4.0, "rouge2")
  assert not column.beats_baseline


def test_equal_to_the_baseline_does_not_beat_it() -> None:
  column = results.make_column("c", [task_result({"f1": 5.0}, {"f1": 5.0})])
  assert not column.beats_baseline


def test_a_main_metric_without_a_score_is_an_error() -> None:
  with pytest.raises(errors.UserError, match="'mini_task' has main metrics"):
    results.make_column("c", [task_result({"f1": 5.0}, {"accuracy": 5.0})])


def test_a_column_without_tasks_is_an_error() -> None:
  with pytest.raises(errors.UserError, match="'c' has no tasks"):
    results.make_column("c", [])


def test_what_was_written_is_read_back(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "new" / "results.json"
  written = some_results()
  results.write_results(path, written)
  # NaN differs from itself, its text does not.
  assert repr(results.read_results(path)) == repr(written)
  assert [p.name for p in path.parent.iterdir()] == ["results.json"]


def test_the_file_is_strict_json_with_null_for_undefined(
    tmp_path: pathlib.Path,
) -> None:
  path = tmp_path / "results.json"
  results.write_results(path, some_results())
  def refuse(constant: str) -> None:
    raise AssertionError(constant)

  document = json.loads(path.read_text(), parse_constant=refuse)
  task = document["columns"][0]["tasks"][1]
  assert task["baseline_metrics"] == {"pearson_corrcoef": None}
  assert document["schema_version"] == 1
  assert document["command"] is None


def test_a_failed_write_leaves_the_old_file(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "results.json"
  path.write_text("old")
  with pytest.raises(TypeError):
    results.write_results(
        path, results.Results([], {"vocabulary": object()}, "hash")
    )
  assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema_version=2), "reads 1"),
        (lambda d: d.pop("decode"), "decode is missing"),
        (lambda d: d.update(extra=1), "extra is not a key"),
        (lambda d: d["columns"][1].update(score="5"),
         r"columns\[1\].score is '5', not float"),
        (lambda d: d["columns"][0]["tasks"][1]["metrics"].update(f1=True),
         r"columns\[0\].tasks\[1\].metrics.f1 is True"),
        (lambda d: d.update(columns={}), "columns is {}, not list"),
        (lambda d: d.update(columns=[3]), r"columns\[0\] is 3, not an object"),
    ],
)
def test_a_file_off_the_schema_is_refused_naming_the_key(
    tmp_path: pathlib.Path, change, message: str
) -> None:
  path = tmp_path / "results.json"
  results.write_results(path, some_results())
  document = json.loads(path.read_text())
  change(document)
  path.write_text(json.dumps(document))
  with pytest.raises(errors.DataError, match=message):
    results.read_results(path)


@pytest.mark.parametrize("text", ["", '{"columns": [', "[]"])
def test_a_file_that_is_no_results_file_is_refused(
    tmp_path: pathlib.Path, text: str
) -> None:
  path = tmp_path / "results.json"
  path.write_text(text)
  with pytest.raises(errors.DataError, match="results.json"):
    results.read_results(path)


def test_the_table_is_aligned_and_marks_columns_below_their_baseline() -> None:
  table = results.terminal_table(some_results())
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
