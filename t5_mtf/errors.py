"""Errors that are meant for the user: what failed, the value, what to do next.

The command line prints these without a traceback; everything else that escapes
is a fault of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(ValueError):
  """Something the user gave cannot be used; the message says how to go on."""


class UnknownNameError(UserError, KeyError):
  """A name that is not registered; the message holds the nearest matches.

  The published registries raise ValueError, its tables KeyError: it is both.
  """

  __str__ = ValueError.__str__  # KeyError's would put the message in quotes


class DataError(UserError):
  """A row or a file of data is malformed; file and line are named."""


class CheckpointError(UserError):
  """A checkpoint is missing, unreadable, or does not fit the model."""


class TrainingDiverged(RuntimeError):
  """The loss became NaN or infinite."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
  """Returns up to `count` of `known` that look most like `name`.

  >>> nearest("mini_gleu", ["mini_glue", "mini_squad"])
  ['mini_glue']
  """
  known = sorted(set(known))
  by_lower = {k.lower(): k for k in known}
  close: list[str] = []
  for cutoff in (0.8, 0.6):  # the looser only where nothing is really close
    close = close or difflib.get_close_matches(
        name.lower(), list(by_lower), n=count, cutoff=cutoff
    )
  contained = [k for k in known if len(name) > 2 and name.lower() in k.lower()]
  matches = [by_lower[c] for c in close]
  return (matches + [c for c in contained if c not in matches])[:count]


def unknown_name(
    kind: str, name: str, known: Iterable[str], hint: str = ""
) -> UnknownNameError:
  """Builds the error for an unregistered name.

  Args:
    kind: what is looked up, for example "task or mixture".
    name: the name that was given.
    known: the names that would have been accepted.
    hint: a closing sentence that says what to do next.

  Returns:
    The exception, to be raised by the caller.
  """
  known = sorted(set(known))
  matches = nearest(name, known)
  parts = [f"unknown {kind} {name!r}."]
  if matches:
    parts.append("Did you mean " + " or ".join(map(repr, matches)) + "?")
  elif known:
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    parts.append(f"Known ({len(known)}): {shown}.")
  else:
    parts.append("None is registered.")
  if hint:
    parts.append(hint)
  return UnknownNameError(" ".join(parts))
