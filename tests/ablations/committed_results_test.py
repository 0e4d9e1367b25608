"""The committed results of the ablation tables, and the report made of them."""

from __future__ import annotations

import pathlib

import pytest

from t5_mtf.ablations import (
    configurations,
    experiments,
    scales,
    table_results,
)
from t5_mtf.cli import t5_mtf

_RESULTS = pathlib.Path(__file__).parents[2] / "results" / "mini"
_FILES = sorted(_RESULTS.glob("table_*.json"))


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_every_row_has_the_runs_that_it_would_have_today(path):
  result = table_results.read(path)
  scale = scales.load(result.scale, [])
  rows = {row.id: row for row in result.rows}
  assert list(rows) == [e.id for e in experiments.table(result.table)]
  for experiment in experiments.table(result.table):
    seeds = rows[experiment.id].seeds
    assert len(seeds) > 1
    for seed in seeds:
      wanted = configurations.row_runs(experiment, scale, seed.seed).columns
      assert seed.columns == {name: run.name for name, run in wanted.items()}


def test_the_committed_report_is_what_the_command_makes(tmp_path):
  assert len(_FILES) > 1
  command = ["ablations", "report", f"--results={_RESULTS}"]
  assert t5_mtf.main([*command, f"--output={tmp_path}"]) == 0
  made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
  committed = (_RESULTS / "report").iterdir()
  assert made == {path.name: path.read_bytes() for path in committed}
