"""One table in four formats: bold, missing, deviations, differences."""

from __future__ import annotations

import csv
import io
import re

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import tables
from t5_mtf.evaluation.tables import Cell, Row, Table


def some_table(name: str = "ours") -> Table:
  return Table(
      title="A title",
      columns=("GLUE", "EnDe"),
      rows=(
          Row(
              (name,),
              (
                  Cell(83.5, bold=True, deviation=0.1234, published=84.0),
                  Cell(None, published=27.0, missing="wmt bleu"),
              ),
              runs=3,
              published_as="table_7/3",
          ),
          Row(
              ("theirs",),
              (Cell(80.0, published=84.0), Cell(28.0, published=27.0)),
              published_as="table_7/3",
          ),
      ),
      bold="the best.",
      notes=("One note.",),
  )


def many_columns(rows: int = 1, columns: int = 20) -> Table:
  return Table(
      title="",
      columns=tuple(f"column {i}" for i in range(columns)),
      rows=tuple(
          Row((f"row {r}",), tuple(Cell(float(i)) for i in range(columns)))
          for r in range(rows)
      ),
  )


def test_terminal_has_stars_and_lines_for_deviation_published_difference():
  assert tables.render(some_table(), "terminal", 80).splitlines() == [
      "A title",
      "",
      "                          GLUE   EnDe",
      "----------------------- ------ ------",
      "ours                    *83.50      -",
      "  deviation, 3 runs      0.123      -",
      "  published: table_7/3   84.00  27.00",
      "  difference             -0.50      -",
      "theirs                   80.00  28.00",
      "  difference             -4.00  +1.00",
      "",
      "* (bold): the best.",
      "One note.",
  ]


def test_markdown_has_bold_and_notes_as_a_list():
  lines = tables.render(some_table("a|b_c"), "markdown").splitlines()
  assert lines[2:5] == [
      "|  | GLUE | EnDe |",
      "| --- | ---: | ---: |",
      r"| a\|b\_c | **83.50** | - |",
  ]
  assert lines[-2:] == ["* Bold: the best.", "* One note."]
  cells = [re.split(r"(?<!\\)\|", line) for line in lines if line[:1] == "|"]
  assert {len(row) for row in cells} == {5}


def test_latex_is_escaped_and_has_textbf_and_a_dash_for_missing():
  text = tables.render(some_table(r"50% & x_1^2 {\a} [b]* #$~"), "latex")
  assert (
      r"50\% \& x\_1\textasciicircum{}2 \{\textbackslash{}a\} {[}b]{*}"
      r" \#\$\textasciitilde{} & \textbf{83.50} & -- \\"
  ) in text
  assert r"\quad difference & $-$0.50 & -- \\" in text
  assert text.count(r"\begin{tabular}{lrr}") == 1
  for rule in ("toprule", "midrule", "bottomrule"):
    assert text.count("\\" + rule) == 1
  body = text.split(r"\toprule")[1].split(r"\bottomrule")[0]
  for line in body.strip().splitlines():
    if line != r"\midrule":
      assert len(re.findall(r"(?<!\\)&", line)) == 2
      assert line.endswith(r" \\")
  outside = text.split(r"\end{tabular}")[1].strip().splitlines()
  assert outside and all(line.startswith("% ") for line in outside)


def test_csv_has_one_line_a_cell_with_unrounded_numbers():
  text = tables.render(some_table('say "hi", you'), "csv")
  rows = list(csv.DictReader(io.StringIO(text)))
  assert len(rows) == 4
  assert rows[0] == {
      "row": 'say "hi", you',
      "column": "GLUE",
      "score": "83.5",
      "standard_deviation": "0.1234",
      "runs": "3",
      "bold": "yes",
      "published": "84",
      "published_as": "table_7/3",
      "difference": "-0.5",
      "missing": "",
  }
  assert (rows[1]["score"], rows[1]["missing"]) == ("", "wmt bleu")


def test_columns_that_do_not_fit_stand_below_and_none_is_lost():
  text = tables.render(many_columns(rows=30), "terminal", 60)
  assert all(len(line) <= 60 for line in text.splitlines())
  assert "…" not in text
  for i in range(20):
    assert text.count(f"column {i} ") + text.count(f"column {i}\n") == 1
  assert text.count("row 29") == len(re.findall(r"^---", text, re.M)) > 1


def test_a_table_of_many_columns_and_few_rows_is_turned_in_every_format():
  table = many_columns(rows=2)
  lines = tables.render(table, "terminal", 60).splitlines()
  assert lines[0].split() == ["row", "0", "row", "1"]
  assert len(lines) == 22
  assert "| column 19 | 19.00 | 19.00 |" in tables.render(table, "markdown")
  assert r"column 19 & 19.00 & 19.00 \\" in tables.render(table, "latex")


def test_a_table_that_fits_when_turned_is_turned_on_a_terminal_only():
  table = many_columns(rows=2, columns=7)
  assert tables.render(table, "terminal", 60).splitlines()[2].startswith(
      "column 0"
  )
  assert tables.render(table, "terminal").splitlines()[2].startswith("row 0")
  assert "| row 0 | 0.00 |" in tables.render(table, "markdown")


def test_what_a_row_says_more_stands_in_columns_of_its_own():
  table = Table(
      "",
      ("GLUE",),
      (Row(("C4", "745GB"), (Cell(1.0, published=2.0),), published_as="x"),),
      label_heads=("", "Size"),
  )
  assert tables.render(table, "markdown").splitlines()[-1] == (
      "| &emsp;difference |  | -1.00 |"
  )
  assert tables.render(table, "csv").splitlines()[0].startswith("row,Size,col")


def test_an_unknown_format_has_near_names():
  with pytest.raises(errors.UnknownNameError, match="'markdown'"):
    tables.render(some_table(), "markdwon")
