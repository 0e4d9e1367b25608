"""`t5_mtf submission`, from predictions to an archive that passes."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile

import pytest

from t5_mtf import data
from t5_mtf.cli import submission, t5_mtf
from t5_mtf.evaluation import submission_checks, submissions
from t5_mtf.models import settings, training
from tests.data.tasks import raw_datasets
from tests.models import tiny

# Predictions for the test sets of `raw_glue`, by index; ids in other orders
# are looked up. "?" is no label of any task.
_GLUE = {
    "CoLA.tsv": ({0: "unacceptable"}, {0: "0"}),
    "SST-2.tsv": ({0: "negative", 1: "?"}, {0: "0", 1: "1"}),
    "MRPC.tsv": ({0: "not_equivalent"}, {0: "0"}),
    "STS-B.tsv": ({0: "3.4", 1: "5.6"}, {0: "3.400", 1: "5.000"}),
    "QQP.tsv": ({0: "duplicate", 1: "not_duplicate"}, {0: "1", 1: "0"}),
    "MNLI-m.tsv": ({0: "contradiction"}, {0: "contradiction"}),
    "MNLI-mm.tsv": ({0: "neutral"}, {0: "neutral"}),
    "QNLI.tsv": (
        {0: "not_entailment", 1: "entailment"},
        {0: "not_entailment", 1: "entailment"},
    ),
    "RTE.tsv": (
        {0: "not_entailment", 1: "entailment"},
        {0: "not_entailment", 1: "entailment"},
    ),
    # The pronoun's referent is named: hair and drain are the candidates.
    "WNLI.tsv": ({0: "the drain", 1: "drain"}, {0: "0", 1: "1"}),
    "AX.tsv": ({0: "contradiction"}, {0: "contradiction"}),
}
_SUPER_GLUE = {
    "BoolQ.jsonl": ({0: "False", 1: "True"}, {0: "false", 1: "true"}),
    "CB.jsonl": (
        {0: "neutral", 1: "?"},
        {0: "neutral", 1: "contradiction"},
    ),
    "COPA.jsonl": ({0: "choice2"}, {0: 1}),
    "MultiRC.jsonl": (
        {(0, 7, 0): "False", (0, 7, 1): "True"},
        {(0, 7, 0): 0, (0, 7, 1): 1},
    ),
    "ReCoRD.jsonl": ({5: "Oslo"}, {5: "Oslo"}),
    "RTE.jsonl": ({0: "not_entailment"}, {0: "not_entailment"}),
    "WiC.jsonl": ({0: "True"}, {0: "true"}),
    # The cat and the mouse are the candidates.
    "WSC.jsonl": ({0: "a cat", 1: "a cat"}, {0: "True", 1: "False"}),
    "AX-b.jsonl": ({0: "entailment"}, {0: "entailment"}),
    "AX-g.jsonl": ({0: "not_entailment"}, {0: "not_entailment"}),
}
_CASES = {"glue": _GLUE, "super_glue": _SUPER_GLUE}


@pytest.fixture(scope="module", name="tfds_dir")
def fixture_tfds_dir(tmp_path_factory):
  """The data sets of both benchmarks, built of raw files."""
  folder = tmp_path_factory.mktemp("tfds")
  names = {
      data.TaskRegistry.get(task).source.tfds_name
      for tasks in submission.TASKS.values()
      for candidates in tasks.values()
      for task in candidates
  }
  for name in sorted(names):
    raw_datasets.prepare(name, folder)
  yield str(folder)
  data.set_tfds_data_dir_override(None)


@pytest.fixture(name="small", autouse=True)
def fixture_small(monkeypatch):
  """The formats with the sizes of the small test sets."""
  small = {}
  for benchmark, formats in submissions.BENCHMARKS.items():
    cases = _CASES[benchmark]
    small[benchmark] = tuple(
        dataclasses.replace(
            f, rows=len(cases[f.name][0]), passages=1, questions=1
        )
        for f in formats
    )
  monkeypatch.setattr(submissions, "BENCHMARKS", small)


@pytest.fixture(scope="module", name="inputs")
def fixture_inputs(tfds_dir):
  """File -> (index, input) of each example, in the order of the data set."""
  data.set_tfds_data_dir_override(tfds_dir)
  return {
      f.name: [
          (index, example["inputs"].decode())
          for index, example in submission._rows_of_the_data(
              f, data.TaskRegistry.get(tasks[f.name][0]), "test"
          )
      ]
      for benchmark, tasks in submission.TASKS.items()
      for f in submissions.formats(benchmark)
  }


def _write_evaluation(folder, benchmark, inputs, choice, as_json):
  """Writes an evaluation's files, as `models.evaluating` does."""
  folder.mkdir()
  for file, (texts, _) in _CASES[benchmark].items():
    task = submission.TASKS[benchmark][file][choice]
    before = "<extra_id_0> " if "sentinel" in task else ""
    rows = [(text, before + texts[index]) for index, text in inputs[file]]
    if as_json:
      lines = [
          json.dumps({"example": i, "input": a, "target": "", "prediction": b})
          for i, (a, b) in enumerate(rows)
      ]
      (folder / f"{task}_20.jsonl").write_text("\n".join(lines) + "\n")
      continue
    columns = zip(*rows, strict=True)
    for name, texts in zip(("inputs", "20_predictions"), columns, strict=True):
      (folder / f"{task}_{name}").write_text("\n".join(texts) + "\n")


def _run(*argv):
  return t5_mtf.main(["submission", *map(str, argv)])


def _values(path):
  """Index -> value of a written file."""
  lines = path.read_text().splitlines()
  if path.suffix == ".tsv":
    return {
        int(index): value for index, value in (x.split("\t") for x in lines[1:])
    }
  rows = [json.loads(line) for line in lines]
  if path.name != "MultiRC.jsonl":
    return {row["idx"]: row["label"] for row in rows}
  return {
      (row["idx"], question["idx"], answer["idx"]): answer["label"]
      for row in rows
      for question in row["passage"]["questions"]
      for answer in question["answers"]
  }


@pytest.mark.parametrize(
    ("benchmark", "choice", "as_json"),
    [
        ("glue", 0, False),
        ("super_glue", 0, True),
        ("super_glue", 1, False),  # with sentinels
    ],
)
def test_predictions_become_an_archive_that_passes(
    tmp_path, tfds_dir, inputs, capsys, benchmark, choice, as_json
):
  _write_evaluation(tmp_path / "eval", benchmark, inputs, choice, as_json)
  output = tmp_path / "out"
  status = _run(
      f"--benchmark={benchmark}", f"--predictions={tmp_path / 'eval'}",
      f"--output={output}", f"--tfds_data_dir={tfds_dir}",
  )  # fmt: skip
  out = capsys.readouterr().out
  assert status == 0, out
  for file, (_, expected) in _CASES[benchmark].items():
    assert _values(output / file) == expected
  archive = output / f"{benchmark}.zip"
  assert submission_checks.check(str(archive), benchmark) == []
  with zipfile.ZipFile(archive) as opened:
    assert sorted(opened.namelist()) == sorted(_CASES[benchmark])
  if benchmark == "glue":
    assert "1 no label: '1'" in out
    assert "1 outside of 0 to 5: clipped" in out
  else:
    assert "1 no label: 'contradiction'" in out
  for path in (output, archive):
    assert _run(f"--benchmark={benchmark}", f"--check={path}") == 0


@pytest.mark.slow
def test_a_model_answers_the_test_sets(tmp_path, tfds_dir, capsys):
  model = tmp_path / "model"
  tiny.load_gin(
      "utils.run.vocabulary = @t5.models.mesh_transformer.get_vocabulary()",
      "utils.run.train_steps = 1",
  )
  training.train(
      settings.from_gin(str(model), train_dataset_fn=tiny.dataset_fn)
  )
  output = tmp_path / "out"
  argv = ["--benchmark=super_glue", f"--tfds_data_dir={tfds_dir}"]
  assert _run(*argv, f"--model_dir={model}", f"--output={output}") == 0
  texts = output / "predictions" / "super_glue_record_v102_1_predictions"
  assert list(_values(output / "ReCoRD.jsonl").values()) == [
      texts.read_text().removesuffix("\n")
  ]
  again = tmp_path / "again"
  argv.append(f"--predictions={output / 'predictions'}")
  assert _run(*argv, f"--output={again}") == 0
  for path in again.iterdir():
    assert path.read_bytes() == (output / path.name).read_bytes()
  assert "super_glue_boolq_v102: 2 inputs, 2 of them cut to 8 tokens" in (
      capsys.readouterr().out
  )


def test_label_words_stand_in_the_order_of_the_tasks_classes():
  words = {}
  for benchmark, tasks in submission.TASKS.items():
    for file_format in submissions.formats(benchmark):
      task = data.TaskRegistry.get(tasks[file_format.name][0])
      classes = getattr(task.postprocessor, "keywords", {}).get("label_classes")
      if classes and file_format.labels not in (("0", "1"), (0, 1)):
        words[file_format.name] = (list(file_format.labels), classes)
  assert len(words) == 11
  for labels, classes in words.values():
    assert labels in (classes, [name.lower() for name in classes])


def _one(tmp_path, lines, name="glue_rte_v002_20_predictions"):
  (tmp_path / "eval").mkdir(exist_ok=True)
  (tmp_path / "eval" / name).write_text("".join(f"{x}\n" for x in lines))
  return [
      "--benchmark=glue",
      f"--predictions={tmp_path / 'eval'}",
      f"--output={tmp_path / 'out'}",
  ]


def test_rows_in_order_are_numbered_without_the_data(tmp_path):
  data.set_tfds_data_dir_override(str(tmp_path / "none"))
  _run(*_one(tmp_path, ["not_entailment", "entailment"]), "--rows_in_order")
  assert _values(tmp_path / "out" / "RTE.tsv") == {
      0: "not_entailment",
      1: "entailment",
  }


def test_missing_predictions_leave_no_archive(tmp_path, capsys):
  argv = _one(tmp_path, ["entailment"] * 2)
  assert _run(*argv, "--rows_in_order") == 1
  assert (
      "AX.tsv: missing, for want of predictions of glue_ax_v002"
      in capsys.readouterr().out
  )
  assert os.listdir(tmp_path / "out") == ["RTE.tsv"]
  assert _run("--benchmark=glue", f"--check={tmp_path / 'out'}") == 1
  lines = capsys.readouterr().out.splitlines()
  assert lines[-1] == "AX.tsv: missing"
  assert len(lines) == len(_GLUE) - 1


@pytest.mark.parametrize(
    "name", ["super_glue_record_v102", "super_glue_wsc_v102_simple_eval"]
)
def test_indices_and_names_that_only_the_data_has_are_not_made_up(
    tmp_path, capsys, name
):
  argv = _one(tmp_path, ["x"], f"{name}_20_predictions")
  argv[0] = "--benchmark=super_glue"
  assert _run(*argv, "--rows_in_order") == 1
  assert f"of {name} are in the data set alone" in capsys.readouterr().err


def test_predictions_of_another_split_are_refused(tmp_path, tfds_dir, capsys):
  argv = _one(tmp_path, ["entailment", "entailment"])
  _one(tmp_path, ["rte of something", "else"], "glue_rte_v002_inputs")
  assert _run(*argv, f"--tfds_data_dir={tfds_dir}") == 1
  assert (
      "is not of split 'test' of glue_rte_v002: input 0 there is"
      " 'rte of something', but 'rte sentence1: "
  ) in capsys.readouterr().err
  assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_or_too_many_predictions_are_refused(
    tmp_path, tfds_dir, capsys, count
):
  argv = _one(tmp_path, ["entailment"] * count)
  assert _run(*argv, f"--tfds_data_dir={tfds_dir}") == 1
  assert (
      f"has {count} predictions, but split 'test' of glue_rte_v002 has 2"
      in capsys.readouterr().err
  )


def test_the_latest_step_is_used_unless_another_is_named(tmp_path):
  _one(tmp_path, ["entailment"] * 2, "glue_rte_v002_3_predictions")
  argv = _one(tmp_path, ["not_entailment"] * 2) + ["--rows_in_order"]
  rte = tmp_path / "out" / "RTE.tsv"
  _run(*argv)
  assert set(_values(rte).values()) == {"not_entailment"}
  _run(*argv, "--step=3", "--overwrite")
  assert set(_values(rte).values()) == {"entailment"}


def test_what_is_there_is_not_overwritten(tmp_path, capsys):
  argv = _one(tmp_path, ["entailment"] * 2) + ["--rows_in_order"]
  (tmp_path / "out").mkdir()
  (tmp_path / "out" / "QQP.tsv").write_text("mine")
  assert _run(*argv) == 1
  assert "already has QQP.tsv" in capsys.readouterr().err
  assert os.listdir(tmp_path / "out") == ["QQP.tsv"]


def test_one_of_two_tasks_for_a_file_has_to_be_named(tmp_path, capsys):
  argv = _one(tmp_path, ["?"] * 2, "glue_wnli_v002_20_predictions")
  _one(tmp_path, ["?"] * 2, "glue_wnli_v002_simple_eval_20_predictions")
  assert _run(*argv, "--rows_in_order") == 1
  assert "--task=glue_wnli_v002_simple_eval" in capsys.readouterr().err
  _run(*argv, "--rows_in_order", "--task=glue_wnli_v002")
  assert "2 no label: '0'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "and not both"),
        (["--predictions=a", "--model_dir=b"], "and not both"),
        (["--predictions=."], "--output is not given"),
        (["--predictions=none", "--output=o"], "no folder 'none'"),
        (["--predictions=.", "--output=o"], "has no predictions of glue_cola"),
        (["--predictions=.", "--output=o", "--step=7"], "of step 7"),
        (["--predictions=.", "--output=o", "--task=glue_ax"], "glue_ax_v002"),
        (["--predictions=.", "--output=o", "--gin_param=a=1"], "--model_dir"),
        (["--model_dir=.", "--output=o", "--rows_in_order"], "--predictions"),
    ],
)
def test_wrong_use_says_what_is_right(tmp_path, monkeypatch, capsys, argv,
                                      message):
  monkeypatch.chdir(tmp_path)
  assert _run("--benchmark=glue", *argv) == 1
  assert message in capsys.readouterr().err


def test_a_malformed_line_of_json_is_named(tmp_path, capsys):
  row = '{"example": 0, "input": "a", "prediction": "b"}'
  argv = _one(tmp_path, [row, "{}"], "glue_rte_v002_20.jsonl")
  assert _run(*argv, "--rows_in_order") == 1
  assert "glue_rte_v002_20.jsonl:2: must be a JSON" in capsys.readouterr().err


def test_an_evaluation_that_scored_targets_has_no_predictions(tmp_path, capsys):
  _one(tmp_path, ['{"input": "a", "tokens": 2}'], "glue_ax_v002_20.jsonl")
  argv = _one(tmp_path, ["entailment"] * 2)
  assert _run(*argv, "--rows_in_order") == 1
  assert "AX.tsv: missing, for want of" in capsys.readouterr().out
