"""metrics.jsonl, the numbers logged while training, and loss curves of them.

One JSON object a line: `step` (global step), `loss` (nats per target position,
padding counted as 0), `learning_rate`, `tokens_per_second` and `time`
(seconds since the epoch); further keys are kept.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import os
from collections.abc import Mapping, Sequence

from t5_mtf import errors

METRICS_FILE = "metrics.jsonl"  # in a model directory

Row = Mapping[str, float]

_LOGGER = logging.getLogger(__name__)


def read_metrics(path: str | os.PathLike[str]) -> list[dict[str, float]]:
  """Reads metrics.jsonl in the order of steps.

  A run that went back to a checkpoint logs some steps again; the later rows
  replace the earlier ones. A last line without its end, as a running or killed
  job leaves it, is left out with a warning.

  Raises:
    DataError: any other line that is no object with `step` and `loss`; file
      and line are named.
    FileNotFoundError: there is no such file.
  """
  with open(path, encoding="utf-8") as f:
    text = f.read()
  lines = text.split("\n")
  rows: list[dict[str, float]] = []
  for number, line in enumerate(lines, 1):
    if not line.strip():
      continue
    try:
      row = _parse(line)
    except ValueError as e:
      if number == len(lines):  # No line feed after it.
        _LOGGER.warning("%s:%d: half a line, left out.", path, number)
        continue
      raise errors.DataError(
          f"{path}:{number}: {e}. Each line must be a JSON object with numbers"
          " for step and loss; repair or remove the line."
      ) from None
    while rows and rows[-1]["step"] >= row["step"]:
      rows.pop()
    rows.append(row)
  return rows


def _parse(line: str) -> dict[str, float]:
  row = json.loads(line)
  for key in ("step", "loss"):
    if not isinstance(row, dict) or not isinstance(row.get(key), (int, float)):
      raise ValueError(f"no number for {key!r} in {line[:60]!r}")
  return row


def smooth(values: Sequence[float], window: int | None = None) -> list[float]:
  """Centred moving average; at the ends, of the values that are there.

  Args:
    values: numbers at even distances.
    window: how many values each average is of, an odd number; by default a
      twentieth of all, at least 5.

  Returns:
    As many numbers.

  >>> smooth([4.0, 1.0, 1.0, 1.0], window=3)
  [2.5, 2.0, 1.0, 1.0]
  """
  reach = (window or max(5, len(values) // 20)) // 2
  sums = [0.0, *itertools.accumulate(values)]
  averages = []
  for i in range(len(values)):
    start, end = max(i - reach, 0), min(i + reach + 1, len(values))
    averages.append((sums[end] - sums[start]) / (end - start))
  return averages


def finite_losses(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
  """Returns steps and losses, without the losses that are NaN or infinite."""
  kept = [r for r in rows if math.isfinite(r["loss"])]
  return [float(r["step"]) for r in kept], [float(r["loss"]) for r in kept]


def plot_curves(
    curves: Mapping[str, Sequence[Row]], path_png: str | os.PathLike[str]
) -> None:
  """Draws loss against steps, one panel a curve, into a PNG file.

  The logged loss is the thin line, its moving average (`smooth`) the thick one.

  Args:
    curves: rows as `read_metrics` gives them, by the title of their panel.
    path_png: the file to write.

  Raises:
    UserError: matplotlib is not installed, or a curve has no finite loss.
  """
  try:
    from matplotlib.figure import Figure
  except ImportError:
    raise errors.UserError(
        "drawing loss curves needs matplotlib. Install it with"
        " `pip install t5_mtf[demo]`."
    ) from None
  check_curves(curves)
  figure = Figure((5.2 * len(curves), 3.6), dpi=150, layout="constrained")
  panels = figure.subplots(1, len(curves), squeeze=False)[0]
  for panel, (title, rows) in zip(panels, curves.items(), strict=True):
    steps, losses = finite_losses(rows)
    panel.plot(
        steps, losses, color="#2f6f9f", alpha=0.35, lw=0.7, label="logged"
    )
    panel.plot(
        steps, smooth(losses), color="#2f6f9f", lw=1.8, label="moving average"
    )
    panel.set_title(title, loc="left", fontsize=11)
    panel.set_xlabel("steps")
    panel.set_ylabel("loss (nats/position)")
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.grid(axis="y", color="#e3e3e0", linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False, fontsize=9)
  figure.savefig(path_png, format="png")


def check_curves(curves: Mapping[str, Sequence[Row]]) -> None:
  """Raises UserError when there is no curve, or one without a finite loss."""
  if not curves:
    raise errors.UserError("no curves to draw; give one or more.")
  for title, rows in curves.items():
    if not finite_losses(rows)[0]:
      raise errors.UserError(
          f"curve {title!r}: none of its {len(rows)} rows has a finite loss."
          " Check the metrics.jsonl it was read from."
      )
