"""One HTML page of ablation tables: scores, charts, agreement, loss, cost.

The page is one file without scripts, fonts or any other request, readable on a
phone, light or dark as the reader's device asks.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence
from html import escape

from t5_mtf import durations
from t5_mtf.ablations import (
    agreement,
    charts,
    costs,
    notes,
    page_style,
    pretraining,
    rank_correlation,
    report_text,
    table_view,
    wording,
)

_KEY = (
    '<p class="quiet">Each half has its own scale, and 0 is the baseline.'
    ' <span class="key paper"></span> the paper’s;'
    ' <span class="key"></span> ours;'
    ' <span class="key opposite"></span> ours, with the opposite sign. Grey'
    " band: two standard deviations to each side. Line through a dot of ours:"
    " one deviation; small dots: single seeds.</p>"
)
_SCORES_KEY = (
    '<p class="quiet">Each half has its own scale, of scores.'
    ' <span class="key paper"></span> the paper’s; <span class="key"></span>'
    " ours. Line through a dot of ours: one deviation; small dots: single"
    " seeds.</p>"
)


def page(views: Sequence[table_view.TableView]) -> str:
  """Returns the page of some tables, one at least."""
  scales = wording.listing(dict.fromkeys(v.result.scale for v in views))
  title = f"Ablation tables, scale {scales}"
  common = _common(views)
  return "\n".join([
      '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      f"<title>{escape(title)}</title>",
      '<link rel="icon" href="data:,">',
      f"<style>{page_style.CSS}</style>\n</head>\n<body>",
      f"<main>\n<h1>{escape(title)}</h1>",
      _overview(views),
      _notes("How to read the tables", common),
      *(_table(view, common) for view in views),
      _pretraining(views),
      _run(views),
      "</main>\n</body>\n</html>\n",
  ])


def _common(views: Sequence[table_view.TableView]) -> list[str]:
  """Sentences that most tables share, to stand once."""
  if len(views) < 2:
    return []
  counts = collections.Counter(s for v in views for s in _sentences(v))
  return [s for s, tables in counts.items() if tables > len(views) / 2]


def _sentences(view: table_view.TableView) -> list[str]:
  ranks = rank_correlation.of_view(view)
  return [
      *notes.of_view(view),
      *report_text.rank_sentences(view, ranks),
      *report_text.cost_notes(view),
  ]


def _overview(views: Sequence[table_view.TableView]) -> str:
  grid = report_text.summary(views)
  lines = [
      (f'<a href="#{view.paper.name}">{escape(line[0])}</a>',
       *map(escape, line[1:]))
      for view, line in zip(views, grid.lines, strict=True)
  ]  # fmt: skip
  results = [view.result for view in views]
  return (
      f"<p>{escape(_introduction(views))}</p>"
      + _grid_table("All tables", grid.heads, lines)
      + _list(report_text.overview_notes(results), "quiet")
  )


def _introduction(views: Sequence[table_view.TableView]) -> str:
  told = (
      "The experiments of Raffel et al. 2020, run again with this package, and"
      " whether they point where the paper’s do."
  )
  if any(view.is_mini for view in views):
    told += (
        " The columns are small tasks of their own, not the paper’s: scores"
        " cannot be compared, directions of differences can."
    )
  return told


def _notes(heading: str, sentences: Sequence[str]) -> str:
  if not sentences:
    return ""
  return f"<h2>{escape(heading)}</h2>\n{_list(sentences, 'quiet')}"


def _list(sentences: Iterable[str], kind: str = "") -> str:
  items = "\n".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
  return f'<ul class="{kind}">\n{items}\n</ul>' if items else ""


def _scrolling(label: str, table: str) -> str:
  """A box that scrolls by itself, with the keyboard too."""
  return (
      f'<div class="scroll" role="region" tabindex="0"'
      f' aria-label="{escape(label)}">{table}</div>'
  )


def _grid_table(
    label: str, heads: Sequence[str], lines: Iterable[Sequence[str]]
) -> str:
  """A table of a label and numbers; cells are HTML, heads are text."""
  head = '<td class="first"></td>' + "".join(
      f'<th class="n" scope="col">{escape(text)}</th>' for text in heads[1:]
  )
  body = "\n".join(
      f'<tr><th class="first" scope="row">{line[0]}</th>'
      + "".join(f'<td class="n">{cell}</td>' for cell in line[1:])
      + "</tr>"
      for line in lines
  )
  return _scrolling(
      label,
      f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>",
  )


def _table(view: table_view.TableView, common: Sequence[str]) -> str:
  """The section of a table."""
  ranks = rank_correlation.of_view(view)
  name = report_text.title(view)

  def own(sentences: Iterable[str]) -> str:
    return _list((s for s in sentences if s not in common), "quiet")

  parts = [
      f'<section id="{view.paper.name}" aria-labelledby="{view.paper.name}_h">',
      f'<h2 id="{view.paper.name}_h">{escape(name)}</h2>',
      _scores(view, name),
      own(notes.of_view(view)),
      _difference_charts(view),
      "<h3>Agreement with the paper</h3>",
      _list(agreement.sentences(view)),
      "<h3>Order of the rows</h3>",
      _ranks(ranks, name) if ranks else "",
      own(report_text.rank_sentences(view, ranks)),
      "<h3>Cost</h3>",
      _costs(view, name),
      own(report_text.cost_notes(view)),
      "</section>",
  ]
  return "\n".join(part for part in parts if part)


def _scores(view: table_view.TableView, name: str) -> str:
  heads = "".join(
      f'<th class="n" scope="col">{escape(c.own.name)}'
      + (f"<small>~ {escape(c.published.name)}</small>" if view.is_mini else "")
      + "</th>"
      for c in view.columns
  )
  bodies = "\n".join(_score_rows(row, view) for row in view.rows)
  return _scrolling(
      f"{name}: scores",
      f'<table class="scores"><thead><tr><td class="first"></td>{heads}</tr>'
      f"</thead>\n{bodies}</table>",
  )


def _score_rows(row: table_view.Row, view: table_view.TableView) -> str:
  lines = [
      ("", report_text.row_name(row), [_score(cell) for cell in row.cells]),
      ("sub", report_text.PUBLISHED,
       [wording.number(cell.published) for cell in row.cells]),
  ]  # fmt: skip
  if view.baseline and row in view.differing_rows():
    both = [report_text.differences(cell) for cell in row.cells]
    lines.append(("sub", report_text.DIFFERENCE, both))
  rows = [
      f'<tr class="{kind}"><th class="first" scope="row">{escape(head)}</th>'
      + "".join(f'<td class="n">{cell}</td>' for cell in cells)
      + "</tr>"
      for kind, head, cells in lines
  ]
  return f"<tbody>{''.join(rows)}</tbody>"


def _score(cell: table_view.Cell) -> str:
  mean = wording.number(cell.mean)
  shown = f"<b>{mean}</b>" if cell.bold else mean
  if cell.deviation is None:
    return shown
  deviation = wording.number(cell.deviation)
  return f"{shown} <i>{wording.PLUS_MINUS} {deviation}</i>"


def _difference_charts(view: table_view.TableView) -> str:
  """A chart for each column; none of a single row with nothing beside it."""
  if view.baseline is None and len(view.rows) < 2:
    return ""
  heading, key = "Scores by column", _SCORES_KEY
  if view.baseline:
    heading, key = "Differences to the baseline, by column", _KEY
  figures = [
      f"<figure><h3>{escape(wording.heading(c.own, c.published))}</h3>\n"
      f"{charts.difference_chart(view, i)}</figure>"
      for i, c in enumerate(view.columns)
  ]
  return (
      f'<h3>{heading}</h3>\n{key}\n<div class="charts">\n'
      + "\n".join(figures)
      + "\n</div>"
  )


def _ranks(
    found: Sequence[rank_correlation.RankCorrelation], name: str
) -> str:
  grid = report_text.rank_grid(found)
  lines = [
      (*map(escape, line), _range(c))
      for line, c in zip(grid.lines, found, strict=True)
  ]
  heads = (*grid.heads, "tau, −1 to 1")
  return _grid_table(f"{name}: rank correlations", heads, lines)


def _range(found: rank_correlation.RankCorrelation) -> str:
  def place(tau: float) -> float:
    return 50 * (tau + 1)

  if found.tau != found.tau:  # NaN
    return ""
  interval = ""
  if found.interval:
    low, high = map(place, found.interval)
    interval = f'<i style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
  return (
      f'<div class="range" aria-hidden="true"><u></u>{interval}'
      f'<b style="left:{place(found.tau):.1f}%"></b></div>'
  )


def _costs(view: table_view.TableView, name: str) -> str:
  grid = report_text.cost_grid(view)
  every = costs.of_rows(view)
  most = max(c.whole.seconds for c in every) or 1.0
  bars = [
      '<div class="bar" aria-hidden="true"><i class="shared"'
      f' style="width:{100 * c.whole.seconds / most:.1f}%"></i><i'
      f' style="width:{100 * c.own_seconds / most:.1f}%"></i></div>'
      for c in every
  ]
  lines = [
      (*map(escape, line), bar)
      for line, bar in zip(grid.lines, [*bars, ""], strict=True)
  ]
  heads = (*grid.heads, "time (pale: shared)")
  return _grid_table(f"{name}: cost", heads, lines)


def _pretraining(views: Sequence[table_view.TableView]) -> str:
  """The loss of each pre-training, seeds in one chart, all on one scale."""
  groups, without = pretraining.of_views(views)
  if not groups and not without:
    return ""
  losses, last = pretraining.axes(groups)
  figures = []
  for group in groups:
    chart = charts.loss_chart(group.title, group.seeds, losses, last)
    caption = f"{group.rows}. {group.told()}"
    figures.append(
        f"<figure><h3>{escape(group.title)}</h3>\n{chart}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
  said = [
      "Thin: as logged, means of neighbours where there are more than a few"
      " hundred. Thick: moving average. A line for each seed; all charts"
      " have the same axes. Losses of different objectives cannot be compared:"
      " their targets differ.",
      *(f"Without a logged loss: {name}." for name in without),
  ]
  return (
      '<section id="pretraining"><h2>Pre-training loss</h2>\n'
      + _list(said, "quiet")
      + '<div class="charts">\n'
      + "\n".join(figures)
      + "\n</div></section>"
  )


def _run(views: Sequence[table_view.TableView]) -> str:
  """How the tables were made; once, where it is the same for all."""
  facts: dict[str, dict[str, list[str]]] = {}
  for view in views:
    for name, value in notes.provenance(view.result):
      values = facts.setdefault(name, {})
      values.setdefault(value, []).append(
          wording.table_title(view.paper.name)
      )
  items = []
  for name, values in facts.items():
    for value, of in values.items():
      label = name if len(values) == 1 else f"{name}, {wording.listing(of)}"
      items.append(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>")
  total = costs.total(view.result for view in views)
  items.append(
      f"<dt>time in all</dt><dd>{durations.duration(total.seconds)},"
      f" {total.runs:,} runs</dd>"
  )
  return (
      '<section id="run"><h2>How it was run</h2>\n<dl>\n'
      + "\n".join(items)
      + "\n</dl></section>"
  )
