"""Tests of t5_mtf.ablations.report_text."""

from __future__ import annotations

import csv
import io
import re

import pytest

from t5_mtf.ablations import report_text, table_view
from tests.ablations import fixture_results

TABLE_4 = fixture_results.table("table_4")
TABLE_5 = fixture_results.table("table_5")
VIEWS = [table_view.view(t, [TABLE_4, TABLE_5]) for t in (TABLE_4, TABLE_5)]


def markdown_table(text):
  """The first table of a text, as rows of cells."""
  block = re.search(r"(?:^\|.*\n)+", text, re.M)[0]
  return [line.strip("| ").split(" | ") for line in block.splitlines()]


def test_markdown_has_score_published_score_and_differences_of_each_row():
  view = VIEWS[1]
  text = report_text.markdown(view)
  rows = {row[0]: row[1:] for row in markdown_table(text)}
  cell = view.rows[1].cells[0]
  shown = re.sub(r"\*\*", "", rows["MASS-style"][0])
  assert shown == f"{cell.mean:.2f} ± {cell.deviation:.2f}"
  assert "★ Replace corrupted spans" in rows
  lines = text.splitlines()
  at = next(i for i, line in enumerate(lines) if "| MASS-style" in line)
  assert "| 82.32 |" in lines[at + 1]
  difference = f"{cell.difference:+.2f} (−0.96)".replace("-", "−")
  assert difference in lines[at + 2]
  at = next(i for i, line in enumerate(lines) if "★ Replace" in line)
  assert "difference" not in lines[at + 2]  # the baseline has none


def test_markdown_tells_agreement_order_cost_and_how_it_was_run():
  text = report_text.markdown(VIEWS[0])
  for part in ("## Agreement with the paper", "### Order of the rows",
               "## Cost", "## How it was run", "a fixture, never run",
               "tensorflow 2.15.1", "2026-11-25T08:00:00"):  # fmt: skip
    assert part in text


def test_every_line_of_a_markdown_table_has_as_many_cells():
  for view in VIEWS:
    blocks = re.findall(r"(?:^\|.*\n?)+", report_text.markdown(view), re.M)
    assert len(blocks) == 3
    for block in blocks:
      counts = {len(re.findall(r"(?<!\\)\|", line))
                for line in block.splitlines()}  # fmt: skip
      assert len(counts) == 1


def test_latex_has_balanced_tabulars_of_plain_characters():
  for view in VIEWS:
    text = report_text.latex(view)
    code = "\n".join(
        line for line in text.splitlines() if not line.startswith("%")
    )
    assert code.isascii()
    assert code.count(r"\begin{tabular}") == code.count(r"\end{tabular}") == 2
    assert code.count("{") == code.count("}")
    assert re.sub(r"\\\$", "", code).count("$") % 2 == 0
    for block in code.split(r"\begin{tabular}")[1:]:
      columns = len(re.match(r"\{(\w+)\}", block)[1])
      rows = [line for line in block.splitlines() if line.endswith(r"\\")]
      assert rows
      assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {columns}
  assert r"$\star$ Replace corrupted spans" in report_text.latex(VIEWS[1])
  assert r"% Needs \usepackage{booktabs}." in report_text.latex(VIEWS[1])


def test_csv_has_each_seed_and_a_summary_without_rounding():
  rows = list(csv.DictReader(io.StringIO(report_text.to_csv(VIEWS))))
  assert tuple(rows[0]) == report_text.CSV_HEADS
  assert len(rows) == (3 + 4) * 7 * (2 + 1)
  cell = VIEWS[0].rows[0].cells[0]
  first, second, summary = rows[:3]
  assert [first["kind"], second["kind"], summary["kind"]] == [
      "seed", "seed", "summary"
  ]  # fmt: skip
  assert float(first["score"]) == pytest.approx(cell.seeds[0], rel=1e-9)
  run = VIEWS[0].rows[0].result.seeds[0].columns["MiniGLUE"]
  assert first["run"] == run
  assert float(summary["score"]) == pytest.approx(cell.mean, rel=1e-9)
  assert float(summary["difference"]) == pytest.approx(cell.difference)
  assert summary["published"] == "80.69"
  assert summary["baseline"] == "table_5/replace_corrupted_spans"


def test_the_overview_counts_runs_that_tables_share_once():
  text = report_text.markdown_overview(VIEWS)
  # Each table needs 16 runs a row; both have the row "BERT-style".
  assert "In all 96 runs, each counted once" in text
  assert "](table_5.md) | 4 of 4 | 2 |" in text
