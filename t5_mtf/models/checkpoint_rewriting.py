"""New checkpoints out of old ones: averaged, renamed, with variables dropped.

The source is only read. The new checkpoint goes to a folder of its own, with
the source's `operative_config.gin` and, in `checkpoint_source.json`, where it
comes from. Tensors are read and written a few at a time, so that a model need
not fit in memory.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import files
from t5_mtf.gin_config import OPERATIVE_CONFIG
from t5_mtf.models import checkpoints, storage
from t5_mtf.tf_compat import tf

SOURCE_FILE = "checkpoint_source.json"
_SHARD_BYTES = 1 << 30  # of tensors held in memory at once


@dataclasses.dataclass(frozen=True)
class Rewriting:
  """What becomes of a checkpoint's variables.

  Attributes:
    path: the checkpoint.
    kept: old name -> new name, in the order of the old names.
    dropped: names of those that are left out.
  """

  path: str
  kept: dict[str, str]
  dropped: tuple[str, ...]

  @property
  def renamed(self) -> dict[str, str]:
    """Those of `kept` whose name changes."""
    return {old: new for old, new in self.kept.items() if old != new}


def plan_rewriting(
    path: str, renames: Sequence[tuple[str, str]], drops: Sequence[str]
) -> Rewriting:
  r"""Finds what patterns would do to a checkpoint.

  Args:
    path: the checkpoint.
    renames: (regular expression, replacement) pairs, applied in turn to each
      name as by `re.sub`: ("^encoder/", "tower/"), (r"block_0*(\d+)", r"b\1").
    drops: regular expressions; what one is found in is left out. They see the
      old names.

  Raises:
    CheckpointError: a pattern is malformed or matches nothing, nothing would be
      left, or two variables would have one name.
  """
  names = list(checkpoints.shapes(path))
  for pattern in [*(old for old, _ in renames), *drops]:
    if not any(_compiled(pattern).search(name) for name in names):
      raise errors.CheckpointError(
          f"no variable of {path!r} matches {pattern!r}; it has for example"
          f" {', '.join(names[:3])}."
      )
  dropped = [n for n in names if any(re.search(d, n) for d in drops)]
  kept, owner = {}, {}
  for name in names:
    if name in dropped:
      continue
    new = name
    for pattern, replacement in renames:
      new = _replaced(pattern, replacement, new)
    if not new or new in owner:
      raise errors.CheckpointError(
          f"{name!r} would be renamed to {new!r}, which"
          + (f" {owner[new]!r} is named then." if new else " is no name.")
          + " Nothing was written."
      )
    owner[new] = name
    kept[name] = new
  if not kept:
    raise errors.CheckpointError(
        f"all {len(names)} variables of {path!r} would be dropped."
    )
  return Rewriting(path, kept, tuple(dropped))


def _compiled(pattern: str) -> re.Pattern:
  try:
    return re.compile(pattern)
  except re.error as error:
    raise errors.CheckpointError(
        f"{pattern!r} is not a regular expression: {error}."
    ) from None


def _replaced(pattern: str, replacement: str, name: str) -> str:
  try:
    return re.sub(pattern, replacement, name)
  except (re.error, IndexError) as error:
    raise errors.CheckpointError(
        f"{replacement!r} cannot replace {pattern!r}: {error}."
    ) from None


def rewrite(rewriting: Rewriting, output: str) -> str:
  """Writes a checkpoint as planned, of the same step; returns its path.

  Raises:
    CheckpointError: `output` is in use, or the source cannot be read.
  """
  values = checkpoints.reader(rewriting.path)
  source = {
      "rewritten": rewriting.path,
      "renamed": rewriting.renamed,
      "dropped": rewriting.dropped,
  }
  return _write(
      output,
      checkpoints.step_of(rewriting.path),
      rewriting.path,
      source,
      {
          new: lambda old=old: values.get_tensor(old)
          for old, new in rewriting.kept.items()
      },
  )


def average(paths: Sequence[str], output: str) -> str:
  """Writes the mean of several checkpoints of one model; returns its path.

  Each variable of floating point is averaged, in float64, an optimizer's too;
  the others (the global step) are those of the last checkpoint, whose step the
  result has.

  Raises:
    CheckpointError: fewer than two checkpoints, variables that differ, or
      `output` is in use.
  """
  check_same_variables(paths)
  readers = [checkpoints.reader(path) for path in paths]
  return _write(
      output,
      checkpoints.step_of(paths[-1]),
      paths[-1],
      {"averaged": list(paths)},
      {
          name: lambda name=name: _mean([r.get_tensor(name) for r in readers])
          for name in checkpoints.shapes(paths[0])
      },
  )


def check_same_variables(paths: Sequence[str]) -> None:
  """Checks that there are several checkpoints, with the same variables.

  Raises:
    CheckpointError: there are not; the first variable that differs is named.
  """
  if len(paths) < 2:
    raise errors.CheckpointError(
        f"an average needs two checkpoints or more, but there is"
        f" {', '.join(paths) or 'none'}."
    )
  for path in paths:
    checkpoints.check_complete(path)
  first = checkpoints.shapes(paths[0])
  for path in paths[1:]:
    other = checkpoints.shapes(path)
    for name in sorted({*first, *other}):
      if first.get(name) != other.get(name):
        raise errors.CheckpointError(
            f"{paths[0]!r} and {path!r} are not of one model: the shape of"
            f" {name!r} is {first.get(name)} in the one and {other.get(name)}"
            " in the other (None: it is not there)."
        )


def _mean(values: Sequence[Any]) -> Any:
  import numpy as np

  last = np.asarray(values[-1])
  if not _is_float(last.dtype):
    return last
  total = np.zeros(last.shape, np.float64)
  for value in values:
    total += value.astype(np.float64)
  return (total / len(values)).astype(last.dtype)


def _is_float(dtype: Any) -> bool:
  return dtype.kind == "f" or dtype.name == "bfloat16"


def check_output(output: str) -> None:
  """Checks that nothing of a model is in a folder.

  Raises:
    CheckpointError: something is.
  """
  used = [os.path.basename(p) for p in checkpoints.list_checkpoints(output)]
  if files.exists(os.path.join(output, "origin.json")):
    used.append("origin.json")
  if used:
    raise errors.CheckpointError(
        f"--output={output} holds {', '.join(used[:3])}: nothing was written."
        " Give a new folder."
    )


def _write(
    output: str,
    step: int,
    source_path: str,
    source: Any,
    tensors: dict[str, Callable[[], Any]],
) -> str:
  """Writes the folder; its checkpoint, which makes it usable, comes last."""
  check_output(output)
  checkpoints.remove_leftovers(output)
  config = os.path.join(os.path.dirname(source_path), OPERATIVE_CONFIG)
  if files.exists(config):
    text = files.read_text(config)
    files.write_atomically(os.path.join(output, OPERATIVE_CONFIG), text)
  else:
    print(f"{config} is missing, so there is none to go with the new one")
  files.write_atomically(
      os.path.join(output, SOURCE_FILE), json.dumps(source, indent=2) + "\n"
  )
  path = os.path.join(output, f"model.ckpt-{step}")
  write_checkpoint(path, ((name, get) for name, get in tensors.items()))
  checkpoints.use_as_latest(output, path)
  return path


def write_checkpoint(
    path: str, tensors: Iterable[tuple[str, Callable[[], Any]]]
) -> None:
  """Writes a checkpoint, of whose tensors only a shard is in memory at a time.

  Args:
    path: where to, such as `folder/model.ckpt-1000`.
    tensors: (name, function that returns the array) pairs.
  """
  partial = f"{path}_temp_{uuid.uuid4().hex}"  # named as TensorFlow does
  shards: list[str] = []
  names: list[str] = []
  arrays: list[Any] = []

  def flush() -> None:
    if not names:
      return
    shards.append(f"{partial}/part-{len(shards):05d}")
    tf.raw_ops.SaveV2(
        prefix=shards[-1],
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=arrays,
    )
    names.clear()
    arrays.clear()

  with tf.init_scope(), tf.device("cpu:0"):
    tf.io.gfile.makedirs(partial)
    try:
      for name, get in tensors:
        names.append(name)
        arrays.append(get())
        if sum(array.nbytes for array in arrays) >= _SHARD_BYTES:
          flush()
      flush()
      tf.raw_ops.MergeV2Checkpoints(
          checkpoint_prefixes=shards,
          destination_prefix=path,
          delete_old_dirs=True,
      )
    except tf.errors.OpError as error:
      line = str(error).strip().splitlines()[0][:200]
      raise errors.CheckpointError(
          f"{path!r} cannot be written, or its source not read: {line}"
      ) from error
    finally:
      if files.exists(partial):
        storage.remove(partial)
