"""Training with bfloat16 matrix products, on a CPU that has them.

TensorFlow's graph rewriter casts the matrix products of a step to bfloat16 and
what lies between them with it; weights, optimizer, softmax and loss stay
float32. It halves the time of a training step of T5-small. Only training is
rewritten: predictions, scores and exports are float32.
"""

from __future__ import annotations

import functools

import gin

from t5_mtf import errors
from t5_mtf.models.settings import RunSettings
from t5_mtf.tf_compat import tf

_CPU_FLAGS = {"avx512_bf16", "amx_bf16"}
_OFF = "--mixed_precision=off"


@gin.configurable(module="t5_mtf.models.mixed_precision")
def mixed_precision(enabled: bool | None = None) -> bool | None:
  """Whether to train with bfloat16 matrix products.

  Args:
    enabled: None for "where the CPU is fast at them".
  """
  return enabled


def is_used(settings: RunSettings) -> bool:
  """Whether a run has bfloat16 matrix products.

  Raises:
    UserError: it is asked for where it is not possible.
  """
  enabled = mixed_precision()
  if settings.mode != "train" or enabled is False:
    return False
  why_not = _why_not(settings)
  if enabled and why_not:
    raise errors.UserError(
        f"mixed precision is asked for, but {why_not}. Leave it out, or give"
        f" {_OFF}."
    )
  return not why_not


def _why_not(settings: RunSettings) -> str:
  if settings.use_tpu:
    return "on a TPU activation_dtype says what is bfloat16"
  if settings.mesh.target:
    return "the run is on several hosts"
  if settings.mesh.has_gpus:
    return "TensorFlow rewrites graphs to bfloat16 for CPUs only"
  if not _cpu_has_bfloat16():
    return f"this CPU has none of {', '.join(sorted(_CPU_FLAGS))}"
  return ""


@functools.cache
def _cpu_has_bfloat16() -> bool:
  try:
    with open("/proc/cpuinfo", encoding="utf-8") as f:
      flags = next((line for line in f if line.startswith("flags")), "")
  except OSError:  # not Linux
    return False
  return bool(_CPU_FLAGS & set(flags.split()))


def rewrite(config: tf.compat.v1.ConfigProto) -> None:
  """Has a session's graphs rewritten."""
  on = 1  # RewriterConfig.ON
  config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = on


def description(settings: RunSettings) -> str:
  """What a run's numbers are, for its start report."""
  if is_used(settings):
    return f"bfloat16 matrix products, the rest float32 ({_OFF} for all)"
  return "float32"
