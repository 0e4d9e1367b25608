"""Refuses to start a training run whose variables alone do not fit.

What is summed are the slices that the lowering has just made, so it costs
nothing and is certain: activations come on top. `t5_mtf plan` estimates those.

  --gin_param="memory_check.allow_oversize = True" starts all the same.
"""

from __future__ import annotations

import math
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.models.planning import hardware
from t5_mtf.models.planning.hardware import gigabytes
from t5_mtf.tf_compat import tf


@gin.configurable(module="t5_mtf.models.planning.capacity")
def memory_check(
    variables: Any, mesh_impl: Any, mesh: Any, allow_oversize: bool = False
) -> None:
  """Checks that the variables of a run fit on its devices.

  Args:
    variables: Mesh TF variables, the optimizer's too.
    mesh_impl: has the sizes of slices.
    mesh: the run's `layouts.Mesh`.
    allow_oversize: whether to start a run that does not fit.

  Raises:
    UserError: they do not.
  """
  if allow_oversize or mesh.tpu or any("job:" in d for d in mesh.devices):
    return  # devices of other hosts are not known here
  slices = sum(
      math.prod(mesh_impl.slice_shape(v.shape)) * v.slice_dtype.size
      for v in variables
  )
  masters = sum(v.size * v.master_dtype.size for v in variables)
  on_gpu = any("gpu" in device.lower() for device in mesh.devices)
  for what, needed, there in (
      ("a GPU", slices, gpu_memory() if on_gpu else None),
      ("this machine", _on_host(slices, masters, mesh), hardware.host_memory()),
  ):
    if there is not None and needed > there:
      raise errors.UserError(
          f"the model cannot be trained here: its variables take"
          f" {gigabytes(needed)} of {what}, which has {gigabytes(there)}."
          " Split the model over more devices or take a smaller one (`t5_mtf"
          " plan` says what fits); to start all the same, give"
          ' --gin_param="memory_check.allow_oversize = True".'
      )


def _on_host(slices: int, masters: int, mesh: Any) -> int:
  """Bytes of this machine's memory: master copies, and CPU devices' slices."""
  count = sum("cpu" in device.lower() for device in mesh.devices)
  if count == 1 and len(mesh.devices) == 1:
    return slices  # a single CPU device works on the master copies
  return masters + count * slices


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
