"""Says every few seconds how far a stage of the work is.

The workers note their counts in the folder of the corpus, so that this works
on any engine.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from types import TracebackType

from t5_mtf.data.corpus import building
from t5_mtf.data.corpus.corpus_build import CLEAN, CorpusBuild
from t5_mtf.data.corpus.tally import PAGE_DROPPED, PAGES_READ, Tally
from t5_mtf.durations import duration
from t5_mtf.tf_compat import tf

_SECONDS_BETWEEN_LINES = 5.0


class Progress:
  """A context in which a thread tells the progress of a stage."""

  def __init__(
      self, build: CorpusBuild, stage: str, say: Callable[[str], None]
  ):
    """Initializes the progress.

    Args:
      build: of the corpus.
      stage: one of its stages.
      say: takes the lines.
    """
    self._build = build
    self._stage = stage
    self._say = say
    self._finished: dict[int, Tally] = {}
    self._look()
    self._before = len(self._finished)
    self._start = time.monotonic()
    self._over = threading.Event()
    self._thread = threading.Thread(target=self._tell, daemon=True)

  def __enter__(self) -> Progress:
    self._thread.start()
    return self

  def __exit__(
      self,
      kind: type[BaseException] | None,
      error: BaseException | None,
      trace: TracebackType | None,
  ) -> None:
    self._over.set()
    self._thread.join()
    if kind is None:
      self._say(self._line())

  def _tell(self) -> None:
    while not self._over.wait(_SECONDS_BETWEEN_LINES):
      self._say(self._line())

  def _line(self) -> str:
    tally = self._look()
    count, done = self._build.count(self._stage), len(self._finished)
    seconds = max(time.monotonic() - self._start, 1e-3)
    what = "input files" if self._stage == CLEAN else "shards"
    line = f"{self._stage}: {done} of {count} {what}"
    dropped = sum(tally.starting(PAGE_DROPPED).values())
    if self._stage != CLEAN:
      pages = sum(tally.starting(building.PAGES_WRITTEN).values())
      return f"{line}, {pages:,} pages written, {dropped:,} dropped"
    line += f", {tally.counts[PAGES_READ]:,} pages read, {dropped:,} dropped"
    sizes = self._build.input_bytes
    size = sum(sizes[index] for index in list(self._finished)[self._before :])
    if size > 1e6:
      speed = size / seconds
      left = (sum(sizes) - sum(sizes[i] for i in self._finished)) / speed
      line += f", {speed / 1e6:.2g} MB/s of input files, {duration(left)} left"
    return line

  def _look(self) -> Tally:
    """Reads the notes that are new, and those of parts in the making."""
    total = Tally()
    plan = self._build.plan
    for index in range(self._build.count(self._stage)):
      if index not in self._finished:
        found = _read(plan.note_path(self._stage, index))
        if found:
          self._finished[index] = found
        else:
          found = _read(plan.progress_path(self._stage, index))
        if not found:
          continue
      total.merge(self._finished.get(index) or found)
    return total


def _read(path: str) -> Tally | None:
  try:
    with tf.io.gfile.GFile(path, "r") as f:
      tally = Tally()
      tally.merge(json.load(f))
      return tally
  except (tf.errors.OpError, ValueError):  # not there, or just being replaced
    return None
