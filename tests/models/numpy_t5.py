"""T5.1.0's forward pass in numpy, for one pair of sequences.

Written from Raffel et al. 2020, section 2.1, to check the Mesh TF graph
against something that shares nothing with it.
"""

from __future__ import annotations

import math

import numpy as np

_BUCKETS, _MAX_DISTANCE = 32, 128


def logits(get, inputs, decoder_inputs) -> np.ndarray:
  """Returns [target length, vocabulary] logits.

  Args:
    get: name -> value of a checkpoint's variable.
    inputs: token ids.
    decoder_inputs: the targets, shifted.
  """
  embedding = get("shared/embedding")
  encoded = _stack(get, "encoder", embedding[inputs], None)
  decoded = _stack(get, "decoder", embedding[decoder_inputs], encoded)
  return decoded @ embedding.T * embedding.shape[1] ** -0.5


def _stack(get, name, x, memory):
  layers = 0
  per_block = 2 if memory is None else 3
  bias = _position_bias(
      get(f"{name}/block_000/layer_000/SelfAttention/relative_attention_bias"),
      len(x),
      bidirectional=memory is None,
  )
  while True:
    block = f"{name}/block_{layers:03d}"
    try:
      get(f"{block}/layer_000/SelfAttention/q")
    except Exception:  # there is no such layer
      break
    layer = f"{block}/layer_000"
    x = x + _attention(get, layer, "SelfAttention", x, None, bias)
    if memory is not None:
      x = x + _attention(
          get, f"{block}/layer_001", "EncDecAttention", x, memory, 0.0
      )
    layer = f"{block}/layer_{per_block - 1:03d}"
    h = _norm(x, get(f"{layer}/rms_norm/scale"))
    hidden = h @ get(f"{layer}/DenseReluDense/wi/kernel")
    x = x + np.maximum(hidden, 0) @ get(f"{layer}/DenseReluDense/wo/kernel")
    layers += 1
  return _norm(x, get(f"{name}/rms_norm/scale"))


def _norm(x, scale):
  return x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6) * scale


def _attention(get, layer, kind, x, memory, bias):
  h = _norm(x, get(f"{layer}/rms_norm/scale"))
  source = h if memory is None else memory
  name = f"{layer}/{kind}"
  heads = get(
      "encoder/block_000/layer_000/SelfAttention/relative_attention_bias"
  ).shape[0]

  def project(values, kernel):
    product = values @ get(f"{name}/{kernel}")
    return product.reshape(len(values), heads, -1).transpose(1, 0, 2)

  q, k, v = project(h, "q"), project(source, "k"), project(source, "v")
  weights = q @ k.transpose(0, 2, 1) + bias
  weights = np.exp(weights - weights.max(axis=-1, keepdims=True))
  weights /= weights.sum(axis=-1, keepdims=True)
  mixed = (weights @ v).transpose(1, 0, 2).reshape(len(x), -1)
  return mixed @ get(f"{name}/o")


def _position_bias(table, length, bidirectional):
  """[heads, query, key]; minus infinity where a decoder may not look."""
  bias = np.zeros((table.shape[0], length, length))
  for query in range(length):
    for key in range(length):
      if key > query and not bidirectional:
        bias[:, query, key] = -np.inf
      else:
        bias[:, query, key] = table[:, _bucket(key - query, bidirectional)]
  return bias


def _bucket(offset, bidirectional):
  buckets = _BUCKETS // 2 if bidirectional else _BUCKETS
  first = buckets if bidirectional and offset > 0 else 0
  distance = abs(offset)
  exact = buckets // 2
  if distance < exact:
    return first + distance
  share = math.log(distance / exact) / math.log(_MAX_DISTANCE / exact)
  return first + min(buckets - 1, exact + int(share * (buckets - exact)))
