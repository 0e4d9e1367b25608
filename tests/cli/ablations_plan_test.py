"""`t5_mtf ablations plan` says what tables would cost, and what rows share."""

from __future__ import annotations

import pytest

from t5_mtf.ablations import planned_costs, run_folder
from t5_mtf.cli import t5_mtf


@pytest.fixture
def _counted(monkeypatch):
  """Every training costs an hour: what is tested here are the sums."""

  def cost(self, run):
    del self
    return planned_costs.PlannedCost(
        1000, 2e12, (1800.0, 3600.0), 3e9, 1e9, "too large" * (run.seed == 7)
    )

  monkeypatch.setattr(planned_costs.Planner, "cost", cost)


def test_rows_that_share_are_counted_once(_counted, capsys, tmp_path):
  words = ["ablations", "plan", "10", "--scale=tiny", "--hardware=v3-8",
           "--rows", "all_parameters", "gradual_unfreezing",
           f"--output={tmp_path}"]
  assert t5_mtf.main(words) == 0
  out = " ".join(capsys.readouterr().out.split())
  assert "runs 15 for 2 rows, of which 1 are shared; 16 if nothing were" in out
  assert "hours 7.50 to 15 disk 45.0 GB" in out
  assert "table_10/gradual_unfreezing 8 8,000 16 T 8.00 24.0 GB 1 7.00" in out


def test_runs_that_are_done_are_told_with_what_they_took(
    _counted, capsys, tmp_path, monkeypatch
):
  facts = run_folder.Facts(1, 1.0, 1)
  monkeypatch.setattr(
      run_folder.RunFolder, "read_done",
      lambda self: run_folder.Done(facts, 7200.0, {}, {}, ""),
  )
  t5_mtf.main(["ablations", "plan", "5", "--scale=tiny", "--hardware=v3-8",
               "--rows", "mass_style"])
  out = " ".join(capsys.readouterr().out.split())
  assert "done 8 of the runs, evaluated, in 16 hours" in out


def test_commands_are_one_a_line_and_parents_come_first(capsys):
  t5_mtf.main(["ablations", "plan", "5", "--scale=paper", "--commands",
               "--rows", "mass_style"])
  lines = capsys.readouterr().out.splitlines()
  assert len(lines) == 1 + 2 * 7  # trained and evaluated
  assert "c4_v020_unsupervised" in lines[0]
  assert all("init_checkpoint" in line for line in lines[1::2])


def test_an_unknown_row_is_refused(capsys):
  assert t5_mtf.main(["ablations", "plan", "5", "--rows", "mass_stile"]) != 0
  assert "mass_style" in capsys.readouterr().err
