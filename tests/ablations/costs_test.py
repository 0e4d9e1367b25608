"""Tests of t5_mtf.ablations.costs and pretraining."""

from __future__ import annotations

import dataclasses

from t5_mtf.ablations import (
    costs,
    pretraining,
    report_text,
    table_results,
    table_view,
)
from tests.ablations import fixture_results


def sharing_table():
  """Table 10, where two rows fine-tune one pre-trained model."""
  run = table_results.RunResult(
      "pretraining", "base", 0, 10, 100, 1e9, 50.0, 1000,
      loss=((1, 5.0), (2, float("nan")), (3, 4.0)),
  )  # fmt: skip
  runs = {"base": run}
  rows = []
  for name in ("all_parameters", "adapter_layers_d_32"):
    runs[name] = dataclasses.replace(
        run, kind="fine_tuning", label=name, seconds=7.0, parents=("base",)
    )
    scores = fixture_results.scores(2, 50.0)
    seed = table_results.SeedResult(0, scores, {}, {"MiniSQuAD": name})
    rows.append(table_results.RowResult(f"table_10/{name}", (seed,)))
  table = fixture_results.table("table_10", rows=[])
  return dataclasses.replace(table, rows=tuple(rows), runs=runs)


def test_shared_runs_are_in_each_row_and_once_in_the_total():
  result = sharing_table()
  first, second = costs.of_rows(table_view.view(result))
  assert first.whole == second.whole == costs.Cost(2, 57.0, 200, 2e9)
  assert first.shared == costs.Cost(1, 50.0, 100, 1e9)
  assert first.own_seconds == 7.0
  assert costs.total([result, result]) == costs.Cost(3, 64.0, 300, 3e9)


def test_runs_that_the_results_do_not_tell_of_are_named():
  result = sharing_table()
  runs = {k: run for k, run in result.runs.items() if k != "base"}
  view = table_view.view(dataclasses.replace(result, runs=runs))
  assert costs.of_rows(view)[0].unknown == ("base",)
  told = report_text.cost_notes(view)
  assert "All parameters: the cost of 1 run is not known: base." in told


def test_a_pretraining_that_rows_share_is_one_curve():
  [group], without = pretraining.of_views([table_view.view(sharing_table())])
  assert group.rows == "Table 10: All parameters and Adapter layers, d=32"
  assert [row["step"] for row in group.seeds[0]] == [1, 3]
  assert group.dropped == 1
  assert not without


def test_a_pretraining_without_a_loss_is_named():
  result = sharing_table()
  base = dataclasses.replace(result.runs["base"], loss=())
  view = table_view.view(
      dataclasses.replace(result, runs={**result.runs, "base": base})
  )
  assert pretraining.of_views([view]) == ([], ["base"])
