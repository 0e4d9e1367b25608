from __future__ import annotations

import json
import math
import pathlib

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import results


def task_result(
    task: str = "mini_task", step: int = 1500, **metrics: float
) -> results.TaskResult:
  return results.TaskResult(
      task=task,
      split="validation",
      step=step,
      metrics=metrics,
      examples=10,
      truncated_inputs=1,
      seconds=0.5,
      decode={"beam_size": 1, "alpha": None},
      config_hash=results.text_hash("run.batch_size = 8"),
      data_hash=results.text_hash("inputs", "targets"),
  )


def some_results() -> results.Results:
  return results.Results(
      tasks=[
          task_result(f1=80.0, accuracy=60.0),
          results.TaskResult(
              task="other",
              split="test",
              step=None,
              metrics={"pearson_corrcoef": math.nan},
              examples=3,
              baseline=results.BaselineResult(
                  "mean_target", {"pearson_corrcoef": math.nan}
              ),
          ),
      ],
      columns=[
          results.ColumnResult(
              "Above", "f1", 80.0, "none", 2.0, 10, True, {"mini_task": ["f1"]}
          )
      ],
      run={"model": "mini", "steps": 1500, "seconds": 9.5},
  )


def test_a_new_result_replaces_the_old_of_its_task_split_and_step() -> None:
  old = [task_result(f1=1.0), task_result(step=2000, f1=2.0)]
  merged = results.merged(old, [task_result(f1=3.0), task_result("new")])
  assert [(r.task, r.step, r.metrics) for r in merged] == [
      ("mini_task", 2000, {"f1": 2.0}),
      ("mini_task", 1500, {"f1": 3.0}),
      ("new", 1500, {}),
  ]


def test_the_best_is_the_highest_and_of_equals_the_earliest() -> None:
  found = [
      task_result(step=step, f1=score)
      for step, score in ((30, 8.0), (20, 8.0), (10, 7.0), (40, math.nan))
  ]
  assert results.best(found, "mini_task", "f1").step == 20
  assert results.best(found, "mini_task", "accuracy") is None
  assert results.best(found, "another", "f1") is None


def test_of_losses_the_best_is_the_lowest() -> None:
  found = [task_result(step=s, loss=v) for s, v in ((10, 2.0), (20, 1.5))]
  assert results.best(found, "mini_task", "loss").step == 20


def test_hashes_tell_apart_where_one_text_ends() -> None:
  assert results.text_hash("ab", "c") != results.text_hash("a", "bc")


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
  task = document["tasks"][1]
  assert task["baseline"]["metrics"] == {"pearson_corrcoef": None}
  assert task["step"] is None
  assert document["schema_version"] == 2
  assert document["command"] is None


def test_a_failed_write_leaves_the_old_file(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "results.json"
  path.write_text("old")
  with pytest.raises(TypeError):
    results.write_results(path, results.Results([], run={"x": object()}))
  assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema_version=1), "reads 2"),
        (lambda d: d.pop("run"), "run is missing"),
        (lambda d: d.update(extra=1), "extra is not a key"),
        (lambda d: d["columns"][0].update(score="5"),
         r"columns\[0\].score is '5', not float"),
        (lambda d: d["tasks"][1]["metrics"].update(f1=True),
         r"tasks\[1\].metrics.f1 is True"),
        (lambda d: d["tasks"][0].update(step="9"), r"tasks\[0\].step is '9'"),
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
