"""Tables of scores: means over runs, bold, published numbers, notes."""

from __future__ import annotations

import math

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import benchmarks, comparison, paper, tables

MINI = benchmarks.MINI


def mini_scores(value: float = 50.0, without: str = "") -> dict:
  return {
      task: dict.fromkeys(benchmarks.main_metrics(task), value)
      for column in MINI
      for task in column.tasks
      if task != without
  }


def squad(em: float) -> dict:
  return {"squad_v010_allanswers": {"em": em, "f1": 90.0}}


def row_of(table, name):
  [row] = [row for row in table.rows if row.labels[0] == name]
  return dict(zip(table.columns, row.cells, strict=True))


def test_a_row_of_runs_has_mean_and_sample_deviation():
  runs = [mini_scores(v) for v in (40.0, 41.0, 42.0)]
  table = comparison.compare({"a": runs, "b": [mini_scores(39.0)]}, MINI)
  cell = row_of(table, "a")["MiniGLUE"]
  assert (cell.value, cell.deviation) == (41.0, 1.0)
  assert row_of(table, "b")["MiniGLUE"].deviation is None
  # Two deviations below 41 is 39: not within.
  assert [row.cells[0].bold for row in table.rows] == [True, False]
  assert "across the repeated runs" in table.bold


def test_deviations_of_runs_are_pooled_over_rows():
  rows = {
      "a": [squad(80.0), squad(82.0)],
      "b": [squad(70.0), squad(76.0)],
      "c": [squad(81.0 - 6.3)],
  }
  table = comparison.compare(rows, [benchmarks.PAPER[2]], bold_by="runs")
  pooled = math.sqrt((2.0 + 18.0) / 2)  # 3.162: within 6.32 of the best, 81
  assert 6.3 < 2 * pooled < 6.33
  assert [row.cells[0].bold for row in table.rows] == [True, False, True]


def test_without_runs_the_papers_deviations_count_and_it_is_said():
  rows = {"a": [squad(80.0)], "b": [squad(79.315)], "c": [squad(79.313)]}
  table = comparison.compare(rows, [benchmarks.PAPER[2]])
  assert [row.cells[0].bold for row in table.rows] == [True, True, False]
  assert "ten runs of the baseline, Raffel et al. 2020, tables 1" in table.bold


def test_bold_by_given_deviations_by_none_and_by_nothing_known():
  rows = {"a": [mini_scores(50.0)], "b": [mini_scores(48.0)]}

  def bold(**kwargs):
    table = comparison.compare(rows, MINI, **kwargs)
    return [c.bold for c in table.rows[1].cells], table.bold

  assert bold(bold_by={"MiniGLUE": 1.1}) == (
      [True] + [False] * 6,
      "less than two standard deviations below the best of the column."
      " Deviations: as given (MiniGLUE); none known, so the best alone is bold"
      " (MiniCNNDM, MiniSQuAD, MiniSGLUE, MiniEnDe, MiniEnFr, MiniEnRo).",
  )
  assert bold(bold_by="none") == ([False] * 7, "")
  marks, meaning = bold()
  assert not any(marks) and "the best alone is bold" in meaning


def test_one_row_has_nothing_bold():
  table = comparison.compare({"a": [mini_scores()]}, MINI)
  assert not any(cell.bold for cell in table.rows[0].cells)
  assert table.bold == ""


def test_scores_of_unknown_direction_are_never_bold():
  rows = {"a": [{"mine": {"loss": 3.0}}], "b": [{"mine": {"loss": 2.0}}]}
  columns = benchmarks.columns_of_scores(rows["a"])
  table = comparison.compare(rows, columns)
  assert not any(row.cells[0].bold for row in table.rows)


def test_missing_scores_are_named_and_their_columns_empty():
  runs = [mini_scores(), mini_scores(without="mini_squad")]
  del runs[0]["mini_glue_rating"]["pearson_corrcoef"]
  table = comparison.compare({"a": runs}, MINI)
  cells = row_of(table, "a")
  assert cells["MiniSQuAD"].value is None
  assert cells["MiniSQuAD"].missing == (
      "mini_squad em of run 2, mini_squad f1 of run 2"
  )
  assert cells["MiniEnDe"].value == 50.0
  assert table.notes[-1] == (
      "a: missing in MiniGLUE, MiniSQuAD, for want of mini_glue_rating"
      " pearson_corrcoef of run 1, mini_squad of run 2."
  )
  assert cells["MiniGLUE"].bold is False


def test_undefined_scores_are_named():
  scores = mini_scores(60.0)
  scores["mini_glue_rating"]["pearson_corrcoef"] = math.nan
  table = comparison.compare({"a": [scores]}, MINI)
  assert row_of(table, "a")["MiniGLUE"].value == (60 * 3 + 30) / 4
  assert table.notes[-1] == (
      "a: undefined, counted as 0: mini_glue_rating pearson_corrcoef."
  )


def test_the_published_number_and_the_difference_stand_beside_ours():
  row = paper.row("table_10/adapter_layers_d_2048")
  table = comparison.compare(
      {"a": [squad(80.0)]}, benchmarks.PAPER, paper_row=row
  )
  cells = row_of(table, "a")
  assert cells["SQuAD"].published == 79.47
  assert cells["SQuAD"].difference == pytest.approx(0.53)
  assert cells["GLUE"].published == 81.51 and cells["GLUE"].difference is None
  assert "split: validation; decoding: greedy." in table.notes[-1]
  assert "Erratum: printed row repeats the d=128 row" in table.notes[-1]


def test_columns_without_a_published_number_are_named():
  table = comparison.compare(
      {"a": [squad(80.0)]},
      benchmarks.PAPER,
      paper_row=paper.row("table_14/t5_small"),
  )
  assert table.notes[-1].endswith("Not published there: GLUE.")
  assert "split: test; SQuAD validation" in table.notes[-1]


def test_a_published_table_is_shown_as_printed():
  table = comparison.published("table_2")
  assert table.label_heads == ("", "Objective", "Params", "Cost")
  first = table.rows[0]
  assert first.labels == ("Encoder-decoder (baseline)", "Denoising", "2P", "M")
  text = tables.render(table, "markdown")
  for row in paper.table("table_2").rows.values():
    for name, score in row.scores.items():
      shown = f"**{score:.2f}**" if name in row.bold else f"| {score:.2f} |"
      assert shown in text
  deviations = tables.render(comparison.published("table_1"), "latex")
  assert "& 0.235 & 0.065 &" in deviations
  final = tables.render(comparison.published("table_14"), "markdown")
  assert "**91.26**" in final and "**90.3**" in final


@pytest.mark.parametrize("name", [n for n in paper.tables() if n != "table_3"])
@pytest.mark.parametrize("form", list(tables.FORMATS))
def test_every_published_table_can_be_shown(name, form):
  text = tables.render(comparison.published(name), form, 80)
  if form == "terminal":
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_table_without_scores_is_refused():
  with pytest.raises(errors.UserError, match="--list_paper_rows table_3"):
    comparison.published("table_3")


@pytest.mark.parametrize(
    "kwargs,message",
    [
        ({"bold_by": "paperr"}, "Did you mean 'paper'"),
        ({"bold_by": {"MiniGLU": 1.0}}, "Did you mean 'MiniGLUE'"),
        ({"bold_by": {"MiniGLUE": -1.0}}, "must be 0 or more"),
        ({"bold_by": {"MiniGLUE": math.nan}}, "must be 0 or more"),
    ],
)
def test_deviations_that_cannot_be_are_refused(kwargs, message):
  with pytest.raises(errors.UserError, match=message):
    comparison.compare({"a": [mini_scores()]}, MINI, **kwargs)


@pytest.mark.parametrize("rows", [{}, {"a": []}])
def test_nothing_to_compare_is_refused(rows):
  with pytest.raises(errors.UserError, match="needs rows, a run in each"):
    comparison.compare(rows, MINI)
