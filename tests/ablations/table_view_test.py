"""Tests of t5_mtf.ablations.table_view and notes."""

from __future__ import annotations

import dataclasses
import math

import pytest

from t5_mtf import errors
from t5_mtf.ablations import notes, table_view
from t5_mtf.evaluation import paper
from tests.ablations import fixture_results

TABLE_5 = fixture_results.table("table_5")


def with_scores(result, row_id, seed, scores):
  """The results with some scores of a row's seed replaced."""

  def changed(row):
    seeds = tuple(
        dataclasses.replace(s, scores={**s.scores, **scores})
        if (row.id, s.seed) == (row_id, seed)
        else s
        for s in row.seeds
    )
    return dataclasses.replace(row, seeds=seeds)

  return dataclasses.replace(result, rows=tuple(map(changed, result.rows)))


def test_rows_stand_in_the_papers_order_with_mean_and_deviation():
  result = dataclasses.replace(TABLE_5, rows=TABLE_5.rows[::-1])
  for seed, value in ((0, 40.0), (1, 42.0)):
    scores = fixture_results.scores(2, value)
    result = with_scores(result, "table_5/mass_style", seed, scores)
  view = table_view.view(result)
  assert [row.paper.id for row in view.rows] == list(view.paper.rows)
  cell = view.rows[1].cells[2]
  assert cell.mean == 41.0
  assert cell.deviation == pytest.approx(math.sqrt(2))
  assert cell.published == 80.1


def test_differences_are_to_the_row_with_the_star():
  view = table_view.view(TABLE_5)
  assert view.baseline.paper.id == "table_5/replace_corrupted_spans"
  assert not view.borrowed
  for row in view.rows:
    cell, beside = row.cells[0], view.baseline.cells[0]
    assert cell.difference == pytest.approx(cell.mean - beside.mean)
    assert cell.published_difference == pytest.approx(cell.published - 83.28)


def test_a_table_without_baseline_takes_that_of_another_and_says_so():
  result = fixture_results.table("table_4")
  view = table_view.view(result, [result, TABLE_5])
  assert view.borrowed
  assert view.rows[0].cells[0].published_difference == pytest.approx(-2.59)
  assert "of Table 5, seeds 0 and 1" in " ".join(notes.of_view(view))


def test_the_baseline_of_other_settings_is_not_taken():
  result = fixture_results.table("table_4")
  other = fixture_results.table("table_5", settings={"d_model": 64})
  view = table_view.view(result, [other])
  assert view.baseline is None
  assert view.rows[0].cells[0].difference is None
  assert notes.settings_that_differ([result, other]) == [
      "Table 5 was made at other settings than Table 4: d_model 128, here 64;"
      " pretraining_steps 2000, here not set."
  ]


def test_bold_is_what_is_less_than_two_pooled_deviations_below_the_best():
  result = fixture_results.table("table_6", columns=(4,))
  # Pooled: sqrt(mean of 2, 2, 0, 0) = 1, so bold is above 20 - 2.
  for row, (a, b) in {
      "table_6/10": (19.0, 21.0), "table_6/15": (17.0, 19.0),
      "table_6/25": (18.01, 18.01), "table_6/50": (9.0, 9.0),
  }.items():  # fmt: skip
    for seed, value in enumerate((a, b)):
      scores = fixture_results.scores(4, value)
      result = with_scores(result, row, seed, scores)
  view = table_view.view(result)
  assert view.columns[0].deviation == pytest.approx(1.0)
  assert view.columns[0].freedom == 4
  bold = [row.cells[0].bold for row in view.rows]
  assert bold == [True, False, True, False]


def test_what_is_not_there_is_named():
  result = fixture_results.table("table_5", columns=(0, 1))
  short = dataclasses.replace(result.rows[0], seeds=result.rows[0].seeds[:1])
  result = dataclasses.replace(result, rows=(short, *result.rows[1:3]))
  result = with_scores(
      result, "table_5/mass_style", 1,
      {"mini_glue_rating": {"pearson_corrcoef": math.nan,
                            "spearman_corrcoef": 1.0}},
  )  # fmt: skip
  told = notes.of_view(table_view.view(result))
  for sentence in (
      "Rows without results: Drop corrupted tokens.",
      "Columns without results: MiniSQuAD, MiniSGLUE, MiniEnDe, MiniEnFr and"
      " MiniEnRo.",
      "BERT-style: without seed 1.",
      "MASS-style, MiniGLUE: undefined, counted as 0: mini_glue_rating"
      " pearson_corrcoef.",
  ):
    assert sentence in told


def test_a_row_that_the_scale_cannot_have_is_named_with_the_reason():
  result = fixture_results.table(
      "table_8", rows=["table_8/c4", "table_8/wikipedia"],
      settings={"no_corpora": {"c4_unfiltered": "all of it is edited"}},
  )  # fmt: skip
  told = notes.of_view(table_view.view(result))
  assert "C4, unfiltered is no row at this scale: all of it is edited." in told
  assert (
      "Rows without results: RealNews-like, WebText-like and Wikipedia + TBC."
      in told
  )


def test_mini_columns_are_said_to_be_other_tasks_and_errata_are_told():
  result = fixture_results.table("table_10")
  told = notes.of_view(table_view.view(result))
  assert told[0].startswith("The Mini columns are small tasks of their own")
  erratum = paper.row("table_10/adapter_layers_d_2048").erratum
  assert any(erratum in sentence for sentence in told)


def test_scores_of_the_papers_tasks_give_the_papers_columns():
  result = fixture_results.table("table_5", seeds=(0,))
  scores = {"squad_v010_allanswers": {"em": 80.0, "f1": 88.0}}
  rows = tuple(
      dataclasses.replace(
          row, seeds=(dataclasses.replace(row.seeds[0], scores=scores),)
      )
      for row in result.rows
  )
  view = table_view.view(dataclasses.replace(result, rows=rows))
  assert [c.own.name for c in view.columns] == ["SQuAD"]
  assert not view.is_mini
  assert "table 1" in " ".join(notes.of_view(view))  # bold by the paper's


def test_results_of_nothing_known_are_refused():
  seed = dataclasses.replace(TABLE_5.rows[0].seeds[0], scores={"mine": {}})
  row = dataclasses.replace(TABLE_5.rows[0], seeds=(seed,))
  with pytest.raises(errors.DataError, match="mine"):
    table_view.view(dataclasses.replace(TABLE_5, rows=(row,)))
  row = dataclasses.replace(TABLE_5.rows[0], id="table_5/bert_stile")
  with pytest.raises(errors.UnknownNameError, match="table_5/bert_style"):
    table_view.view(dataclasses.replace(TABLE_5, rows=(row,)))
