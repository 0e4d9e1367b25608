"""Mesh TF on named devices, and more quickly built on a single one."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from t5_mtf.models.layouts import Mesh
from t5_mtf.models.prepared_weights import prepared
from t5_mtf.tf_compat import mtf, tf

_FEW_ROWS = 32  # With more, weights are read fastest as they lie.
_VERY_FEW_ROWS = 8  # With more, weights are best the first factor.
_WORTH_TURNING_BOTH = 2**20  # numbers: then the product, too, is turned
_LARGEST_TURNED = 2**24 - 1  # numbers; larger ones need the room themselves


def implementation(mesh: Mesh) -> Any:
  """Returns the `mtf.MeshImpl` of a mesh of CPUs or GPUs.

  On a single device that holds the variables themselves, Mesh TF makes no
  second copy of them to compute with. It compares the names of the two devices,
  so they are spelled out as TensorFlow does.
  """
  devices = [tf.DeviceSpec.from_string(d).to_string() for d in mesh.devices]
  kind = _SeveralDevices if len(devices) > 1 else _OneDevice
  return kind(mesh.shape, mesh.layout, devices)


class _SeveralDevices(mtf.placement_mesh_impl.PlacementMeshImpl):
  """Mesh TF's, with the same random numbers in every process.

  Mesh TF seeds them by Python's `hash` of a text, which differs in each.
  """

  def random(
      self, shape: Any, tf_fn: Callable[..., Any], kwargs: dict[str, Any]
  ) -> Any:
    """Returns a tensor of `tf_fn`, equal on devices with the same part."""
    seed, part = random.random(), self.slice_shape(shape)

    def of_device(device: int) -> Any:
      text = f"{seed},{self.slice_begin(shape, device)}"
      return tf_fn(part, seed=zlib.crc32(text.encode()), **kwargs)

    return self.slicewise(of_device, self.laid_out_pnum())


class _OneDevice(_SeveralDevices):
  """A single device.

  Mesh TF opens a variable scope for each operation on each device, and goes
  through all that it opened before: a fifth of the time of building a graph.
  """

  def __init__(self, *args: Any) -> None:
    super().__init__(*args)
    self._values: dict[Any, Any] = {}

  class LaidOutVariable(_SeveralDevices.LaidOutVariable):
    """A variable whose only slice is set without a scope, too."""

    def assign_to_slices(
        self, assign_fn: Callable[..., Any], values: list[Any]
    ) -> Any:
      """Returns the operation that gives the slice its value."""
      [part], [value] = self.laid_out_tensor.all_slices, values
      with tf.device(self._mesh_impl.devices[0]):
        return tf.group(assign_fn(self._variable, part, value))

  def slicewise(self, fn: Callable[..., Any], *inputs: Any) -> Any:
    """Returns what a function makes of the only slices of its inputs."""
    slices = [
        self._value(x.tensor_list[0])
        if isinstance(x, self.LaidOutTensor)
        else x
        for x in mtf.convert_args_to_laid_out_tensors(inputs)
    ]
    with tf.device(self.devices[0]):
      result = fn(*slices)
    if isinstance(result, tuple):
      return tuple(self.LaidOutTensor([part]) for part in result)
    return self.LaidOutTensor([result])

  def _value(self, part: Any) -> Any:
    """The value of a slice, which is read once if it is a variable.

    Each reading would be cast to bfloat16 anew, and a variable that is gathered
    from copied. What a step writes it reads before.
    """
    if not isinstance(part, tf.Variable):
      return part
    if part.ref() not in self._values:
      with tf.init_scope():  # outside the loops that read it
        self._values[part.ref()] = tf.convert_to_tensor(part)
    return self._values[part.ref()]

  def einsum(self, equation: str, *slices: Any) -> Any:
    """As `tf.einsum`, but quicker for what models multiply.

    TensorFlow puts the result of a product in another order by moving it, which
    for a small first factor takes longer than the product: factors are swapped.
    Weights [in, out] that multiply the last dimension are read once, by all
    cores, where there are few rows, as while a token is decoded.
    """
    inputs, _, output = equation.partition("->")
    first, _, second = inputs.partition(",")
    if _begins_with_own(output, second, first):
      return tf.einsum(f"{second},{first}->{output}", *reversed(slices))
    depth = _common_end(first, second)
    if not depth or output != first[: -len(depth)] + second[len(depth) :]:
      return tf.einsum(equation, *slices)
    x, weights = slices
    width = int(np.prod(x.shape[-len(depth) :]))
    product = _times_weights(tf.reshape(x, [-1, width]), weights)
    shape = [*x.shape[: -len(depth)], *weights.shape[len(depth) :]]
    return tf.reshape(product, shape)


def _times_weights(rows: Any, weights: Any) -> Any:
  """A product of [n, depth] with weights [<depth>, <width>].

  In a loop, weights that multiply few rows are turned before it, so that they
  lie as they are read: else each product packs them anew, for half of its time.
  """
  n, depth = rows.shape
  size = weights.shape.num_elements()
  width = size // depth
  is_in_loop = weights.graph is not tf.compat.v1.get_default_graph()
  if n == 1:
    is_worth_it = depth > width
  elif n <= _VERY_FEW_ROWS:
    is_worth_it = True
  else:
    is_worth_it = n <= _FEW_ROWS and size >= _WORTH_TURNING_BOTH

  def as_matrix(weights: Any) -> Any:
    return tf.reshape(weights, [depth, width])

  if not (is_in_loop and is_worth_it and size <= _LARGEST_TURNED):
    with weights.graph.as_default():
      matrix = as_matrix(weights)
    return tf.matmul(rows, matrix)
  turned = prepared(lambda w: tf.transpose(as_matrix(w)), weights, "turned")
  if n <= _VERY_FEW_ROWS:
    return tf.matmul(rows, turned, transpose_b=True)
  return tf.transpose(tf.matmul(turned, rows, transpose_b=True))


def _begins_with_own(output: str, factor: str, other: str) -> bool:
  """Whether what one factor alone has comes first in a product.

  >>> _begins_with_own("abc", "ac", "ab")
  False
  >>> _begins_with_own("abc", "ab", "ac")
  True
  """
  own = [output.find(x) for x in factor if x in output and x not in other]
  others = [output.find(x) for x in other if x in output and x not in factor]
  return bool(own and others) and max(own) < min(others)


def _common_end(first: str, second: str) -> str:
  """The end of one text that is the beginning of another.

  >>> _common_end("abcd", "cde")
  'cd'
  """
  for size in range(min(len(first), len(second)), 0, -1):
    if first.endswith(second[:size]):
      return second[:size]
  return ""
