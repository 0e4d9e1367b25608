"""What the commands share: quiet libraries, errors without a traceback."""

from __future__ import annotations

import argparse
import functools
import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from t5_mtf import errors, tf_compat

# New objects after which Python's garbage collector looks at them. The objects
# of TensorFlow and of a graph are hundreds of thousands, and none is garbage.
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


class Parser(argparse.ArgumentParser):
  """An argument parser whose errors suggest the nearest flag."""

  def __init__(self, **kwargs: Any) -> None:
    super().__init__(
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **kwargs,
    )
    self._intermixing = False

  def parse_known_args(
      self, args: Any = None, namespace: Any = None
  ) -> tuple[argparse.Namespace, list[str]]:
    """Parses; words may stand before, between and behind the flags."""
    if self._intermixing or self._subparsers:
      return super().parse_known_args(args, namespace)
    self._intermixing = True
    try:
      return self.parse_known_intermixed_args(args, namespace)
    finally:
      self._intermixing = False

  def parse_strictly(self, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parses; an unknown flag or a stray word is a UserError."""
    arguments, rest = self.parse_known_args(argv)
    for word in rest:
      if word.startswith("-"):
        known = self._flags(arguments)
        raise errors.unknown_name("flag", word.split("=")[0], known)
      raise errors.UserError(
          f"stray argument {word!r}. A line that goes on must end in a"
          " backslash with nothing after it, and a value with spaces needs"
          " quotes."
      )
    return arguments

  def _flags(self, arguments: argparse.Namespace) -> list[str]:
    """The long flags of the command, and of the subcommand that was given."""
    found = [f for f in self._option_string_actions if f.startswith("--")]
    for action in self._actions:
      if isinstance(action, argparse._SubParsersAction):
        given = action.choices.get(getattr(arguments, action.dest, None))
        found += given._flags(arguments) if given else []
    return found

  def error(self, message: str) -> NoReturn:
    raise errors.UserError(f"{message}. See {self.prog} --help.")


def guarded(main: Callable[..., int]) -> Callable[..., int]:
  """Wraps a command: errors meant for the user are printed, not traced.

  Exit status: what the command returns; 1 for an error; 130 or 143 where an
  interrupt or a termination was asked for.
  """

  @functools.wraps(main)
  def command(argv: Sequence[str] | None = None) -> int:
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
      return main(argv)
    except (
        errors.UserError,
        errors.TrainingDiverged,
        tf_compat.VersionError,
    ) as error:
      print(f"error: {_without_gin_trace(error)}", file=sys.stderr)
      return 1
    except KeyboardInterrupt:
      print("interrupted", file=sys.stderr)
      return 130
    except BrokenPipeError:
      # The reader, such as `head`, has seen enough. What is still buffered
      # must not be flushed into the closed pipe at exit.
      os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
      return 141

  return command


def _without_gin_trace(error: Exception) -> str:
  """The message without the lines that gin adds on its way up."""
  lines = str(error).splitlines()
  return "\n".join(
      line for line in lines if not line.startswith("  In call to configurable")
  ).strip()


def quiet_tensorflow() -> None:
  """Silences TensorFlow's start-up messages and its look for a Google cloud.

  Must run before TensorFlow is imported; a user's own settings stay.
  """
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
  os.environ.setdefault("NO_GCE_CHECK", "true")
  import logging
  import warnings

  warnings.filterwarnings("ignore", category=DeprecationWarning)
  warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
  logging.getLogger("tensorflow").setLevel(logging.ERROR)
  logging.getLogger("absl").setLevel(logging.ERROR)
