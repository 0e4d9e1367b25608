"""Mesh TF's beam search, of which all beams are kept.

The search is Mesh TF's. Its models give the best beam only; and after each
token the search carries the states of the beams over by products with one-hot
vectors, which suits a TPU. On one CPU or GPU they are gathered: the same
numbers, in a third of the time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from t5_mtf.models import mesh_tf
from t5_mtf.tf_compat import mtf, tf


@contextlib.contextmanager
def all_beams(stop_early: bool) -> Iterator[list[tuple[Any, Any]]]:
  """Collects all beams and scores of searches that are built meanwhile.

  Args:
    stop_early: whether to end as soon as the best beam is known.
  """
  module = mtf.beam_search
  search = module.beam_search
  found = []

  def keeping(*args: Any, **kwargs: Any) -> Any:
    if not stop_early:
      kwargs["stop_early"] = False
    found.append(search(*args, **kwargs))
    return found[-1]

  module.beam_search = keeping
  try:
    yield found
  finally:
    module.beam_search = search


@contextlib.contextmanager
def gathered_states() -> Iterator[None]:
  """Has searches that are built meanwhile, on one device, gather states."""
  with mesh_tf.replaced(mtf.beam_search, einsum=_einsum):
    yield


def _einsum(
    xs: Sequence[Any],
    output_shape: Any = None,
    reduced_dims: Sequence[Any] | None = None,
) -> Any:
  """`mtf.einsum`, but beams are gathered instead of multiplied."""
  if [dim.name for dim in reduced_dims or ()] != ["old_combined"]:
    return mtf.einsum(xs, output_shape, reduced_dims)
  state, selector = xs
  return _selected(state, selector, output_shape)


def _selected(state: Any, selector: Any, shape: Any) -> Any:
  """The beams of a state that a selector names.

  Args:
    state: [batches, old_combined, ...] in any order: the beams of all inputs.
    selector: [batches, old_combined, new_combined], 1.0 once in each column.
    shape: of the result.
  """
  batches, old, new = selector.shape.dims
  others = state.shape - batches - old
  beams = mtf.transpose(state, [batches, old, *others])
  selected = mesh_tf.on_one_device(
      lambda beams, chosen: tf.gather(beams, chosen, axis=1, batch_dims=1),
      [beams, mtf.argmax(selector, old)],
      [batches, new, *others],
      "selected_beams",
  )
  return mtf.transpose(selected, shape)
