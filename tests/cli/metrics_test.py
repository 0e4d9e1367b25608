"""Predictions made elsewhere are scored by a task's metrics, or by any."""

import json

import pytest

from t5_mtf import data
from t5_mtf.cli import t5_mtf
from t5_mtf.data.tasks import mini
from t5_mtf.evaluation import results

ANSWERS = "mini_squad"


def _targets(task, count=None):
  from t5_mtf.models import evaluating, mesh_transformer

  dataset = mesh_transformer.EvalDataset(
      data.get_mixture_or_task(task), "validation", count
  )
  return list(evaluating.Examples.read(dataset).task.targets)


def _lines(path, texts):
  path.write_text("".join(t + "\n" for t in texts), encoding="utf-8")
  return str(path)


def _run(*words):
  return t5_mtf.main(["metrics", *words])


def test_right_answers_to_a_tasks_split_score_100(tmp_path, capsys):
  path = _lines(tmp_path / "p.txt", _targets(ANSWERS))
  output = tmp_path / "new" / "results.json"
  words = [f"--task={ANSWERS}", f"--predictions={path}", f"--output={output}"]
  assert _run(*words) == 0
  out = capsys.readouterr().out
  assert "500 examples" in out and "em      100.00" in out
  [result] = results.read_results(output).tasks
  assert (result.step, result.metrics) == (None, {"em": 100.0, "f1": 100.0})
  assert _run(*words) == 1
  assert "is there already" in capsys.readouterr().err


def test_wrong_and_invalid_labels_are_told_apart(tmp_path, capsys):
  task = mini.COLUMNS[0].tasks[0].name
  targets = _targets(task)
  texts = [*targets[:-2], "banana", "banana split"]
  path = _lines(tmp_path / "p.txt", texts)
  assert _run(
      f"--task={task}", f"--predictions={path}", "--confidence=0.9",
      "--samples=50",
  ) == 0
  out = capsys.readouterr().out
  assert f"2 of {len(texts):,} predictions are none of the labels" in out
  assert "'banana'" in out and "90% interval" in out and " to 100.00" in out


def test_targets_can_come_from_a_file_too(tmp_path, capsys):
  task = mini.COLUMNS[0].tasks[0].name
  wanted = _lines(tmp_path / "t.txt", ["positive", "negative"])
  given = _lines(tmp_path / "p.txt", ["positive", "positive"])
  assert _run(
      f"--task={task}", f"--targets={wanted}", f"--predictions={given}"
  ) == 0
  assert "accuracy  50.00" in capsys.readouterr().out


def test_a_task_that_needs_its_examples_says_so(tmp_path, capsys):
  path = _lines(tmp_path / "p.txt", ["x"])
  words = [f"--task={ANSWERS}", f"--targets={path}", f"--predictions={path}"]
  assert _run(*words) == 1
  assert "'answers'. Leave --targets out" in capsys.readouterr().err


def test_metrics_without_a_task_read_json_lines(tmp_path, capsys):
  path = tmp_path / "p.jsonl"
  rows = [
      {"prediction": "a\nb", "target": ["a b", "c"]},
      {"prediction": "the d", "target": ["D"]},
  ]
  path.write_text("".join(json.dumps(row) + "\n" for row in rows))
  assert _run("--metric=squad", f"--predictions={path}") == 0
  assert "em      100.00" in capsys.readouterr().out


def test_a_prediction_may_have_several_references(tmp_path, capsys):
  path = tmp_path / "p.jsonl"
  row = {"prediction": "w x y z", "target": ["a b c d", "w x y z"]}
  path.write_text(json.dumps(row) + "\n")
  assert _run("--metric=bleu", f"--predictions={path}") == 0
  assert "bleu    100.00" in capsys.readouterr().out


def test_metrics_of_numbers_and_classes_without_a_task(tmp_path, capsys):
  wanted = _lines(tmp_path / "t.txt", ["yes", "no", "no"])
  given = _lines(tmp_path / "p.txt", ["yes", "no", "yes"])
  assert _run(
      "--metric=accuracy", "--metric=f1_score_with_invalid",
      "--labels=no,yes", f"--targets={wanted}", f"--predictions={given}",
  ) == 0
  assert "accuracy  66.67\nf1        66.67" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"a\n", ["--metric=squad"], "has no targets. Give --targets=FILE"),
        (b"a\nb\n", ["--metric=bleu", "--targets=T"],
         "P has 2 lines, but there are 1 targets in T"),
        (b"", ["--metric=bleu", "--targets=T"], "P' is empty"),
        (b"a\n\xff\n", ["--metric=bleu", "--targets=T"], "P:2 is not UTF-8"),
        (b"a\n", ["--metric=blue", "--targets=T"], "Did you mean 'bleu'"),
        (b"a\n", ["--task=no_such", "--metric=bleu"], "give either --task"),
        (b"a\n", [], "give either --task"),
        (b"a\n", ["--task=mini_squat"], "Did you mean 'mini_squad'"),
        (b"a\n", ["--task=mini_all"], "is a mixture, of"),
        (b"a\n", ["--task=mini_squad", "--split=tset"], "unknown split"),
        (b"a\n", ["--task=mini_squad"], "500 targets in split 'validation'"),
        (b"a\n", ["--metric=bleu", "--targets=missing"], "was not found"),
        (b"x\n", ["--metric=pearson_corrcoef", "--targets=T"], "examples"),
    ],
)
def test_bad_input_is_named(content, words, message, tmp_path, capsys,
                            monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "P").write_bytes(content)
  (tmp_path / "T").write_text("a\n")
  assert _run("--predictions=P", *words) == 1
  assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "P.jsonl:1: not JSON"),
        ("[1]", "P.jsonl:1: '[1]' is not an object"),
        ('{"predictoin": 1}', "Did you mean 'predictoin'"),
    ],
)
def test_bad_json_lines_are_named(line, message, tmp_path, capsys, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "P.jsonl").write_text(line + "\n")
  assert _run("--predictions=P.jsonl", "--metric=bleu") == 1
  assert message in capsys.readouterr().err


def test_without_files_it_says_what_to_give(capsys):
  assert _run("--task=mini_squad") == 1
  assert "Give --predictions=FILE" in capsys.readouterr().err
