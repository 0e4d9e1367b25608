"""`t5_mtf ablations report`: files and text from results files."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from t5_mtf import errors
from t5_mtf.cli import ablations_report, console
from tests.ablations import fixture_results


@pytest.fixture
def results(tmp_path):
  return fixture_results.write(
      str(tmp_path / "results"),
      fixture_results.table("table_4"),
      fixture_results.table("table_5", seeds=(0,)),
  )


def run(*argv):
  parser = console.Parser(prog="t5_mtf ablations")
  commands = parser.add_subparsers(
      dest="command", parser_class=console.Parser
  )
  ablations_report.add_parser(commands)
  return ablations_report.run(parser.parse_strictly(["report", *argv]))


def test_markdown_of_the_tables_asked_for_is_printed(results, capsys):
  assert run("4", f"--results={results}") == 0
  shown = capsys.readouterr().out
  assert shown.startswith("# Table 4. Three disparate")
  assert 'differences are to "Replace corrupted spans" of Table 5' in shown
  assert "# Table 5" not in shown
  assert run(f"--results={results}") == 0
  shown = capsys.readouterr().out
  assert shown.startswith("# Ablation tables")
  assert "# Table 5" in shown


def test_every_form_is_written_and_nothing_is_replaced_unasked(
    results, tmp_path
):
  output = tmp_path / "report"
  flags = (f"--results={results}", f"--output={output}")
  assert run(*flags) == 0
  names = sorted(path.name for path in output.iterdir())
  assert names == [
      "ablations.html", "ablations.md", "table_4.csv", "table_4.md",
      "table_4.tex", "table_5.csv", "table_5.md", "table_5.tex",
  ]  # fmt: skip
  mine = output / "table_4.md"
  mine.write_text("mine")
  with pytest.raises(errors.UserError, match="8 of 8 files are there already"):
    run(*flags)
  assert mine.read_text() == "mine"
  assert run(*flags, "--overwrite") == 0
  assert mine.read_text() != "mine"


@pytest.mark.parametrize("form", ["latex", "csv", "html"])
def test_other_forms_are_printed(form, results, capsys):
  assert run("table_4", f"--results={results}", f"--format={form}") == 0
  start = {"latex": "% Table 4.", "csv": "table,row,", "html": "<!DOCTYPE html"}
  assert capsys.readouterr().out.startswith(start[form])


def test_what_cannot_be_reported_is_an_error_that_says_what_can(
    results, tmp_path
):
  with pytest.raises(errors.UnknownNameError, match="table_4"):
    run("table_44", f"--results={results}")
  with pytest.raises(errors.UserError, match="it has table_4, table_5"):
    run("6", f"--results={results}")
  with pytest.raises(errors.UserError, match="no table_N.json"):
    run(f"--results={tmp_path / 'nothing'}")
  with pytest.raises(errors.UserError, match="--output=DIR"):
    run(f"--results={results}", "--format=all")


def test_a_table_that_nothing_has_ended_of_is_named(results, capsys):
  table = dataclasses.replace(fixture_results.table("table_6"), rows=())
  fixture_results.write(results, table)
  assert run(f"--results={results}", "--format=csv") == 0
  shown = capsys.readouterr()
  assert "table_6" in shown.err and "table_6" not in shown.out
  with pytest.raises(errors.UserError, match="no row of table_6"):
    run("6", f"--results={results}")


def test_a_dry_run_reads_and_writes_nothing(tmp_path):
  flags = ("--results=nowhere", f"--output={tmp_path / 'report'}")
  assert run(*flags, "--dry_run") == 0
  assert list(tmp_path.iterdir()) == []


def test_the_report_is_made_without_tensorflow(results):
  program = (
      "import sys\nfrom tests.cli.ablations_report_test import run\n"
      f"run('--results={results}', '--format=html')\n"
      "assert not {'tensorflow', 'sklearn', 'nltk'} & set(sys.modules)\n"
  )
  subprocess.run(
      [sys.executable, "-c", program],
      check=True, stdout=subprocess.DEVNULL,
      env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
  )  # fmt: skip
