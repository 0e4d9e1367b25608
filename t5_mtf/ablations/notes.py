"""What has to be known to read a report: sentences below its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf.ablations import table_results, table_view, wording
from t5_mtf.evaluation import paper


def of_view(view: table_view.TableView) -> list[str]:
  """Returns the notes of a table."""
  return [
      *_columns(view),
      *_scores(view),
      *_baseline(view),
      *_gaps(view),
      *_paper(view),
  ]


def _columns(view: table_view.TableView) -> list[str]:
  out = []
  if view.is_mini:
    stands = [f"{c.own.name} for {c.published.name}" for c in view.columns]
    out.append(
        "The Mini columns are small tasks of their own, not those of the paper:"
        f" {', '.join(stands)}. Scores cannot be compared with the published"
        " ones; only the directions of differences can."
    )
  named = [f"{c.own.name} {c.own.metric}" for c in view.columns if c.own.metric]
  return [*out, f"Scores: {'; '.join(named)}."] if named else out


def _scores(view: table_view.TableView) -> list[str]:
  most = max((len(row.seeds) for row in view.rows), default=0)
  out = [
      "Score: mean over seeds ± standard deviation of one run (n − 1)."
      if most > 1
      else "Score: of one seed, so its noise is not known."
  ]
  out.append(
      "Checkpoints: of each task the best by its main metrics, as published."
  )
  return [*out, f"Bold: {_bold(view)}"]


def _bold(view: table_view.TableView) -> str:
  if len(view.rows) < 2:
    return "none, with one row."
  rule = "less than two standard deviations below the best of the column"
  sources = dict.fromkeys(_bold_source(column) for column in view.columns)
  return f"{rule}; {'; '.join(sources)}."


def _bold_source(column: table_view.Column) -> str:
  if column.deviation is not None:
    return "deviations across seeds, pooled over the rows"
  if column.own.parts == column.published.parts:
    return f"deviations of ten runs of the baseline, {paper.CITATION}, table 1"
  return "with no deviation known, the best alone"


def _baseline(view: table_view.TableView) -> list[str]:
  row = view.baseline
  if row is None:
    return []
  table = wording.table_title(row.paper.table)
  if not view.borrowed:
    return [f'Differences are to the baseline ({wording.STAR}), "{row.name}".']
  return [
      f"No baseline ({wording.STAR}) of its own: differences are to"
      f' "{row.name}" of {table}, {wording.seeds_of(row.seeds)}, the same'
      " experiment in every table; the paper's are to its number there."
  ]


def _gaps(view: table_view.TableView) -> list[str]:
  """Names rows, seeds, columns and scores that are not there."""
  out = []
  not_run = [name for name, reason in view.missing if not reason]
  if not_run:
    out.append(f"Rows without results: {wording.listing(not_run)}.")
  out += [
      f"{name} is no row at this scale: {reason}."
      for name, reason in view.missing
      if reason
  ]
  if view.empty:
    out.append(f"Columns without results: {wording.listing(view.empty)}.")
  every = sorted({seed for row in view.rows for seed in row.seeds})
  for row in view.rows:
    absent = [seed for seed in every if seed not in row.seeds]
    if absent:
      out.append(f"{row.name}: without {wording.seeds_of(absent)}.")
    for column, cell in zip(view.columns, row.cells, strict=True):
      lacking = [seed for seed in row.seeds if seed not in cell.seeds]
      if lacking:
        out.append(
            f"{row.name}, {column.own.name}: without"
            f" {wording.seeds_of(lacking)}."
        )
      if cell.undefined:
        out.append(
            f"{row.name}, {column.own.name}: undefined, counted as 0:"
            f" {', '.join(map(str, cell.undefined))}."
        )
  return out


def _paper(view: table_view.TableView) -> list[str]:
  table = view.paper
  out = [
      f"Published: {paper.CITATION}, {wording.table_title(table.name)}, as"
      f" printed; split: {table.split}; decoding: {table.decode}."
  ]
  out += [f"On the paper's table: {note}." for note in table.notes]
  rows = [*view.rows, view.baseline] if view.borrowed else view.rows
  return out + [
      f"Erratum of the paper, {row.name}: {row.paper.erratum}."
      for row in rows
      if row.paper.erratum
  ]


def settings_that_differ(
    results: Sequence[table_results.TableResult],
) -> list[str]:
  """Says which tables were made at other settings than the first."""
  out = []
  for result in results[1:]:
    first = results[0]
    changed = sorted(_changes(first.scale_settings, result.scale_settings))
    if first.scale != result.scale:
      changed.insert(0, f"scale {first.scale!r}, here {result.scale!r}")
    if changed:
      out.append(
          f"{wording.table_title(result.table)} was made at other settings than"
          f" {wording.table_title(first.table)}: {'; '.join(changed)}."
      )
  return out


def _changes(a: Any, b: Any) -> list[str]:
  missing = object()
  return [
      f"{key} "
      + ", here ".join(
          "not set" if v is missing else repr(v) for v in (old, new)
      )
      for key in {*a, *b} - {"name", "description", "changed"}
      for old, new in [(a.get(key, missing), b.get(key, missing))]
      if old != new
  ]


def provenance(result: table_results.TableResult) -> list[tuple[str, str]]:
  """Returns how a table was made, as names and values."""
  machine = ", ".join(f"{key} {value}" for key, value in result.machine.items())
  versions = ", ".join(f"{key} {v}" for key, v in result.versions.items())
  settings = _told(result.scale_settings)
  return [
      ("scale", f"{result.scale}: {settings}"),
      ("machine", machine),
      ("versions", versions),
      ("command", result.command),
      ("last run ended", result.date),
  ]


def _told(settings: Mapping[str, Any]) -> str:
  """The settings that are numbers; how many others there are."""
  words = []
  for key, value in settings.items():
    if isinstance(value, int | float):
      words.append(f"{key} {value}")
    elif isinstance(value, Mapping) and all(
        isinstance(v, int | float) for v in value.values()
    ):
      told = (f"{k} {v}" for k, v in value.items())
      words += [f"{key}: {', '.join(told)}"] if value else []
  rest = len(settings) - len(words)
  if rest:
    words.append(f"{wording.count(rest, 'other')} in the results file")
  return "; ".join(words)
