"""Says before a training run starts whether it fits; refuses it if not.

A step that is too large is killed by the operating system without a reason. The
estimate is that of `t5_mtf plan`, made of the graph that the run has built, and
takes about a second for the largest models.
"""

from __future__ import annotations

from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.models.model_fn import StepContext
from t5_mtf.models.planning import estimate, hardware, step_costs
from t5_mtf.models.planning.hardware import Hardware, gigabytes
from t5_mtf.models.planning.one_device import OneDeviceMeshImpl
from t5_mtf.tf_compat import tf


@gin.configurable(module="t5_mtf.models.planning.capacity")
def memory_check(
    context: StepContext, loss: Any, allow_oversize: bool = False
) -> None:
  """Checks that a training step fits; notes in the report a narrow fit.

  TPUs and the devices of other hosts are not looked at from here.

  Args:
    context: of the step, its updates included; it is not lowered yet.
    loss: its loss.
    allow_oversize: whether to start a run that does not fit.

  Raises:
    UserError: it does not fit.
  """
  settings = context.settings
  there = _hardware(settings.mesh)
  if there is None or not there.device.memory:
    return
  mesh = settings.mesh
  memory = step_costs.of_graph(
      context.graph,
      loss,
      (),
      OneDeviceMeshImpl(mesh.shape, mesh.layout),
      fused=False,
  )
  needed = estimate.memory_needed(memory, there, mesh.shape.size)
  if estimate.has_room(needed, there):
    return
  if needed <= there.device.memory or allow_oversize:
    context.report.notes([
        f"memory: a step needs about {gigabytes(needed * there.devices)} and"
        f" there are {gigabytes(there.device.memory * there.devices)}; it may"
        " be killed for that. `t5_mtf plan` says what would take less."
    ])
    return
  plan = estimate.make_plan(settings, there)
  raise errors.UserError(
      f"the model cannot be trained here: {plan.shortage()} {plan.remedy()}"
      " This is an estimate; to start all the same, give --allow_oversize."
  )


def _hardware(mesh: Any) -> Hardware | None:
  """The run's devices; None where their memory is not known here."""
  if mesh.tpu or any("job:" in device for device in mesh.devices):
    return None
  count = len(mesh.devices)
  if not mesh.has_gpus:
    return hardware.this_cpu(count, measured=False)
  memory = gpu_memory()
  if memory is None:
    return None
  device = hardware.Device("gpu", memory, flops=0, link=0)
  return Hardware("GPU", count, device)


def gpu_memory() -> int | None:
  """Bytes that TensorFlow may use of the smallest GPU; None without GPUs."""
  from tensorflow.python.client import device_lib

  config = tf.compat.v1.ConfigProto()
  config.gpu_options.allow_growth = True
  limits = [
      device.memory_limit
      for device in device_lib.list_local_devices(config)
      if device.device_type == "GPU"
  ]
  return min(limits, default=None)
