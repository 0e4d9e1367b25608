"""Carries out the runs of tables: parents first, each once, several at a time.

All that is known of a run is in its folder. The same call does what is left,
whatever ended the one before.
"""

from __future__ import annotations

import dataclasses
import multiprocessing.connection
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from t5_mtf import errors, interrupts
from t5_mtf.ablations import executing, machines, runs, workers
from t5_mtf.ablations.run_folder import LOG, Done, RunFolder
from t5_mtf.ablations.runs import Run
from t5_mtf.ablations.watching import Watcher
from t5_mtf.evaluation import files
from t5_mtf.models.planning import hardware

_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_BETWEEN_LOOKS_AT_HELD = 3.0
_SECONDS_TO_STOP = 90.0


@dataclasses.dataclass(frozen=True)
class Ending:
  """How a call of `run_all` ended.

  Attributes:
    failed: run -> its error in one line.
    left: runs that were not done: those that need a failed one, or, after an
      interruption, all that was left.
    signal: number of the signal that interrupted it, or None.
  """

  failed: Mapping[Run, str]
  left: tuple[Run, ...]
  signal: int | None = None


def default_jobs() -> int:
  """How many runs at a time: one on each core, on a GPU one in all."""
  if os.path.exists("/dev/nvidia0"):
    return 1
  cores = len(machines.usable_cores())
  memory = hardware.host_memory()
  return max(1, min(cores, int(memory / 3e9)) if memory else cores)


def run_all(
    wanted: Iterable[Run],
    output: str,
    jobs: int,
    prepare: Callable[[], None],
    ended: Callable[[Run, Done], None] = lambda run, done: None,
    carry_out: Callable[[Run, str], None] = executing.carry_out,
) -> Ending:
  """Carries out runs, and all that they need.

  Args:
    wanted: the runs; those that have ended before are not done again.
    output: the directory of the tables.
    jobs: how many at a time; the cores are divided among them.
    prepare: called at the start of each process; a function of a module.
    ended: called for each run that has ended, now or before.
    carry_out: does a run; a function of a module.

  Raises:
    UserError: the directory is on no local file system.
  """
  if files.is_remote(output):
    raise errors.UserError(
        f"--output={output}: runs are carried out in a local folder only."
        " `t5_mtf ablations show TABLE/ROW --commands` gives the commands to"
        " type elsewhere."
    )
  scheduler = _Scheduler(runs.in_order(wanted), output, ended)
  cores = machines.usable_cores()
  jobs = max(1, min(jobs, len(scheduler.waiting)))
  shares = [cores[i::jobs] or cores for i in range(jobs)]
  crew = [workers.Worker(share, carry_out, prepare) for share in shares]
  with interrupts.Interrupts() as signals:
    try:
      scheduler.go(crew, signals)
    finally:
      for worker in crew:
        worker.end()
  left = [r for r in scheduler.waiting.values() if r not in scheduler.failed]
  return Ending(scheduler.failed, tuple(left), signals.received)


class _Scheduler:
  """Gives runs to workers.

  Attributes:
    waiting: name -> run that has not ended, in the order they are done.
    failed: run -> error.
  """

  def __init__(
      self,
      every: Sequence[Run],
      output: str,
      ended: Callable[[Run, Done], None],
  ) -> None:
    self.waiting: dict[str, Run] = {}
    self.failed: dict[Run, str] = {}
    self._output, self._ended = output, ended
    self._looks_again_at: dict[str, float] = {}  # those that others do
    self._watcher = Watcher(every, output)
    for run in every:
      if not self._end(run):
        self.waiting[run.name] = run
    self._watcher.say_start(len(every) - len(self.waiting))

  def go(
      self, crew: Sequence[workers.Worker], signals: interrupts.Interrupts
  ) -> None:
    """Does all that can be done."""
    while not signals.received:
      self._look_at_held()
      for worker in crew:
        run = None if worker.run else self._next(crew)
        if run:
          self._watcher.say_started(run)
          worker.start(run, self._output)
      if not self._looks_again_at and not any(worker.run for worker in crew):
        return
      self._wait(crew)
      self._watcher.say_progress([w.run for w in crew if w.run])
    self._stop(crew, signals.received)

  def _next(self, crew: Sequence[workers.Worker]) -> Run | None:
    """The first run whose parents have ended and that nobody does."""
    taken = {worker.run.name for worker in crew if worker.run}
    for run in self.waiting.values():
      if run.name in taken or run.name in self._looks_again_at:
        continue
      if run in self.failed or any(p.name in self.waiting for p in run.parents):
        continue
      return run
    return None

  def _look_at_held(self) -> None:
    """Sees whether another process has let go of a run."""
    now = time.monotonic()
    for name, at in list(self._looks_again_at.items()):
      if at > now:
        continue
      run = self.waiting[name]
      if self._end(run):
        del self.waiting[name], self._looks_again_at[name]
      elif RunFolder(run, self._output).is_held():
        self._looks_again_at[name] = now + _SECONDS_BETWEEN_LOOKS_AT_HELD
      else:
        del self._looks_again_at[name]

  def _wait(self, crew: Sequence[workers.Worker]) -> None:
    waitables = [w for worker in crew for w in worker.waitables()]
    multiprocessing.connection.wait(waitables, _SECONDS_BETWEEN_LOOKS)
    for worker in crew:
      run = worker.run
      outcome = worker.outcome() if run else None
      if outcome:
        self._take(run, outcome)

  def _take(self, run: Run, outcome: workers.Outcome) -> None:
    if outcome.what == workers.ENDED and not self._end(run):
      outcome = workers.Outcome(workers.FAILED, "it left no done.json")
    if outcome.what == workers.ENDED:
      del self.waiting[run.name]
    elif outcome.what == workers.HELD:
      again = time.monotonic() + _SECONDS_BETWEEN_LOOKS_AT_HELD
      self._looks_again_at[run.name] = again
      self._watcher.say_held(run)
    elif outcome.what == workers.FAILED:
      self.failed[run] = outcome.error
      log = RunFolder(run, self._output).file(LOG)
      self._watcher.say_failed(run, outcome.error, log)

  def _end(self, run: Run) -> bool:
    """Whether a run has ended; if, that is told."""
    done = RunFolder(run, self._output).read_done()
    if done:
      self._watcher.say_ended(run, done)
      self._ended(run, done)
    return done is not None

  def _stop(self, crew: Sequence[workers.Worker], number: int) -> None:
    """Lets the workers save, for a while."""
    print(
        f"\n{signal.Signals(number).name}: saving what is being trained (once"
        " more to stop at once)",
        file=sys.stderr,
        flush=True,
    )
    for worker in crew:
      worker.stop()
    until = time.monotonic() + _SECONDS_TO_STOP
    while any(w.run for w in crew) and time.monotonic() < until:
      self._wait(crew)
