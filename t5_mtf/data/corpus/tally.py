"""Counts of what was read, kept and dropped, and where it first happened."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping
from typing import Any

PAGES_READ = "pages read"
PAGES_CLEANED = "pages clean before de-duplication"
PAGE_DROPPED = "page dropped: "
LINE_DROPPED = "line dropped: "
LINES_KEPT = "lines kept"
RECORD_SKIPPED = "record skipped: "
FILE_BROKEN = "file broken: "


@dataclasses.dataclass
class Tally:
  """Counts by name.

  Attributes:
    counts: name -> how often.
    first: name -> the first place where it happened, for what is amiss.
  """

  counts: collections.Counter[str] = dataclasses.field(
      default_factory=collections.Counter
  )
  first: dict[str, str] = dataclasses.field(default_factory=dict)

  def add(self, name: str, count: int = 1, place: str = "") -> None:
    """Counts something, and keeps the first place where it was."""
    self.counts[name] += count
    if place:
      self.first.setdefault(name, place)

  def merge(self, other: Tally | Mapping[str, Any]) -> None:
    """Adds another tally, or the JSON form of one."""
    if not isinstance(other, Tally):
      other = Tally(collections.Counter(other["counts"]), other["first"])
    self.counts.update(other.counts)
    for name, place in other.first.items():
      self.first.setdefault(name, place)

  def to_json(self) -> dict[str, Any]:
    """The JSON form."""
    return {"counts": dict(self.counts), "first": self.first}

  def starting(self, prefix: str) -> dict[str, int]:
    """The counts of names that start so, most frequent first.

    >>> tally = Tally(collections.Counter({"page dropped: no URL": 2}))
    >>> tally.starting(PAGE_DROPPED)
    {'no URL': 2}
    """
    return {
        name.removeprefix(prefix): count
        for name, count in self.counts.most_common()
        if name.startswith(prefix)
    }
