"""Activations of feed-forward layers, each one operation, as its gradient is.

Mesh TF's GELU has nine, and their gradients twenty: an eighth of a training
step of T5.1.1-small. The gradient of its ReLU makes a mask first.
"""

from __future__ import annotations

import math
from typing import Any

from t5_mtf.models import mesh_tf
from t5_mtf.tf_compat import mtf, mtf_layers, tf

# GELU is x times cdf(x), 0.5 * (1 + tanh(_A * x + _B * x**3)).
_A = math.sqrt(2 / math.pi)
_B = 0.044715 * _A


def replace_activations(stack: Any) -> None:
  """Has the feed-forward layers of a Mesh TF `LayerStack` use what is here."""
  for layer in stack.layers:
    if isinstance(layer, mtf_layers.DenseReluDense):
      layer.activation = _replaced(layer.activation)


def _replaced(activation: Any) -> Any:
  """One activation, or those of a product, by their names in Mesh TF."""
  if isinstance(activation, (list, tuple)):
    return [_replaced(factor) for factor in activation]
  here = {"gelu": gelu, "relu": relu}
  return here.get(activation, activation)


def relu(x: Any) -> Any:
  """`mtf.relu`."""

  def gradient(operation: Any, grad: Any) -> list[Any]:
    return [
        mtf.cwise(
            lambda g, x: tf.raw_ops.ReluGrad(gradients=g, features=x),
            [grad, *operation.inputs],
            name="relu_gradient",
        )
    ]

  return mtf.cwise(tf.nn.relu, [x], grad_function=gradient, name="relu")


def gelu(x: Any) -> Any:
  """`mtf.gelu`, the approximation by a tanh."""

  def forward(x: Any) -> tuple[Any, Any]:
    cdf = 0.5 * (1.0 + tf.tanh(x * (_A + _B * tf.square(x))))
    return x * cdf, cdf

  def backward(grad: Any, x: Any, cdf: Any) -> Any:
    slope = x * (2 * _A + 6 * _B * tf.square(x))  # of log(cdf), over 1 - cdf
    return grad * cdf * (1.0 + slope * (1.0 - cdf))

  def gradient(operation: Any, grad: Any, unused: Any) -> list[Any]:
    del unused
    _, cdf = operation.outputs
    inputs = [grad, *operation.inputs, cdf]
    return [mtf.cwise(backward, inputs, name="gelu_gradient")]

  value, cdf = mesh_tf.several_on_one_device(
      forward, [x], [x.shape, x.shape], "gelu", gradient
  )
  del cdf  # for the gradient only
  return value
