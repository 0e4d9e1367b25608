"""Processes that carry out runs, one after the other.

Each imports TensorFlow once, has cores of its own, and a session of its own, so
that Ctrl-C reaches the main process only, which then asks it to stop. If the
main process dies, it stops by itself.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import traceback
from collections.abc import Callable, Sequence

from t5_mtf.ablations import run_folder
from t5_mtf.ablations.runs import Run

ENDED, HELD, STOPPED, FAILED = "ended", "held", "stopped", "failed"
_RUNS_EACH = 40  # memory that TensorFlow keeps is given back by an exit


@dataclasses.dataclass(frozen=True)
class Outcome:
  """How a worker came out of a run.

  Attributes:
    what: ENDED; HELD, another process does it; STOPPED, as it was asked to; or
      FAILED.
    error: in one line, of one that failed.
  """

  what: str
  error: str = ""


class Worker:
  """A process that does runs.

  Attributes:
    run: what it is doing, or None.
  """

  def __init__(
      self,
      cores: Sequence[int],
      carry_out: Callable[[Run, str], None],
      prepare: Callable[[], None],
  ) -> None:
    """Initializes the worker; the process is started for its first run.

    Args:
      cores: that it may use.
      carry_out: what does a run; `executing.carry_out`.
      prepare: called first in the process. Both are functions of a module.
    """
    self.run: Run | None = None
    self._arguments = cores, carry_out, prepare
    self._process: multiprocessing.Process | None = None
    self._runs = 0

  def start(self, run: Run, output: str) -> None:
    """Gives it a run."""
    if self._process and self._runs >= _RUNS_EACH:
      self.end()
    if self._process is None:
      self._begin()
    self.run = run
    self._runs += 1
    self._connection.send((run, output))

  def waitables(self) -> list:
    """What `multiprocessing.connection.wait` can wait for."""
    return [self._connection, self._process.sentinel] if self.run else []

  def outcome(self) -> Outcome | None:
    """How the run came out; None while it is going on."""
    try:
      if self._connection.poll():
        self.run = None
        return self._connection.recv()
    except (EOFError, OSError):
      pass  # it is dead, or about to be
    self._process.join(0.2)
    if self._process.is_alive():
      return None
    code = self._process.exitcode
    self._process, self.run = None, None
    if code == -signal.SIGTERM:
      return Outcome(STOPPED)
    how = f"exit status {code}"
    if code < 0:
      how = signal.Signals(-code).name
      if code == -signal.SIGKILL:
        how += ", as the system does when memory is used up"
    return Outcome(FAILED, f"its process died: {how}")

  def stop(self) -> None:
    """Asks it to stop soon; a training saves a checkpoint."""
    if self._process:
      self._process.terminate()

  def end(self) -> None:
    """Ends the process: at once, if it is doing something."""
    if self._process:
      if self.run:
        self._process.kill()
      self._connection.close()
      self._process.join()
    self._process, self._runs = None, 0

  def _begin(self) -> None:
    context = multiprocessing.get_context("spawn")
    self._connection, theirs = context.Pipe()
    self._process = context.Process(
        target=_work, args=(theirs, *self._arguments),
    )
    self._process.start()
    theirs.close()
    self._runs = 0


def _work(
    connection: multiprocessing.connection.Connection,
    cores: Sequence[int],
    carry_out: Callable[[Run, str], None],
    prepare: Callable[[], None],
) -> None:
  """What the process does: runs, until there are no more."""
  os.setsid()
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  threading.Thread(target=_stop_with_parent, daemon=True).start()
  os.sched_setaffinity(0, cores)
  prepare()
  while True:
    try:
      run, output = connection.recv()
    except EOFError:
      return
    outcome = _outcome(carry_out, run, output)
    connection.send(outcome)
    if outcome.what == STOPPED:
      return


def _outcome(
    carry_out: Callable[[Run, str], None], run: Run, output: str
) -> Outcome:
  try:
    carry_out(run, output)
  except run_folder.Held:
    return Outcome(HELD)
  except run_folder.Stopped:
    return Outcome(STOPPED)
  except Exception as error:  # whatever it is, other runs go on
    path = run_folder.RunFolder(run, output).file(run_folder.LOG)
    with open(path, "a", encoding="utf-8") as log:
      log.write(traceback.format_exc())
    lines = str(error).strip().splitlines() or [""]
    return Outcome(FAILED, f"{type(error).__name__}: {lines[0]}")
  return Outcome(ENDED)


def _stop_with_parent() -> None:
  parent = multiprocessing.parent_process()
  multiprocessing.connection.wait([parent.sentinel])
  os.kill(os.getpid(), signal.SIGTERM)
