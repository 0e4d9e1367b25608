"""Charts of the ablation report as inline SVG.

Colours and text come from the page: `report_style.CSS` and `page_style.CSS`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence

from t5_mtf.ablations import report_text, table_view, wording
from t5_mtf.evaluation import curves, svg_chart

_WIDTH = 360  # the drawing's own units; about pixels on a phone
_PUBLISHED, _OWN = (14.0, 168.0), (192.0, 346.0)  # left and right of each half
_TOP, _ROW, _LABEL, _AXIS = 26, 36, 12, 22
_BESIDE = 12  # of each half, for the labels of its axis
_DIGIT = 7.5  # widest of a label
_MARGIN = 0.06  # of the range, beside the outermost mark

_Scale = Callable[[float], float]


def difference_chart(view: table_view.TableView, index: int) -> str:
  """Returns an `<svg>` element: a column's differences to the baseline.

  The paper's on the left, ours on the right, each on its own scale. The band is
  two deviations wide on each side of 0; small dots are single seeds, the line
  through a dot is one deviation to each side. Without a baseline it shows the
  scores.

  Args:
    view: the table.
    index: of the column.
  """
  column = view.columns[index]
  beside = view.baseline.cells[index] if view.baseline else None
  rows = [row for row in view.rows if row.cells[index].mean is not None]
  published_from = (beside.published or 0.0) if beside else 0.0
  own_from = (beside.mean or 0.0) if beside else 0.0
  height = _TOP + _ROW * len(rows) + _AXIS
  bottom = height - _AXIS
  published = [row.cells[index].published for row in rows]
  there = [p - published_from for p in published if p is not None]
  own = [v - own_from for r in rows for v in _extent(r.cells[index])]
  x_published = _half(_PUBLISHED, there, column.published_deviation, beside)
  x_own = _half(_OWN, own, column.deviation, beside)
  parts = [
      f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img">',
      f"<title>{html.escape(_told(view, index, rows))}</title>",
      *_frame(x_published, _PUBLISHED, bottom, "paper"),
      *_frame(x_own, _OWN, bottom, "ours"),
  ]
  if beside:
    parts += _band(x_published, column.published_deviation, bottom)
    parts += _band(x_own, column.deviation, bottom)
  for i, row in enumerate(rows):
    cell, y = row.cells[index], _TOP + i * _ROW
    parts.append(
        f'<text class="row" x="0" y="{y + _LABEL}">'
        f"{html.escape(report_text.row_name(row))}</text>"
    )
    if cell.published is not None:
      parts += _mark(
          x_published, cell.published - published_from, y + 23, beside, "paper"
      )
    parts += _own_marks(x_own, cell, own_from, y + 23, beside)
  return "\n".join([*parts, "</svg>"])


def _extent(cell: table_view.Cell) -> list[float]:
  """The scores of the seeds, and the ends of the line of one deviation."""
  reach = cell.deviation or 0.0
  return [*cell.seeds.values(), cell.mean - reach, cell.mean + reach]


def _told(
    view: table_view.TableView, index: int, rows: Sequence[table_view.Row]
) -> str:
  """The chart in words."""
  column = view.columns[index]
  name = wording.heading(column.own, column.published)
  cells = [(row.name, row.cells[index]) for row in rows]
  if view.baseline is None:
    told = [
        f"{row} {wording.number(c.published)} and {report_text.score(c)}"
        for row, c in cells
    ]
    return f"{name}: scores, the paper's and ours. {'; '.join(told)}."
  told = [
      f"{row} {wording.signed(c.published_difference)} and"
      f" {wording.signed(c.difference)}"
      for row, c in cells
  ]
  return (
      f"{name}: differences to the baseline, the paper's and ours."
      f" {'; '.join(told)}."
  )


def _half(
    ends: tuple[float, float],
    values: Sequence[float],
    deviation: float | None,
    beside: table_view.Cell | None,
) -> tuple[_Scale, float, float]:
  """The scale of one half, and the range that it shows."""
  values = list(values) or [0.0]
  if beside:
    values += [0.0, *((-2 * deviation, 2 * deviation) if deviation else ())]
  low, high = min(values), max(values)
  margin = _MARGIN * ((high - low) or 1.0)
  low, high = low - margin, high + margin
  return svg_chart.scale(low, high, *ends), low, high


def _frame(
    half: tuple[_Scale, float, float],
    ends: tuple[float, float],
    bottom: float,
    name: str,
) -> list[str]:
  """The name of a half, its grid and its axis."""
  x, low, high = half
  parts = [f'<text x="{ends[0]:g}" y="11">{name}</text>']
  for value in svg_chart.ticks(low, high, 3):
    at, label = x(value), f"{value:g}".replace("-", "\N{MINUS SIGN}")
    parts.append(
        f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP - 8}"'
        f' y2="{bottom}"/>'
    )
    reach = len(label) * _DIGIT / 2
    if ends[0] - _BESIDE < at - reach and at + reach < ends[1] + _BESIDE:
      parts.append(
          f'<text x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">'
          f"{label}</text>"
      )
  return parts


def _band(
    half: tuple[_Scale, float, float], deviation: float | None, bottom: float
) -> list[str]:
  x = half[0]
  parts = []
  if deviation:
    left, right = x(-2 * deviation), x(2 * deviation)
    parts.append(
        f'<rect class="band" x="{left:.1f}" y="{_TOP - 8}"'
        f' width="{right - left:.1f}" height="{bottom - _TOP + 8}"/>'
    )
  parts.append(
      f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{_TOP - 8}"'
      f' y2="{bottom}"/>'
  )
  return parts


def _mark(
    half: tuple[_Scale, float, float],
    value: float,
    y: float,
    beside: table_view.Cell | None,
    kind: str,
) -> list[str]:
  """A dot, and a stem from 0 where differences are shown."""
  x = half[0]
  parts = []
  if beside:
    parts.append(
        f'<line class="stem {kind}" x1="{x(0):.1f}" x2="{x(value):.1f}"'
        f' y1="{y}" y2="{y}"/>'
    )
  return [
      *parts, f'<circle class="{kind}" cx="{x(value):.1f}" cy="{y}" r="4"/>'
  ]  # fmt: skip


def _own_marks(
    half: tuple[_Scale, float, float],
    cell: table_view.Cell,
    origin: float,
    y: float,
    beside: table_view.Cell | None,
) -> list[str]:
  x = half[0]
  mean = cell.mean - origin
  opposite = (cell.difference or 0.0) * (cell.published_difference or 0.0) < 0
  kind = "opposite" if opposite else "own"
  parts = _mark(half, mean, y, beside, kind)
  if cell.deviation is not None:
    ends = mean - cell.deviation, mean + cell.deviation
    parts.insert(
        0,
        f'<line class="whisker" x1="{x(ends[0]):.1f}" x2="{x(ends[1]):.1f}"'
        f' y1="{y}" y2="{y}"/>',
    )
    parts += [
        f'<circle class="seed" cx="{x(score - origin):.1f}" cy="{y + 7}"'
        f' r="1.8"><title>seed {seed}: {wording.number(score)}</title></circle>'
        for seed, score in cell.seeds.items()
    ]
  return parts


_LOSS_HEIGHT = 190
_LOSS_LEFT, _LOSS_RIGHT, _LOSS_TOP, _LOSS_BOTTOM = 34, 338, 24, 154


def loss_chart(
    title: str,
    seeds: Mapping[int, Sequence[curves.Row]],
    losses: tuple[float, float],
    last_step: float,
) -> str:
  """Returns an `<svg>` element: loss against steps of one run for each seed.

  Args:
    title: what was trained.
    seeds: seed -> rows with a finite loss.
    losses: lowest and highest of the axis, the same in charts side by side.
    last_step: of the axis, the same.
  """
  x = svg_chart.scale(0, last_step, _LOSS_LEFT, _LOSS_RIGHT)
  y = svg_chart.scale(*losses, _LOSS_BOTTOM, _LOSS_TOP)
  ends = [
      f"seed {seed} from {rows[0]['loss']:.2f} to"
      f" {curves.smooth([r['loss'] for r in rows])[-1]:.2f}"
      for seed, rows in seeds.items()
  ]
  parts = [
      f'<svg class="chart" viewBox="0 0 {_WIDTH} {_LOSS_HEIGHT}" role="img">',
      f"<title>{html.escape(title)}: loss in nats per position, to step"
      f" {last_step:,.0f}; {'; '.join(ends)}</title>",
      '<text x="0" y="11">loss (nats/position)</text>',
      f'<text x="{(_LOSS_LEFT + _LOSS_RIGHT) / 2:g}" y="{_LOSS_HEIGHT - 4}"'
      ' text-anchor="middle">steps</text>',
  ]
  for value in svg_chart.ticks(*losses, 5):
    parts.append(
        f'<line class="grid" x1="{_LOSS_LEFT}" x2="{_LOSS_RIGHT}"'
        f' y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text x="{_LOSS_LEFT - 6}" y="{y(value) + 4:.1f}"'
        f' text-anchor="end">{value:g}</text>'
    )
  for value in svg_chart.ticks(0, last_step):
    parts.append(
        f'<text x="{x(value):.1f}" y="{_LOSS_BOTTOM + 15}"'
        f' text-anchor="middle">{value:,.0f}</text>'
    )
  for name in ("logged", "average"):
    for rows in seeds.values():
      values = [row["loss"] for row in rows]
      shown = curves.smooth(values) if name == "average" else values
      points = " ".join(
          f"{x(row['step']):.1f},{y(value):.1f}"
          for row, value in zip(rows, shown, strict=True)
      )
      parts.append(f'<polyline class="{name}" points="{points}"/>')
  return "\n".join([*parts, "</svg>"])
