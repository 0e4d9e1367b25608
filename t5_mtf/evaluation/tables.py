"""Result tables, rendered for a terminal, Markdown, LaTeX and CSV.

A row of several runs has their mean, and a line with their standard deviation
below it, as in Table 1 of Raffel et al. 2020. A row beside which published
numbers stand has lines with these and the differences; the next rows beside the
same published ones have the differences only.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import textwrap
from collections.abc import Callable, Sequence

from t5_mtf import errors
from t5_mtf.evaluation import text_table

MISSING = "-"
_DEVIATION_DECIMALS = 3
_LONGEST_LINE = 10  # columns; with more, a table of few rows is turned


@dataclasses.dataclass(frozen=True)
class Cell:
  """One number.

  Attributes:
    value: the score, or the mean of the runs' scores; None if it is missing.
    bold: whether it is among the best.
    deviation: standard deviation across runs; None for one run.
    published: the published number beside it, or None.
    decimals: how many are shown.
    missing: what it would take, where `value` is None.
  """

  value: float | None
  bold: bool = False
  deviation: float | None = None
  published: float | None = None
  decimals: int = 2
  missing: str = ""

  @property
  def difference(self) -> float | None:
    """The value minus the published number; None without one of them."""
    if self.value is None or self.published is None:
      return None
    return self.value - self.published


@dataclasses.dataclass(frozen=True)
class Row:
  """One line of a table, or a few.

  Attributes:
    labels: its name, and what more the table says of each row.
    cells: one for each column.
    runs: number of runs that `cells` are the means of.
    published_as: what the published numbers are, such as "table_7/3".
  """

  labels: tuple[str, ...]
  cells: tuple[Cell, ...]
  runs: int = 1
  published_as: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
  """A table of scores.

  Attributes:
    title: what it shows.
    columns: headings of the cells.
    rows: each with as many labels as `label_heads`, cells as `columns`.
    label_heads: headings of the rows' labels.
    bold: what bold means; empty where nothing is bold.
    notes: sentences to stand below.
  """

  title: str
  columns: tuple[str, ...]
  rows: tuple[Row, ...]
  label_heads: tuple[str, ...] = ("",)
  bold: str = ""
  notes: tuple[str, ...] = ()

  def with_notes(self, notes: Sequence[str]) -> Table:
    """The table with more notes behind its own."""
    return dataclasses.replace(self, notes=(*self.notes, *notes))

  def all_notes(self, mark: str = "Bold") -> list[str]:
    """The notes, after what bold means, where bold is shown by `mark`."""
    return [f"{mark}: {self.bold}", *self.notes] if self.bold else [*self.notes]


def render(table: Table, form: str, width: int | None = None) -> str:
  """Returns the table as text, with its notes unless it is CSV.

  Args:
    table: the table.
    form: one of `FORMATS`.
    width: columns of the terminal; None where nothing has to fit.

  Raises:
    UnknownNameError: there is no such format.
  """
  if form not in FORMATS:
    raise errors.unknown_name("format", form, FORMATS)
  if form == "terminal":
    return to_terminal(table, width)
  return FORMATS[form](table)


# A cell as it is shown: text, and whether it is bold.
_Shown = tuple[str, bool]


@dataclasses.dataclass(frozen=True)
class _Grid:
  """A table as lines of text cells; labels first, then numbers."""

  heads: list[str]
  labels: int
  lines: list[list[_Shown]]


def _grid(table: Table, indent: str, minus: str = "-") -> _Grid:
  """The table as it is shown, rows as lines."""
  lines, beside = [], ""
  for row in table.rows:
    found = _lines(row, indent, minus, row.published_as != beside)
    lines, beside = lines + found, row.published_as
  heads = [*table.label_heads, *table.columns]
  return _Grid(heads, len(table.label_heads), lines)


def _readable(grid: _Grid, indent: str) -> _Grid:
  """The grid; turned where it has many columns and few lines."""
  columns = len(grid.heads) - grid.labels
  few = len(grid.lines) < _LONGEST_LINE < columns
  return _turned(grid, indent) if few else grid


def _turned(grid: _Grid, indent: str) -> _Grid:
  """The grid with its columns as lines."""
  labels = grid.labels
  names = [
      ", ".join(text.removeprefix(indent) for text, _ in line[:labels] if text)
      for line in grid.lines
  ]
  lines = [
      [(head, False), *(line[labels + i] for line in grid.lines)]
      for i, head in enumerate(grid.heads[labels:])
  ]
  return _Grid(["", *names], 1, lines)


def _lines(
    row: Row, indent: str, minus: str, with_published: bool
) -> list[list[_Shown]]:
  """The line of a row, and those that belong to it."""

  def line(labels: Sequence[str], *cells: _Shown) -> list[_Shown]:
    empty = [""] * (len(row.labels) - len(labels))
    return [*((label, False) for label in [*labels, *empty]), *cells]

  def number(value: float | None, decimals: int, sign: str = "") -> str:
    if value is None:
      return MISSING
    return f"{value:{sign}.{decimals}f}".replace("-", minus)

  values = [(number(c.value, c.decimals), c.bold) for c in row.cells]
  lines = [line(row.labels, *values)]
  if row.runs > 1:
    found = [number(c.deviation, _DEVIATION_DECIMALS) for c in row.cells]
    name = f"{indent}deviation, {row.runs} runs"
    lines.append(line([name], *((text, False) for text in found)))
  if row.published_as and with_published:
    found = [number(c.published, c.decimals) for c in row.cells]
    name = f"{indent}published: {row.published_as}"
    lines.append(line([name], *((text, False) for text in found)))
  if row.published_as:
    found = [number(c.difference, c.decimals, "+") for c in row.cells]
    lines.append(line([f"{indent}difference"], *((t, False) for t in found)))
  return lines


def to_terminal(table: Table, width: int | None = None) -> str:
  """Renders for a terminal: bold numbers have a star before them.

  A table that does not fit is turned; if that does not fit either, the columns
  that do not fit beside the others stand below them.
  """
  grid = _grid(table, "  ")
  shown = _readable(grid, "  ")
  turned = _turned(grid, "  ")
  if len(_blocks(shown, width)) > 1 == len(_blocks(turned, width)):
    shown = turned
  rows = _with_stars(shown)
  out = [*textwrap.wrap(table.title, width or 80), ""] if table.title else []
  for start, end in _blocks(shown, width):
    block = [row[: shown.labels] + row[start:end] for row in rows]
    numbers = range(shown.labels, len(block[0]))
    widest = max(_widths(rows))
    out += text_table.aligned(block, numbers, widest, width, gap=1)
    out.append("")
  for note in table.all_notes("* (bold)"):
    out += textwrap.wrap(
        note, min(width or 80, 100), break_on_hyphens=False,
        break_long_words=False, subsequent_indent="  ",
    )  # fmt: skip
  return "\n".join(out).rstrip()


def _with_stars(grid: _Grid) -> list[list[str]]:
  """The rows of text; a star stands in the gap, and takes no column."""
  heads = [(head, False) for head in grid.heads]
  return [
      [f"{text} " for text, _ in line[: grid.labels]]
      + [f"{' *'[bold]}{text}" for text, bold in line[grid.labels :]]
      for line in [heads, *grid.lines]
  ]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
  columns = zip(*rows, strict=True)
  return [max(map(text_table.columns_of, cells)) for cells in columns]


def _blocks(grid: _Grid, width: int | None) -> list[tuple[int, int]]:
  """Splits the columns of numbers into runs that fit beside the labels."""
  widths, labels = _widths(_with_stars(grid)), grid.labels
  beside = sum(w + 1 for w in widths[:labels])
  blocks, start, used = [], labels, beside
  for i in range(labels, len(widths)):
    used += widths[i] + 1
    if width and used - 1 > width and i > start:
      blocks.append((start, i))
      start, used = i, beside + widths[i] + 1
  return [*blocks, (start, len(widths))]


def to_markdown(table: Table) -> str:
  """Renders as a Markdown table, notes as a list below it."""
  grid = _readable(_grid(table, "&emsp;"), "&emsp;")
  count = len(grid.heads) - grid.labels
  rows = [
      [escape_markdown(head) for head in grid.heads],
      ["---"] * grid.labels + ["---:"] * count,
  ]
  for line in grid.lines:
    rows.append([
        f"**{text}**" if bold else escape_markdown(text) for text, bold in line
    ])
  lines = [f"**{escape_markdown(table.title)}**", ""] if table.title else []
  lines += ["| " + " | ".join(row) + " |" for row in rows]
  notes = table.all_notes()
  lines += [""] * bool(notes) + [f"* {escape_markdown(note)}" for note in notes]
  return "\n".join(lines)


def escape_markdown(text: str) -> str:
  r"""The text as it has to be written in Markdown.

  >>> print(escape_markdown("a_b"))
  a\_b
  """
  return re.sub(r"([\\|*_`<>])", r"\\\1", text)


_LATEX = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # behind the end of a line they would be an argument of it
    "*": "{*}",
    **{c: f"\\{c}" for c in "&%$#_{}"},
}


def escape_latex(text: str) -> str:
  r"""The text as it has to be written in LaTeX.

  >>> print(escape_latex("15%"))
  15\%
  """
  return "".join(_LATEX.get(c, c) for c in text)


def to_latex(table: Table) -> str:
  """Renders as a tabular of the package booktabs, notes as comments."""
  grid = _readable(_grid(table, "\0", "\1"), "\0")

  def cell(text: str, bold: bool = False) -> str:
    if text == MISSING:
      return "--"
    text = escape_latex(text).replace("\0", r"\quad ").replace("\1", "$-$")
    return rf"\textbf{{{text}}}" if bold else text

  count = len(grid.heads) - grid.labels
  layout = "l" * grid.labels + "r" * count
  lines = [
      r"% Needs \usepackage{booktabs}.",
      *(f"% {line}" for line in table.title.splitlines()),
      rf"\begin{{tabular}}{{{layout}}}",
      r"\toprule",
      " & ".join(map(cell, grid.heads)) + r" \\",
      r"\midrule",
      *(" & ".join(cell(*c) for c in line) + r" \\" for line in grid.lines),
      r"\bottomrule",
      r"\end{tabular}",
      *(f"% {note}" for note in table.all_notes()),
  ]
  return "\n".join(lines)


_CSV_HEADS = (
    "column", "score", "standard_deviation", "runs", "bold", "published",
    "published_as", "difference", "missing",
)  # fmt: skip


def to_csv(table: Table) -> str:
  """Renders as CSV, one line for each cell, numbers not rounded."""
  out = io.StringIO()
  writer = csv.writer(out, lineterminator="\n")
  writer.writerow([*(h or "row" for h in table.label_heads), *_CSV_HEADS])
  for row in table.rows:
    for column, cell in zip(table.columns, row.cells, strict=True):
      writer.writerow([
          *row.labels,
          column,
          _number(cell.value),
          _number(cell.deviation),
          row.runs,
          "yes" if cell.bold else "no",
          _number(cell.published),
          row.published_as,
          _number(cell.difference),
          cell.missing,
      ])
  return out.getvalue().rstrip("\n")


def _number(value: float | None) -> str:
  return "" if value is None else f"{value:.10g}"


FORMATS: dict[str, Callable[[Table], str]] = {
    "terminal": to_terminal,
    "markdown": to_markdown,
    "latex": to_latex,
    "csv": to_csv,
}
