"""The first signal is a request, the second what it was before."""

from __future__ import annotations

import os
import signal

import pytest

from t5_mtf import interrupts


class _Saying(interrupts.Interrupts):

  def __init__(self):
    super().__init__()
    self.said = []

  def say_received(self, name):
    self.said.append(name)


@pytest.fixture
def as_in_a_terminal():
  """Ctrl-C raises; where tests run in the background it may be ignored."""
  before = signal.signal(signal.SIGINT, signal.default_int_handler)
  yield
  signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("as_in_a_terminal")
def test_the_first_signal_is_kept_and_a_second_ends_at_once():
  with _Saying() as found:
    assert found.received is None
    os.kill(os.getpid(), signal.SIGINT)
    assert found.received == signal.SIGINT
    assert found.said == ["SIGINT"]
    with pytest.raises(KeyboardInterrupt):
      os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_signals_do_what_they_did_before():
  before = signal.getsignal(signal.SIGTERM)
  with interrupts.Interrupts():
    assert signal.getsignal(signal.SIGTERM) != before
  assert signal.getsignal(signal.SIGTERM) == before
