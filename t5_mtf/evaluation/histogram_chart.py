"""A histogram of lengths as inline SVG, styled by `report_style.CSS`."""

from __future__ import annotations

import html
from collections.abc import Sequence

from t5_mtf.evaluation import svg_chart

_WIDTH, _HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 352, 26, 162
_BARS = 48


def length_histogram(
    title: str, lengths: Sequence[int], limit: int | None = None
) -> str:
  """Returns an `<svg>` element: how many examples have how many ids.

  Args:
    title: what was measured.
    lengths: ids of each example.
    limit: a maximum length to mark; bars of longer examples are marked, too.
  """
  longest = max([*lengths, 1])
  step = -(-(longest + 1) // _BARS)
  counts = [0] * (longest // step + 1)
  for length in lengths:
    counts[int(length) // step] += 1
  x = svg_chart.scale(0, len(counts) * step, _LEFT, _RIGHT)
  y = svg_chart.scale(0, max(counts), _BOTTOM, _TOP)
  parts = [
      f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
      f"<title>{html.escape(title)}: lengths of {len(lengths):,} examples, up"
      f" to {longest:,} ids</title>",
      '<text x="0" y="11">examples</text>',
      f'<text x="{(_LEFT + _RIGHT) / 2:.0f}" y="{_HEIGHT - 4}"'
      ' text-anchor="middle">ids</text>',
  ]
  for value in svg_chart.ticks(0, max(counts)):
    parts.append(
        f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y(value):.1f}"'
        f' y2="{y(value):.1f}"/><text x="{_LEFT - 6}" y="{y(value) + 4:.1f}"'
        f' text-anchor="end">{value:,g}</text>'
    )
  for value in svg_chart.ticks(0, len(counts) * step):
    parts.append(
        f'<text x="{x(value):.1f}" y="{_BOTTOM + 16}"'
        f' text-anchor="middle">{value:,g}</text>'
    )
  for i, count in enumerate(counts):
    if count:
      parts.append(_bar(x, y, i * step, step, count, limit))
  if limit is not None and limit < len(counts) * step:
    parts.append(
        f'<line x1="{x(limit):.1f}" x2="{x(limit):.1f}" y1="{_TOP - 8}"'
        f' y2="{_BOTTOM}" stroke="var(--bad)" stroke-dasharray="3 3"/>'
        f'<text x="{x(limit) + 4:.1f}" y="{_TOP - 2}">{limit:,}</text>'
    )
  return "\n".join([*parts, "</svg>"])


def _bar(x, y, start: int, step: int, count: int, limit: int | None) -> str:
  colour = "bad" if limit is not None and start > limit else "accent"
  last = start + step - 1
  span = f"{start:,}" if last == start else f"{start:,}-{last:,}"
  return (
      f'<rect x="{x(start):.2f}" y="{y(count):.2f}"'
      f' width="{max(0.5, x(start + step) - x(start) - 0.6):.2f}"'
      f' height="{_BOTTOM - y(count):.2f}" fill="var(--{colour})">'
      f"<title>{span} ids: {count:,} examples</title></rect>"
  )
