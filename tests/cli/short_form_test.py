"""Tests of t5_mtf.cli.short_form: what the flags load and run."""

from __future__ import annotations

import re

import pytest

from t5_mtf import data, errors, gin_config
from t5_mtf.cli import short_form, t5_mesh_transformer
from t5_mtf.data import file_task
from tests.models import tiny


@pytest.fixture
def plan(tmp_path):
  """Makes a plan of flags; {} in them stands for the folder of files."""
  (tmp_path / "a.tsv").write_text(
      "inputs\ttargets\n" + "".join(f"text {i}\tyes\n" for i in range(40))
  )
  (tmp_path / "a.txt").write_text("one text\nanother\n")

  def make(*words):
    parser = t5_mesh_transformer.make_parser()
    words = [word.replace("{}", str(tmp_path)) for word in words]
    return short_form.plan(
        parser.parse_strictly([f"--model_dir={tmp_path}/m", *words])
    )

  yield make
  if file_task.NAME in data.TaskRegistry.names():
    data.TaskRegistry.remove(file_task.NAME)


def test_a_share_held_out_is_evaluated(plan, capsys):
  made = plan("--train_file={}/a.tsv", "--validation_fraction=0.25")
  assert [run["mode"] for run in made.runs] == ["train", "eval"]
  out = capsys.readouterr().out
  assert "of 40 rows" in out
  assert "train inputs: length 16" in out
  assert "validation inputs: length 16" in out


def test_rows_that_are_cut_are_counted_with_their_share(plan, capsys):
  plan("--train_file={}/a.tsv", "--input_sequence_length=3")
  out = capsys.readouterr().out
  assert "40 rows (100.0%) are CUT" in out


def test_an_objective_by_spans_computes_its_lengths(plan):
  made = plan("--train_file={}/a.txt", "--objective=span_corruption")
  assert "objectives/span_3_15_u_u.gin" in made.gin_files
  assert "inputs_length = 128" in made.bindings
  assert not any("sequence_length" in b for b in made.bindings)
  assert not any("pack = False" in b for b in made.bindings)
  with pytest.raises(errors.UserError, match="computes it"):
    plan(
        "--train_file={}/a.txt",
        "--objective=span_corruption",
        "--target_sequence_length=8",
    )


def test_other_objectives_take_lengths(plan):
  made = plan(
      "--train_file={}/a.txt",
      "--objective=deshuffling",
      "--input_sequence_length=64",
      "--target_sequence_length=32",
  )
  lengths = "utils.run.sequence_length = {'inputs': 64, 'targets': 32}"
  assert lengths in made.bindings


def test_a_learning_rate_given_to_an_objective_is_constant(plan):
  made = plan(
      "--train_file={}/a.txt", "--objective=bert", "--learning_rate=0.5"
  )
  assert "constant_learning_rate.learning_rate = 0.5" in made.bindings
  assert "learning_rate_schedules/constant_0_001.gin" in made.gin_files


@pytest.mark.parametrize("name", short_form.OBJECTIVES)
def test_every_named_objective_has_its_gin_file(name):
  file = f"objectives/{short_form.OBJECTIVES[name]}.gin"
  assert gin_config.find_gin_file(file, [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--objective=bret"], "unknown objective 'bret'.*'bert'"),
        (["--objective=lm"], "decoder-only.*prefix_lm"),
        (["--metrics=blue"], "holds texts only|unknown metric.*'bleu'"),
        (["--bad_rows=ignore"], "unknown value of bad_rows 'ignore'"),
    ],
)
def test_one_clear_error_each(plan, words, message):
  with pytest.raises(errors.UserError, match=message):
    plan("--train_file={}/a.txt", *words)


@pytest.mark.parametrize(
    "flag",
    ["objective=bert", "validation_fraction=0.1", "labels=a,b", "columns=a",
     "eval_targets=t", "train_targets=t"],
)  # fmt: skip
def test_flags_about_files_need_a_file(plan, flag):
  match = re.escape(f"--{flag.split('=')[0]} is for use with --")
  with pytest.raises(errors.UserError, match=match):
    plan(f"--{flag}")


def test_a_plan_writes_nothing_until_it_is_prepared(plan, tmp_path):
  made = plan("--train_file={}/a.tsv", "--input_file={}/a.tsv",
              "--output_file={}/out")  # fmt: skip
  assert not (tmp_path / "m").exists()
  for prepare in made.prepare:
    prepare()
  assert (tmp_path / "m" / "file_task.json").exists()
  assert (tmp_path / "out-inputs").read_text().startswith("text 0\ntext 1\n")


def test_a_recorded_model_without_anything_to_do_says_what_there_is(
    plan, tmp_path
):
  made = plan("--train_file={}/a.tsv")
  for prepare in made.prepare:
    prepare()
  with pytest.raises(errors.UserError, match="nothing to do.*--eval_file"):
    plan()


@pytest.mark.slow
def test_a_trained_model_scores_and_answers_further_files(tmp_path, capsys):
  def run(*words):
    assert t5_mesh_transformer.main([f"--model_dir={tmp_path}/m", *words]) == 0
    return capsys.readouterr().out

  (tmp_path / "a.en").write_text("1\n2\n3\n4\n" * 3)
  (tmp_path / "a.de").write_text("eins\nzwei\ndrei\nvier\n" * 3)
  out = run(
      f"--train_file={tmp_path}/a.en",
      f"--train_targets={tmp_path}/a.de",
      "--validation_fraction=0.5",
      "--input_template=translate: {inputs}",
      "--metrics=bleu",
      "--train_steps=2",
      "--batch_size=2",
      *[f"--gin_param={binding}" for binding in tiny.BINDINGS[:6]],
  )
  assert "chosen by a hash" in out and "bleu" in out

  (tmp_path / "test.jsonl").write_text('{"inputs": "5", "targets": "x"}\n')
  out = run(f"--eval_file={tmp_path}/test.jsonl", "--metrics=accuracy")
  assert "1 examples  accuracy" in out

  run(
      f"--input_file={tmp_path}/test.jsonl", f"--output_file={tmp_path}/answers"
  )
  assert (tmp_path / "answers-inputs").read_text() == "translate: 5\n"
  assert len((tmp_path / "answers-2").read_text().splitlines()) == 1


@pytest.mark.slow
def test_texts_are_pretrained_on(tmp_path, capsys):
  (tmp_path / "a.txt").write_text("This is a text of some words.\n" * 30)
  words = [
      f"--model_dir={tmp_path}/m",
      f"--train_file={tmp_path}/a.txt",
      "--objective=span_corruption",
      "--input_sequence_length=32",
      "--train_steps=2",
      "--batch_size=2",
      *[f"--gin_param={binding}" for binding in tiny.BINDINGS[:6]],
  ]
  assert t5_mesh_transformer.main(words) == 0
  out = capsys.readouterr().out
  assert "2 sequences x (32 + 8)" in out and "step 2 of 2" in out
