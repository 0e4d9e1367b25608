"""Adafactor that goes over the weights fewer times."""

from __future__ import annotations

from typing import Any

from t5_mtf.models import mesh_tf
from t5_mtf.models.layouts import Mesh
from t5_mtf.tf_compat import mtf, tf


class Adafactor(mtf.optimize.AdafactorOptimizer):
  """Mesh TF's `AdafactorOptimizer`, on one device.

  Weights of a factored variable are gone over eight times instead of twelve:
  a root mean square is one operation, what scales an update is one number, and
  means of squares, not squares, have `epsilon1` added. Slots and, but for
  rounding, updates are Mesh TF's.
  """

  def apply_grad(self, grad: Any, var: Any) -> list[Any]:
    """Returns the operations that update a variable and its slots."""
    dims = None if grad is None else self._factored_dims(var.shape)
    if not dims or self._beta1 or self._stacked_dim_names:
      return super().apply_grad(grad, var)
    slots = [
        mtf.get_variable(
            var.mesh,
            var.name + suffix,
            var.shape - dim,
            initializer=tf.compat.v1.zeros_initializer(),
            trainable=False,
        )
        for dim, suffix in zip(dims, ("_slot_vr", "_slot_vc"), strict=True)
    ]
    with tf.compat.v1.variable_scope(var.name + "/adafactor"):
      grad = mtf.to_float(grad)
      squares = mtf.square(grad)
      rows, columns = means = [self._mean(squares, slot) for slot in slots]
      rows /= mtf.reduce_mean(rows, reduced_dim=dims[1])
      update = grad * mtf.rsqrt(rows) * mtf.rsqrt(columns)
      update *= self._scale(update, var)
      return [*map(mtf.assign, slots, means), mtf.assign_sub(var, update)]

  def _mean(self, squares: Any, slot: Any) -> Any:
    """The running mean of squares that a slot keeps."""
    mean = mtf.reduce_mean(squares, output_shape=slot.shape) + self._epsilon1
    return slot * self._decay_rate + mean * (1.0 - self._decay_rate)

  def _scale(self, update: Any, var: Any) -> Any:
    """What an update is multiplied with, a scalar."""
    scale = self._learning_rate
    excluded = any(s in var.name for s in self._exclude_from_parameter_scale)
    if self._multiply_by_parameter_scale and not excluded:
      scale = self._parameter_scale(mtf.to_float(var.value)) * scale
    if self._clipping_threshold is None:
      return scale
    excess = _root_mean_square(update) / self._clipping_threshold
    return mtf.reciprocal(mtf.maximum(1.0, excess)) * scale

  def _parameter_scale(self, var: Any) -> Any:
    if self._stacked_dim_names:
      return super()._parameter_scale(var)
    return mtf.maximum(_root_mean_square(var), self._epsilon2)


def on_mesh(optimizer: Any, mesh: Mesh) -> Any:
  """Returns an optimizer, as `Adafactor` if that is what it is and can be."""
  is_mesh_tfs = type(optimizer) is mtf.optimize.AdafactorOptimizer
  if is_mesh_tfs and mesh.is_one_cpu_or_gpu:
    optimizer.__class__ = Adafactor
  return optimizer


def _root_mean_square(tensor: Any) -> Any:
  """The scalar `mtf.optimize.reduce_rms`, in one pass."""

  def compute(whole: Any) -> Any:
    mean_square = tf.nn.l2_loss(whole) * (2.0 / tensor.shape.size)
    return tf.sqrt(mean_square)[tf.newaxis]

  one = mtf.Dimension("one", 1)  # a function's result may not be a scalar
  found = mesh_tf.on_one_device(compute, [tensor], [one], "root_mean_square")
  return mtf.reshape(found, [])
