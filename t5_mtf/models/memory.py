"""Whether a training step fits into memory: an estimate, made before it runs.

Published operative configs have batches for a TPU pod. On one machine such a
step is killed by the operating system without a reason, so the run says before
what it may need, and what would fit.
"""

from __future__ import annotations

import math
import os
from typing import Any

from t5_mtf.models.model_fn import StepContext
from t5_mtf.tf_compat import mtf_utils

_BYTES = 4  # float32
# Copies of a layer's output that live at once: itself, what its nonlinearity,
# dropout and norm make of it, and gradients. So that T5-small on a CPU is
# as measured: 5.0 GB for 32 x (128 + 128) tokens, 4.6 for 8 x (512 + 128).
_COPIES = 2.5
_LOGITS_COPIES = 6
_TENSORFLOW = 550_000_000  # bytes, without a model
_HEAD = 64  # width of an attention head, where it matters little
_WEIGHTS_COPIES = 3  # master, slice, gradient; Adafactor's own are small


def note(
    context: StepContext, batch_dim: Any, available: int | None = None
) -> str | None:
  """Says what a step may need and what would fit; None if it fits.

  Args:
    context: of a training step whose loss is computed.
    batch_dim: the Mesh TF dimension of its batch.
    available: bytes of memory; None for those of this machine.
  """
  settings = context.settings
  available = available or physical_memory()
  if settings.use_tpu or available is None:
    return None
  if any("gpu" in device.lower() for device in settings.mesh.devices):
    return None  # whose memory TensorFlow does not tell
  parameters = sum(v.size for v in context.graph.trainable_variables)
  weights = _TENSORFLOW + _WEIGHTS_COPIES * _BYTES * parameters
  sequences = sequences_at_once(context, batch_dim)
  each = bytes_per_sequence(context)
  needed = weights + sequences * each
  if needed < available:
    return None
  text = (
      f"a step may need {_gigabytes(needed)}, weights"
      f" {_gigabytes(weights)} of it, and there are {_gigabytes(available)}."
  )
  fits = math.floor((available - weights) / each)
  if fits < 1:
    return f"{text} Even one sequence may be too much: take a smaller model."
  longest = max(settings.batch.sequence_length.values())
  return (
      f"{text} {fits:,} sequences would fit: bind utils.run.batch_size ="
      f" {fits}, or split the batch, which trains the same:"
      " utils.serialize_num_microbatches.tokens_per_microbatch_per_replica ="
      f" {fits * longest}"
  )


def sequences_at_once(context: StepContext, batch_dim: Any) -> int:
  """Sequences that all devices of this machine compute at the same time."""
  settings = context.settings
  parts = mtf_utils.serialize_num_microbatches(
      batch_dim,
      settings.batch.sequence_length,
      settings.mesh.shape,
      settings.mesh.layout,
  )
  return max(1, settings.batch.sequences // parts)


def bytes_per_sequence(context: StepContext) -> int:
  """Estimate of what the activations of one sequence take."""
  lengths = dict(context.settings.batch.sequence_length)
  if context.settings.model_type == "delimited_lm":  # reads both as one text
    lengths["targets"] = sum(lengths.values())
  longest = max(lengths.values())
  numbers, rows = 0.0, 0
  for variable in context.graph.trainable_variables:
    sizes = {d.name: d.size for d in variable.shape.dims}
    if "vocab" in sizes:
      rows = sizes["vocab"]
      continue
    is_encoder = variable.name.startswith("encoder")
    length = lengths["inputs" if is_encoder else "targets"]
    width = variable.shape.dims[-1].size
    numbers += _COPIES * length * width
    if variable.name.endswith("/q"):
      numbers += _COPIES * length * longest * max(1, width // _HEAD)
  logits = _LOGITS_COPIES * lengths["targets"] * rows
  return round(_BYTES * (numbers + logits))


def physical_memory() -> int | None:
  """Bytes of memory of this machine, None if it does not tell."""
  try:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
  except (ValueError, OSError, AttributeError):
    return None


def _gigabytes(number: float) -> str:
  return f"{number / 1e9:,.1f} GB"
