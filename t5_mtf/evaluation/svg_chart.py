"""A loss curve as inline SVG: text size and colours come from the page.

The page's style sheet gives `chart`, `grid`, `logged` and `average` their
colours, so one drawing serves light and dark.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence

from t5_mtf.evaluation import curves

# The drawing's own units; about pixels on a phone.
_WIDTH, _HEIGHT = 360, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 352, 26, 192


def ticks(low: float, high: float, count: int = 5) -> list[float]:
  """Returns about `count` round numbers from `low` to `high`.

  >>> ticks(0.3, 9.2)
  [2.0, 4.0, 6.0, 8.0]
  """
  span = (high - low) or abs(high) or 1.0
  raw = span / count
  magnitude = 10.0 ** math.floor(math.log10(raw))
  step = min(
      (m * magnitude for m in (1, 2, 5, 10)),
      key=lambda s: abs(math.log(s / raw)),
  )
  first, last = math.ceil(low / step), math.floor(high / step)
  return [round(i * step, 10) for i in range(first, last + 1)]


def loss_chart(title: str, rows: Sequence[curves.Row]) -> str:
  """Returns an `<svg>` element: loss against steps, logged and averaged.

  Args:
    title: what was trained.
    rows: as `curves.read_metrics` gives them; one finite loss at least.
  """
  steps, losses = curves.finite_losses(rows)
  first = 0.0 if steps[0] < steps[-1] / 10 else steps[0]
  x = scale(first, steps[-1], _LEFT, _RIGHT)
  y = scale(min(losses), max(losses), _BOTTOM, _TOP)
  parts = [
      f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
      f"<title>{html.escape(title)}: loss from {losses[0]:.2f} to"
      f" {losses[-1]:.2f} nats per position in {steps[-1]:,.0f} steps</title>",
      '<text x="0" y="11">loss (nats/position)</text>',
      f'<text x="{(_LEFT + _RIGHT) / 2:.0f}" y="{_HEIGHT - 6}"'
      ' text-anchor="middle">steps</text>',
  ]
  for value in ticks(min(losses), max(losses), 6):
    parts.append(
        f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y(value):.1f}"'
        f' y2="{y(value):.1f}"/><text x="{_LEFT - 6}" y="{y(value) + 4:.1f}"'
        f' text-anchor="end">{value:g}</text>'
    )
  for value in ticks(first, steps[-1]):
    parts.append(
        f'<text x="{x(value):.1f}" y="{_BOTTOM + 16}"'
        f' text-anchor="middle">{value:,.0f}</text>'
    )
  for name, values in (("logged", losses), ("average", curves.smooth(losses))):
    points = " ".join(
        f"{x(s):.1f},{y(v):.1f}" for s, v in zip(steps, values, strict=True)
    )
    parts.append(f'<polyline class="{name}" points="{points}"/>')
  return "\n".join([*parts, "</svg>"])


def scale(
    low: float, high: float, start: float, end: float
) -> Callable[[float], float]:
  """Returns the function that puts `low` at `start` and `high` at `end`.

  >>> scale(0, 10, 100, 200)(5)
  150.0
  """
  span = (high - low) or 1.0
  return lambda value: start + (end - start) * (value - low) / span
