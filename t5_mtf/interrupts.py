"""Requests to stop, by SIGTERM or Ctrl-C, that leave time to save."""

from __future__ import annotations

import signal
from typing import Any, Self


class Interrupts:
  """Takes the first SIGTERM or SIGINT as a request; a second ends at once.

  Attributes:
    received: number of the signal that came, or None.
  """

  def __init__(self) -> None:
    self.received: int | None = None
    self._previous: dict[int, Any] = {}

  def __enter__(self) -> Self:
    for number in (signal.SIGTERM, signal.SIGINT):
      self._previous[number] = signal.signal(number, self._receive)
    return self

  def __exit__(self, *unused: Any) -> None:
    for number, handler in self._previous.items():
      signal.signal(number, handler)

  def say_received(self, name: str) -> None:
    """Called with the name of the signal that came; says nothing here."""

  def _receive(self, number: int, frame: Any) -> None:
    del frame
    self.received = number
    self.say_received(signal.Signals(number).name)
    signal.signal(number, self._previous[number])
