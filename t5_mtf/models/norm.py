"""RMS norm as one operation, and one for its gradient, on one device.

Mesh TF writes it as half a dozen operations, whose gradients go over the hidden
states twenty times; here they go over them a dozen times. Variables, gin names
and, but for rounding, results are those of Mesh TF's sublayers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from t5_mtf.models import layouts, mesh_tf
from t5_mtf.tf_compat import mtf, mtf_transformer, tf


def replace_sublayers(stack: Any) -> None:
  """Has a Mesh TF `LayerStack` normalize by `rms_norm`.

  Sublayers of others stay what they are.
  """
  theirs = (
      mtf_transformer.sublayer_rms_norm,
      mtf_transformer.sublayer_legacy_rms_norm,
      mtf_transformer.sublayer_legacy_final_rms_norm,
  )
  for name in ("initial", "per_layer", "final"):
    attribute = f"_sublayers_{name}"
    replaced = [
        functools.partial(_normalize, sublayer) if sublayer in theirs
        else sublayer
        for sublayer in getattr(stack, attribute) or ()
    ]
    setattr(stack, attribute, replaced)


class _Factors(list):
  """In the place of hidden states; has what they are multiplied with."""

  def __mul__(self, factor: Any) -> _Factors:
    self.append(factor)
    return self


def _normalize(
    sublayer: Callable[..., Any], x: Any, stack: Any, context: Any
) -> Any:
  """Calls a sublayer of Mesh TF for its epsilon and its scale alone."""
  model = context.model
  is_plain = (
      layouts.is_on_one_device(model)
      and x.dtype == tf.float32
      and x.shape.dims[-1] == model.model_dim
      and not model.ensemble_dims
  )
  if not is_plain:
    return sublayer(x, stack, context)
  factors = _Factors()
  with mesh_tf.replaced(
      mtf_transformer,
      square=lambda hidden: hidden,
      reduce_mean=lambda hidden, reduced_dim: 0.0,
      rsqrt=lambda epsilon: epsilon,
  ):
    sublayer(factors, stack, context)
  epsilon, scale = factors
  return rms_norm(x, scale, epsilon)


def rms_norm(x: Any, scale: Any, epsilon: float) -> Any:
  """Divides by the root of the mean of squares, and multiplies with a scale.

  Args:
    x: hidden states [..., d_model].
    scale: [d_model].
    epsilon: added to the mean of squares.

  Returns:
    A tensor of the shape of `x`.
  """

  def forward(x: Any, scale: Any) -> tuple[Any, Any]:
    mean = tf.reduce_mean(tf.square(x), -1, keepdims=True)
    inverse = tf.math.rsqrt(mean + epsilon)
    return x * inverse * scale, inverse[..., 0]

  def gradient(operation: Any, grad: Any, unused: Any) -> tuple[Any, Any]:
    del unused
    _, inverse = operation.outputs
    return mesh_tf.several_on_one_device(
        _backward,
        [*operation.inputs, inverse, grad],
        [x.shape, scale.shape],
        "rms_norm_gradient",
    )

  shapes = [x.shape, mtf.Shape(x.shape.dims[:-1])]
  normalized, inverse = mesh_tf.several_on_one_device(
      forward, [x, scale], shapes, "rms_norm", gradient
  )
  del inverse  # for the gradient only
  return normalized


def _backward(
    x: Any, scale: Any, inverse: Any, grad: Any
) -> tuple[Any, Any]:
  """The gradients along hidden states and scale.

  Args:
    x: [..., d_model].
    scale: [d_model].
    inverse: [...], of the root of the mean of squares.
    grad: [..., d_model].
  """
  depth = x.shape[-1]
  both = tf.reshape(x * grad, [-1, depth])
  along = mesh_tf.float32_matmul(both, tf.reshape(scale, [depth, 1]))
  along = tf.reshape(along, inverse.shape) * tf.square(inverse) / depth
  of_x = grad * scale - x * along[..., tf.newaxis]
  of_scale = mesh_tf.float32_matmul(tf.reshape(inverse, [1, -1]), both)
  return of_x * inverse[..., tf.newaxis], tf.reshape(of_scale, [depth])
