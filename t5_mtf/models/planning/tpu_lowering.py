"""Lowers the graphs of a run for a TPU slice that is not there.

A slice is described by its topology: chips in a grid, two cores a chip, four
chips a host. With a topology made by hand, the model function that TPUEstimator
would call is called inside `tpu.replicate`, as TPUEstimator does, and Mesh TF
lowers it through `SimdMeshImpl`: all operations, all slices of all variables,
all collectives. What XLA and the TPU make of the graph is not seen.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

from t5_mtf.models import model_fn
from t5_mtf.models.planning import one_device, step_costs
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import mtf, tf

STEPS = ("train", "score", "decode")
_HOST_SIDE = 2  # chips: a host has 2 x 2
_CORES = 2  # of a chip


@dataclasses.dataclass(frozen=True)
class Lowered:
  """A graph as it was lowered.

  Attributes:
    step: one of STEPS.
    variable_bytes: of all variables, the optimizer's too, on one core.
    counters: Mesh TF's, summed by name, over all cores; a loop's body counts
      once.
    operations: number of TensorFlow operations.
    seconds: that it took.
  """

  step: str
  variable_bytes: int
  counters: Mapping[str, int]
  operations: int
  seconds: float

  def communication(self) -> dict[str, int]:
    """The counters of collectives."""
    kinds = ("allreduce", "allconcat", "alltoall", "shift")
    return {k: n for k, n in self.counters.items() if k.startswith(kinds)}


def chips(cores: int) -> tuple[int, int]:
  """The grid of a slice: as square as can be, the longer side second.

  >>> chips(8), chips(32), chips(64), chips(1024)
  ((2, 2), (4, 4), (4, 8), (16, 32))
  """
  exponent = int(math.log2(cores // _CORES))
  return 2 ** (exponent // 2), 2 ** (exponent - exponent // 2)


def device_assignment(cores: int) -> Any:
  """One replica a core of a slice, in the order that TPUEstimator gives."""
  import numpy as np
  from tensorflow.python.tpu import device_assignment as assignments
  from tensorflow.python.tpu import topology

  rows, columns = chips(cores)
  side, core_numbers = range(_HOST_SIDE), range(_CORES)
  coordinates = [
      [[x + i, y + j, 0, core] for i in side for j in side
       for core in core_numbers]
      for x in range(0, rows, _HOST_SIDE)
      for y in range(0, columns, _HOST_SIDE)
  ]
  made = topology.Topology(
      mesh_shape=[rows, columns, 1, _CORES],
      device_coordinates=np.array(coordinates, np.int32),
  )
  return assignments.device_assignment(
      made, computation_shape=[1, 1, 1, 1], num_replicas=cores
  )


class _TpuContext:
  """What the model function reads of TPUEstimator's own context."""

  def __init__(self, cores: int) -> None:
    self.num_replicas = cores
    self.num_hosts = cores // (_HOST_SIDE**2 * _CORES)
    self.device_assignment = device_assignment(cores)

  def tpu_host_placement_function(self, host_id: int) -> str:
    """The host's name in the cluster."""
    return f"/job:tpu_worker/task:{host_id}/device:CPU:0"


def lower(settings: RunSettings, step: str) -> Lowered:
  """Builds and lowers one graph of a run.

  Args:
    settings: of the run, whose mesh has as many positions as a slice cores.
    step: "train", "score" (evaluation by log-likelihood) or "decode".
  """
  cores, start = settings.mesh.shape.size, time.perf_counter()
  context = _TpuContext(cores)
  build = model_fn.make_model_fn(settings, StartReport())
  mode = tf.estimator.ModeKeys

  def computation() -> Any:
    features = {
        name: tf.zeros(shape, tf.int32)
        for name, shape in step_costs.feature_shapes(settings).items()
        if step == "train"
        or name in {"score": ("inputs", "targets"), "decode": ("inputs",)}[step]
    }
    made = build(
        features,
        None,
        mode.TRAIN if step == "train" else mode.PREDICT,
        {"context": context},
    )
    if step == "train":
      with tf.control_dependencies([made.train_op]):
        return tf.identity(made.loss)
    made.scaffold_fn()  # copies the master variables to the cores
    return list(made.predictions.values())

  with tf.Graph().as_default() as graph, _lowerings() as found:
    tf.compat.v1.train.get_or_create_global_step()
    tf.compat.v1.tpu.replicate(
        computation,
        inputs=[[] for _ in range(cores)],
        device_assignment=context.device_assignment,
    )
    [lowering] = found
    return Lowered(
        step,
        sum(
            math.prod(lowering.mesh_impl(v).slice_shape(v.shape))
            * v.slice_dtype.size
            for v in lowering.variables
        ),
        one_device.summed(lowering.counters),
        len(graph.get_operations()),
        time.perf_counter() - start,
    )


@contextlib.contextmanager
def _lowerings() -> Iterator[list[Any]]:
  """Collects the lowerings that are made meanwhile."""
  found, make = [], mtf.Lowering

  def keeping(*args: Any, **kwargs: Any) -> Any:
    found.append(make(*args, **kwargs))
    return found[-1]

  mtf.Lowering = keeping
  try:
    yield found
  finally:
    mtf.Lowering = make
