"""New folders that are there in full or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

from t5_mtf import errors


def check_new(path: str) -> str:
  """Returns the absolute path of a folder that does not exist or is empty.

  Raises:
    UserError: there is something in it, or it cannot be made.
  """
  if "://" in path:
    raise errors.UserError(
        f"--output={path} is not a local folder. Convert to a local one, and"
        " copy that."
    )
  path = os.path.abspath(path)
  if os.path.isdir(path) and os.listdir(path):
    raise errors.UserError(
        f"--output={path} is not empty. Name a new folder; nothing is"
        " overwritten."
    )
  if os.path.exists(path) and not os.path.isdir(path):
    raise errors.UserError(f"--output={path} is a file. Name a new folder.")
  partial = _partial(path)
  if os.path.exists(partial):
    raise errors.UserError(
        f"{partial} is there, probably left by a conversion that was killed."
        " Delete it, or name another --output."
    )
  return path


@contextlib.contextmanager
def writing(path: str) -> Iterator[str]:
  """Gives a folder to write to; when all went well it becomes `path`."""
  partial = _partial(path)
  os.makedirs(partial)
  try:
    yield partial
    os.replace(partial, path)
  except BaseException:
    shutil.rmtree(partial, ignore_errors=True)
    raise


def _partial(path: str) -> str:
  return path + ".partial"
