"""ReLU whose gradient is one operation, for the feed-forward layers."""

from __future__ import annotations

from typing import Any

from t5_mtf.tf_compat import mtf, mtf_layers, tf


def replace_activations(stack: Any) -> None:
  """Has the feed-forward layers of a Mesh TF `LayerStack` use what is here."""
  for layer in stack.layers:
    if isinstance(layer, mtf_layers.DenseReluDense):
      if layer.activation == "relu":
        layer.activation = relu


def relu(x: Any) -> Any:
  """`mtf.relu`; its gradient does not make a mask first."""

  def gradient(operation: Any, grad: Any) -> list[Any]:
    return [
        mtf.cwise(
            lambda g, x: tf.raw_ops.ReluGrad(gradients=g, features=x),
            [grad, *operation.inputs],
            name="relu_gradient",
        )
    ]

  return mtf.cwise(tf.nn.relu, [x], grad_function=gradient, name="relu")
