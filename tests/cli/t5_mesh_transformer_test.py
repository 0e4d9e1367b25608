"""The command: quick help, one clear error each, and a person's own file."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from t5_mtf.cli import t5_mesh_transformer
from tests.models import tiny

# Without dropout, whose masks are drawn anew when a run continues.
_TINY = [f"--gin_param={binding}" for binding in tiny.BINDINGS[:6]]


def _run(*words, code=0):
  assert t5_mesh_transformer.main(list(words)) == code


@pytest.fixture
def files(tmp_path):
  rows = [("what is 1 + 1", "two"), ("what is 1 + 2", "three")] * 20
  (tmp_path / "train.tsv").write_text(
      "inputs\ttargets\n" + "".join(f"{a}\t{b}\n" for a, b in rows)
  )
  (tmp_path / "dev.csv").write_text('inputs,targets\n"what is 1 + 1",two\n')
  return tmp_path


@pytest.mark.parametrize(
    "words, message",
    [
        (["--model_dri=x"], "unknown flag '--model_dri'. .*'--model_dir'"),
        (["--model_dir=x", "y"], "stray argument 'y'.*backslash"),
        (["--gin_file=dataset.gin"], "--model_dir is not given"),
        (["--model_dir=x", "--gin_file=datset.gin"], "dataset.gin"),
        (["--model_dir=x", "--tpu_zone=z"], "without --tpu"),
        (["--model_dir=x", "--module_import=no_such"], "no module of that"),
        (["--model_dir=x", "--input_file=a"], "--output_file go together"),
        (["--model_dir=x", "--columns=a"], "for use with --train_file"),
        (["--model_dir=x", "--train_file=no.tsv"], "no file matches 'no.tsv'"),
        (
            [
                "--model_dir=x",
                "--gin_file=dataset.gin",
                "--gin_param=MIXTURE_NAME = 'mini_gleu'",
            ],
            "unknown .*'mini_gleu'.*'mini_glue'",
        ),
        (
            [
                "--model_dir=x",
                "--gin_file=mini/finetuning.gin",
                "--gin_param=utils.run.mesh_shape = 'model:3'",
            ],
            "'heads'",
        ),
    ],
)
def test_one_clear_error_each(words, message, capsys):
  _run(*words, code=1)
  error = capsys.readouterr().err
  assert error.startswith("error: ")
  assert "Traceback" not in error and "In call to" not in error
  assert re.search(message, error), error
  assert not os.path.exists("x")


def test_a_malformed_row_is_named_by_file_and_line(files, capsys):
  with open(files / "train.tsv", "a", encoding="utf-8") as f:
    f.write("no target\n")
  _run(f"--model_dir={files}/m", f"--train_file={files}/train.tsv", code=1)
  assert "train.tsv:42" in capsys.readouterr().err


def test_a_file_without_the_columns_names_those_it_has(files, capsys):
  _run(
      f"--model_dir={files}/m",
      f"--train_file={files}/train.tsv",
      "--input_template=say: {text}",
      code=1,
  )
  error = capsys.readouterr().err
  assert "'text'" in error and "inputs" in error and "--columns" in error


@pytest.mark.slow
def test_a_file_of_ones_own_is_trained_scored_answered_and_exported(
    files, capsys
):
  (files / "in.txt").write_text("what is 1 + 1\n")
  words = [
      f"--model_dir={files}/m",
      f"--train_file={files}/train.tsv",
      f"--eval_file={files}/dev.csv",
      "--metrics=accuracy,bleu",
      "--train_steps=3",
      "--batch_size=4",
      f"--input_file={files}/in.txt",
      f"--output_file={files}/out.txt",
      f"--export_dir={files}/export",
      *_TINY,
  ]
  _run(*words)
  out = capsys.readouterr().out
  assert "inputs: length 16, longest of 40 rows" in out
  assert "step 3 of 3" in out
  assert "accuracy" in out and "bleu" in out
  assert len((files / "out.txt-3").read_text().splitlines()) == 1
  assert (files / "export" / "3" / "saved_model.pb").exists()

  _run(
      f"--model_dir={files}/m2",
      f"--train_file={files}/train.tsv",
      f"--pretrained_model_dir={files}/m",
      "--train_steps=2",
  )
  out = capsys.readouterr().out
  assert "26 of 26 variables from" in out
  assert "steps    3 -> 5" in out


def _start(model_dir, *words):
  return subprocess.Popen(
      [
          sys.executable,
          "-m",
          "t5_mtf.cli.t5_mesh_transformer",
          f"--model_dir={model_dir}",
          "--gin_file=mini/pretraining.gin",
          "--gin_param=utils.run.train_steps = 60",
          "--gin_param=utils.run.save_checkpoints_steps = 5",
          "--gin_param=utils.run.batch_size = 4",
          "--log_every=1",
          *_TINY,
          *words,
      ],
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      text=True,
  )


def _wait_for(path, seconds=120):
  deadline = time.monotonic() + seconds
  while not os.path.exists(path):
    assert time.monotonic() < deadline, f"{path} did not appear"
    time.sleep(0.02)


@pytest.mark.slow
def test_a_run_killed_at_any_step_ends_as_one_that_was_not(tmp_path):
  through = _start(tmp_path / "through")
  assert through.wait(timeout=300) == 0

  killed = _start(tmp_path / "killed")
  _wait_for(tmp_path / "killed" / "model.ckpt-15.index")
  killed.send_signal(signal.SIGKILL)
  killed.wait()
  again = _start(tmp_path / "killed")
  out, _ = again.communicate(timeout=300)
  assert again.returncode == 0, out
  assert "continued from" in out

  def losses(name):
    text = (tmp_path / name / "metrics.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    return {row["step"]: round(row["loss"], 3) for row in rows}

  # The same losses at every step: no batch was skipped or repeated.
  assert losses("killed") == losses("through")
  assert sorted(losses("killed")) == list(range(1, 61))


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_continue(tmp_path):
  run = _start(tmp_path / "m", "--gin_param=utils.run.train_steps = 100000")
  _wait_for(tmp_path / "m" / "model.ckpt-5.index")
  run.send_signal(signal.SIGINT)
  out, _ = run.communicate(timeout=120)
  assert run.returncode == 130, out
  assert "SIGINT: saving a checkpoint" in out
  assert "The same command continues from it." in out
