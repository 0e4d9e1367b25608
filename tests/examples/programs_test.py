"""The example programs run, in a small form, as a user would run them."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _run(program, *words):
  done = subprocess.run(
      [sys.executable, str(ROOT / "examples" / program), *words],
      capture_output=True,
      text=True,
      env={**os.environ, "PYTHONPATH": str(ROOT)},
      check=False,
  )
  assert done.returncode == 0, done.stderr[-3000:]
  return done.stdout


@pytest.mark.slow
def test_a_file_of_ones_own(tmp_path):
  out = _run("fine_tune_own_file.py", f"--model_dir={tmp_path}", "--steps=2")
  assert "accuracy " in out and "best so far by accuracy" in out
  assert len((tmp_path / "answers.txt-2").read_text().splitlines()) > 1


@pytest.mark.slow
def test_a_task_of_ones_own(tmp_path):
  out = _run("own_task.py", f"--model_dir={tmp_path}", "--steps=2")
  assert "accuracy " in out and "within_one " in out


@pytest.mark.slow
def test_pre_training_from_scratch(tmp_path):
  out = _run(
      "pretrain_from_scratch.py", f"--output={tmp_path}",
      "--pretrain_steps=2", "--finetune_steps=2", "--vocabulary_size=500",
  )
  assert "variables from" in out and "accuracy " in out
  assert (tmp_path / "finetuned" / "model.ckpt-4.index").exists()
