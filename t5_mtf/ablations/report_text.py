"""Reports of tables as Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence

from t5_mtf import durations
from t5_mtf.ablations import (
    agreement,
    costs,
    notes,
    rank_correlation,
    table_results,
    table_view,
    wording,
)
from t5_mtf.evaluation import tables

PUBLISHED = "published"
DIFFERENCE = "difference (paper’s)"
_INDENT = "&emsp;"


@dataclasses.dataclass(frozen=True)
class Grid:
  """A table of text, as every form shows it.

  Attributes:
    heads: of the columns; the first is that of the labels.
    lines: each with as many cells as `heads`.
  """

  heads: tuple[str, ...]
  lines: tuple[tuple[str, ...], ...]


def title(view: table_view.TableView) -> str:
  """Returns the heading of a table: number, subject, scale."""
  name = wording.table_title(view.paper.name)
  return f"{name}. {view.paper.title}"


def row_name(row: table_view.Row) -> str:
  """Returns the name of a row, the baseline's with its star."""
  return f"{wording.STAR} {row.name}" if row.paper.starred else row.name


def score(cell: table_view.Cell) -> str:
  """Returns a score with its deviation, if there is one.

  >>> score(table_view.Cell({0: 80.0, 1: 81.0}))
  '80.50 ± 0.71'
  """
  text = wording.number(cell.mean)
  if cell.deviation is None:
    return text
  return f"{text} {wording.PLUS_MINUS} {wording.number(cell.deviation)}"


def differences(cell: table_view.Cell) -> str:
  """Returns both differences to the baseline, ours first."""
  ours, published = cell.difference, cell.published_difference
  return f"{wording.signed(ours)} ({wording.signed(published)})"


def rank_grid(found: Sequence[rank_correlation.RankCorrelation]) -> Grid:
  """Returns the rank correlations of a table."""
  heads = ("", "rows", "pairs alike", "opposite", "tau", "95 % range", "p",
           "rho", "rerun")  # fmt: skip
  return Grid(
      heads,
      tuple(
          (
              c.column,
              str(c.rows),
              str(c.same),
              str(c.opposite),
              wording.signed(c.tau),
              " to ".join(map(wording.signed, c.interval))
              if c.interval
              else wording.NONE,
              wording.probability(c.p),
              wording.signed(c.rho),
              wording.signed(c.rerun),
          )
          for c in found
      ),
  )


def cost_grid(view: table_view.TableView) -> Grid:
  """Returns what the rows cost, and all of them."""
  heads = ("", "runs", "time", "positions", "compute", "shared runs",
           "their time")  # fmt: skip
  lines = [
      (
          c.row,
          *_cost(c.whole),
          f"{c.shared.runs:,}",
          durations.duration(c.shared.seconds),
      )
      for c in costs.of_rows(view)
  ]
  every = costs.of(view.result.runs.values())
  return Grid(heads, (*lines, ("all, each run once", *_cost(every), "", "")))


def _cost(cost: costs.Cost) -> tuple[str, ...]:
  return (
      f"{cost.runs:,}",
      durations.duration(cost.seconds),
      wording.large(cost.tokens, "").strip(),
      wording.large(cost.flops, "FLOP"),
  )


def cost_notes(view: table_view.TableView) -> list[str]:
  """Says how the costs are counted."""
  out = [
      "Cost: of all seeds, pre-training, fine-tuning and evaluation. A run that"
      " several rows of the table need, such as a pre-training, is in each of"
      " them and once in the last line. Positions are trained on, padding"
      " included; compute is estimated."
  ]
  for cost in costs.of_rows(view):
    if cost.unknown:
      out.append(
          f"{cost.row}: the cost of {wording.count(len(cost.unknown), 'run')}"
          f" is not known: {', '.join(cost.unknown)}."
      )
  return out


def rank_sentences(
    view: table_view.TableView,
    found: Sequence[rank_correlation.RankCorrelation],
) -> list[str]:
  """Says what the rank correlations can carry, and of what the mean is."""
  out = rank_correlation.meaning(found)
  of_mean = rank_correlation.columns_of_mean(view)
  there = any(c.column == rank_correlation.MEAN for c in found)
  if there and len(of_mean) < len(view.columns):
    names = [view.columns[i].own.name for i in of_mean]
    out.append(f"The mean is over {wording.listing(names)}.")
  return out


def markdown(view: table_view.TableView) -> str:
  """Returns the report of a table as Markdown."""
  found = rank_correlation.of_view(view)
  parts = [
      f"# {tables.escape_markdown(title(view))}",
      _markdown_scores(view),
      _bullets(notes.of_view(view)),
      "## Agreement with the paper",
      _bullets(agreement.sentences(view)),
      "### Order of the rows",
      *([_markdown_grid(rank_grid(found))] if found else []),
      _bullets(rank_sentences(view, found)),
      "## Cost",
      _markdown_grid(cost_grid(view)),
      _bullets(cost_notes(view)),
      "## How it was run",
      _bullets(f"{k}: {v}" for k, v in notes.provenance(view.result)),
  ]
  return "\n\n".join(parts)


def _bullets(sentences) -> str:
  return "\n".join(f"* {tables.escape_markdown(s)}" for s in sentences)


def _markdown_scores(view: table_view.TableView) -> str:
  lines = [
      [tables.escape_markdown(wording.heading(c.own, c.published))
       for c in view.columns]
  ]  # fmt: skip
  lines[0].insert(0, "")
  lines.append(["---", *["---:"] * len(view.columns)])
  for row in view.rows:
    scores = [
        f"**{wording.number(c.mean)}**{score(c)[len(wording.number(c.mean)):]}"
        if c.bold
        else score(c)
        for c in row.cells
    ]
    lines.append([tables.escape_markdown(row_name(row)), *scores])
    published = [wording.number(c.published) for c in row.cells]
    lines.append([_INDENT + PUBLISHED, *published])
    if row in view.differing_rows() and view.baseline:
      lines.append([_INDENT + DIFFERENCE, *map(differences, row.cells)])
  return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _markdown_grid(grid: Grid) -> str:
  lines = [
      [tables.escape_markdown(head) for head in grid.heads],
      ["---", *["---:"] * (len(grid.heads) - 1)],
      *([tables.escape_markdown(text) for text in line] for line in grid.lines),
  ]
  return "\n".join("| " + " | ".join(line) + " |" for line in lines)


_LATEX_SIGNS = {
    "\N{MINUS SIGN}": "$-$",
    wording.PLUS_MINUS: r"$\pm$",
    wording.STAR: r"$\star$",
    wording.NONE: "--",
    "’": "'",
}


def _latex(text: str) -> str:
  text = tables.escape_latex(text)
  for sign, written in _LATEX_SIGNS.items():
    text = text.replace(sign, written)
  return text


def latex(view: table_view.TableView) -> str:
  """Returns the table, and its rank correlations, as LaTeX tabulars.

  The sentences stand below as comments.
  """
  found = rank_correlation.of_view(view)
  scores = []
  for row in view.rows:
    cells = [
        rf"\textbf{{{_latex(score(c))}}}" if c.bold else _latex(score(c))
        for c in row.cells
    ]
    scores.append([_latex(row_name(row)), *cells])
    published = [_latex(wording.number(c.published)) for c in row.cells]
    scores.append([rf"\quad {PUBLISHED}", *published])
    if row in view.differing_rows() and view.baseline:
      both = [_latex(differences(c)) for c in row.cells]
      scores.append([rf"\quad {_latex(DIFFERENCE)}", *both])
  heads = [["", *(_latex(c.own.name) for c in view.columns)]]
  if view.is_mini:
    stands = [rf"($\sim$ {_latex(c.published.name)})" for c in view.columns]
    heads.append(["", *stands])
  ranks = rank_grid(found)
  sentences = [
      *notes.of_view(view),
      *agreement.sentences(view),
      *rank_sentences(view, found),
      *(f"{key}: {value}" for key, value in notes.provenance(view.result)),
  ]
  return "\n".join([
      rf"% {title(view)}",
      r"% Needs \usepackage{booktabs}.",
      _tabular(heads, scores),
      *(
          ["", _tabular([[_latex(head) for head in ranks.heads]],
                        [[_latex(t) for t in line] for line in ranks.lines])]
          if found
          else []
      ),
      *(f"% {' '.join(sentence.split())}" for sentence in sentences),
  ])  # fmt: skip


def _tabular(
    heads: Sequence[Sequence[str]], lines: Sequence[Sequence[str]]
) -> str:
  return "\n".join([
      rf"\begin{{tabular}}{{l{'r' * (len(heads[0]) - 1)}}}",
      r"\toprule",
      *(" & ".join(line) + r" \\" for line in heads),
      r"\midrule",
      *(" & ".join(line) + r" \\" for line in lines),
      r"\bottomrule",
      r"\end{tabular}",
  ])


CSV_HEADS = (
    "table", "row", "row_name", "column", "stands_for", "kind", "seed",
    "score", "standard_deviation", "seeds", "bold", "published", "difference",
    "published_difference", "baseline", "run",
)  # fmt: skip


def to_csv(views: Sequence[table_view.TableView]) -> str:
  """Returns one line for each row, column and seed, and one of all its seeds.

  `kind` is "seed" or "summary". A seed has its score and run; a summary the
  mean, deviation and number of seeds, what is published, and differences.
  Numbers are not rounded; what there is not is empty.
  """
  out = io.StringIO()
  writer = csv.DictWriter(out, CSV_HEADS, lineterminator="\n", restval="")
  writer.writeheader()
  for view in views:
    for row in view.rows:
      runs = {s.seed: s.columns for s in row.result.seeds}
      for column, cell in zip(view.columns, row.cells, strict=True):
        same = {
            "table": view.paper.name,
            "row": row.paper.id,
            "row_name": row.name,
            "column": column.own.name,
            "stands_for": column.published.name,
        }
        for seed, value in cell.seeds.items():
          run = runs[seed].get(column.own.name, "")
          own = {"kind": "seed", "seed": seed, "score": _exact(value)}
          writer.writerow({**same, **own, "run": run})
        writer.writerow({**same, **_summary(cell, view)})
  return out.getvalue()


def _summary(
    cell: table_view.Cell, view: table_view.TableView
) -> dict[str, object]:
  return {
      "kind": "summary",
      "score": _exact(cell.mean),
      "standard_deviation": _exact(cell.deviation),
      "seeds": len(cell.seeds),
      "bold": "yes" if cell.bold else "no",
      "published": _exact(cell.published),
      "difference": _exact(cell.difference),
      "published_difference": _exact(cell.published_difference),
      "baseline": view.baseline.paper.id if view.baseline else "",
  }


def _exact(value: float | None) -> str:
  return "" if value is None else f"{value:.10g}"


def summary(views: Sequence[table_view.TableView]) -> Grid:
  """Returns one line for each table: how far it is, and how far it agrees."""
  heads = ("", "rows", "seeds", "same sign", "tau of means", "p", "runs",
           "time")  # fmt: skip
  return Grid(heads, tuple(_summary_line(view) for view in views))


def _summary_line(view: table_view.TableView) -> tuple[str, ...]:
  seeds = sorted({len(row.seeds) for row in view.rows})
  found = agreement.differences(view)
  same = sum(d.has_same_sign is True for d in found)
  ranks = {c.column: c for c in rank_correlation.of_view(view)}
  mean = ranks.get(rank_correlation.MEAN)
  cost = costs.of(view.result.runs.values())
  return (
      title(view),
      f"{len(view.rows)} of {len(view.rows) + len(view.missing)}",
      " to ".join(map(str, dict.fromkeys([seeds[0], seeds[-1]]))),
      f"{same} of {len(found)}" if found else wording.NONE,
      wording.signed(mean.tau) if mean else wording.NONE,
      wording.probability(mean.p if mean else None),
      f"{cost.runs:,}",
      durations.duration(cost.seconds),
  )


def overview_notes(results: Sequence[table_results.TableResult]) -> list[str]:
  """Says what the tables cost together, and how they differ in settings."""
  every = costs.total(results)
  told = (
      f"In all {wording.count(every.runs, 'run')}, each counted once:"
      f" {durations.duration(every.seconds)} of training and evaluation,"
      f" {wording.large(every.flops, 'FLOP')} estimated."
  )
  if every.runs < sum(len(result.runs) for result in results):
    told += " Tables share runs, so their times add up to more."
  return [told, *notes.settings_that_differ(results)]


def markdown_overview(
    views: Sequence[table_view.TableView], links: bool = True
) -> str:
  """Returns a page that leads to the tables."""
  grid = _markdown_grid(summary(views))
  for view in views if links else ():
    name = tables.escape_markdown(title(view))
    grid = grid.replace(f"| {name} |", f"| [{name}]({view.paper.name}.md) |")
  results = [view.result for view in views]
  return "\n\n".join(
      ["# Ablation tables", grid, _bullets(overview_notes(results))]
  )
