"""Embedding look-up as a gather, for a mesh of one device.

Mesh TF looks ids up by a product of one-hot vectors with the whole embedding,
which splits over any mesh and suits a TPU. On one CPU or GPU that product is
the largest of a small model (a third of a training step of `models/mini.gin`);
a gather gives the same numbers.
"""

from __future__ import annotations

from typing import Any

import gin

from t5_mtf.models import layouts
from t5_mtf.tf_compat import mtf, mtf_transformer, tf


@gin.configurable(module="t5_mtf.models.embedding")
class GatherVocabEmbedding(mtf_transformer.VocabEmbedding):
  """Mesh TF's `VocabEmbedding`, with a gather where nothing is split."""

  def ids_to_embedding(self, ids: Any, context: Any) -> Any:
    """Looks up int32 ids [...]; returns their embeddings [..., d_model]."""
    if not self._is_whole(context):
      return super().ids_to_embedding(ids, context)
    embedded = gather(self._embedding_weights, ids)
    if self._scale_variable_like_classifier_weights:
      embedded *= self._output_dim.size**0.5
    return embedded

  def hidden_to_logits(self, hidden: Any, context: Any) -> Any:
    """Returns logits [..., vocab] of hidden states [..., d_model].

    A token at a time, the product reads little but the embedding: it is turned
    once, before the first token, to lie as it is read.
    """
    decodes = context.mode in ("first_part", "incremental")
    if not decodes or not self._is_whole(context):
      return super().hidden_to_logits(hidden, context)
    if context.mode == "first_part":
      turned = mtf.Shape([self._output_dim, self._vocab_dim])
      context.record_constant_state(
          mtf.transpose(self._embedding_weights, turned)
      )
      return super().hidden_to_logits(hidden, context)
    if not self._scale_variable_like_classifier_weights:
      hidden *= self._output_dim.size**-0.5
    return mtf.einsum(
        [hidden, context.get_constant_state()], reduced_dims=[self._output_dim]
    )

  def _is_whole(self, context: Any) -> bool:
    """Whether there is one embedding, on one device."""
    shape = self._embedding_weights.shape
    return layouts.is_on_one_device(context.model) and shape.dims == [
        self._vocab_dim, self._output_dim
    ]


def gather(weights: Any, ids: Any) -> Any:
  """Rows `ids` [...] of `weights` [vocab, depth], as [..., depth].

  Only for a mesh on which neither is split.
  """
  vocab_dim, depth_dim = weights.shape.dims
  shape = mtf.Shape(ids.shape.dims + [depth_dim])
  # A layout may split any of them over a mesh dimension of size 1.
  splittable = [*shape.dims, vocab_dim]

  def gradient(operation: Any, grad: Any) -> list[Any]:
    _, ids = operation.inputs
    summed = mtf.slicewise(
        lambda g, i: tf.math.unsorted_segment_sum(g, i, vocab_dim.size),
        [grad, ids],
        output_shape=weights.shape,
        output_dtype=grad.dtype,
        splittable_dims=splittable,
        grad_function=0,
        name="gather_gradient",
    )
    return [summed, None]

  return mtf.slicewise(
      tf.gather,
      [weights, ids],
      output_shape=shape,
      output_dtype=weights.dtype,
      splittable_dims=splittable,
      grad_function=gradient,
      name="gather",
  )
