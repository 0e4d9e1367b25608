"""Adafactor that goes over the weights fewer times."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from t5_mtf.models import mesh_tf
from t5_mtf.models.layouts import Mesh
from t5_mtf.tf_compat import mtf, tf


class Adafactor(mtf.optimize.AdafactorOptimizer):
  """Mesh TF's `AdafactorOptimizer`, on one device.

  The update of a variable is one operation of Mesh TF. It goes over a matrix
  and its gradient seven times instead of twelve: means are products with the
  squares; so is the size of the update, which is known before the update is
  made, and all numbers that scale it are one; means of squares, not squares,
  have `epsilon1` added. Slots and, but for rounding, updates are Mesh TF's.
  """

  def apply_grad(self, grad: Any, var: Any) -> list[Any]:
    """Returns the operations that update a variable and its slots."""
    reduced = self._factored_dims(var.shape)
    is_other = (
        self._beta1
        or self._stacked_dim_names
        or not var.shape.dims  # a scalar, which a function may not return
        or (reduced and len(var.shape.dims) > 2)
    )
    if grad is None or is_other:
      return super().apply_grad(grad, var)
    suffixes = ("_slot_vr", "_slot_vc") if reduced else ("_slot_v",)
    slots = [
        mtf.get_variable(
            var.mesh,
            var.name + suffix,
            var.shape - dim if dim else var.shape,
            initializer=tf.compat.v1.zeros_initializer(),
            trainable=False,
        )
        for dim, suffix in zip(reduced or [None], suffixes, strict=True)
    ]
    axes = [var.shape.dims.index(dim) for dim in reduced or ()]
    excluded = any(s in var.name for s in self._exclude_from_parameter_scale)
    is_scaled = self._multiply_by_parameter_scale and not excluded

    def updated(grad: Any, value: Any, *slots: Any) -> tuple[Any, ...]:
      grad = mesh_tf.kept_in_float32(grad)
      squares = tf.square(grad)
      means = self._means(squares, slots, axes)
      factor, *more = _factors(means, axes)
      scale = self._learning_rate
      if is_scaled:
        value = tf.cast(value, tf.float32)
        root = _root_of_mean(2 * tf.nn.l2_loss(value), value)
        scale *= tf.maximum(root, self._epsilon2)
      if self._clipping_threshold is not None:
        size = _root_of_mean(_sum_of_squares(squares, factor, *more), grad)
        scale /= tf.maximum(1.0, size / self._clipping_threshold)
      # The product of all factors could be too large for a float.
      update = grad * (factor * scale)
      for factor in more:
        update *= factor
      return *means, update

    with tf.compat.v1.variable_scope(var.name):
      *means, update = mesh_tf.several_on_one_device(
          updated,
          [mtf.to_float(grad), var.value, *slots],
          [*(slot.shape for slot in slots), var.shape],
          "adafactor",
      )
      return [*map(mtf.assign, slots, means), mtf.assign_sub(var, update)]

  @functools.cached_property
  def _mixing_rate(self) -> Any:
    return 1.0 - self._decay_rate

  def _means(
      self, squares: Any, slots: Sequence[Any], axes: Sequence[int]
  ) -> list[Any]:
    """The running means of squares that slots keep, over an axis or none."""
    now = [_mean(squares, axis) for axis in axes] or [squares]
    return [
        slot * self._decay_rate + (mean + self._epsilon1) * self._mixing_rate
        for slot, mean in zip(slots, now, strict=True)
    ]


def on_mesh(optimizer: Any, mesh: Mesh) -> Any:
  """Returns an optimizer, as `Adafactor` if that is what it is and can be."""
  is_mesh_tfs = type(optimizer) is mtf.optimize.AdafactorOptimizer
  if is_mesh_tfs and mesh.is_one_cpu_or_gpu:
    optimizer.__class__ = Adafactor
  return optimizer


def _factors(means: Sequence[Any], axes: Sequence[int]) -> list[Any]:
  """Factors that divide by the root of a mean of squares.

  Args:
    means: of the whole, or over each of two axes.
    axes: over which the means are.

  Returns:
    One of the whole, or those of rows [n, 1] and of columns [1, m].
  """
  if not axes:
    return [tf.math.rsqrt(means[0])]
  means = [means[0] / tf.reduce_mean(means[0]), means[1]]
  columns, rows = (means[axes.index(axis)] for axis in (0, 1))
  return [
      tf.expand_dims(tf.math.rsqrt(rows), 1),
      tf.expand_dims(tf.math.rsqrt(columns), 0),
  ]


def _mean(matrix: Any, axis: int) -> Any:
  """`tf.reduce_mean`, which takes three times as long over the first axis."""
  if axis:
    return tf.reduce_mean(matrix, axis)
  height = matrix.shape[0]
  return _weighted_sum(tf.fill([height], 1.0 / height), matrix)


def _sum_of_squares(squares: Any, factor: Any, columns: Any = None) -> Any:
  """The sum of squares, each times the squares of its factors."""
  if columns is None:
    return tf.reduce_sum(squares * tf.square(factor))
  rows = tf.reshape(tf.square(factor), [-1])
  return tf.reduce_sum(tf.square(columns) * _weighted_sum(rows, squares))


def _weighted_sum(weights: Any, matrix: Any) -> Any:
  """The sum [m] of the rows of a matrix [n, m], each with its weight [n]."""
  return mesh_tf.float32_matmul(weights[tf.newaxis], matrix)[0]


def _root_of_mean(total: Any, whole: Any) -> Any:
  return tf.sqrt(total / whole.shape.num_elements())
