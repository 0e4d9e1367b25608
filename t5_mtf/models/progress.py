"""Progress of a training run: one live line, `metrics.jsonl`, TensorBoard.

`metrics.jsonl` holds one object a logged step, with the keys `step`, `loss` (as
Mesh TF trains on: nats per target position, positions of padding counted as
0), `learning_rate`, `tokens_per_second` (positions of inputs and targets,
padding included) and `time` (seconds since the epoch). The first and the last
step of a run are always among them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import TextIO

from t5_mtf.durations import duration
from t5_mtf.evaluation import curves, files
from t5_mtf.models import storage


@dataclasses.dataclass(frozen=True)
class StepRecord:
  """One logged step; the fields are the keys of `metrics.jsonl`."""

  step: int
  loss: float
  learning_rate: float
  tokens_per_second: float
  time: float


class MetricsFile:
  """Appends to a run's `metrics.jsonl`.

  Records of steps after `start_step`, which a killed run logged but did not
  save a checkpoint of, are dropped when the file is opened: those steps are
  run again, on the same data.
  """

  def __init__(self, model_dir: str, start_step: int) -> None:
    self._path = os.path.join(model_dir, curves.METRICS_FILE)
    kept = [
        line
        for line in self._lines()
        if (step := _step_of(line)) is not None and step <= start_step
    ]
    files.write_atomically(self._path, "".join(kept))

  def _lines(self) -> list[str]:
    if not files.exists(self._path):
      return []
    text = files.read_text(self._path)
    return text.splitlines(keepends=True)

  def append(self, record: StepRecord) -> None:
    """Writes one record, as one complete line."""
    storage.append(
        self._path, json.dumps(dataclasses.asdict(record)) + "\n"
    )


class ProgressLine:
  """Shows a step: over itself on a terminal, as plain lines elsewhere."""

  def __init__(self, last_step: int, stream: TextIO | None = None) -> None:
    self._last_step = last_step
    self._stream = stream or sys.stdout
    self.live = self._stream.isatty()

  def show(self, record: StepRecord, seconds_per_step: float | None) -> None:
    """Prints step, loss, learning rate, tokens/s and time left.

    Args:
      record: of the step.
      seconds_per_step: as measured; None while only the first step, which sets
        everything up, is known: then speed and time left are not shown.
    """
    line = (
        f"step {record.step:,} of {self._last_step:,}"
        f"  loss {record.loss:.4f}  lr {record.learning_rate:.2e}"
    )
    if seconds_per_step is not None:
      left = max(0, self._last_step - record.step) * seconds_per_step
      line += (
          f"  {record.tokens_per_second:,.0f} tokens/s  {duration(left)} left"
      )
    if self.live:
      self._stream.write(f"\r\x1b[2K{line}")
    else:
      self._stream.write(line + "\n")
    self._stream.flush()

  def close(self) -> None:
    """Ends the live line."""
    if self.live:
      self._stream.write("\n")
      self._stream.flush()


def _step_of(line: str) -> int | None:
  try:
    return int(json.loads(line)["step"])
  except (ValueError, KeyError, TypeError):
    return None  # torn by an earlier kill
