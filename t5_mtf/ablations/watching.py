"""What is said while runs are carried out: one line for each thing."""

from __future__ import annotations

import collections
import json
import os
import time
from collections.abc import Sequence

from t5_mtf.ablations import run_folder
from t5_mtf.ablations.runs import ENSEMBLE, Run
from t5_mtf.durations import duration
from t5_mtf.evaluation import curves, selection
from t5_mtf.evaluation import results as results_lib

_TAIL = 4096  # bytes; a record has about 150
_SECONDS_BETWEEN_LINES = 30.0


class Watcher:
  """Follows the runs of one call."""

  def __init__(self, every: Sequence[Run], output: str) -> None:
    self._every, self._output = every, output
    self._ended: dict[str, run_folder.Done] = {}
    self._started: dict[str, float] = {}
    self._elsewhere: set[str] = set()
    self._said = time.monotonic()
    self._jobs = 1

  def say_start(self, found: int) -> None:
    """Says what there is to do."""
    left = len(self._every) - found
    print(
        f"{len(self._every)} runs, {found} of them done before, {left} to do",
        flush=True,
    )

  def say_started(self, run: Run) -> None:
    """Says that a run starts, or goes on."""
    self._started[run.name] = time.monotonic()
    folder = run_folder.RunFolder(run, self._output)
    again = folder.seconds()
    print(
        f"start  {run.name}"
        + (f", {run.steps:,} steps" if run.steps else "")
        + (f", continued after {duration(again)}" if again else ""),
        flush=True,
    )

  def say_held(self, run: Run) -> None:
    """Says that another process does a run."""
    if self._started.pop(run.name, None):
      self._elsewhere.add(run.name)
      print(f"wait   {run.name}: another process does it", flush=True)

  def say_failed(self, run: Run, error: str, log: str) -> None:
    """Says that a run failed."""
    print(f"FAILED {run.name}: {error}\n       see {log}", flush=True)

  def say_ended(self, run: Run, done: run_folder.Done) -> None:
    """Notes that a run has ended; says it if it was started here."""
    self._ended[run.name] = done
    if run.name in self._elsewhere:
      print(f"done   {run.name}, by another process", flush=True)
    if run.name not in self._started:
      return
    print(
        f"done   {run.name}, {duration(done.seconds)}{self._result(run)}"
        f"  [{len(self._ended)} of {len(self._every)}{self._left()}]",
        flush=True,
    )
    self._said = time.monotonic()

  def say_progress(self, running: Sequence[Run]) -> None:
    """Says now and then how far the runs are."""
    self._jobs = max(self._jobs, len(running))
    if time.monotonic() - self._said < _SECONDS_BETWEEN_LINES or not running:
      return
    self._said = time.monotonic()
    for run in running:
      print(f"       {run.name}: {self._position(run)}", flush=True)

  def _last_record(self, run: Run) -> dict | None:
    folder = run.folder(self._output)
    return last_record(os.path.join(folder, curves.METRICS_FILE))

  def _position(self, run: Run) -> str:
    record = self._last_record(run)
    if not record:
      return "starting"
    if record["step"] >= run.total_steps:
      return "evaluating"
    return (
        f"step {record['step']:,} of {run.total_steps:,}, loss"
        f" {record['loss']:.2f}"
    )

  def _result(self, run: Run) -> str:
    """The scores of a run, or its last loss."""
    if run.tasks:
      chosen = scores(run, self._output)
      return "".join(
          f", {task} {results_lib.format_score(value)} {name}"
          for task, result in chosen.items()
          for name, value in list(result.metrics.items())[:1]
      )
    record = self._last_record(run)
    return f", loss {record['loss']:.2f}" if record else ""

  def _left(self) -> str:
    """The time left, from the runs that have ended."""
    spent: dict[tuple, list[float]] = collections.defaultdict(list)
    for run in self._every:
      if run.name in self._ended:
        spent[_like(run)].append(self._ended[run.name].seconds)
        spent[_like(run)[:1]].append(self._ended[run.name].seconds)
    total = 0.0
    for run in self._every:
      if run.name in self._ended:
        continue
      known = spent.get(_like(run)) or spent.get(_like(run)[:1])
      if not known:
        return ""
      gone = time.monotonic() - self._started.get(run.name, time.monotonic())
      total += max(0.0, sum(known) / len(known) - gone)
    return f", about {duration(total / self._jobs)} left" if total else ""


def scores(run: Run, output: str) -> dict[str, results_lib.TaskResult]:
  """Returns the result of each task of a run, of its best checkpoint."""
  found = selection.choose(selection.read(run.folder(output)))
  return {task: found[task] for task in run.tasks}


def _like(run: Run) -> tuple:
  """Runs of one kind, steps and tasks take about as long."""
  return run.kind, run.steps if run.kind != ENSEMBLE else run.parents, run.tasks


def last_record(path: str) -> dict | None:
  """The last whole record of a run's metrics.jsonl."""
  try:
    with open(path, "rb") as f:
      f.seek(max(0, os.path.getsize(path) - _TAIL))
      lines = f.read().split(b"\n")[:-1]
    return json.loads(lines[-1]) if lines else None
  except (OSError, ValueError):
    return None
