"""The tables of Raffel et al. 2020 (arXiv 1910.10683v4), as data.

`paper_tables.json` has every number of tables 1, 2 and 4 to 16 and the examples
of table 3, as printed. What is known to be wrong in print stands beside it, as
`erratum`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import benchmarks

CITATION = "Raffel et al. 2020"


@dataclasses.dataclass(frozen=True)
class PaperRow:
  """One experiment of a table.

  Attributes:
    id: table and row, such as "table_7/3".
    name: as printed.
    scores: heading -> number, as printed; empty in table 3.
    bold: the headings under which it is printed bold; of table 16 none.
    starred: whether it is the baseline, which has a star in print.
    change: what the experiment changes in the baseline, by setting.
    details: what else is printed in the row, such as {"Size": "745GB"}.
    erratum: what is wrong in print, in words; empty for most rows.
    same_row_as: the row of another table that table 16 repeats.
  """

  id: str
  name: str
  scores: Mapping[str, float]
  bold: tuple[str, ...] = ()
  starred: bool = False
  change: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  details: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  erratum: str = ""
  same_row_as: str = ""

  @property
  def table(self) -> str:
    """The table's name, such as "table_7"."""
    return self.id.split("/")[0]


@dataclasses.dataclass(frozen=True)
class PaperTable:
  """One table.

  Attributes:
    name: such as "table_7".
    title: what it shows; ours, shorter than the paper's caption.
    section: of the paper.
    columns: headings of its scores; empty for table 3.
    rows: in order, by their ids.
    split: what was evaluated, in words; empty for table 3.
    decode: how it was decoded, in words; empty for table 3.
    notes: what has to be known to read it.
    decimals: heading -> printed decimals; 2 where it is not there.
  """

  name: str
  title: str
  section: str
  columns: tuple[str, ...]
  rows: Mapping[str, PaperRow]
  split: str = ""
  decode: str = ""
  notes: tuple[str, ...] = ()
  decimals: Mapping[str, int] = dataclasses.field(default_factory=dict)


@functools.cache
def tables() -> dict[str, PaperTable]:
  """Returns every table by name, table_1 to table_16.

  >>> tables()["table_7"].title
  'Mean span length of the span-corruption objective'
  """
  path = os.path.join(os.path.dirname(__file__), "paper_tables.json")
  with open(path, encoding="utf-8") as f:
    document = json.load(f)
  rows = {
      row["id"]: row for table in document.values() for row in table["rows"]
  }
  return {name: _table(name, t, rows) for name, t in document.items()}


def _table(
    name: str, table: dict[str, Any], rows: Mapping[str, Any]
) -> PaperTable:
  keys = ("title", "section", "split", "decode", "decimals")
  return PaperTable(
      name=name,
      columns=tuple(table["columns"]),
      rows={row["id"]: _row(row, rows) for row in table["rows"]},
      notes=tuple(table.get("notes", ())),
      **{key: table[key] for key in keys if key in table},
  )


def _row(row: dict[str, Any], rows: Mapping[str, Any]) -> PaperRow:
  same = row.get("same_row_as", "")
  erratum = row.get("erratum") or rows.get(same, {}).get("erratum", {})
  return PaperRow(
      id=row["id"],
      name=row["name"],
      scores=row["scores"],
      bold=tuple(row.get("bold", ())),
      starred=row.get("starred", rows.get(same, {}).get("starred", False)),
      change=row["change"] if "change" in row else rows[same]["change"],
      details=row.get("details", {}),
      erratum=erratum.get("what", ""),
      same_row_as=same,
  )


def table(name: str) -> PaperTable:
  """Returns a table.

  Raises:
    UnknownNameError: there is no such table.

  >>> table("table_15").section
  '3.7'
  """
  if name not in tables():
    raise errors.unknown_name(
        "table of the paper", name, tables(), "table_1 to table_16 are there."
    )
  return tables()[name]


def rows() -> dict[str, PaperRow]:
  """Returns every row of every table by its id."""
  return {i: row for t in tables().values() for i, row in t.rows.items()}


def row(name: str) -> PaperRow:
  """Returns a row, by its id, by table and printed name, or by name alone.

  A name alone means the row of tables 1 to 15 before its repetition in 16.

  >>> row("table_7/3").scores["GLUE"]
  83.49
  >>> row("table_6/25%").id, row("Baseline-1T").id
  ('table_6/25', 'table_15/baseline_1t')

  Raises:
    UnknownNameError: there is no such row; the message has the nearest.
    UserError: several tables have a row of this name.
  """
  every = rows()
  if name in every:
    return every[name]
  wanted = name.casefold()
  found = [
      r
      for r in every.values()
      if wanted in (f"{r.table}/{r.name}".casefold(), r.name.casefold())
  ]
  ids = [r.id for r in found]
  found = [r for r in found if r.same_row_as not in ids]
  if len(found) > 1:
    raise errors.UserError(
        f"several rows of the paper are named {name!r}:"
        f" {', '.join(r.id for r in found)}. Give one of these."
    )
  if not found:
    known = {*every, *(r.name for r in every.values())}
    raise errors.unknown_name(
        "row of the paper", name, errors.nearest(name, known) or tables(),
        "`t5_mtf report --list_paper_rows` lists them all.",
    )  # fmt: skip
  return found[0]


def twin(row_of_any: PaperRow) -> PaperRow | None:
  """Returns the row of table 16 that repeats this one, with every task's score.

  >>> twin(row("table_7/3")).id
  'table_16/average_span_length_3_t7'
  """
  candidates = table("table_16").rows.values()
  return next((r for r in candidates if r.same_row_as == row_of_any.id), None)


def score(row_of_any: PaperRow, column: benchmarks.Column) -> float | None:
  """Returns the published number for a column, whatever its heading there.

  Two columns are the same if they are made of the same scores. What a row of
  tables 1 to 13 does not have is taken from table 16.

  >>> score(row("table_7/3"), benchmarks.PAPER[0])
  83.49
  >>> score(row("table_7/3"), benchmarks.TABLE_16[1])
  53.9

  Returns:
    The number; None if it was not published.
  """
  for found in (row_of_any, twin(row_of_any)):
    if found is None:
      continue
    for own in _columns(found.table):
      if own.parts == column.parts and own.name in found.scores:
        return found.scores[own.name]
  return None


def _columns(name: str) -> tuple[benchmarks.Column, ...]:
  special = {
      "table_14": benchmarks.TABLE_14, "table_16": benchmarks.TABLE_16
  }  # fmt: skip
  return special.get(name, benchmarks.PAPER)


def deviation(column: benchmarks.Column) -> float | None:
  """Returns the standard deviation over ten runs of the baseline.

  That of table 1, for single tasks that of table 16; None for other columns.

  >>> deviation(benchmarks.PAPER[0])
  0.235
  """
  return score(row("table_1/baseline_standard_deviation"), column)
