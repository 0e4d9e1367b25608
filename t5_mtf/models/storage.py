"""Folders of models, local or on a file system of TensorFlow's.

As in `evaluation.files`, which reads and writes whole files, a path with a
scheme (`gs://`, `hdfs://`, `ram://`) goes through `tf.io.gfile`. A local one
goes through Python, so that looking at it needs no TensorFlow.
"""

from __future__ import annotations

import os
import shutil

from t5_mtf.evaluation import files
from t5_mtf.tf_compat import tf


def is_folder(path: str) -> bool:
  """Whether there is a folder of that name."""
  isdir = tf.io.gfile.isdir if files.is_remote(path) else os.path.isdir
  return isdir(path)


def names(folder: str) -> list[str]:
  """Names of what is in a folder, sorted; [] if there is no such folder."""
  try:
    if files.is_remote(folder):
      found = tf.io.gfile.listdir(folder)
    else:
      found = os.listdir(folder)
  except (FileNotFoundError, NotADirectoryError):
    return []
  except tf.errors.OpError:  # only a remote path can raise this
    return []
  return sorted(name.rstrip("/") for name in found)


def size_and_time(path: str) -> tuple[int, float]:
  """Size of a file in bytes, and when it was changed, in seconds (epoch)."""
  if files.is_remote(path):
    found = tf.io.gfile.stat(path)
    return found.length, found.mtime_nsec / 1e9
  stat = os.stat(path)
  return stat.st_size, stat.st_mtime


def append(path: str, content: str) -> None:
  """Appends text to a file."""
  with files.open_file(path, "ab") as f:
    f.write(content.encode("utf-8"))


def move(source: str, target: str) -> None:
  """Renames a file, over one of the new name."""
  if files.is_remote(source):
    tf.io.gfile.rename(source, target, overwrite=True)
  else:
    os.replace(source, target)


def remove(path: str) -> None:
  """Removes a file, or a folder with all that is in it."""
  if files.is_remote(path):
    folder = tf.io.gfile.isdir(path)
    (tf.io.gfile.rmtree if folder else tf.io.gfile.remove)(path)
  elif os.path.isdir(path):
    shutil.rmtree(path)
  else:
    os.remove(path)
