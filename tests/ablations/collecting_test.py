"""From finished runs to the results file of a table."""

from __future__ import annotations

import json
import pathlib

import pytest

from t5_mtf import errors
from t5_mtf.ablations import (
    collecting,
    configurations,
    experiments,
    run_folder,
    runs,
    scales,
    table_results,
)
from t5_mtf.evaluation import results

SCALE = scales.load("tiny")
ROWS = experiments.table("table_4")[:2]


def _rows(seeds=(0,), scale=SCALE) -> list[runs.RowRuns]:
  return [configurations.row_runs(e, scale, s) for e in ROWS for s in seeds]


def _collector(output, rows=None, scale=SCALE) -> collecting.Collector:
  return collecting.Collector("table_4", scale, rows or _rows(), str(output))


def _finish(run: runs.Run, output) -> None:
  """Writes what a run leaves: losses, evaluations of two steps, the marker."""
  folder = run_folder.RunFolder(run, str(output))
  with folder.held():
    lines = [{"step": s, "loss": 4.0 / s} for s in range(1, run.steps + 1)]
    pathlib.Path(folder.file("metrics.jsonl")).write_text(
        "".join(json.dumps(line) + "\n" for line in lines)
    )
    found = [
        results.TaskResult(task, "validation", step, _metrics(task, step), 8)
        for task in run.tasks
        for step in (6, 8)
    ]
    evaluations = pathlib.Path(folder.file("validation_eval"))
    evaluations.mkdir(exist_ok=True)
    results.write_results(
        evaluations / "results.json", results.Results(found)
    )
    folder.write_done(run_folder.Facts(100, 2e9, 300), {"cores": 2}, {"a": "1"})


def _metrics(task: str, step: int) -> dict[str, float]:
  from t5_mtf.evaluation import benchmarks

  # The earlier checkpoint is the better one for one task.
  score = 50.0 - step if task == "mini_enro" else 10.0 + step
  return dict.fromkeys(benchmarks.main_metrics(task), score)


def _finish_row(row: runs.RowRuns, output) -> None:
  for run in runs.in_order(row.columns.values()):
    _finish(run, output)


def test_a_row_is_written_as_soon_as_all_its_columns_have_ended(tmp_path):
  collector, (first, second) = _collector(tmp_path), _rows()
  assert not collector.update("command")
  _finish_row(first, tmp_path)
  assert collector.update("command")
  assert not collector.update("command")  # nothing new
  [row] = table_results.read(collector.path).rows
  assert row.id == first.row
  for run in list(runs.in_order(second.columns.values()))[:-1]:
    _finish(run, tmp_path)
  assert not collector.update("command")
  _finish_row(second, tmp_path)
  assert collector.update("command")
  assert len(table_results.read(collector.path).rows) == 2


def test_scores_are_those_of_each_tasks_best_checkpoint(tmp_path):
  collector, (row, _) = _collector(tmp_path), _rows()
  _finish_row(row, tmp_path)
  collector.update("command")
  [seed] = table_results.read(collector.path).rows[0].seeds
  assert seed.checkpoints["mini_enro"] == 6
  assert seed.scores["mini_enro"] == {"bleu": 44.0}
  assert seed.checkpoints["mini_ende"] == 8
  assert seed.columns["MiniEnRo"] == row.columns["MiniEnRo"].name
  assert len(seed.scores) == 11


def test_the_file_tells_of_every_run_and_how_it_was_made(tmp_path):
  collector, (row, _) = _collector(tmp_path), _rows()
  _finish_row(row, tmp_path)
  collector.update("t5_mtf ablations run table_4")
  found = table_results.read(collector.path)
  assert set(found.runs) == {
      run.name for run in runs.in_order(row.columns.values())
  }
  fine_tuning = row.columns["MiniEnDe"]
  result = found.runs[fine_tuning.name]
  assert result.parents == (fine_tuning.parents[0].name,)
  assert result.loss == ((1, 4.0), (2, 2.0), (3, 4 / 3), (4, 1.0))
  assert (result.tokens, result.flops, result.parameters) == (100, 2e9, 300)
  assert found.command == "t5_mtf ablations run table_4"
  assert found.machine == {"cores": 2} and found.versions == {"a": "1"}
  assert found.scale_settings["finetuning_steps"] == 4


def test_seeds_are_in_order_and_rows_in_the_papers(tmp_path):
  rows = _rows(seeds=(1, 0))
  for row in reversed(rows):
    _finish_row(row, tmp_path)
  collector = _collector(tmp_path, rows)
  collector.update("command")
  found = table_results.read(collector.path)
  assert [row.id for row in found.rows] == [e.id for e in ROWS]
  assert [[s.seed for s in row.seeds] for row in found.rows] == [[0, 1]] * 2
  assert collecting.seeds_in(collector.path) == {0, 1}


def test_results_of_other_settings_are_not_overwritten(tmp_path):
  collector = _collector(tmp_path)
  _finish_row(_rows()[0], tmp_path)
  collector.update("command")
  collector.check_kept()
  longer = scales.load("tiny", ["finetuning_steps=6"])
  other = _collector(tmp_path, _rows(scale=longer), longer)
  with pytest.raises(errors.UserError, match="would not keep, such as table_4"):
    other.check_kept()


def test_losses_are_thinned_to_means_of_neighbours():
  points = [(step, float(step)) for step in range(1, 1001)]
  thinned = collecting.thinned(points)
  assert len(thinned) == 200
  assert thinned[0] == (5, 3.0) and thinned[-1] == (1000, 998.0)
  assert collecting.thinned(points[:150]) == points[:150]
