"""Aligned text: what does not fit says so."""

from __future__ import annotations

from t5_mtf.evaluation import text_table


def test_a_line_that_is_too_long_ends_in_an_ellipsis():
  lines = text_table.aligned([["a"], ["x" * 30]], width=10)
  assert lines[2] == "x" * 9 + "…"


def test_a_long_cell_shifts_its_own_row_only():
  lines = text_table.aligned([["a", "b"], ["xxxx", "1"], ["y", "2"]], widest=2)
  assert lines[2:] == ["xxxx  1", "y  2"]


def test_numbers_stand_at_the_right_and_the_gap_can_be_one():
  lines = text_table.aligned([["a", "n"], ["b", "10"]], [1], gap=1)
  assert lines == ["a  n", "- --", "b 10"]
