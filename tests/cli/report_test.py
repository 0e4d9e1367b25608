"""`t5_mtf report`: tables from directories, as a user asks for them."""

from __future__ import annotations

import csv
import doctest
import io
import subprocess
import sys
import time

import pytest

from t5_mtf.cli import report, t5_mtf
from t5_mtf.evaluation import benchmarks, paper, results


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  monkeypatch.setenv("COLUMNS", "80")


def write(folder, scores, step=1000, split="validation"):
  tasks = [
      results.TaskResult(task, split, step, metrics, examples=10)
      for task, metrics in scores.items()
  ]
  path = f"{folder}/validation_eval/{results.FILE}"
  results.write_results(path, results.Results(tasks=tasks))


def published(name, add=0.0):
  """The scores of a row of table 16, by task and metric."""
  row = paper.row(name)
  scores: dict[str, dict[str, float]] = {}
  for column in benchmarks.TABLE_16:
    if len(column.scores) == 1:
      [score] = column.scores
      value = row.scores[column.name] + add
      scores.setdefault(score.task, {})[score.metric] = value
  return scores


def run(*argv):
  return t5_mtf.main(["report", *argv])


def test_doctests():
  assert doctest.testmod(report).failed == 0


def test_a_published_row_is_reproduced_with_differences_of_zero(capsys):
  write("model", published("table_16/average_span_length_3_t7"))
  assert run("ours=model", "--paper_row=table_7/3", "--format=csv") == 0
  rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
  assert [row["column"] for row in rows] == [c.name for c in benchmarks.PAPER]
  for row in rows:
    assert float(row["difference"]) == pytest.approx(0, abs=0.0101)
    assert row["published_as"] == "table_7/3"


def test_runs_of_one_name_become_mean_and_deviation(capsys):
  for i, add in enumerate((0.0, 1.0, 2.0)):
    write(f"run{i}", published("table_16/c4_t8", add))
  assert run("base=run0,run1", "base=run2", "--columns=paper") == 0
  out = capsys.readouterr().out
  assert "base " in out and "deviation, 3 runs" in out
  assert " 84.28 " in out and " 1.000 " in out
  assert all(len(line) <= 80 for line in out.splitlines())


def test_the_best_checkpoint_of_each_task_or_one_step_counts(capsys):
  metrics = {"em": 10.0, "f1": 10.0}
  tasks = [
      results.TaskResult("mini_squad", "validation", step, m, 10)
      for step, m in ((100, metrics), (200, {"em": 30.0, "f1": 30.0}),
                      (300, {"em": 20.0, "f1": 20.0}))
  ]  # fmt: skip
  results.write_results("model/results.json", results.Results(tasks=tasks))
  for step, score in (("best", "30.00"), ("latest", "20.00"), ("100", "10.00")):
    assert run("model", f"--step={step}") == 0
    out = capsys.readouterr().out
    assert score in out
    assert "step 200." in out or step != "best"
  assert run("model", "--step=7") == 1
  assert "those of steps 100, 200, 300" in capsys.readouterr().err


def test_columns_are_chosen_by_the_tasks_and_by_the_flag(capsys):
  scores = published("table_16/c4_t8")
  glue = {t: m for t, m in scores.items() if t.startswith("glue")}
  write("model", glue | {"mine": {"accuracy": 12.0}})
  assert run("model") == 0
  out = capsys.readouterr().out
  assert "GLUE Average     83.28" in out and "SuperGLUE" not in out
  assert "In none of these columns: mine" in out
  assert run("model", "--columns=super_glue,tasks") == 0
  out = capsys.readouterr().out
  assert "mine accuracy" in out and "12.00" in out
  assert "SuperGLUE Average" in out and "for want of super_glue_boolq" in out


def test_tasks_in_no_benchmark_are_shown_as_they_are(capsys):
  write("model", {"mine": {"accuracy": 12.0, "loss": 1.0}})
  assert run("model") == 0
  out = capsys.readouterr().out
  assert "mine accuracy" in out and "mine loss" in out
  assert "No task of a benchmark" in out


def test_the_ending_of_the_output_gives_the_format_and_nothing_is_replaced(
    capsys, tmp_path
):
  write("model", published("table_16/c4_t8"))
  for ending, start in (
      ("tex", "% Needs"), ("md", "**Scores"), ("csv", "row,column"),
      ("txt", "Scores"),
  ):  # fmt: skip
    assert run("model", f"--output=new/table.{ending}") == 0
    text = (tmp_path / "new" / f"table.{ending}").read_text()
    assert text.startswith(start) and text.endswith("\n")
  capsys.readouterr()
  assert run("model", "--output=new/table.md") == 1
  assert "new/table.md is there already" in capsys.readouterr().err


def test_csv_keeps_notes_out_of_the_table(capsys):
  write("model", {"mini_squad": {"em": 1.0, "f1": 2.0}})
  assert run("model", "--format=csv") == 0
  captured = capsys.readouterr()
  assert "for want of" in captured.err and "for want of" not in captured.out
  assert len(list(csv.reader(io.StringIO(captured.out)))) == 8


def test_bold_follows_std(capsys):
  write("a", published("table_16/c4_t8"))
  write("b", published("table_16/c4_t8", -0.3))
  for std, bold in (("auto", True), ("paper", True), ("none", False),
                    ("SQuAD=0.1", False), ("SQuAD=0.2", True)):  # fmt: skip
    assert run("a", "b", "--format=csv", f"--std={std}") == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    [found] = [
        r for r in rows if (r["row"], r["column"]) == ("b", "SQuAD")
    ]
    assert (found["bold"] == "yes") == bold, std


def test_rows_of_the_paper_are_listed_and_tables_shown(capsys):
  assert run("--list_paper_rows") == 0
  out = capsys.readouterr().out
  for row in paper.rows().values():
    assert row.id in out or row.table == "table_3"
  assert run("--list_paper_rows", "table_3") == 0
  out = capsys.readouterr().out
  assert "Thank you <X> to <Y> week ." in out and "table_7" not in out
  assert run("--paper_table=table_9", "--format=latex") == 0
  assert r"2\textasciicircum{}29 & 64 &" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv,message",
    [
        ([], "give directories, or --list_paper_rows, or --paper_table"),
        (["a", "--paper_table=table_1"], "one of these only"),
        (["a", "--columns=papr"], "Did you mean 'paper'"),
        (["a", "--format=md"], "unknown --format 'md'"),
        (["a", "--step=bst"], "must be best, latest or a step"),
        (["a", "--std=0.2"], "or columns with deviations"),
        (["a", "--std=GLUE=x"], "or columns with deviations"),
        (["a", "--paper_row=table_7/33"], "'table_7/3'"),
        (["--paper_table=table_17"], "Did you mean"),
        (["--list_paper_rows=table_17"], "Did you mean"),
        (["x=a,"], r"must be \[NAME=\]DIR"),
        (["=a"], r"must be \[NAME=\]DIR"),
        (["x=a,./a"], "given twice"),
    ],
)
def test_flags_are_checked_before_anything_is_read(capsys, argv, message):
  import re

  assert run(*argv, "--dry_run") == 1
  assert re.search(message, capsys.readouterr().err)


def test_a_directory_that_is_not_there_is_an_error(capsys):
  assert run("not_there") == 1
  assert "neither a directory nor a file" in capsys.readouterr().err


def test_a_directory_may_have_a_comma_or_an_equals_sign(capsys):
  write("a,b", {"mini_squad": {"em": 1.0, "f1": 2.0}})
  write("c=d", {"mini_squad": {"em": 3.0, "f1": 4.0}})
  assert run("a,b", "c=d", "--columns=mini", "--format=csv") == 0
  rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
  assert {row[0] for row in rows[1:]} == {"a,b", "c=d"}


def test_it_answers_at_once_and_without_tensorflow(tmp_path):
  write("model", published("table_16/c4_t8"))
  program = (
      "import sys; from t5_mtf.cli import t5_mtf;"
      "code = t5_mtf.main(sys.argv[1:]);"
      "assert not {'tensorflow', 'sklearn', 'scipy'} & set(sys.modules);"
      "sys.exit(code)"
  )
  seconds = []
  for _ in range(3):
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", program, "report", "model"],
        check=True, capture_output=True,
    )  # fmt: skip
    seconds.append(time.perf_counter() - started)
  assert min(seconds) < 1
