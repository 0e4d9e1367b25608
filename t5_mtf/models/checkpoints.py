"""Checkpoints: which are there, whether they can be read, what they hold."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping

from t5_mtf import errors
from t5_mtf.tf_compat import tf

_STEP = re.compile(r"model\.ckpt-(\d+)$")


@dataclasses.dataclass(frozen=True)
class Initialization:
  """Which variables of a model a checkpoint gives.

  Attributes:
    path: the checkpoint.
    step: its step.
    restored: names of the variables it gives.
    missing: names of the model's variables that it does not have.
    model_total: how many variables the model itself has.
    model_restored: how many of those are among `restored`.
  """

  path: str
  step: int
  restored: tuple[str, ...]
  missing: tuple[str, ...]
  model_total: int
  model_restored: int


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
  if not tf.io.gfile.isdir(model_dir):
    return []
  names = {
      name[: -len(".index")]
      for name in tf.io.gfile.listdir(model_dir)
      if name.endswith(".index") and _STEP.search(name[: -len(".index")])
  }
  paths = [os.path.join(model_dir, name) for name in names]
  return sorted(paths, key=step_of)


def find(path: str) -> str:
  """Returns a checkpoint's path from a directory (its latest) or a prefix.

  Raises:
    CheckpointError: there is none; the checkpoints nearby are named.
  """
  path = path.rstrip("/")
  if path.endswith("-1") and not tf.io.gfile.exists(path + ".index"):
    path = os.path.dirname(path)  # the published way to say "the latest"
  if tf.io.gfile.isdir(path):
    found = latest_readable(path)[0]
    if found:
      return found
    raise errors.CheckpointError(f"{path!r} holds no readable checkpoint.")
  if tf.io.gfile.exists(path + ".index"):
    return path
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
    if not paths:
      raise errors.CheckpointError(f"{model_dir!r} holds no checkpoint.")
    return list(paths.values())
  wanted = sorted(set([step] if isinstance(step, int) else step))
  absent = [s for s in wanted if s not in paths]
  if absent:
    raise errors.CheckpointError(
        f"{model_dir!r} has no checkpoint of step {absent[0]}. Steps there:"
        f" {', '.join(map(str, paths)) or 'none'}."
    )
  return [paths[s] for s in wanted]


def unreadable_reason(path: str) -> str | None:
  """Reads every variable of a checkpoint; says what is wrong with it, if."""
  try:
    reader = tf.train.load_checkpoint(path)
    for name in reader.get_variable_to_shape_map():
      reader.get_tensor(name)
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
    reader = tf.train.load_checkpoint(path)
    values = (reader.get_tensor(n) for n in reader.get_variable_to_shape_map())
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


def plan_initialization(
    path: str,
    shapes: Mapping[str, tuple[int, ...]],
    model_variables: frozenset[str],
) -> Initialization:
  """Matches a graph's variables with those of a checkpoint.

  Args:
    path: the checkpoint.
    shapes: name -> shape of every variable of the graph that is saved.
    model_variables: which of them are the model's own, not an optimizer's.

  Raises:
    CheckpointError: no variable of the model is in the checkpoint, or one is
      with another shape; likely causes are named.
  """
  there = dict(tf.train.list_variables(path))
  restored = [name for name in shapes if name in there]
  for name in restored:
    if tuple(there[name]) != tuple(shapes[name]):
      raise errors.CheckpointError(
          f"variable {name!r} has shape {list(shapes[name])} in the model but"
          f" {list(there[name])} in {path!r}. {_likely_cause(name)}"
      )
  model_restored = [name for name in restored if name in model_variables]
  if not model_restored:
    example = sorted(model_variables)[:1] + sorted(there)[:1]
    raise errors.CheckpointError(
        f"none of the model's {len(model_variables)} variables is in {path!r}:"
        f" the model has for example {example[0]!r}, the checkpoint"
        f" {example[-1]!r}. Load the checkpoint's own operative_config.gin."
    )
  missing = sorted(model_variables - set(restored))
  return Initialization(
      path=path,
      step=step_of(path) if _STEP.search(path) else 0,
      restored=tuple(restored),
      missing=tuple(missing),
      model_total=len(model_variables),
      model_restored=len(model_restored),
  )


def _likely_cause(name: str) -> str:
  if "embedding" in name or "logits" in name:
    return (
        "The vocabularies differ: compare the SentencePiece model and its"
        " extra_ids (sizes are rounded up to a multiple of 128)."
    )
  return (
      "The sizes of the model differ (d_model, d_ff, num_heads, d_kv): load the"
      " checkpoint's own operative_config.gin."
  )
