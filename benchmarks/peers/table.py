"""The table of a comparison, and its check against an earlier one."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from comparisons import (
    BFLOAT16_SHARE,
    COMPARISONS,
    GOALS,
    OURS,
    PACKING,
    PUBLISHED,
    STARTING,
    Comparison,
)

_TOLERATED = 0.85  # of a recorded ratio
_THIS_MACHINE = "this machine"
_BEGIN, _END = "<!-- the table begins -->", "<!-- the table ends -->"


@dataclasses.dataclass(frozen=True)
class Row:
  """What one comparison with one package gave.

  Attributes:
    subject: what was done.
    peer: the other package.
    ours: what was measured, with its unit.
    theirs: the same of the other package.
    ratio: of ours to theirs; above 1, ours is better.
    goal: that the ratio is to reach.
  """

  subject: str
  peer: str
  ours: str
  theirs: str
  ratio: float
  goal: float


class Runs:
  """What was measured, by subject and package, one item a repeat."""

  def __init__(self) -> None:
    self.found: dict[str, dict[str, list[dict[str, Any]]]] = (
        collections.defaultdict(lambda: collections.defaultdict(list))
    )

  def add(self, subject: str, package: str, found: dict[str, Any]) -> None:
    """Adds what a run gave: its seconds, one or several, and more."""
    self.found[subject][package].append(found)

  def versions(self) -> list[str]:
    """What the packages say they are."""
    every = (
        run.get("version", "")
        for packages in self.found.values()
        for runs in packages.values()
        for run in runs
    )
    return sorted({v for text in every for v in text.split(", ") if v})


def rows(runs: Runs) -> list[Row]:
  """The rows of the table."""
  by_name = {c.name: c for c in COMPARISONS}
  found = []
  for subject, packages in runs.found.items():
    comparison = by_name.get(subject)
    for peer in [p for p in packages if p != OURS]:
      ours, theirs = packages[OURS], packages[peer]
      goal = (
          comparison.goals[peer] if comparison else GOALS[_program(subject)]
      )
      ratio = _median_ratio(ours, theirs, _seconds)
      said = [_said(comparison, subject, side) for side in (ours, theirs)]
      found.append(Row(subject, peer, *said, ratio, goal))
    if comparison and comparison.memory:
      found += _of_training(subject, packages)
  return found


def _of_training(
    subject: str, packages: dict[str, list[dict[str, Any]]]
) -> Iterator[Row]:
  """Rows on memory, and on the share of the machine's speed."""
  ours, theirs = packages[OURS], packages[PUBLISHED]
  yield Row(
      f"{subject}: peak memory",
      PUBLISHED,
      *(
          f"{statistics.median(r['memory'] for r in side) / 1e9:.2f} GB"
          for side in (ours, theirs)
      ),
      _median_ratio(ours, theirs, lambda run: run["memory"]),
      1.0,
  )
  reached = [run["flops"] / _seconds(run) for run in ours]
  there = [run["bfloat16_speed"] for run in ours]
  yield Row(
      f"{subject}: share of bfloat16 products",
      _THIS_MACHINE,
      *(f"{statistics.median(x) / 1e9:,.0f} GFLOP/s" for x in (reached, there)),
      statistics.median(a / b for a, b in zip(reached, there, strict=True)),
      BFLOAT16_SHARE,
  )


def _program(subject: str) -> str:
  return STARTING if subject.startswith(STARTING) else PACKING


def _seconds(run: dict[str, Any]) -> float:
  seconds = run["seconds"]
  return statistics.median(seconds) if isinstance(seconds, list) else seconds


def _median_ratio(ours: Any, theirs: Any, value: Any) -> float:
  return statistics.median(
      value(b) / value(a) for a, b in zip(ours, theirs, strict=True)
  )


def _said(
    comparison: Comparison | None, subject: str, side: list[dict[str, Any]]
) -> str:
  seconds = statistics.median(map(_seconds, side))
  if comparison:
    return f"{comparison.work.tokens / seconds:,.0f} tokens/s"
  if subject.startswith(STARTING):
    return f"{seconds:.1f} s"
  return f"{1 / seconds:,.0f} rows/s"


def brief(comparison: Comparison, package: str, run: dict[str, Any]) -> str:
  """One line, while it is measured."""
  said = _said(comparison, comparison.name, [run])
  note = "" if run["outputs_as_ours"] else "; OTHER OUTPUTS"
  return f"{comparison.name}, {package}: {said}{note}"


def lines(every: Sequence[Row]) -> list[str]:
  """The table in Markdown."""
  found = [
      "| | against | ours | theirs | ratio | goal | |",
      "|---|---|---|---|---|---|---|",
  ]
  for row in every:
    met = "met" if row.ratio >= row.goal else "**not met**"
    found.append(
        f"| {row.subject} | {row.peer} | {row.ours} | {row.theirs} |"
        f" {row.ratio:.2f} | {row.goal:g} | {met} |"
    )
  return found


def check(every: Sequence[Row], recorded: pathlib.Path) -> int:
  """Prints what is slower than recorded; returns 1 if there is any, else 0.

  The share of a machine's speed says nothing of another machine.
  """
  document = json.loads(recorded.read_text(encoding="utf-8"))
  is_here = document["machine"] == machine()
  before = {
      (row["subject"], row["peer"]): row["ratio"]
      for row in document["rows"]
      if is_here or row["peer"] != _THIS_MACHINE
  }
  worse = 0
  for row in every:
    ratio = before.get((row.subject, row.peer))
    if ratio and row.ratio < _TOLERATED * ratio:
      print(
          f"SLOWER: {row.subject}, against {row.peer}: {row.ratio:.2f}, was"
          f" {ratio:.2f}"
      )
      worse = 1
  return worse


def write(every: Sequence[Row], runs: Runs, root: pathlib.Path) -> None:
  """Writes results/speed.json, and the table into docs/speed.md.

  Rows of the same day that were not measured again stay.
  """
  date = datetime.date.today().isoformat()
  recorded = root / "results/speed.json"
  last = {}
  if recorded.exists():
    last = json.loads(recorded.read_text(encoding="utf-8"))
  if last.get("date") == date and last["machine"] == machine():
    again = {(row.subject, row.peer) for row in every}
    kept = [Row(**row) for row in last["rows"]]
    every = sorted(
        [*every, *(r for r in kept if (r.subject, r.peer) not in again)],
        key=_place,
    )
    runs.found = {**last["runs"], **runs.found}
  document = {
      "date": date,
      "machine": machine(),
      "versions": runs.versions(),
      "rows": [dataclasses.asdict(row) for row in every],
      "runs": runs.found,
  }
  recorded.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
  page = root / "docs/speed.md"
  before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
  after = rest.partition(_END)[2]
  counts = {len(r) for p in runs.found.values() for r in p.values()}
  repeats = f"medians of {max(counts)} repeats"
  if max(counts) == 1:
    repeats = "one repeat"
  elif len(counts) > 1:
    repeats += " or fewer"
  said = f"{machine()}; {', '.join(runs.versions())}; {date}; {repeats}."
  table = "\n".join([_BEGIN, *lines(every), "", said, _END])
  page.write_text(before + table + after, encoding="utf-8")


def _place(row: Row) -> int:
  """Where a row stands in the table."""
  subjects = [c.name for c in COMPARISONS]
  places = [i for i, s in enumerate(subjects) if row.subject.startswith(s)]
  return places[0] if places else len(subjects)


def machine() -> str:
  """The processor and how many of its cores are ours."""
  name = platform.processor() or platform.machine()
  try:
    with open("/proc/cpuinfo", encoding="utf-8") as f:
      models = [line for line in f if line.startswith("model name")]
    name = models[0].partition(":")[2].strip()
  except (OSError, IndexError):
    pass
  return f"{len(os.sched_getaffinity(0))} cores of {name}"
