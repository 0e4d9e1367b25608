"""Tests of t5_mtf.cli.terminal."""

from __future__ import annotations

import doctest

import pytest

from t5_mtf.cli import terminal


def test_doctests():
  assert doctest.testmod(terminal).failed == 0


def test_a_long_cell_shifts_its_own_row_only():
  lines = terminal.table([["a", "b"], ["x" * 40, "1"], ["yy", "2"]])
  assert lines.splitlines()[2:] == ["x" * 40 + "  1", "yy  2"]


def test_a_table_in_a_pipe_is_not_cut(monkeypatch):
  monkeypatch.delenv("COLUMNS", raising=False)
  assert "…" not in terminal.table([["a"], ["x" * 300]], widest=400)


def test_a_table_on_a_narrow_terminal_says_that_a_line_is_cut(monkeypatch):
  monkeypatch.setenv("COLUMNS", "80")
  line = terminal.table([["a"], ["x" * 300]], widest=400).splitlines()[2]
  assert line == "x" * 79 + "…"


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_labelled_text_fits_and_loses_nothing(monkeypatch, columns):
  monkeypatch.setenv("COLUMNS", str(columns))
  words = [f"word{i}" for i in range(60)]
  text = terminal.labelled("label", " ".join(words))
  assert text.split() == ["label", *words]
  assert all(len(line) <= min(columns, 100) for line in text.splitlines())
  assert all(line.startswith(" " * 12) for line in text.splitlines()[1:])


def test_wide_characters_take_two_columns():
  rows = terminal.table([["a", "b"], ["茶茶", "1"], ["tea", "2"]])
  assert rows.splitlines()[2:] == ["茶茶  1", "tea   2"]
