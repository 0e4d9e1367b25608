"""The loss over the vocabulary as one operation, where it is not split.

Mesh TF writes the cross entropy as a dozen operations, each over every logit;
of T5-small they are a tenth of a training step and its largest tensors. Here
the loss goes over them four times, and its gradient twice. (TensorFlow's own
kernel for both takes three times as long.) The numbers are those of
`Unitransformer`'s own loss, z-loss included.
"""

from __future__ import annotations

from typing import Any

import gin

from t5_mtf.models import mesh_tf
from t5_mtf.tf_compat import mtf, mtf_transformer, tf


@gin.configurable(module="t5_mtf.models.token_loss")
def token_loss(
    model: Any, context: Any, logits: Any, targets: Any, vocab_dim: Any
) -> Any:
  """The loss of a `Unitransformer`; its `loss_fn`.

  Args:
    model: the `Unitransformer`.
    context: of the call.
    logits: [..., length, vocab].
    targets: int32 [..., length]; 0 is padding, which has no loss.
    vocab_dim: of the logits.

  Returns:
    A scalar: the sum over the tokens, divided by `model.loss_denominator`.
  """
  z_loss = model.z_loss if context.train else 0.0
  ids = mtf.maximum(targets, 0)
  if is_whole(vocab_dim, model) and not model.label_smoothing:
    loss = cross_entropy(logits, ids, vocab_dim, z_loss)
  else:
    smoothed = model.label_smoothing / vocab_dim.size
    soft_targets = mtf.one_hot(
        ids,
        vocab_dim,
        on_value=1.0 - model.label_smoothing + smoothed,
        off_value=smoothed,
        dtype=context.activation_dtype,
    )
    loss = mtf.layers.softmax_cross_entropy_with_logits(
        logits, soft_targets, vocab_dim, z_loss
    )
  counts = mtf.greater(targets, 0)
  if model.loss_on_targets_only:
    in_inputs = mtf_transformer.delimited_lm_inputs_mask(targets)
    counts = mtf.logical_and(counts, mtf.logical_not(in_inputs))
  total = mtf.reduce_sum(loss * mtf.cast(counts, context.activation_dtype))
  return total / model.loss_denominator(targets, context.num_microbatches)


def is_whole(vocab_dim: Any, model: Any) -> bool:
  """Whether a model's layout leaves the vocabulary in one piece."""
  if model.mesh_shape is None:
    return False
  return 1 == mtf.tensor_dim_to_mesh_dim_size(
      model.layout, model.mesh_shape, vocab_dim
  )


def cross_entropy(
    logits: Any, ids: Any, vocab_dim: Any, z_loss: float = 0.0
) -> Any:
  """The cross entropy of each token, plus `z_loss * log(z)**2`.

  Args:
    logits: [..., vocab]; the vocabulary is the last dimension, and not split.
    ids: int32 [...], the right ids.
    vocab_dim: the vocabulary.
    z_loss: weight of the squared log of the partition function z.

  Returns:
    A tensor [...].
  """
  shape = logits.shape - vocab_dim
  # A layout may split the vocabulary, too, over a mesh dimension of size 1.
  splittable = logits.shape.dims
  loss, log_z, *for_gradient = mtf.slicewise(
      _forward,
      [logits, ids],
      output_shape=[shape, shape, shape, logits.shape],
      output_dtype=[logits.dtype] * 4,
      splittable_dims=splittable,
      grad_function=_gradient_with(z_loss),
      name="cross_entropy",
  )
  del for_gradient
  # What log_z adds to the gradient is in that of the loss, above.
  return loss + z_loss * mtf.stop_gradient(mtf.square(log_z))


def _forward(logits: Any, ids: Any) -> tuple[Any, Any, Any, Any]:
  """Loss, log(z), and the sum and each of the exponentials that make up z.

  They are of what the largest logit exceeds the others by.
  """
  logits = mesh_tf.kept_in_float32(logits)
  largest = tf.reduce_max(logits, -1)
  exponentials = tf.exp(logits - tf.expand_dims(largest, -1))
  total = tf.reduce_sum(exponentials, -1)
  log_z = largest + tf.math.log(total)
  loss = log_z - tf.gather(logits, ids, batch_dims=ids.shape.rank)
  return loss, log_z, total, exponentials


def _gradient_with(z_loss: float) -> Any:
  def gradient(operation: Any, grad: Any, *unused: Any) -> list[Any]:
    del unused
    logits, ids = operation.inputs
    _, *of_loss = operation.outputs
    found = mtf.slicewise(
        lambda *tensors: _backward(*tensors, z_loss),
        [*of_loss, ids, grad],
        output_shape=logits.shape,
        output_dtype=logits.dtype,
        splittable_dims=logits.shape.dims,
        grad_function=0,
        name="cross_entropy_gradient",
    )
    return [found, None]

  return gradient


def _backward(
    log_z: Any,
    total: Any,
    exponentials: Any,
    ids: Any,
    grad: Any,
    z_loss: float,
) -> Any:
  """The gradient along the logits: of their softmax, and of the right ones."""
  of_softmax = grad * (1 + 2 * z_loss * log_z) / total
  found = exponentials * tf.expand_dims(of_softmax, -1)
  flat, size = tf.reshape(found, [-1]), found.shape[-1]
  rows = tf.range(tf.size(ids), dtype=tf.int32) * size + tf.reshape(ids, [-1])
  flat = tf.tensor_scatter_nd_sub(
      flat, tf.expand_dims(rows, -1), tf.reshape(grad, [-1])
  )
  return tf.reshape(flat, found.shape)
