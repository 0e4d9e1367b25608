"""Lowers a Mesh TF graph as one device of a mesh sees it, and counts.

Mesh TF's lowering makes TensorFlow operations, variables and slices for each
device. Here its operations are lowered by the same code, but onto slices that
have a shape and nothing in them: no TensorFlow graph is made, which takes a
hundredth of the time. `counters` are those of the full lowering; beside them
stands what each device would exchange with others.
"""

from __future__ import annotations

import collections
import dataclasses
import math
import re
from typing import Any

from t5_mtf.tf_compat import mtf, tf

_SEVERAL_RESULTS = ("SplitOperation", "TopKOperation", "UnstackOperation")
_COLLECTIVE = re.compile(r"(allreduce|allconcat|alltoall)/\[?([\d, ]*)\]?/")


@dataclasses.dataclass(frozen=True)
class Transfer:
  """A kind of collective communication.

  Attributes:
    kind: "allreduce", "allconcat", "alltoall" or "receive".
    axes: names of the mesh dimensions along which devices exchange.
    group: how many devices exchange with each other.
  """

  kind: str
  axes: str
  group: int

  def sent(self, size: float) -> float:
    """Bytes that each device sends, by ring algorithms.

    An allreduce is a reduce-scatter and an all-gather, each of which sends
    (n - 1) / n of the tensor.

    Args:
      size: bytes of the result on a device.
    """
    part = (self.group - 1) / self.group
    return size * {
        "allreduce": 2 * part,
        "allconcat": part,
        "alltoall": part,
        "receive": 1.0,
    }[self.kind]


def summed(counters: Any) -> dict[str, int]:
  """Mesh TF's counters by name."""
  totals: dict[str, int] = collections.defaultdict(int)
  for key, value in counters:
    totals[key] += value
  return dict(totals)


class OneDeviceMeshImpl(mtf.simd_mesh_impl.SimdMeshImpl):
  """One device of a mesh, on which nothing is computed."""

  class LaidOutTensor(mtf.simd_mesh_impl.SimdMeshImpl.LaidOutTensor):
    """A slice without values.

    Attributes:
      dtype: None until it is known.
    """

    def __init__(self, dtype: Any = None) -> None:
      super().__init__([self])
      self.dtype = dtype

    def __repr__(self) -> str:
      return f"slice of {self.dtype}"

  class LaidOutVariable:
    """A variable without values.

    Attributes:
      laid_out_tensor: its slice.
    """

    def __init__(self, variable: Any, mesh_impl: Any) -> None:
      self.laid_out_tensor = mesh_impl.LaidOutTensor(variable.slice_dtype)

    def assign_to_slices(self, *_: Any) -> list[Any]:
      """Assigns nothing."""
      return []

  def __init__(self, shape: Any, layout: Any) -> None:
    super().__init__(shape, layout)
    self.operation: Any = None  # the one that is being lowered
    self.reduced: Any = None  # data type of the last tensor that was exchanged

  def laid_out_pnum(self) -> Any:
    return self.LaidOutTensor(tf.int32)

  def slicewise(self, fn: Any, *inputs: Any) -> Any:
    mtf.convert_args_to_laid_out_tensors(inputs)  # exchanges what is pending
    kind, outputs = type(self.operation).__name__, self.operation.outputs
    if kind in _SEVERAL_RESULTS or (
        kind == "SlicewiseOperation" and len(outputs) > 1
    ):
      return tuple(self.LaidOutTensor() for _ in outputs)
    return self.LaidOutTensor()

  def import_tf_tensor(self, x: Any, tf_x: Any) -> Any:
    del tf_x
    return self.LaidOutTensor(x.dtype)

  def allreduce(self, x: Any, mesh_axes: Any, reduction_fn_string: str) -> Any:
    del mesh_axes, reduction_fn_string
    return self._exchanged(x)

  def allconcat(
      self, x: Any, mesh_axis: int, concat_axis: int, stack: bool = False
  ) -> Any:
    del mesh_axis, concat_axis, stack
    return self._exchanged(x)

  def alltoall(
      self, x: Any, mesh_axis: int, split_axis: int, concat_axis: int
  ) -> Any:
    del mesh_axis, split_axis, concat_axis
    return self._exchanged(x)

  def receive(self, x: Any, mesh_axis: int, source_pcoord: Any) -> Any:
    del mesh_axis, source_pcoord
    return self._exchanged(x)

  def random(self, shape: Any, tf_fn: Any, kwargs: Any) -> Any:
    del shape, tf_fn, kwargs
    return self.LaidOutTensor()

  def _exchanged(self, x: Any) -> Any:
    x = x.to_laid_out_tensor()
    self.reduced = x.dtype or self.operation.outputs[0].dtype
    return self.LaidOutTensor(self.reduced)


class OneDeviceLowering(mtf.Lowering):
  """Lowers a graph onto one device.

  Args:
    graph: a Mesh TF graph.
    mesh: its only mesh.
    mesh_impl: the device.
    on_tpu: whether collectives are those of `SimdMeshImpl`, else those of
      `PlacementMeshImpl`.
    loop_trips: how often a step runs through the body of a loop.

  Attributes:
    transfers: `Transfer` -> [how often a step, bytes on a device].
  """

  def __init__(
      self,
      graph: Any,
      mesh: Any,
      mesh_impl: OneDeviceMeshImpl,
      on_tpu: bool,
      loop_trips: int = 1,
  ) -> None:
    # Not its own __init__, which also logs every variable.
    self.mesh_to_impl, self.graph = {mesh: mesh_impl}, graph
    self._counters: list[tuple[str, int]] = []
    self.tensors, self.operations, self.variables = {}, {}, {}
    self._device, self._on_tpu = mesh_impl, on_tpu
    self._loop_trips, self._trips = loop_trips, 1
    self.transfers: dict[Transfer, list[float]] = collections.defaultdict(
        lambda: [0.0, 0.0]
    )
    for op in graph.operations:
      self._lower(op)

  def set_tensor_lowering(self, tensor: Any, laid_out_tensor: Any) -> None:
    pending = isinstance(laid_out_tensor, mtf.LazyAllreduceSum)
    target = laid_out_tensor.laid_out_input if pending else laid_out_tensor
    if target.dtype is None:
      target.dtype = tensor.dtype
    self.tensors[tensor] = laid_out_tensor

  def add_counter(self, key: str, value: int) -> None:
    super().add_counter(key, value)
    match = _COLLECTIVE.match(key)
    size = value // self._device.size  # numbers on a device
    if match:
      axes = [int(n) for n in match[2].split(",") if n.strip()]
      self._record(match[1], axes, size)
    elif key.startswith("shift"):
      self._record("receive", [], size)

  def _lower(self, op: Any) -> None:
    self._device.operation = op
    if isinstance(op, mtf.WhileLoopOperation):
      self._lower_loop(op)
      return
    op.lower(self)
    for output in op.outputs:
      size = self._device.laid_out_size(output.shape)
      self.add_counter(f"output/{type(op).__name__}", size)
      self.add_counter(f"output_unique/{type(op).__name__}", output.size)
    if isinstance(op, mtf.RandomOperation) and self._on_tpu:
      self._synchronize(op.outputs[0])

  def _lower_loop(self, loop: Any) -> None:
    """As `WhileLoopOperation.lower`: sums are exchanged after the loop."""
    self._trips *= self._loop_trips
    for op in loop._cond_ops:
      self.tensors.update(self._slices(loop._cond_inputs))
      self._lower(op)
    self.tensors.update(self._slices(loop._body_inputs))
    for op in loop._body_ops:
      self._lower(op)
    self._trips //= self._loop_trips
    self._device.operation = loop
    for body, output in zip(loop._body_outputs, loop.outputs, strict=True):
      lowered = self.tensors[body]
      result = self._device.LaidOutTensor(body.dtype)
      if isinstance(lowered, mtf.LazyAllreduceSum):
        result = mtf.LazyAllreduceSum(
            self._device, result, lowered.mesh_axes, lowered.add_counter_fn
        )
      self.tensors[output] = result

  def _slices(self, tensors: Any) -> dict[Any, Any]:
    return {t: self._device.LaidOutTensor(t.dtype) for t in tensors}

  def _synchronize(self, x: Any) -> None:
    """`SimdMeshImpl.random`: one of equal slices is sent to all others."""
    split = self._device.tensor_layout(x.shape).tensor_axis_to_mesh_axis
    axes = [i for i in range(self._device.ndims) if i not in split]
    size = math.prod(self._device.slice_shape(x.shape))
    self._device.reduced = x.dtype
    self._record("allreduce", axes, size)

  def _record(self, kind: str, mesh_axes: list[int], size: int) -> None:
    dims = [self._device.shape[axis] for axis in mesh_axes]
    group = math.prod(d.size for d in dims)
    if group == 1 and kind != "receive":
      return
    dtype = self._device.reduced
    itemsize = dtype.size
    if self._on_tpu and kind in ("allreduce", "allconcat"):
      kind = "allreduce"  # of slices in their places, zeros elsewhere
      small = group <= self._device._allreduce_in_bfloat16_max_group_size
      itemsize = 2 if dtype == tf.bfloat16 and small else 4
    names = "+".join(d.name for d in dims)
    entry = self.transfers[Transfer(kind, names, group)]
    entry[0] += self._trips
    entry[1] += self._trips * itemsize * size
