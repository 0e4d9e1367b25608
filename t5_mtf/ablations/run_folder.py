"""The state of a run on disk: what it is, who does it, whether it has ended.

In a run's folder, beside its checkpoints and evaluations: `run.json`, what it
is and the commands that do the same; `log.txt`, all it said; `seconds.json`,
what was spent on it so far; `done.json`, once it has ended. `lock` is held,
never read: the system lets go of it when a process dies, however it does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.ablations import commands
from t5_mtf.ablations.runs import Run
from t5_mtf.evaluation import files

SPEC, LOG, DONE = "run.json", "log.txt", "done.json"
_SECONDS, _LOCK = "seconds.json", "lock"
_SECONDS_BETWEEN_NOTES = 5.0


@dataclasses.dataclass(frozen=True)
class Facts:
  """What is known of a run that was carried out.

  Attributes:
    tokens: positions trained on, padding included.
    flops: of all its steps, estimated; 0 where nothing is trained.
    parameters: number of the model's.
  """

  tokens: int
  flops: float
  parameters: int


@dataclasses.dataclass(frozen=True)
class Done:
  """That a run has ended: what `done.json` holds.

  Attributes:
    facts: of the run.
    seconds: spent on it, over all interruptions.
    machine: that it ended on; see `machines.describe`.
    versions: package -> version.
    date: ISO 8601, of its end.
  """

  facts: Facts
  seconds: float
  machine: Mapping[str, Any]
  versions: Mapping[str, str]
  date: str


class Held(Exception):
  """Another process is doing the run."""


class Stopped(Exception):
  """The run was asked to stop, and can be continued."""


class RunFolder:
  """The folder of a run.

  Attributes:
    run: the run.
    path: of the folder.
  """

  def __init__(self, run: Run, output: str) -> None:
    """Initializes the folder; nothing is read or written."""
    self.run, self.path = run, run.folder(output)
    self._output = output

  def file(self, name: str) -> str:
    """Path of a file in it."""
    return os.path.join(self.path, name)

  def read_done(self) -> Done | None:
    """How the run ended; None if it has not.

    Raises:
      DataError: the file is not what it should be.
    """
    path = self.file(DONE)
    if not os.path.exists(path):
      return None
    try:
      document = json.loads(files.read_text(path))
      return Done(facts=Facts(**document.pop("facts")), **document)
    except (ValueError, TypeError, KeyError) as error:
      raise errors.DataError(
          f"{path} cannot be read: {error!r}. Remove it, and the run is looked"
          " through again; what is there of it is not made again."
      ) from error

  def write_done(
      self, facts: Facts, machine: Mapping[str, Any], versions: Mapping
  ) -> None:
    """Notes that the run has ended."""
    now = datetime.datetime.now(datetime.UTC)
    done = Done(
        facts, self.seconds(), machine, versions, now.isoformat("T", "seconds")
    )
    self._write(DONE, dataclasses.asdict(done))

  def seconds(self) -> float:
    """What was spent on the run so far."""
    if not os.path.exists(self.file(_SECONDS)):
      return 0.0
    return float(json.loads(files.read_text(self.file(_SECONDS)))["seconds"])

  @contextlib.contextmanager
  def held(self) -> Iterator[None]:
    """Does the run alone, and counts the seconds.

    Raises:
      Held: another process does it.
    """
    os.makedirs(self.path, exist_ok=True)
    with self._locked():
      self._write(SPEC, self._spec())
      with self._counting():
        yield

  def is_held(self) -> bool:
    """Whether another process does the run."""
    try:
      with self._locked():
        return False
    except Held:
      return True

  @contextlib.contextmanager
  def _locked(self) -> Iterator[None]:
    with open(self.file(_LOCK), "w", encoding="ascii") as lock:
      try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
      except (BlockingIOError, PermissionError):
        raise Held(self.path) from None
      yield

  @contextlib.contextmanager
  def _counting(self) -> Iterator[None]:
    before, started = self.seconds(), time.monotonic()
    over, writing = threading.Event(), threading.Lock()

    def note() -> None:
      with writing:
        seconds = before + time.monotonic() - started
        self._write(_SECONDS, {"seconds": round(seconds, 1)})

    def keep_noting() -> None:
      while not over.wait(_SECONDS_BETWEEN_NOTES):
        note()

    thread = threading.Thread(target=keep_noting, daemon=True)
    thread.start()
    self.note_seconds = note
    try:
      yield
    finally:
      over.set()
      thread.join()
      note()

  def _spec(self) -> dict[str, Any]:
    run = self.run
    return {
        "name": run.name,
        **{
            field.name: getattr(run, field.name)
            for field in dataclasses.fields(run)
        },
        "parents": [parent.name for parent in run.parents],
        "total_steps": run.total_steps,
        "commands": [
            commands.text(command)
            for command in commands.commands(run, self._output)
        ],
    }

  def _write(self, name: str, document: Mapping[str, Any]) -> None:
    files.write_atomically(
        self.file(name), json.dumps(document, indent=1) + "\n"
    )
