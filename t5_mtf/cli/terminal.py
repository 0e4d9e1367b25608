"""Plain text for a terminal: tables, and labelled text that is wrapped."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence

from t5_mtf.evaluation import text_table

_NARROWEST, _WIDEST = 60, 100  # of running text
_LABEL = 12  # columns of a label and the space behind it


def width() -> int | None:
  """Columns of a line; None where nothing has to be cut (a file, a pipe)."""
  if sys.stdout.isatty() or os.environ.get("COLUMNS"):
    return max(_NARROWEST, shutil.get_terminal_size().columns)
  return None


def table(
    rows: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
    widest: int | Sequence[int] = 36,
) -> str:
  """Aligns rows; the first is the heading.

  >>> print(table([["task", "rows"], ["a", "10"], ["bcdefg", "9"]], [1]))
  task    rows
  ------  ----
  a         10
  bcdefg     9

  Args:
    rows: cells of text.
    numbers: the columns that are aligned to the right.
    widest: of each column, or of all; a longer cell shifts the rest of its
      own row only.

  Returns:
    The lines. On a terminal a line that does not fit ends in an ellipsis.
  """
  return "\n".join(text_table.aligned(rows, numbers, widest, width()))


def labelled(label: str, text: str, indent: int = 0) -> str:
  """A label, and beside it the text, wrapped; its own lines are kept.

  >>> print(labelled("source", "table"))
  source      table
  """
  rest = " " * max(indent, _LABEL)
  first = (label + " ").ljust(len(rest)) if label else rest
  wide = min(width() or 80, _WIDEST)
  lines: list[str] = []
  for line in text.splitlines() or [""]:
    characters = wide * max(1, len(line)) // max(1, text_table.columns_of(line))
    lines += textwrap.wrap(
        line,
        characters,
        break_long_words=not line.isascii(),  # paths stay whole
        initial_indent=rest if lines else first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    ) or [first.rstrip() if not lines else ""]
  return "\n".join(lines)


def shortened(text: str, characters: int | None) -> str:
  """The head of a text, and how much of it is left out; None keeps all.

  >>> shortened("a long sentence", 6)
  'a long … (9 more characters)'
  """
  if characters is None or len(text) <= characters:
    return text
  rest = len(text) - characters
  return f"{text[:characters]} … ({rest:,} more characters)"


def visible(text: str) -> str:
  r"""The text with control characters written as escapes.

  >>> visible("a\tb\nc")
  'a\\tb\\nc'
  """
  return "".join(
      c if c.isprintable() else c.encode("unicode_escape").decode()
      for c in text
  )
