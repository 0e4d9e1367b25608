"""Attention that does once what Mesh TF's layers do again and again.

Mesh TF's attention makes the same bias anew in each layer of a stack, and moves
the logits to another order for each product. While it decodes, it writes a
token's keys and values by products with the whole memory, and then multiplies
each query with the memory element by element. Here a stack makes its bias once;
and on a mesh of one device logits lie in the order of the products, and a token
is written to its own place of a memory that lies as products read it.
Variables, gin names and results are those of Mesh TF's layers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from t5_mtf.models import decoder_memory, layouts, mesh_tf
from t5_mtf.tf_compat import mtf, mtf_layers, tf


class _OneSoftmax:
  """Has a layer attend with a softmax of one operation."""

  @property
  def attention_fn(self) -> Callable[..., Any]:
    """What attends, given queries, keys and values."""
    return functools.partial(_attention, self, super().attention_fn)


class SelfAttention(_OneSoftmax, mtf_layers.SelfAttention):
  """Mesh TF's `SelfAttention`, faster."""

  def compute_bias(
      self,
      context: Any,
      memory_position: Any,
      x: Any,
      heads_dims: Sequence[Any],
      q: Any,
      use_prompt_kv: str | None = None,
  ) -> Any:
    """Returns the bias of the attention logits, made by the first layer."""
    compute = functools.partial(
        super().compute_bias,
        *(context, memory_position, x, heads_dims, q, use_prompt_kv),
    )
    if use_prompt_kv or self.relative_attention_type not in _SHARED_BIASES:
      return compute()
    return _once(
        context,
        ("self_attention", *heads_dims),
        lambda: _bias_of_logits(
            self, compute(), context, q, memory_position.shape.dims
        ),
    )

  def call(self, context: Any, x: Any, losses: Any = None) -> Any:
    """Calls the layer; see `transformer_layers.SelfAttention`."""
    if not _decodes(self, context):
      return super().call(context, x, losses)
    params = self.make_params(context)
    heads, memory = params.memory_heads_dims, self.memory_length(context)
    order = [*context.batch_dims, *heads, memory, self.kv_dim]
    if context.mode == "first_part":
      y = super().call(context, x, losses)
      context.new_states[-2:] = [
          decoder_memory.own_copy(mtf.transpose(state, order))
          for state in context.new_states[-2:]
      ]
      return y
    old_keys, old_values = context.get_states(2)
    place = _once(
        context,
        ("place", *old_keys.shape.dims),
        lambda: decoder_memory.place_of_rows(old_keys, context.position),
    )
    keys = decoder_memory.with_token(old_keys, params.compute_k(x), place)
    values = decoder_memory.with_token(old_values, params.compute_v(x), place)
    context.record_new_states([keys, values])
    q = params.compute_q(x)
    position = mtf.range(context.mesh, memory, tf.int32)
    bias = self.compute_bias(context, position, x, heads, q)
    attended = _attend(q, keys, values, bias)
    y = params.compute_output(attended, x.shape)
    return self.layer_output_from_attention_output(context, y, losses)


class EncDecAttention(_OneSoftmax, mtf_layers.EncDecAttention):
  """Mesh TF's `EncDecAttention`, faster."""

  def call(self, context: Any, x: Any, losses: Any = None) -> Any:
    """Calls the layer; see `transformer_layers.EncDecAttention`."""
    if not _decodes(self, context):
      return super().call(context, x, losses)
    params = self.make_params(context)
    heads = params.memory_heads_dims
    if context.mode == "first_part":
      y = super().call(context, x, losses)
      *memories, length = context.constant_states[-1]
      batch = [d for d in context.batch_dims if d in memories[0].shape.dims]
      rows, (keys, values) = [*batch, *heads], memories
      context.constant_states[-1] = [
          mtf.transpose(keys, [*rows, self.kv_dim, length]),
          mtf.transpose(values, [*rows, length, self.kv_dim]),
      ]
      return y
    keys, values = context.get_constant_state()
    bias = _once(
        context,
        ("enc_dec_attention", *heads),
        lambda: mtf_layers.enc_dec_attention_bias(self, context, heads),
    )
    attended = _attend(params.compute_q(x), keys, values, bias)
    y = params.compute_output(attended, x.shape)
    return self.layer_output_from_attention_output(context, y, losses)


# Without positions of its own, a layer's bias is the mask alone.
_SHARED_BIASES = (None, "bias_shared")
_REPLACEMENTS = {
    mtf_layers.SelfAttention: SelfAttention,
    mtf_layers.EncDecAttention: EncDecAttention,
}


def replace_layers(stack: Any) -> None:
  """Makes the attention layers of a Mesh TF `LayerStack` those of here.

  Layers of other classes, subclasses of Mesh TF's too, stay what they are.
  """
  for layer in stack.layers:
    layer.__class__ = _REPLACEMENTS.get(type(layer), type(layer))


def _decodes(layer: Any, context: Any) -> bool:
  """Whether this is decoding, and what is here can do it for the layer."""
  is_decoding = context.mode in ("first_part", "incremental")
  return is_decoding and _is_plain(layer, context)


def _is_plain(layer: Any, context: Any) -> bool:
  """Whether what is here computes what the layer is configured to."""
  return (
      layouts.is_on_one_device(context.model)
      and context.activation_dtype == tf.float32
      and layer.num_heads > 1
      and not layer.num_memory_heads
      and not layer.shared_kv
      and not layer.attention_kwargs
      and not layer.keep_query_heads_dims
      and not layer.hyperprompt_length_encoder
      and not layer.hyperprompt_length_decoder
      and layer.relative_attention_type in _SHARED_BIASES
      and layer.attention_func is None
      and not context.model.ensemble_dims
  )


def _order_of_logits(
    context: Any, q: Any, memory_dims: Sequence[Any]
) -> list[Any]:
  """What queries have in common with the memory, then the two lengths.

  In this order products with the logits do not have to move them.
  """
  length = context.length_dim
  return [
      *(d for d in q.shape.dims if d != length),
      *(d for d in q.shape.dims if d == length),
      *memory_dims,
  ]


def _bias_of_logits(
    layer: Any, bias: Any, context: Any, q: Any, memory_dims: Sequence[Any]
) -> Any:
  """A bias, or None, in the order of the logits, and in float32 as they are."""
  if bias is None:
    return None
  order = _order_of_logits(context, q, memory_dims)
  bias = mtf.transpose(bias, [d for d in order if d in bias.shape.dims])
  if not context.train or not _is_plain(layer, context):
    return bias
  return mesh_tf.own_copy(bias, "float32_bias")


def _attention(
    layer: Any,
    mesh_tfs: Callable[..., Any],
    q: Any,
    k: Any,
    v: Any,
    *dims_and_bias: Any,
    context: Any,
    **options: Any,
) -> Any:
  """Mesh TF's `attention.attention`; nothing moves the logits."""
  if not _is_plain(layer, context) or options["z_loss_coeff"]:
    return mesh_tfs(q, k, v, *dims_and_bias, context=context, **options)
  bias = options["bias"] if "bias" in options else dims_and_bias[-1]
  [memory_dim] = [d for d in k.shape.dims if d.name == "memory_length"]
  order = _order_of_logits(context, q, [memory_dim])
  order.remove(layer.kv_dim)
  multiply = _float32_product if context.train else mtf.einsum
  logits = multiply([q, k], order)
  if bias is not None:
    logits += bias
  weights = mtf.dropout(
      softmax(logits, memory_dim),
      context.train,
      1.0 - options["dropout_rate"],
      noise_shape=logits.shape - options["dropout_broadcast_dims"],
  )
  return mtf.einsum([weights, v], q.shape)


def _float32_product(queries_and_keys: Sequence[Any], order: Any) -> Any:
  """Attention's logits, in float32 where other products are in bfloat16.

  As published (`float32_logits`): what is lost of a large logit is a factor
  after the softmax.

  Args:
    queries_and_keys: [<rows>, length, d_kv] and [<rows>, memory_length, d_kv]
      in any order.
    order: [<rows>, length, memory_length].
  """
  q, k = queries_and_keys
  *rows, length, memory = order
  [depth] = set(q.shape.dims) - set(order)
  q = mtf.transpose(q, [*rows, length, depth])
  k = mtf.transpose(k, [*rows, memory, depth])

  def multiply(q: Any, k: Any) -> Any:
    return mesh_tf.float32_matmul(q, k, transpose_b=True)

  def gradient(operation: Any, grad: Any) -> list[Any]:
    q, k = operation.inputs
    return [mtf.einsum([grad, k], q.shape), mtf.einsum([grad, q], k.shape)]

  return mesh_tf.on_one_device(multiply, [q, k], order, "logits", gradient)


def softmax(logits: Any, dim: Any) -> Any:
  """`mtf.softmax` over the last dimension, on one device."""

  def gradient(operation: Any, grad: Any) -> list[Any]:
    [weights] = operation.outputs
    found = mesh_tf.on_one_device(
        lambda w, g: w * (g - tf.reduce_sum(w * g, -1, keepdims=True)),
        [weights, grad],
        weights.shape,
        "softmax_gradient",
    )
    return [found]

  order = logits.shape - dim + dim
  weights = mesh_tf.on_one_device(
      tf.nn.softmax,
      [mtf.transpose(logits, order)],
      order,
      "softmax",
      gradient,
  )
  return mtf.transpose(weights, logits.shape)


def _once(context: Any, key: Any, compute: Callable[[], Any]) -> Any:
  """What the layers of a stack have in common, computed by the first of them.

  Layers that are recomputed for their gradients cannot use each other's.
  """
  if context.model.layer_stack._recompute_grads:
    return compute()
  key = (__name__, key)
  if key not in context.cache:
    context.cache[key] = compute()
  return context.cache[key]


def _attend(q: Any, keys: Any, values: Any, bias: Any) -> Any:
  """Dot-product attention of one token, or of a beam's.

  Args:
    q: queries; has the dimensions of the memory but its length, and maybe more.
    keys: [<rows>, memory_length, d_kv] or [<rows>, d_kv, memory_length].
    values: [<rows>, memory_length, d_kv].
    bias: of the logits, with some of their dimensions; or None.

  Returns:
    A tensor of the shape of `q`.
  """
  *rows, length, depth = values.shape.dims
  queries = [d for d in q.shape.dims if d not in (*rows, depth)]
  shape = mtf.Shape([*rows, *queries, depth])
  inputs = [mesh_tf.transposed_few(q, shape), keys, values]
  if bias is not None:
    inputs.append(mtf.broadcast(bias, [*rows, *queries, length]))
  is_by_length = keys.shape.dims[-1] == depth

  def attend(q: Any, keys: Any, values: Any, *bias: Any) -> Any:
    flat = tf.reshape(q, [*keys.shape[:-2], -1, depth.size])
    logits = _product(flat, keys, transpose_b=is_by_length)
    for b in bias:
      logits += tf.reshape(b, logits.shape)
    return tf.reshape(_product(_softmax(logits), values), q.shape)

  attended = mesh_tf.on_one_device(attend, inputs, shape, "attend")
  return mesh_tf.transposed_few(attended, q.shape)


def _product(a: Any, b: Any, transpose_b: bool = False) -> Any:
  """`tf.matmul`; of single rows by a kernel that starts sooner."""
  if a.shape[-2] > 1:
    return tf.matmul(a, b, transpose_b=transpose_b)
  return mesh_tf.float32_matmul(a, b, transpose_b)


def _softmax(logits: Any) -> Any:
  """`tf.nn.softmax`, sooner done for few logits."""
  weights = tf.exp(logits - tf.reduce_max(logits, -1, keepdims=True))
  return weights / tf.reduce_sum(weights, -1, keepdims=True)
