"""`t5_mtf ablations list` and `show`, as a user asks for them."""

from __future__ import annotations

import doctest
import shlex
import subprocess
import sys

import pytest

from t5_mtf import errors
from t5_mtf.cli import ablations_flags, t5_mtf


def _said(capsys, command) -> str:
  assert t5_mtf.main(["ablations", *shlex.split(command)]) == 0
  return capsys.readouterr().out


def _refused(capsys, command) -> str:
  assert t5_mtf.main(["ablations", *shlex.split(command)]) == 1
  return capsys.readouterr().err


def test_lists_every_table_and_its_runs(capsys):
  said = _said(capsys, "list")
  for number in (1, 2, *range(4, 16)):
    assert f"table_{number} " in said
  assert "table_3 " not in said
  assert said.splitlines()[-1].split() == ["all", "78", "473"]


def test_lists_rows_with_what_they_change(capsys):
  said = _said(capsys, "list 12 table_8 --scale=paper")
  assert "table_12/multi_task_training" in said
  assert "limit 524,288" in said
  assert "no runs: the released code has no task of the Toronto" in said


def test_shows_a_table_as_published(capsys):
  assert "*83.54" in _said(capsys, "show 7")


@pytest.mark.parametrize("words", ["table_7/3", "7 3", "table_7 3"])
def test_shows_a_row_with_all_its_configuration(capsys, words):
  said = _said(capsys, f"show {words} --scale=paper")
  assert "83.49" in said
  assert "mean_span_length: 3" in said
  assert "--gin_file=objectives/span_3_15_u_u.gin" in said
  assert "pre-training: 1 run, 524,288 steps\n" in said
  assert "fine-tuning: 7 runs, 262,144 steps each\n" in said
  assert "--gin_file=sequence_lengths/squad_v010_allanswers.gin" in said


def test_a_row_may_be_named_as_in_print(capsys):
  assert "adapter_width 512" in _said(capsys, "show 10 'adapter layers, d=512'")


def test_says_what_a_row_stands_for(capsys):
  said = _said(capsys, "show 8 wikipedia --set finetuning_steps=50")
  assert "mini_acl_unsupervised stands for wikipedia." in said
  assert "fine-tuning: 7 runs, 50 steps each" in said
  assert "no runs: results of others" in _said(capsys, "show 14 previous_best")


def test_gives_commands_that_the_command_takes(capsys):
  said = _said(
      capsys, "show 13 4x_ensembled --commands --output=here --scale=tiny"
  )
  commands = [shlex.split(line) for line in said.splitlines()]
  assert {words[0] for words in commands} == {"t5_mesh_transformer", "t5_mtf"}
  trained = [words for words in commands if "--gin_file=eval.gin" not in words]
  assert sum(words[1] == "ensemble" for words in trained) == 7


@pytest.mark.parametrize(
    "command, message",
    [
        ("show table_3", "table of experiments"),
        ("show table_17", "Did you mean 'table_"),
        ("show 7 4", "row of table_7"),
        ("show 10 adapter_layers_d_31", "Did you mean 'adapter_layers_d_32'"),
        ("show 7/3 3", "given twice"),
        ("show 7 --commands", "for one row"),
        ("list --scale=minni", "Did you mean 'mini'"),
        ("list --set d_modell=3", "Did you mean 'd_model'"),
        ("lst", "invalid choice"),
        ("", "give a subcommand: list, show"),
    ],
)
def test_what_is_not_there_is_refused(capsys, command, message):
  assert message in _refused(capsys, command)


def test_answers_without_tensorflow():
  code = (
      "import sys\nfrom t5_mtf.cli import t5_mtf\n"
      "for words in (['list'], ['show', '7', '3']):\n"
      "  assert t5_mtf.main(['ablations', *words]) == 0\n"
      "assert 'tensorflow' not in sys.modules\n"
  )
  subprocess.run(
      [sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL
  )


def test_the_examples_of_the_flags_hold():
  assert doctest.testmod(ablations_flags).failed == 0


def test_an_error_names_the_tables():
  with pytest.raises(errors.UnknownNameError, match="ablations list"):
    ablations_flags.table_name("16")
