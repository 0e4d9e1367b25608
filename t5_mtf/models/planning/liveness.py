"""Peak memory of a step on one device: which tensors live at the same time.

A tensor lives from the operation that makes it to the last that reads it.
Buffers are counted once where TensorFlow shares them: reshapes, casts to the
same type, element-wise operations whose input ends there.

TensorFlow's executor starts whatever has its inputs, first come first served.
So random numbers of dropout, position biases and masks of all layers are there
from the beginning, those of layers that are computed again even twice. Its
matrix products need copies of what has to be transposed for them.

Under XLA, operations run in the order in which they were made (forward,
backward), but a variable is updated as soon as its gradient is there.
Element-wise results that only another element-wise operation reads are never
written, nor are one-hot vectors, ranges and broadcasts.

It is an estimate: neither keeps to this order strictly.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from t5_mtf.tf_compat import mtf

_ELEMENTWISE = (
    "AddOperation",
    "GenericGradOperation",
    "MinMaxOperation",
    "ScalarAddOperation",
    "ScalarMultiplyOperation",
    "SlicewiseOperation",
)
_GENERATORS = ("BroadcastOperation", "OneHotOperation", "RangeOperation")
_SAME_BUFFER = (
    "CustomGradientOperation",
    "Depend",
    "ReshapeOperation",
    "StopGradient",
)


@dataclasses.dataclass(frozen=True)
class Peak:
  """The most memory that a step needs beside its variables, on one device.

  Attributes:
    size: in bytes.
    operation: name of the operation that it is reached at.
  """

  size: int
  operation: str


def peak(
    operations: Sequence[Any],
    updates: Iterable[Any],
    mesh_impl: Any,
    fused: bool,
    kept: Iterable[Any] = (),
) -> Peak:
  """Walks a graph.

  Args:
    operations: of a Mesh TF graph, in order.
    updates: those of them that belong to the optimizer.
    mesh_impl: has the sizes of slices.
    fused: whether XLA compiles the graph.
    kept: tensors that live to the end.

  Returns:
    The peak. A loop counts with the peak of its body.
  """
  if fused:
    order = _scheduled(operations, set(updates))
  else:
    order = _executed(operations)
  walk = _Walk(order, mesh_impl, fused, set(kept))
  return walk.peak()


def body_operations(operations: Iterable[Any]) -> Iterator[tuple[Any, bool]]:
  """Yields each operation, and whether it is in a loop."""
  for operation in operations:
    if isinstance(operation, mtf.WhileLoopOperation):
      for inner, _ in body_operations(operation._body_ops):
        yield inner, True
    else:
      yield operation, False


def _executed(operations: Sequence[Any]) -> list[Any]:
  """The order of an executor: what has its inputs, first come first served."""
  makers = {t: op for op in operations for t in op.outputs}
  readers: dict[Any, list[Any]] = collections.defaultdict(list)
  missing = {}
  for op in operations:
    needed = {makers[t] for t in op.inputs if t in makers}
    for waited_for in getattr(op, "_dependencies", ()):
      needed.add(makers.get(waited_for, waited_for))
    needed = {op for op in needed if op in missing}  # others are outside
    missing[op] = len(needed)
    for maker in needed:
      readers[maker].append(op)
  ready = collections.deque(op for op in operations if not missing[op])
  order = []
  while ready:
    order.append(ready.popleft())
    for op in readers[order[-1]]:
      missing[op] -= 1
      if not missing[op]:
        ready.append(op)
  return order


def _scheduled(operations: Sequence[Any], updates: set[Any]) -> list[Any]:
  """Moves each update up to where all that it reads has been computed."""
  if not updates:
    return list(operations)
  position = {op: i for i, op in enumerate(operations) if op not in updates}
  ready: dict[Any, int] = {}
  for op in operations:
    if op in updates:
      ready[op] = max(
          (
              ready.get(t.operation, position.get(t.operation, -1))
              for t in op.inputs
          ),
          default=-1,
      )
      if isinstance(op, mtf.Assign):  # one for all variables: at the end
        ready[op] = len(operations)
  return sorted(
      operations,
      key=lambda op: (ready[op], 1) if op in updates else (position[op], 0),
  )


class _Walk:
  """One walk over operations that are in order."""

  def __init__(
      self, order: Sequence[Any], mesh_impl: Any, fused: bool, kept: set[Any]
  ) -> None:
    self._order, self._mesh_impl, self._fused = order, mesh_impl, fused
    self._kept = kept
    self._readers: dict[Any, list[Any]] = collections.defaultdict(list)
    for op in order:
      for t in op.inputs:
        self._readers[t].append(op)
    self._root: dict[Any, Any] = {}
    self._size: dict[Any, int] = {}
    self._free: set[Any] = set()  # tensors that are never written

  def peak(self) -> Peak:
    """Returns the most that lives at once."""
    last = self._last_uses()
    ending: dict[int, list[Any]] = collections.defaultdict(list)
    for tensor, index in last.items():
      ending[index].append(tensor)
    live, best, where = 0, 0, ""
    for index, op in enumerate(self._order):
      made = sum(self._size.get(t, 0) for t in op.outputs)
      freed = sum(self._size.get(t, 0) for t in ending[index])
      inner = self._inside(op)
      reused = 0
      if type(op).__name__ in _ELEMENTWISE or self._is_product(op):
        ends = [self._size.get(t, 0) for t in ending[index]
                if t not in op.outputs]
        reused = min(made, max(ends, default=0))
      live += made
      if live - reused + inner > best:
        best, where = live - reused + inner, op.name
      live -= freed
    return Peak(best, where)

  def _last_uses(self) -> dict[Any, int]:
    """Tensor that has memory of its own -> index of its last reader."""
    last: dict[Any, int] = {}
    lazy: dict[Any, list[Any]] = {}  # never written -> what it is made from
    for index, op in enumerate(self._order):
      for t in op.inputs:
        if isinstance(op, mtf.Assign):
          break  # done where the value is made
        for source in lazy.get(t, (t,)):
          root = self._root.get(source, source)
          if root in self._size:
            last[root] = index
      for i, t in enumerate(op.outputs):
        self._place(op, i, t, lazy)
        if t in self._size:
          last[t] = len(self._order) if t in self._kept else index
    for t in self._kept:
      root = self._root.get(t, t)
      if root in self._size:
        last[root] = len(self._order)
    return last

  def _place(self, op: Any, i: int, t: Any, lazy: dict[Any, list[Any]]) -> None:
    """Decides where an output lives."""
    if isinstance(op, mtf.Variable):
      return  # counted with the variables
    if self._shares(op, t):
      source = op.inputs[-len(op.outputs) + i]
      self._root[t] = self._root.get(source, source)
      if source in lazy:
        lazy[t] = lazy[source]
      return
    if self._fused and self._is_fused(op, t):
      lazy[t] = [s for x in op.inputs for s in lazy.get(x, (x,))]
      return
    self._size[t] = self._bytes(t)

  def _shares(self, op: Any, t: Any) -> bool:
    kind = type(op).__name__
    if kind in _SAME_BUFFER:
      return self._bytes(t) == self._bytes(op.inputs[-1])
    return (
        kind == "SlicewiseOperation"
        and "cast" in op.name
        and op.inputs[0].dtype == t.dtype
    )

  def _is_fused(self, op: Any, t: Any) -> bool:
    kind = type(op).__name__
    if kind in _GENERATORS:
      return True
    if kind not in _ELEMENTWISE and not self._is_product(op):
      return False
    readers = self._readers[t]
    return (
        len(readers) == 1
        and t not in self._kept
        and (
            type(readers[0]).__name__ in (*_ELEMENTWISE, "ReduceOperation")
            or self._is_product(readers[0])
        )
    )

  def _is_product(self, op: Any) -> bool:
    """Whether an einsum multiplies element by element."""
    return isinstance(op, mtf.EinsumOperation) and not is_contraction(op)

  def _inside(self, op: Any) -> int:
    """What an operation needs for itself while it runs."""
    if isinstance(op, mtf.WhileLoopOperation):
      # Results of its body live beside what they add up to.
      return peak(
          op._body_ops, (), self._mesh_impl, self._fused, op._body_outputs
      ).size
    if (
        self._fused
        or not isinstance(op, mtf.EinsumOperation)
        or not is_contraction(op)
    ):
      return 0
    return sum(map(self._bytes, _transposed(op)))

  def _bytes(self, t: Any) -> int:
    return (
        self._mesh_impl.laid_out_size(t.shape)
        // self._mesh_impl.size
        * t.dtype.size
    )


def is_contraction(op: Any) -> bool:
  """Whether an einsum sums over a dimension: a matrix product."""
  output = set(op.outputs[0].shape.dims)
  return any(d not in output for x in op.inputs for d in x.shape.dims)


def _transposed(product: Any) -> list[Any]:
  """What TensorFlow's einsum of two tensors copies into another order.

  It multiplies [batch, free, contracted] or [batch, contracted, free]
  matrices, and the result is [batch, free of the first, free of the second].
  """
  if len(product.inputs) != 2:
    return []
  [output] = product.outputs
  first, second = (
      [d for d in t.shape.dims if d.size > 1] for t in product.inputs
  )
  result = [d for d in output.shape.dims if d.size > 1]
  batch = [d for d in first if d in second and d in result]
  contracted = [d for d in first if d in second and d not in result]
  free = [
      [d for d in dims if d not in batch and d not in contracted]
      for dims in (first, second)
  ]
  copied = [
      t
      for t, dims, rest in zip(
          product.inputs, (first, second), free, strict=True
      )
      if dims not in (batch + rest + contracted, batch + contracted + rest)
  ]
  if result != batch + free[0] + free[1]:
    copied.append(output)
  return copied


def computation_size(op: Any, mesh_impl: Any) -> int:
  """Multiplications of an einsum on one device."""
  dims = {d for x in op.inputs for d in x.shape.dims}
  return mesh_impl.laid_out_size(mtf.Shape(list(dims))) // mesh_impl.size
