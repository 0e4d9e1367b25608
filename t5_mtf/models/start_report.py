"""What every run prints before its first step, short and aligned."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from typing import TextIO


@dataclasses.dataclass
class StartReport:
  """Lines of `subject  text`, gathered while a run is set up.

  Attributes:
    rows: (subject, text) in the order they are printed.
  """

  rows: list[tuple[str, str]] = dataclasses.field(default_factory=list)

  def add(self, subject: str, text: str) -> None:
    """Adds a line, or replaces the text of the line of that subject."""
    for i, (known, _) in enumerate(self.rows):
      if known == subject:
        self.rows[i] = (subject, text)
        return
    self.rows.append((subject, text))

  def notes(self, lines: Iterable[str]) -> None:
    """Adds lines without a subject of their own."""
    self.rows.extend(("note", line) for line in lines)

  def __str__(self) -> str:
    width = max((len(subject) for subject, _ in self.rows), default=0)
    return "\n".join(f"{s:<{width}}  {t}" for s, t in self.rows)

  def print(self, stream: TextIO | None = None) -> None:
    """Prints the report between blank lines."""
    print(f"\n{self}\n", file=stream or sys.stdout, flush=True)
