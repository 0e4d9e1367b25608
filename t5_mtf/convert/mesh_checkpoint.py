"""Mesh TF checkpoints, as arrays by name."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import Any

from t5_mtf.tf_compat import tf

_STEP = "global_step"
# What Mesh TF's optimizers keep for a variable: Adafactor, momentum, Adam.
_SLOT = re.compile(r"(_slot_(v|vr|vc|m)|/adam_(m|v)|_momentum_v)$")


@dataclasses.dataclass(frozen=True)
class Checkpoint:
  """What a checkpoint holds.

  Attributes:
    variables: name -> array of the model's variables.
    slots: names of the variables of an optimizer, which are not read.
    step: the global step; None if it holds none.
  """

  variables: Mapping[str, Any]
  slots: tuple[str, ...]
  step: int | None


def read(path: str) -> Checkpoint:
  """Reads the variables of a model.

  Args:
    path: of the checkpoint, ending in model.ckpt-STEP.
  """
  reader = tf.train.load_checkpoint(path)
  names = sorted(reader.get_variable_to_shape_map())
  slots = [
      name for name in names if (m := _SLOT.search(name)) and
      name[: m.start()] in names
  ]  # fmt: skip
  left_out = {*slots, _STEP}
  return Checkpoint(
      variables={n: reader.get_tensor(n) for n in names if n not in left_out},
      slots=tuple(slots),
      step=int(reader.get_tensor(_STEP)) if _STEP in names else None,
  )


def write(folder: str, step: int, variables: Mapping[str, Any]) -> str:
  """Writes `model.ckpt-STEP` to a folder, types kept; returns its path."""
  path = os.path.join(folder, f"model.ckpt-{step}")
  names = [*variables, _STEP]
  tensors = [tf.constant(array) for array in variables.values()]
  tf.raw_ops.SaveV2(
      prefix=path,
      tensor_names=names,
      shape_and_slices=[""] * len(names),
      tensors=[*tensors, tf.constant(step, tf.int64)],
  )
  name = os.path.basename(path)
  tf.compat.v1.train.update_checkpoint_state(folder, name, [name])
  return path
