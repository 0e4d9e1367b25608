"""Lengths of time, written for people."""

from __future__ import annotations


def duration(seconds: float) -> str:
  """Writes a number of seconds for people.

  >>> duration(42), duration(125), duration(7320)
  ('42s', '2m05s', '2h02m')
  """
  seconds = round(seconds)
  if seconds < 60:
    return f"{seconds}s"
  if seconds < 3600:
    return f"{seconds // 60}m{seconds % 60:02d}s"
  return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"
