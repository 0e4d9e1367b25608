"""Tables of plain text, aligned for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence


def columns_of(text: str) -> int:
  """Columns that a text takes: wide characters two, combining ones none.

  >>> columns_of("tea"), columns_of("茶")
  (3, 2)
  """
  if text.isascii():
    return len(text)
  return sum(
      0
      if unicodedata.combining(c)
      else 2
      if unicodedata.east_asian_width(c) in "WF"
      else 1
      for c in text
  )


def aligned(
    rows: Sequence[Sequence[str]],
    numbers: Collection[int] = (),
    widest: int | Sequence[int] = 36,
    width: int | None = None,
    gap: int = 2,
) -> list[str]:
  r"""Aligns rows; the first is the heading.

  >>> rows = [["task", "rows"], ["a", "10"], ["bcdefg", "9"]]
  >>> print("\n".join(aligned(rows, numbers=[1])))
  task    rows
  ------  ----
  a         10
  bcdefg     9

  Args:
    rows: cells of text.
    numbers: the columns that are aligned to the right.
    widest: of each column, or of all; a longer cell shifts the rest of its
      own row only.
    width: of a line; a longer one ends in an ellipsis. None: no limit.
    gap: number of spaces between columns.

  Returns:
    The lines.
  """
  count = len(rows[0])
  most = [widest] * count if isinstance(widest, int) else widest
  widths = [
      max((w for w in map(columns_of, cells) if w <= limit), default=limit)
      for cells, limit in zip(zip(*rows, strict=True), most, strict=True)
  ]
  lines = []
  for row in [rows[0], ["-" * w for w in widths], *rows[1:]]:
    cells = []
    for i, (cell, wide) in enumerate(zip(row, widths, strict=True)):
      space = " " * max(0, wide - columns_of(cell))
      cells.append(space + cell if i in numbers else cell + space)
    line = (" " * gap).join(cells).rstrip()
    if width and columns_of(line) > width:
      line = line[: width - 1] + "…"
    lines.append(line)
  return lines
