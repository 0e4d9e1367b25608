"""A table of results beside the paper's: what a report of it shows."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterable, Mapping, Sequence

from t5_mtf import errors
from t5_mtf.ablations import experiments, table_results
from t5_mtf.evaluation import benchmarks, bootstrap, comparison, paper


@dataclasses.dataclass(frozen=True)
class Cell:
  """One score of a row, beside the published one.

  Attributes:
    seeds: seed -> its score; seeds without one are not there.
    published: the paper's number; None where it has none.
    bold: whether it is less than two deviations below the column's best.
    difference: of the mean, to the baseline's; None without a baseline.
    published_difference: the same of the paper's numbers.
    undefined: scores that are NaN in some seed, and counted as 0.
  """

  seeds: Mapping[int, float]
  published: float | None = None
  bold: bool = False
  difference: float | None = None
  published_difference: float | None = None
  undefined: tuple[benchmarks.ScoreName, ...] = ()

  @property
  def mean(self) -> float | None:
    """The mean over seeds; None without any."""
    return statistics.fmean(self.seeds.values()) if self.seeds else None

  @property
  def deviation(self) -> float | None:
    """The standard deviation over seeds; None for fewer than two."""
    if len(self.seeds) < 2:
      return None
    runs = [{"": score} for score in self.seeds.values()]
    return bootstrap.across_runs(runs)[""].standard_deviation


@dataclasses.dataclass(frozen=True)
class Row:
  """One row.

  Attributes:
    paper: the paper's row.
    name: as printed; unique in the table.
    seeds: that have ended.
    cells: one for each column.
    result: what was read.
  """

  paper: paper.PaperRow
  name: str
  seeds: tuple[int, ...]
  cells: tuple[Cell, ...]
  result: table_results.RowResult


@dataclasses.dataclass(frozen=True)
class Column:
  """A column of ours, and the one of the paper that it stands for.

  Attributes:
    own: of our scores.
    published: of the paper's.
    deviation: of one run of ours, pooled over the rows; None where no row has
      two seeds.
    freedom: degrees of freedom of `deviation`.
  """

  own: benchmarks.Column
  published: benchmarks.Column
  deviation: float | None = None
  freedom: int = 0

  @property
  def published_deviation(self) -> float | None:
    """The deviation of ten runs of the paper's baseline."""
    return paper.deviation(self.published)


@dataclasses.dataclass(frozen=True)
class TableView:
  """What a report of a table shows.

  Attributes:
    result: what was read.
    paper: the paper's table.
    columns: those that have a score in some row.
    rows: those that have a seed, in the paper's order.
    baseline: what differences are to; None where it has not been run.
    missing: names of the paper's experiments that are not there, each with the
      reason why the scale has none; empty where it has.
    empty: headings of the columns that are not there.
  """

  result: table_results.TableResult
  paper: paper.PaperTable
  columns: tuple[Column, ...]
  rows: tuple[Row, ...]
  baseline: Row | None
  missing: tuple[tuple[str, str], ...]
  empty: tuple[str, ...]

  @property
  def is_mini(self) -> bool:
    """Whether the columns are others than the paper's."""
    return any(c.own.name != c.published.name for c in self.columns)

  @property
  def borrowed(self) -> bool:
    """Whether the baseline is a row of another table."""
    own = [row.paper.id for row in self.rows]
    return self.baseline is not None and self.baseline.paper.id not in own

  def differing_rows(self) -> list[Row]:
    """The rows without the baseline."""
    baseline = self.baseline.paper.id if self.baseline else ""
    return [row for row in self.rows if row.paper.id != baseline]


def view(
    result: table_results.TableResult,
    others: Iterable[table_results.TableResult] = (),
) -> TableView:
  """Puts the results of a table beside the paper's.

  Args:
    result: of the table.
    others: of other tables, where its baseline may be, if it has none of its
      own: rows with a star are the same experiment in every table.

  Raises:
    UnknownNameError: the paper has no such table or row.
    DataError: no row has a score in a column of the paper or the mini suite.
  """
  table = paper.table(result.table)
  pairs = _column_pairs(result)
  names = row_names(table)
  rows = sorted(
      (_row(row, pairs, names) for row in result.rows if row.seeds),
      key=lambda row: list(table.rows).index(row.paper.id),
  )
  kept = [i for i in range(len(pairs)) if any(r.cells[i].seeds for r in rows)]
  baseline = _baseline(result, rows, others, pairs)
  columns = [_with_deviation(i, pairs[i], rows) for i in kept]
  there = {row.paper.id for row in rows}
  no_corpora = result.scale_settings.get("no_corpora", {})
  return TableView(
      result=result,
      paper=table,
      columns=tuple(columns),
      rows=tuple(_finished(rows, columns, kept, baseline)),
      baseline=baseline and _only(baseline, kept),
      missing=tuple(
          (names[e.id], no_corpora.get(e.corpus, ""))
          for e in experiments.tables().get(result.table, ())
          if not e.no_runs and e.id not in there
      ),
      empty=tuple(p[0].name for i, p in enumerate(pairs) if i not in kept),
  )


def row_names(table: paper.PaperTable) -> dict[str, str]:
  """Returns row id -> name as printed, with a detail where two have the same.

  >>> row_names(paper.table("table_2"))["table_2/prefix_lm_lm"]
  'Prefix LM (LM)'
  """
  printed = [row.name for row in table.rows.values()]
  return {
      row.id: row.name
      if printed.count(row.name) == 1
      else f"{row.name} ({next(iter(row.details.values()), row.id)})"
      for row in table.rows.values()
  }


_Pair = tuple[benchmarks.Column, benchmarks.Column]


def _column_pairs(result: table_results.TableResult) -> list[_Pair]:
  tasks = {t for row in result.rows for seed in row.seeds for t in seed.scores}
  known = benchmarks.columns_for(tasks)
  if not known:
    raise errors.DataError(
        f"the results of {result.table} have scores of"
        f" {', '.join(sorted(tasks)) or 'no task'}, and so none for a column"
        " of the paper or of the mini suite. Run rows of the table first:"
        f" `t5_mtf ablations run {result.table}`."
    )
  mini = benchmarks.MINI[0] in known
  own = benchmarks.MINI if mini else benchmarks.PAPER
  return list(zip(own, benchmarks.PAPER, strict=True))


def _row(
    result: table_results.RowResult,
    pairs: Sequence[_Pair],
    names: Mapping[str, str],
) -> Row:
  if result.id not in names:
    raise errors.unknown_name("row of the table", result.id, names)
  row = paper.row(result.id)
  return Row(
      paper=row,
      name=names[row.id],
      seeds=tuple(seed.seed for seed in result.seeds),
      cells=tuple(_cell(result, row, *pair) for pair in pairs),
      result=result,
  )


def _cell(
    result: table_results.RowResult,
    row: paper.PaperRow,
    own: benchmarks.Column,
    published: benchmarks.Column,
) -> Cell:
  found = {s.seed: benchmarks.column_score(own, s.scores) for s in result.seeds}
  undefined = [name for score in found.values() for name in score.undefined]
  return Cell(
      seeds={s: f.value for s, f in found.items() if f.value is not None},
      published=paper.score(row, published),
      undefined=tuple(dict.fromkeys(undefined)),
  )


def _baseline(
    result: table_results.TableResult,
    rows: Sequence[Row],
    others: Iterable[table_results.TableResult],
    pairs: Sequence[_Pair],
) -> Row | None:
  """The row with the star, or that of another table with the most seeds."""
  own = next((row for row in rows if row.paper.starred), None)
  if own:
    return own
  candidates = [
      _row(row, pairs, row_names(paper.table(other.table)))
      for other in others
      if other.table != result.table
      and other.scale_settings == result.scale_settings
      for row in other.rows
      if row.seeds and paper.row(row.id).starred
  ]
  return max(candidates, key=lambda row: len(row.seeds), default=None)


def _with_deviation(index: int, pair: _Pair, rows: Sequence[Row]) -> Column:
  repeated = [
      (len(cell.seeds) - 1, cell.deviation)
      for cell in (row.cells[index] for row in rows)
      if cell.deviation is not None
  ]
  if not repeated:
    return Column(*pair)
  pooled = comparison.pooled_deviation(repeated)
  return Column(*pair, deviation=pooled, freedom=sum(n for n, _ in repeated))


def _only(row: Row, kept: Sequence[int]) -> Row:
  return dataclasses.replace(row, cells=tuple(row.cells[i] for i in kept))


def _finished(
    rows: Sequence[Row],
    columns: Sequence[Column],
    kept: Sequence[int],
    baseline: Row | None,
) -> list[Row]:
  """The rows with bold scores, and differences to the baseline."""
  rows = [_only(row, kept) for row in rows]
  beside = _only(baseline, kept) if baseline else None
  bold = []
  for i, column in enumerate(columns):
    means = [row.cells[i].mean for row in rows]
    alone = len(means) - means.count(None) < 2
    source = column.deviation
    if source is None and column.own.parts == column.published.parts:
      source = column.published_deviation
    marks = comparison.are_bold(means, source or 0.0)
    bold.append([False] * len(rows) if alone else marks)
  return [
      dataclasses.replace(
          row,
          cells=tuple(
              dataclasses.replace(
                  cell,
                  bold=bold[i][j],
                  difference=_minus(cell.mean, beside and beside.cells[i].mean),
                  published_difference=_minus(
                      cell.published, beside and beside.cells[i].published
                  ),
              )
              for i, cell in enumerate(row.cells)
          ),
      )
      for j, row in enumerate(rows)
  ]


def _minus(value: float | None, other: float | None) -> float | None:
  if value is None or other is None:
    return None
  return round(value - other, 10)
