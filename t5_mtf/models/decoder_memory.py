"""Keys and values of what is decoded, written one token at a time."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

from t5_mtf.models import mesh_tf
from t5_mtf.tf_compat import mtf, mtf_transformer, tf

_are_own = contextvars.ContextVar("memories_are_own", default=False)


@contextlib.contextmanager
def written_in_place() -> Iterator[None]:
  """Has memories written without a copy, in decoders that are built meanwhile.

  Mesh TF begins to decode with zeros, which TensorFlow makes once for all
  memories. Here each has its own.
  """
  token = _are_own.set(True)
  try:
    with mesh_tf.replaced(
        mtf_transformer, zeros_like=lambda x: own_copy(mtf.zeros_like(x))
    ):
      yield
  finally:
    _are_own.reset(token)


def own_copy(memory: Any) -> Any:
  """A copy that nothing else reads, if it will be written in place."""
  if not _are_own.get():
    return memory
  return mesh_tf.own_copy(memory, "own_copy")


def place_of_rows(memory: Any, position: Any) -> Any:
  """Where a token is, among all the places of all rows.

  Args:
    memory: [<rows>, memory_length, d_kv].
    position: int32, with some of the dimensions of the rows.

  Returns:
    int32 [<rows>].
  """
  *rows, length, _ = memory.shape.dims
  return mesh_tf.on_one_device(
      lambda p: tf.reshape(tf.range(tf.size(p)), p.shape) * length.size + p,
      [mtf.broadcast(position, rows)],
      rows,
      "place",
  )


def with_token(memory: Any, token: Any, place: Any) -> Any:
  """A memory with keys, or values, of a token.

  Written in place, the memory is lost as it was. Nothing reads it: the next
  token can only be written when this one is chosen, when all have read it.

  Args:
    memory: [<rows>, memory_length, d_kv].
    token: [<rows>, d_kv] in any order.
    place: what `place_of_rows` found.
  """
  *rows, _, depth = memory.shape.dims
  are_own = _are_own.get()

  def write(old: Any, new: Any, at: Any) -> Any:
    places = tf.reshape(old, [-1, depth.size])
    tokens, at = tf.reshape(new, [-1, depth.size]), tf.reshape(at, [-1])
    if are_own:
      places = tf.raw_ops.InplaceUpdate(x=places, i=at, v=tokens)
    else:
      places = tf.tensor_scatter_nd_update(places, at[:, tf.newaxis], tokens)
    return tf.reshape(places, old.shape)

  token = mesh_tf.transposed_few(token, [*rows, depth])
  return mesh_tf.on_one_device(
      write, [memory, token, place], memory.shape, "write"
  )
