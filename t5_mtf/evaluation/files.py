"""Result files: whole or not there at all, local or on TensorFlow's systems.

A path with "://" (gs://bucket/folder) is read and written by TensorFlow, which
is imported only then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from t5_mtf import errors


def is_remote(path: str | os.PathLike[str]) -> bool:
  """Whether a path is for TensorFlow's file systems.

  >>> is_remote("gs://bucket/results.json"), is_remote("results.json")
  (True, False)
  """
  return "://" in os.fspath(path)


def open_file(path: str | os.PathLike[str], mode: str) -> IO[bytes]:
  """Opens a local or remote file.

  Raises:
    FileNotFoundError: it is not there.
  """
  path = os.fspath(path)
  if not is_remote(path):
    return open(path, mode)
  from t5_mtf.tf_compat import tf

  if "r" in mode and not tf.io.gfile.exists(path):
    raise FileNotFoundError(path)
  return tf.io.gfile.GFile(path, mode)


def exists(path: str | os.PathLike[str]) -> bool:
  """Whether there is a file or folder."""
  if not is_remote(path):
    return os.path.exists(path)
  from t5_mtf.tf_compat import tf

  return tf.io.gfile.exists(os.fspath(path))


def write_atomically(
    path: str | os.PathLike[str], content: str | bytes
) -> None:
  """Writes text (as UTF-8) or bytes to `path`: in full, or not at all.

  The content goes to `{path}.tmp` first, which is then renamed. Missing folders
  are made.

  Raises:
    OSError: the folder or file cannot be written.
  """
  path = os.fspath(path)
  if is_remote(path):
    from t5_mtf.tf_compat import tf

    tf.io.gfile.makedirs(os.path.dirname(path))
  else:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
  partial = path + ".tmp"
  with open_file(partial, "wb") as f:
    f.write(content.encode("utf-8") if isinstance(content, str) else content)
  if is_remote(path):
    tf.io.gfile.rename(partial, path, overwrite=True)
  else:
    os.replace(partial, path)


def read_text(path: str | os.PathLike[str]) -> str:
  """Reads a UTF-8 file.

  Raises:
    FileNotFoundError: it is not there.
    DataError: it is not UTF-8.
  """
  with open_file(path, "rb") as f:
    content = f.read()
  try:
    return content.decode("utf-8")
  except UnicodeDecodeError as error:
    line = content.count(b"\n", 0, error.start) + 1
    raise errors.DataError(
        f"{os.fspath(path)}:{line} is not UTF-8 (byte"
        f" {content[error.start]:#04x}). Save the file as UTF-8:"
        " iconv -f latin1 -t utf-8 IN > OUT"
    ) from None


def read_lines(path: str | os.PathLike[str]) -> list[str]:
  """Reads a file of texts, one a line; only a line feed ends a line.

  Raises:
    UserError: the file is missing or empty.
    DataError: it is not UTF-8; the line is named.
  """
  try:
    text = read_text(path)
  except FileNotFoundError:
    raise errors.UserError(f"file {os.fspath(path)!r} was not found.") from None
  if not text:
    raise errors.UserError(f"file {os.fspath(path)!r} is empty.")
  lines = text.removesuffix("\n").split("\n")
  return [line.removesuffix("\r") for line in lines]


def write_lines(path: str | os.PathLike[str], texts: Iterable[str]) -> None:
  """Writes texts, one a line; a line break in a text becomes a space."""
  lines = (" ".join(text.splitlines()) + "\n" for text in texts)
  write_atomically(path, "".join(lines))


def write_json_lines(
    path: str | os.PathLike[str],
    columns: Mapping[str, Sequence[Any] | None],
) -> None:
  """Writes columns as one JSON object a row; those that are None are left out.

  Raises:
    ValueError: they are not all of one length.
  """
  there = {name: c for name, c in columns.items() if c is not None}
  lines = (
      json.dumps(dict(zip(there, row, strict=True)), ensure_ascii=False) + "\n"
      for row in zip(*there.values(), strict=True)
  )
  write_atomically(path, "".join(lines))
