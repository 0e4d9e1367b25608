"""Tables of our own scores, beside published ones, and of published ones."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

from t5_mtf import errors
from t5_mtf.evaluation import benchmarks, bootstrap, paper
from t5_mtf.evaluation.benchmarks import Column, Scores
from t5_mtf.evaluation.tables import Cell, Row, Table

BOLD_BY = ("auto", "runs", "paper", "none")
_WITHIN = 2  # standard deviations below the best, for bold
_SOURCES = {
    "runs": "across the repeated runs, pooled over the rows that have some",
    "paper": f"of ten runs of the baseline, {paper.CITATION}, tables 1 and 16",
    "given": "as given",
    "": "none known, so the best alone is bold",
}


def compare(
    rows: Mapping[str, Sequence[Scores]],
    columns: Sequence[Column],
    *,
    title: str = "",
    paper_row: paper.PaperRow | None = None,
    bold_by: str | Mapping[str, float] = "auto",
) -> Table:
  """Makes a table of scores.

  Bold is what is less than two standard deviations below the best of its
  column (table 1 of the paper), in columns that have two scores or more and of
  which it is known that larger is better.

  Args:
    rows: name -> the scores of one run, or of several to take the mean of.
    columns: the columns.
    title: what the table shows.
    paper_row: a published row, to stand beside each of ours.
    bold_by: where the deviations come from. "runs": those across repeated runs;
      "paper": of the paper's baseline; "auto": the first of these that there
      is, for each column; "none": no bold; or column -> deviation.

  Returns:
    The table; its notes say what is missing, what is bold, and why.

  Raises:
    UserError: there are no rows or columns, a row has no runs, or `bold_by` is
      none of these or names no column.
  """
  if not rows or not columns or not all(rows.values()):
    raise errors.UserError(
        f"a table needs rows, a run in each, and columns: there are"
        f" {len(rows)} rows and {len(columns)} columns."
    )
  notes = [_metrics_note(columns)] if any(c.metric for c in columns) else []
  made = [
      _row(name, runs, columns, paper_row, notes) for name, runs in rows.items()
  ]
  if paper_row:
    notes.append(_published_note(paper_row, columns))
  made, bold = _with_bold(made, columns, bold_by)
  return Table(
      title=title,
      columns=tuple(c.name for c in columns),
      rows=tuple(made),
      bold=bold,
      notes=tuple(notes),
  )


def _metrics_note(columns: Sequence[Column]) -> str:
  named = [f"{c.name} {c.metric}" for c in columns if c.metric]
  return f"Scores: {'; '.join(named)}."


def _row(
    name: str,
    runs: Sequence[Scores],
    columns: Sequence[Column],
    paper_row: paper.PaperRow | None,
    notes: list[str],
) -> Row:
  """Makes a row; adds to `notes` what is missing or undefined."""
  every = [[benchmarks.column_score(c, run) for c in columns] for run in runs]
  cells = []
  for column, found in zip(columns, zip(*every, strict=True), strict=True):
    missing = [
        f"{score}{_of_run(i, runs)}"
        for i, of_run in enumerate(found)
        for score in of_run.missing
    ]
    statistics = None
    if not missing:
      statistics = bootstrap.across_runs([{"": f.value} for f in found])[""]
    cells.append(
        Cell(
            value=statistics.mean if statistics else None,
            deviation=(
                statistics.standard_deviation
                if statistics and len(runs) > 1
                else None
            ),
            published=paper.score(paper_row, column) if paper_row else None,
            missing=", ".join(missing),
        )
    )
  notes += _row_notes(name, runs, every, columns, cells)
  beside = paper_row.id if paper_row else ""
  return Row((name,), tuple(cells), len(runs), beside)


def _of_run(index: int, runs: Sequence[Scores]) -> str:
  return f" of run {index + 1}" if len(runs) > 1 else ""


def _row_notes(
    name: str,
    runs: Sequence[Scores],
    every: Sequence[Sequence[benchmarks.ColumnScore]],
    columns: Sequence[Column],
    cells: Sequence[Cell],
) -> list[str]:
  notes = []
  empty = [
      c.name
      for c, cell in zip(columns, cells, strict=True)
      if cell.value is None
  ]
  if empty:
    # A task that is not there at all is named once, not by each score.
    lacking = _distinct(
        f"{score if score.task in there else score.task}{_of_run(i, runs)}"
        for i, run in enumerate(every)
        for there in [benchmarks.with_plain_names(runs[i])]
        for found in run
        for score in found.missing
    )
    notes.append(
        f"{name}: missing in {', '.join(empty)}, for want of"
        f" {', '.join(lacking)}."
    )
  undefined = _distinct(
      f"{score}{_of_run(i, runs)}"
      for i, run in enumerate(every)
      for found in run
      for score in found.undefined
  )
  if undefined:
    notes.append(f"{name}: undefined, counted as 0: {', '.join(undefined)}.")
  return notes


def _distinct(texts: Iterable[str]) -> list[str]:
  return list(dict.fromkeys(texts))


def _published_note(row: paper.PaperRow, columns: Sequence[Column]) -> str:
  table = paper.table(row.table)
  note = (
      f'Published: {paper.CITATION}, {row.id}, "{row.name}" ({table.title});'
      f" split: {table.split}; decoding: {table.decode}."
  )
  without = [c.name for c in columns if paper.score(row, c) is None]
  if without:
    note += f" Not published there: {', '.join(without)}."
  return note + (f" Erratum: {row.erratum}." if row.erratum else "")


def _with_bold(
    rows: Sequence[Row],
    columns: Sequence[Column],
    bold_by: str | Mapping[str, float],
) -> tuple[list[Row], str]:
  """The rows with the best in bold, and why they are."""
  _check_bold_by(bold_by, columns)
  marks: list[list[bool]] = []
  used: dict[str, list[str]] = {}
  for i, column in enumerate(columns):
    values = [row.cells[i].value for row in rows]
    alone = len(values) - values.count(None) < 2
    if bold_by == "none" or alone or not column.larger_is_better:
      marks.append([False] * len(rows))
      continue
    source, deviation = _deviation(i, column, rows, bold_by)
    used.setdefault(source, []).append(column.name)
    marks.append(are_bold(values, deviation))
  marked = [
      dataclasses.replace(
          row,
          cells=tuple(
              dataclasses.replace(cell, bold=bold)
              for cell, bold in zip(row.cells, bolds, strict=True)
          ),
      )
      for row, bolds in zip(rows, zip(*marks, strict=True), strict=True)
  ]
  return marked, _meaning(used) if used else ""


def are_bold(
    values: Sequence[float | None], deviation: float = 0.0
) -> list[bool]:
  """Whether each is less than two deviations below the best.

  >>> are_bold([83.28, 82.82, 82.81, None], deviation=0.235)
  [True, True, False, False]
  """
  best = max((v for v in values if v is not None), default=None)
  limit = round(_WITHIN * deviation, 6)
  return [
      v is not None and (v == best or round(best - v, 6) < limit)
      for v in values
  ]


def _check_bold_by(
    bold_by: str | Mapping[str, float], columns: Sequence[Column]
) -> None:
  if isinstance(bold_by, str):
    if bold_by not in BOLD_BY:
      raise errors.unknown_name("source of deviations", bold_by, BOLD_BY)
    return
  names = [c.name for c in columns]
  for name, deviation in bold_by.items():
    if name not in names:
      raise errors.unknown_name("column with a deviation", name, names)
    if not deviation >= 0:
      raise errors.UserError(
          f"the deviation of {name} is {deviation}, but must be 0 or more."
      )


def _deviation(
    index: int,
    column: Column,
    rows: Sequence[Row],
    bold_by: str | Mapping[str, float],
) -> tuple[str, float]:
  """Where a column's deviation comes from, and what it is; 0 for none."""
  if not isinstance(bold_by, str):
    given = column.name in bold_by
    return ("given", bold_by[column.name]) if given else ("", 0.0)
  repeated = [
      (row.runs - 1, row.cells[index].deviation)
      for row in rows
      if row.cells[index].deviation is not None
  ]
  if repeated and bold_by in ("auto", "runs"):
    return "runs", pooled_deviation(repeated)
  published = paper.deviation(column)
  if published is not None and bold_by in ("auto", "paper"):
    return "paper", published
  return "", 0.0


def pooled_deviation(rows: Iterable[tuple[int, float]]) -> float:
  """Returns the standard deviation within rows that all are taken to share.

  >>> pooled_deviation([(1, 3.0), (3, 1.0)])
  1.7320508075688772

  Args:
    rows: of each row its degrees of freedom (runs less one) and deviation.
  """
  rows = list(rows)
  squares = sum(n * deviation**2 for n, deviation in rows)
  return math.sqrt(squares / sum(n for n, _ in rows))


def _meaning(used: Mapping[str, Sequence[str]]) -> str:
  """What bold means; `used` is source of deviations -> columns."""
  sources = [
      f"{_SOURCES[source]} ({', '.join(names)})"
      if len(used) > 1
      else _SOURCES[source]
      for source, names in used.items()
  ]
  return (
      "less than two standard deviations below the best of the column."
      f" Deviations: {'; '.join(sources)}."
  )


def published(name: str) -> Table:
  """Makes a table of the paper, with what is bold in print.

  >>> published("table_7").columns[:3]
  ('GLUE', 'CNNDM', 'SQuAD')

  Raises:
    UnknownNameError: there is no such table.
    UserError: it has no scores.
  """
  table = paper.table(name)
  if not table.columns:
    raise errors.UserError(
        f"{name} of the paper has examples and no scores: `t5_mtf report"
        f" --list_paper_rows {name}` shows them."
    )
  found = list(table.rows.values())
  heads = [key for key in found[0].details if key != "refs"]
  rows = [
      Row(
          (_printed_name(row), *(str(row.details[key]) for key in heads)),
          _printed(row, table),
      )
      for row in found
  ]
  title = f"{paper.CITATION}, {name}: {table.title} (section {table.section})"
  return Table(
      title=title.replace("section appendix", "appendix"),
      columns=table.columns,
      rows=tuple(rows),
      label_heads=("", *heads),
      bold="as printed." if any(row.bold for row in found) else "",
      notes=(
          f"Split: {table.split}; decoding: {table.decode}.",
          *table.notes,
          *(f"Erratum, {r.name}: {r.erratum}." for r in found if r.erratum),
      ),
  )


def _printed_name(row: paper.PaperRow) -> str:
  plain = not row.starred or "baseline" in row.name.lower()
  return row.name if plain else f"{row.name} (baseline)"


def _printed(row: paper.PaperRow, table: paper.PaperTable) -> tuple[Cell, ...]:
  deviation = row.name.endswith("standard deviation")
  return tuple(
      Cell(
          row.scores[name],
          bold=name in row.bold,
          decimals=3 if deviation else table.decimals.get(name, 2),
      )
      for name in table.columns
  )
