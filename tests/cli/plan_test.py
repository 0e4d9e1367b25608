"""`t5_mtf plan` answers before anything is started."""

from __future__ import annotations

import re

import pytest

from t5_mtf.cli import t5_mtf
from tests.models import tiny

SMALL = [
    f"--gin_param={binding}"
    for binding in (
        "d_model = 64", "d_ff = 256", "num_layers = 1", "num_heads = 8",
        "d_kv = 8", "utils.run.batch_size = 16",
        "utils.run.sequence_length = {'inputs': 16, 'targets': 16}",
        "utils.run.train_steps = 1000",
    )
]
MODEL = "--gin_file=models/t5.1.0.small.gin"


@pytest.fixture(autouse=True)
def _clear():
  yield
  tiny.clear_gin()


def test_the_report_has_each_subject_and_ranked_alternatives(capsys):
  assert t5_mtf.main(["plan", MODEL, *SMALL, "--hardware=2xV100"]) == 0
  printed = capsys.readouterr().out
  for subject in ("model", "hardware", "mesh", "batch", "memory", "compute",
                  "sending", "step", "training", "disk"):
    assert f"\n{subject} " in f"\n{printed}", subject
  assert "16 sequences x (16 + 16) = 512 tokens" in printed
  assert "quickest that fits first" in printed and "model:2" in printed


def test_a_problem_comes_first_and_makes_the_status_1(capsys):
  status = t5_mtf.main(
      ["plan", MODEL, *SMALL, "--hardware=2xV100", "--batch=3",
       "--no_alternatives"]
  )
  problem = capsys.readouterr().out.splitlines()[1]
  assert status == 1
  assert problem.startswith("PROBLEM: ") and "'batch'" in problem


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to plan"),
        ([MODEL, "--hardware=v3-9"], "Did you mean 'v3-8'"),
        ([MODEL, "--batch=0"], "--batch=0"),
        (["--table", "--hardware=v3-8"], "leave --hardware out"),
        ([MODEL, "--table", "--prove"], "do not go together"),
        ([MODEL, "--hardware=T4", "--prove"], "--prove is for"),
    ],
)
def test_flags_that_make_no_sense_are_refused(words, message, capsys):
  assert t5_mtf.main(["plan", *words]) == 1
  assert message in capsys.readouterr().err


def test_steps_are_told_in_passes_over_the_data(capsys):
  assert t5_mtf.main(
      ["plan", "--gin_file=mini/pretraining.gin", "--hardware=T4"]
  ) == 0
  printed = capsys.readouterr().out
  assert re.search(r"epochs +[\d.]+ over [\d,]+ examples of mini_pre", printed)
