"""Files of a data set: local paths, and remote ones through TensorFlow.

Local files are handled by Python alone, so that checking a table or loading a
vocabulary needs no TensorFlow.
"""

from __future__ import annotations

import glob
import gzip
import os
from collections.abc import Sequence
from typing import BinaryIO

from t5_mtf import errors
from t5_mtf.tf_compat import tf


def is_remote(path: str) -> bool:
  """Whether `path` names a file system of TensorFlow, such as gs://."""
  return "://" in path


def exists(path: str) -> bool:
  """Whether there is a file or folder at `path`."""
  return tf.io.gfile.exists(path) if is_remote(path) else os.path.exists(path)


def open_binary(path: str) -> BinaryIO:
  """Opens `path` for reading bytes; names ending in .gz are decompressed."""
  file = tf.io.gfile.GFile(path, "rb") if is_remote(path) else open(path, "rb")
  return gzip.open(file) if path.endswith(".gz") else file


def expand(patterns: str | Sequence[str]) -> list[str]:
  """Returns the sorted files that match one or several patterns.

  Args:
    patterns: paths, each of which may hold `*`, `?` and `[...]`.

  Returns:
    The files, each once, sorted by name.

  Raises:
    DataError: a pattern matches no file.
  """
  if isinstance(patterns, (str, os.PathLike)):
    patterns = [patterns]
  found = set()
  for pattern in map(os.fspath, patterns):
    if is_remote(pattern):
      matches = tf.io.gfile.glob(pattern)
    else:
      # A literal name that holds brackets is a file, not a pattern.
      matches = [pattern] if os.path.isfile(pattern) else glob.glob(pattern)
      matches = [m for m in matches if os.path.isfile(m)]
    if not matches:
      raise errors.DataError(
          f"no file matches {pattern!r}. Check the path; relative paths start"
          f" at {os.getcwd()}."
      )
    found.update(matches)
  return sorted(found)
