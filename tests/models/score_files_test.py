"""The published modes that score lines of files, or a task's targets."""

import dataclasses
import json

import pytest

from t5_mtf import data, errors
from t5_mtf.models import runner, score_files, training
from t5_mtf.models.mesh_transformer import EvalDataset
from t5_mtf.tf_compat import tf
from tests.models import tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  folder = tmp_path_factory.mktemp("trained")
  training.train(tiny.settings(folder))
  return folder


def _settings(trained, mode, output, *bindings):
  return tiny.settings(
      trained,
      f"save_scores.scores_filename = '{output}'",
      f"{mode}.score_postprocess_fn = @save_scores",
      *bindings,
      mode=mode,
  )


def _strings(inputs, targets):
  return (
      f"score_from_strings.inputs = '{inputs}'",
      f"score_from_strings.targets = '{targets}'",
  )


def test_lines_of_targets_are_scored_given_lines_of_inputs(trained, tmp_path,
                                                           capsys):
  inputs, targets = tmp_path / "inputs", tmp_path / "targets"
  inputs.write_text("ab\nmuch too long\n")
  targets.write_text("x\ny\nxyz\nz\n")
  settings = _settings(
      trained, "score_from_strings", tmp_path / "out",
      *_strings(inputs, targets),
  )
  assert runner.run(settings) == [str(tmp_path / "out")]
  rows = [json.loads(x) for x in (tmp_path / "out.jsonl").open()]
  assert [row["input"] for row in rows] == ["ab"] * 2 + ["much too long"] * 2
  assert rows[2]["tokens"] == 4
  assert rows[2]["mean"] == pytest.approx(rows[2]["log_likelihood"] / 4)
  scores = (tmp_path / "out.scores").read_text().split()
  assert float(scores[0]) == pytest.approx(rows[0]["log_likelihood"], rel=1e-5)
  assert (tmp_path / "out.lengths").read_text().split() == ["2", "2", "4", "2"]
  assert (tmp_path / "out.targets").read_text() == targets.read_text()
  assert "2 inputs were longer than their length" in capsys.readouterr().out


def test_the_end_of_a_target_counts_unless_told_otherwise(trained, tmp_path):
  scores = []
  for score_eos in (True, False):
    settings = _settings(
        trained, "score_from_strings", tmp_path / f"{score_eos}",
        "score_from_strings.inputs = ['ab']",
        "score_from_strings.targets = ['cd']",
        f"score_from_strings.score_eos = {score_eos}",
    )
    [output] = runner.run(settings)
    [line] = open(f"{output}.jsonl")
    scores.append(json.loads(line))
  assert [score["tokens"] for score in scores] == [3, 2]
  assert scores[0]["log_likelihood"] < scores[1]["log_likelihood"]


def test_a_tasks_targets_are_scored(trained, tmp_path):
  feature = data.Feature(data.ByteVocabulary())
  task = data.Task(
      "t",
      data.FunctionDataSource(
          lambda split, shuffle_files, seed=None: (
              tf.data.Dataset.from_tensor_slices(
                  {"inputs": ["ab", "cd"], "targets": ["x", "yz"]}
              )
          ),
          splits=["test"],
      ),
      output_features={"inputs": feature, "targets": feature},
      preprocessors=[
          data.preprocessors.tokenize,
          data.preprocessors.append_eos_after_trim,
      ],
  )
  settings = dataclasses.replace(
      _settings(trained, "score_from_dataset", tmp_path / "out"),
      eval_dataset_fn=lambda **unused: [EvalDataset(task, "test")],
      checkpoint_step=[2, 4],
  )
  names = [str(tmp_path / f"out-{step}") for step in (2, 4)]
  assert runner.run(settings) == names
  rows = [json.loads(x) for x in (tmp_path / "out-4.jsonl").open()]
  assert [(r["input"], r["target"], r["tokens"]) for r in rows] == [
      ("ab", "x", 2), ("cd", "yz", 3)
  ]


@pytest.mark.parametrize(
    ("bindings", "message"),
    [
        ((), "there are no targets to score"),
        (_strings("/path/to/inputs", "T"), "there are no inputs to score"),
        (_strings("missing", "T"), "'missing' was not found"),
        (_strings("three", "T"), "3 inputs and 2 targets"),
    ],
)
def test_what_is_missing_is_named(bindings, message, trained, tmp_path,
                                  monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "T").write_text("a\nb\n")
  (tmp_path / "three").write_text("a\nb\nc\n")
  settings = _settings(trained, "score_from_strings", "out", *bindings)
  with pytest.raises(errors.UserError, match=message):
    score_files.score_from_strings(settings)
  assert not list(tmp_path.glob("out*"))


def test_without_a_file_to_write_nothing_is_scored(trained, tmp_path):
  (tmp_path / "T").write_text("a\nb\n")
  settings = tiny.settings(
      trained, *_strings(tmp_path / "T", tmp_path / "T"),
      mode="score_from_strings",
  )
  with pytest.raises(errors.UserError, match="scores_filename is not bound"):
    score_files.score_from_strings(settings)
