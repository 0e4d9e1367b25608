"""Files of a data set: local paths, and remote ones through TensorFlow.

Local files are handled by Python alone, so that checking a table or loading a
vocabulary needs no TensorFlow.
"""

from __future__ import annotations

import contextlib
import glob
import gzip
import json
import os
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from t5_mtf import errors
from t5_mtf.tf_compat import tf


def is_remote(path: str) -> bool:
  """Whether `path` names a file system of TensorFlow, such as gs://."""
  return "://" in path


def exists(path: str) -> bool:
  """Whether there is a file or folder at `path`."""
  return tf.io.gfile.exists(path) if is_remote(path) else os.path.exists(path)


def open_binary(path: str) -> BinaryIO:
  """Opens `path` for reading bytes; names ending in .gz are decompressed.

  Raises:
    DataError: it is missing, a folder, or may not be read.
  """
  if is_remote(path):
    file = tf.io.gfile.GFile(path, "rb")
  else:
    with reading(path):
      file = open(path, "rb")
  return gzip.open(file) if path.endswith(".gz") else file


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
  """Turns what the system says about an unreadable file into a DataError.

  >>> with reading("all.tsv.gz"):
  ...   raise EOFError
  Traceback (most recent call last):
  ...
  t5_mtf.errors.DataError: all.tsv.gz ends in the middle of its compressed \
data. Copy or download it again; `gzip -t all.tsv.gz` checks it.
  """
  try:
    yield
  except Exception as error:
    explained = _explained(path, error)
    if explained is None:
      raise
    raise explained from error


def _explained(path: str, error: Exception) -> errors.DataError | None:
  """What the system's error means for the user; None if it is no such one."""
  if isinstance(error, EOFError):
    what = "ends in the middle of its compressed data"
  elif isinstance(error, (zlib.error, gzip.BadGzipFile)):
    what = f"is not a sound gzip file ({error})"
  elif isinstance(error, FileNotFoundError):
    return errors.DataError(
        f"{path!r} was not found. Relative paths start at {os.getcwd()}."
    )
  elif isinstance(error, IsADirectoryError):
    return _is_a_folder(path)
  elif isinstance(error, OSError):
    reason = error.strerror or error
    return errors.DataError(f"{path} cannot be read: {reason}.")
  else:
    return None
  return errors.DataError(
      f"{path} {what}. Copy or download it again; `gzip -t {path}` checks it."
  )


def expand(patterns: str | Sequence[str]) -> list[str]:
  """Returns the sorted files that match one or several patterns.

  Args:
    patterns: paths, each of which may hold `*`, `?` and `[...]`.

  Returns:
    The files, each once, sorted by name.

  Raises:
    DataError: a pattern matches no file, or a folder alone.
  """
  if isinstance(patterns, (str, os.PathLike)):
    patterns = [patterns]
  found = set()
  for pattern in map(os.fspath, patterns):
    if is_remote(pattern):
      matches = tf.io.gfile.glob(pattern)
    elif os.path.isdir(pattern):
      raise _is_a_folder(pattern)
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


def write_json(
    path: str, value: Mapping[str, Any], sort_keys: bool = False
) -> None:
  """Writes a JSON file, local or remote: in full, or not at all.

  Several processes may write the same file; the last one stays.
  """
  temporary = f"{path}.{uuid.uuid4().hex}"
  text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=sort_keys)
  with tf.io.gfile.GFile(temporary, "w") as f:
    f.write(text + "\n")
  tf.io.gfile.rename(temporary, path, overwrite=True)


def _is_a_folder(path: str) -> errors.DataError:
  return errors.DataError(
      f"{path} is a folder. Name its files, for example"
      f" '{path.rstrip('/')}/*.tsv'."
  )
