"""Embedding look-up as a gather, for a mesh of one device.

Mesh TF looks ids up by a product of one-hot vectors with the whole embedding,
which splits over any mesh and suits a TPU. On one CPU or GPU that product is
the largest of a small model (a third of a training step of `models/mini.gin`);
a gather gives the same numbers.
"""

from __future__ import annotations

from typing import Any

import gin

from t5_mtf.models import layouts, mesh_tf
from t5_mtf.models.prepared_weights import prepared
from t5_mtf.tf_compat import mtf, mtf_transformer, tf

_BLOCK = 64  # words; of 512 numbers each, they are in a core's cache
_BLOCKS_UP_TO = 12  # rows


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
    """Returns logits [..., vocab] of hidden states [..., d_model]."""
    if context.mode != "incremental" or not self._is_whole(context):
      return super().hidden_to_logits(hidden, context)
    if not self._scale_variable_like_classifier_weights:
      hidden *= self._output_dim.size**-0.5
    return _logits_of_few(hidden, self._embedding_weights)

  def _is_whole(self, context: Any) -> bool:
    """Whether there is one embedding, on one device."""
    shape = self._embedding_weights.shape
    return layouts.is_on_one_device(context.model) and shape.dims == [
        self._vocab_dim, self._output_dim
    ]


def _logits_of_few(hidden: Any, weights: Any) -> Any:
  """Products of `hidden` [..., depth] with all of `weights` [vocab, depth].

  For a few rows they take as long as it takes to read the weights, if those lie
  as they are read, which they are made to once before all tokens: turned for a
  single row, in blocks for several. Of more rows, the weights are best the
  first factor.
  """
  vocab_dim, depth_dim = weights.shape.dims
  shape = hidden.shape - depth_dim + vocab_dim
  depth = depth_dim.size

  def multiply(x: Any, w: Any) -> Any:
    rows = tf.reshape(x, [-1, depth])
    n = rows.shape[0]
    if n == 1:
      product = tf.matmul(rows, prepared(tf.transpose, w, "turned"))
    elif n <= _BLOCKS_UP_TO and not vocab_dim.size % _BLOCK:
      blocks = prepared(_blocks, w, "blocks")
      product = tf.transpose(tf.matmul(rows[tf.newaxis], blocks), [1, 0, 2])
    else:
      columns = tf.matmul(w[tf.newaxis], rows[tf.newaxis], transpose_b=True)
      product = tf.transpose(columns[0])
    return tf.reshape(product, shape.to_integer_list)

  return mesh_tf.on_one_device(multiply, [hidden, weights], shape, "logits")


def _blocks(weights: Any) -> Any:
  """Weights [vocab, depth] as [blocks, depth, words of a block]."""
  depth = weights.shape[1]
  return tf.transpose(tf.reshape(weights, [-1, _BLOCK, depth]), [0, 2, 1])


def gather(weights: Any, ids: Any) -> Any:
  """Rows `ids` [...] of `weights` [vocab, depth], as [..., depth].

  Only for a mesh on which neither is split.
  """
  vocab_dim, depth_dim = weights.shape.dims
  shape = mtf.Shape(ids.shape.dims + [depth_dim])

  def gradient(operation: Any, grad: Any) -> list[Any]:
    _, ids = operation.inputs
    summed = mesh_tf.on_one_device(
        lambda g, i: tf.math.unsorted_segment_sum(g, i, vocab_dim.size),
        [grad, ids],
        weights.shape,
        "gather_gradient",
    )
    return [summed, None]

  return mesh_tf.on_one_device(
      tf.gather, [weights, ids], shape, "gather", gradient
  )
