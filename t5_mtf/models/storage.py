"""Files of a model directory, local or on a file system of TensorFlow's.

A path with a scheme (`gs://`, `hdfs://`, `ram://`) goes through `tf.io.gfile`.
A local one goes through Python, so that looking at it needs no TensorFlow.
"""

from __future__ import annotations

import os
import shutil

from t5_mtf.evaluation import files
from t5_mtf.tf_compat import tf


def is_remote(path: str) -> bool:
  """Whether only TensorFlow can read the path.

  >>> is_remote("gs://bucket/model"), is_remote("/models/mine")
  (True, False)
  """
  return "://" in path


def exists(path: str) -> bool:
  """Whether there is a file or a folder of that name."""
  return tf.io.gfile.exists(path) if is_remote(path) else os.path.exists(path)


def is_folder(path: str) -> bool:
  """Whether there is a folder of that name."""
  return tf.io.gfile.isdir(path) if is_remote(path) else os.path.isdir(path)


def names(folder: str) -> list[str]:
  """Names of what is in a folder, sorted; [] if there is no such folder."""
  try:
    if is_remote(folder):
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
  if is_remote(path):
    found = tf.io.gfile.stat(path)
    return found.length, found.mtime_nsec / 1e9
  stat = os.stat(path)
  return stat.st_size, stat.st_mtime


def read(path: str) -> bytes:
  """Returns the bytes of a file."""
  if is_remote(path):
    with tf.io.gfile.GFile(path, "rb") as f:
      return f.read()
  with open(path, "rb") as f:
    return f.read()


def write(path: str, content: str) -> None:
  """Writes text (as UTF-8) to a file: in full, or not at all."""
  if not is_remote(path):
    files.write_atomically(path, content)
    return
  tf.io.gfile.makedirs(os.path.dirname(path))
  partial = path + ".tmp"
  with tf.io.gfile.GFile(partial, "w") as f:
    f.write(content)
  tf.io.gfile.rename(partial, path, overwrite=True)


def append(path: str, content: str) -> None:
  """Appends text to a file."""
  if is_remote(path):
    with tf.io.gfile.GFile(path, "a") as f:
      f.write(content)
    return
  with open(path, "a", encoding="utf-8") as f:
    f.write(content)


def move(source: str, target: str) -> None:
  """Renames a file, over one of the new name."""
  if is_remote(source):
    tf.io.gfile.rename(source, target, overwrite=True)
  else:
    os.replace(source, target)


def remove(path: str) -> None:
  """Removes a file, or a folder with all that is in it."""
  if is_remote(path):
    folder = tf.io.gfile.isdir(path)
    (tf.io.gfile.rmtree if folder else tf.io.gfile.remove)(path)
  elif os.path.isdir(path):
    shutil.rmtree(path)
  else:
    os.remove(path)
