"""Checkpoints: which are there, whether they can be read, what they hold."""

from __future__ import annotations

import os
import re
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoint_index, storage
from t5_mtf.tf_compat import tf

_STEP = re.compile(r"model\.ckpt-(\d+)$")
# What TensorFlow and we ourselves leave behind when killed while writing.
_LEFTOVER = re.compile(
    r"(model\.ckpt|input_position)-\d+.*"
    r"(_temp(_[0-9a-f]+)?|\.tempstate\d+|\.tmp[0-9a-f]*)$"
    r"|checkpoint\.tmp[0-9a-f]+$"
)


def step_of(path: str) -> int:
  """Returns the step in a checkpoint's name.

  >>> step_of("dir/model.ckpt-1000")
  1000

  Raises:
    CheckpointError: the name has no step.
  """
  match = _STEP.search(path)
  if not match:
    raise errors.CheckpointError(
        f"{path!r} is not a checkpoint; its name should end in model.ckpt-STEP."
    )
  return int(match[1])


def list_checkpoints(model_dir: str) -> list[str]:
  """Returns the paths of all checkpoints of a directory, by rising step."""
  names = {
      name[: -len(".index")]
      for name in storage.names(model_dir)
      if name.endswith(".index") and _STEP.match(name[: -len(".index")])
  }
  paths = [os.path.join(model_dir, name) for name in names]
  return sorted(paths, key=step_of)


def reader(path: str) -> Any:
  """Returns TensorFlow's reader of the checkpoint with exactly that path.

  `tf.train.load_checkpoint` would first look for a folder of that name, which
  some file systems find where names only begin alike.
  """
  return tf.compat.v1.train.NewCheckpointReader(path)


def shapes(path: str) -> dict[str, tuple[int, ...]]:
  """Returns name -> shape of every variable of a checkpoint."""
  found = reader(path).get_variable_to_shape_map()
  return {name: tuple(shape) for name, shape in sorted(found.items())}


def types(path: str) -> dict[str, str]:
  """Returns name -> type of values ("float32") of a checkpoint's variables."""
  found = reader(path).get_variable_to_dtype_map()
  return {name: dtype.name for name, dtype in sorted(found.items())}


def step_in(path: str) -> int:
  """Returns the global step that a checkpoint holds, 0 if it holds none."""
  values = reader(path)
  if not values.has_tensor("global_step"):
    return 0
  return int(values.get_tensor("global_step"))


def find(path: str) -> str:
  """Returns a checkpoint's path from a directory (its latest) or a prefix.

  Raises:
    CheckpointError: there is none; the checkpoints nearby are named.
  """
  path = path.rstrip("/")
  if files.exists(path + ".index"):
    check_complete(path)
    return path
  if path.endswith("-1"):
    path = os.path.dirname(path)  # the published way to say "the latest"
  # Some file systems call the head of a checkpoint's name a folder.
  if storage.is_folder(path) and storage.names(path):
    found, broken = latest_readable(path)
    if found:
      return found
    raise errors.CheckpointError(
        f"{path!r} holds no readable checkpoint. " + " ".join(broken)
    )
  folder = os.path.dirname(path)
  nearby = [os.path.basename(found) for found in list_checkpoints(folder)]
  raise errors.CheckpointError(
      f"checkpoint {path!r} was not found."
      + (f" There: {', '.join(nearby)}." if nearby else "")
      + " Give a directory, or a path that ends in model.ckpt-STEP."
  )


def select(model_dir: str, step: int | str | list[int] | None) -> list[str]:
  """Returns the checkpoints that `eval_checkpoint_step` asks for, in order.

  Args:
    model_dir: the directory.
    step: a step, a list of steps, "all", or None or -1 for the latest.

  Raises:
    CheckpointError: a step is not there; the steps present are named.
  """
  if step is None or step == -1 or step == "latest":
    return [find(model_dir)]
  paths = {step_of(path): path for path in list_checkpoints(model_dir)}
  if step == "all":
    return _all_complete(model_dir)
  wanted = sorted(set([step] if isinstance(step, int) else step))
  absent = [s for s in wanted if s not in paths]
  if absent:
    raise errors.CheckpointError(
        f"{model_dir!r} has no checkpoint of step {absent[0]}. Steps there:"
        f" {', '.join(map(str, paths)) or 'none'}."
    )
  for s in wanted:
    check_complete(paths[s])
  return [paths[s] for s in wanted]


def _all_complete(model_dir: str) -> list[str]:
  found = []
  for path in list_checkpoints(model_dir):
    reason = checkpoint_index.incomplete_reason(path)
    if reason is None:
      found.append(path)
    else:
      print(f"left out: {os.path.basename(path)}: {reason}", flush=True)
  if not found:
    raise errors.CheckpointError(f"{model_dir!r} holds no checkpoint.")
  return found


def check_complete(path: str) -> None:
  """Checks by its index that nothing of a checkpoint is missing.

  Raises:
    CheckpointError: something is; complete checkpoints nearby are named.
  """
  reason = checkpoint_index.incomplete_reason(path)
  if reason is None:
    return
  complete = [
      os.path.basename(other)
      for other in list_checkpoints(os.path.dirname(path) or ".")
      if checkpoint_index.incomplete_reason(other) is None
  ]
  raise errors.CheckpointError(
      f"checkpoint {path!r} cannot be read: {reason}. Complete ones there:"
      f" {', '.join(complete) or 'none'}."
  )


def unreadable_reason(path: str) -> str | None:
  """Reads every variable of a checkpoint; says what is wrong with it, if."""
  reason = checkpoint_index.incomplete_reason(path)
  if reason is not None:
    return reason
  try:
    values = reader(path)
    for name in values.get_variable_to_shape_map():
      values.get_tensor(name)
  except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
  return None


def latest_readable(model_dir: str) -> tuple[str | None, list[str]]:
  """Returns the newest checkpoint that can be read, and the newer broken ones.

  Returns:
    The path (None if there is none), and a line for each newer checkpoint that
    is broken, with the reason.
  """
  broken = []
  for path in reversed(list_checkpoints(model_dir)):
    reason = unreadable_reason(path)
    if reason is None:
      return path, broken
    broken.append(f"{os.path.basename(path)} cannot be read: {reason}")
  return None, broken


def latest_finite(model_dir: str) -> str | None:
  """Returns the newest checkpoint without a NaN or infinite value."""
  import numpy as np

  for path in reversed(list_checkpoints(model_dir)):
    if unreadable_reason(path):
      continue
    found = reader(path)
    values = (found.get_tensor(n) for n in found.get_variable_to_shape_map())
    if all(np.isfinite(v.astype("float32")).all() for v in values):
      return path
  return None


def use_as_latest(model_dir: str, path: str) -> None:
  """Makes the estimator continue from `path`, leaving newer files in place.

  The estimator goes by the file `checkpoint`, which a kill at the wrong moment
  leaves one checkpoint behind, and which knows nothing of truncated files.
  """
  if tf.train.latest_checkpoint(model_dir) == path:
    return
  paths = list_checkpoints(model_dir)
  older = [p for p in paths if step_of(p) <= step_of(path)]
  tf.compat.v1.train.update_checkpoint_state(model_dir, path, older)


def remove_leftovers(model_dir: str) -> list[str]:
  """Removes what a kill left half written; returns the names."""
  found = [name for name in storage.names(model_dir) if _LEFTOVER.match(name)]
  for name in found:
    storage.remove(os.path.join(model_dir, name))
  return found
