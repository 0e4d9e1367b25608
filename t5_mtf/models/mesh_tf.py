"""Ways to have Mesh TF compute with functions of ours."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

from t5_mtf.tf_compat import mtf, tf


def on_one_device(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    shape: Any,
    name: str,
    gradient: Callable[..., Any] | int = 0,
) -> Any:
  """Applies a TensorFlow function on a mesh of one device.

  Args:
    fn: of the whole tensors.
    inputs: Mesh TF tensors.
    shape: of the result.
    name: of the operation.
    gradient: of the operation and the gradient of its result, to a list of
      those of the inputs. 0: there is none.

  Returns:
    A tensor of the type of the first input.
  """
  return mtf.slicewise(
      fn,
      inputs,
      output_shape=shape,
      splittable_dims=_all_dims(inputs, [shape]),
      grad_function=gradient,
      name=name,
  )


def several_on_one_device(
    fn: Callable[..., tuple[Any, ...]],
    inputs: Sequence[Any],
    shapes: Sequence[Any],
    name: str,
    gradient: Callable[..., Any] | int = 0,
) -> tuple[Any, ...]:
  """As `on_one_device`, but the function has several results."""
  return mtf.slicewise(
      fn,
      inputs,
      output_shape=list(shapes),
      output_dtype=[inputs[0].dtype] * len(shapes),
      splittable_dims=_all_dims(inputs, shapes),
      grad_function=gradient,
      name=name,
  )


def _all_dims(inputs: Sequence[Any], shapes: Sequence[Any]) -> list[Any]:
  """A layout may split any of them over a mesh dimension of size 1."""
  every = [*(tensor.shape for tensor in inputs), *map(mtf.Shape, shapes)]
  return list({dim for shape in every for dim in shape.dims})


def own_copy(tensor: Any, name: str) -> Any:
  """A copy, on one device, that TensorFlow keeps apart from all else.

  It is neither computed beforehand, nor once for several that are equal, nor
  does mixed precision go beyond it.
  """
  return on_one_device(
      lambda t: tf.raw_ops.DeepCopy(x=t),
      [tensor],
      tensor.shape,
      name,
      lambda operation, grad: [grad],
  )


def kept_in_float32(tensor: Any) -> Any:
  """A TensorFlow tensor, whose users mixed precision leaves as they are.

  What computes with it would be rewritten to bfloat16 where a matrix product
  has made it. Mixed precision does not look behind integers; nothing is copied.
  """
  if tensor.dtype != tf.float32:
    return tensor
  return tf.bitcast(tf.bitcast(tensor, tf.int32), tf.float32)


def float32_matmul(a: Any, b: Any, transpose_b: bool = False) -> Any:
  """`tf.matmul` by the one operation that mixed precision does not know.

  For single rows it also starts sooner.
  """
  return tf.raw_ops.BatchMatMulV3(x=a, y=b, Tout=a.dtype, adj_y=transpose_b)


def transposed_few(tensor: Any, shape: Any) -> Any:
  """`mtf.transpose` of a few float32 numbers, on one device.

  On a CPU TensorFlow leaves transposing floats to oneDNN, which takes longer to
  start than all the rest; integers it transposes itself.
  """
  order = [tensor.shape.dims.index(dim) for dim in mtf.Shape(shape).dims]
  if order == sorted(order):
    return tensor

  def transpose(x: Any) -> Any:
    bits = tf.transpose(tf.bitcast(x, tf.int32), order)
    return tf.bitcast(bits, x.dtype)

  return on_one_device(transpose, [tensor], shape, "transposed_few")


@contextlib.contextmanager
def replaced(
    module: ModuleType, **functions: Callable[..., Any]
) -> Iterator[None]:
  """Has a module of Mesh TF call other functions as its `mtf.<name>`."""
  module = importlib.import_module(module.__name__)  # `module` may be lazy
  theirs = module.mtf
  module.mtf = _Replaced(functions)
  try:
    yield
  finally:
    module.mtf = theirs


class _Replaced:
  """Mesh TF, but for some functions."""

  def __init__(self, functions: dict[str, Callable[..., Any]]) -> None:
    self._functions = functions

  def __getattr__(self, name: str) -> Any:
    return self._functions.get(name) or getattr(mtf, name)
