"""Maps over datasets with one stateless random seed (or several) an example.

An example's seeds are a function of the map's seed and the example's place in
the stream, and nothing else: the same seed gives the same random choices, and
a repeated dataset gets new ones in each epoch. Names are as published (SeqIO).
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import random
from collections.abc import Callable, Iterator
from typing import Any

from t5_mtf.tf_compat import tf

_MAX_SEED = 2**31 - 1

# The generator of seeds for the maps built inside a `map_seed_manager`.
_seeds: contextvars.ContextVar[random.Random | None] = contextvars.ContextVar(
    "map_seeds", default=None
)


@contextlib.contextmanager
def map_seed_manager(initial_seed: int | None = None) -> Iterator[None]:
  """Seeds the maps that are built inside the `with` block.

  The n-th map built inside gets the n-th number of a sequence that
  `initial_seed` determines, so that building the same pipeline twice gives the
  same random choices.

  Args:
    initial_seed: determines all seeds; None draws it from the operating
      system, so that every pipeline differs.

  Yields:
    Nothing.
  """
  token = _seeds.set(random.Random(initial_seed))
  try:
    yield
  finally:
    _seeds.reset(token)


def next_map_seed() -> int:
  """Returns the seed for the map (or shuffle) that is being built.

  Outside a `map_seed_manager` it comes from the operating system: two
  pipelines then differ.
  """
  return (_seeds.get() or random.SystemRandom()).randrange(_MAX_SEED)


def map_over_dataset(
    fn: Callable[..., Any] | None = None,
    *,
    num_seeds: int | None = None,
    num_parallel_calls: int | None = None,
) -> Callable[..., Any]:
  """Turns a function of an example into a function of a dataset.

  Use it as a decorator, with or without arguments:

      @map_over_dataset
      def lower(example): ...

      @map_over_dataset(num_seeds=1)
      def noise(example, seed): ...

      dataset = noise(dataset)

  Args:
    fn: function of an example, and of further arguments that the resulting
      function takes after the dataset.
    num_seeds: when given, `fn` also receives `seed` (1) or `seeds` (a list of
      more), each an int32 tensor of shape [2] for TensorFlow's stateless
      random functions.
    num_parallel_calls: how many examples to work on at once; by default
      TensorFlow decides. The order of examples is kept in any case.

  Returns:
    A function of a dataset, which returns the mapped dataset.
  """
  if fn is None:
    return functools.partial(
        map_over_dataset,
        num_seeds=num_seeds,
        num_parallel_calls=num_parallel_calls,
    )

  @functools.wraps(fn)
  def mapped(dataset: tf.data.Dataset, *args: Any, **kwargs: Any) -> Any:
    parallel = num_parallel_calls or tf.data.AUTOTUNE
    if num_seeds is None:
      return dataset.map(
          lambda example: fn(example, *args, **kwargs),
          num_parallel_calls=parallel,
          deterministic=True,
      )
    map_seed = next_map_seed()

    def with_seeds(index: tf.Tensor, example: Any) -> Any:
      seeds = example_seeds(map_seed, index, num_seeds)
      named = {"seed": seeds[0]} if num_seeds == 1 else {"seeds": seeds}
      return fn(example, *args, **named, **kwargs)

    return dataset.enumerate().map(
        with_seeds, num_parallel_calls=parallel, deterministic=True
    )

  return mapped


def example_seeds(
    map_seed: int, index: tf.Tensor, num_seeds: int
) -> list[tf.Tensor]:
  """Returns the seeds of one example.

  Args:
    map_seed: the seed of the map.
    index: place of the example in the stream, an int64 scalar.
    num_seeds: how many seeds to return.

  Returns:
    `num_seeds` int32 tensors of shape [2].
  """
  pair = tf.stack([tf.constant(map_seed, tf.int64), index])
  return tf.unstack(
      tf.random.stateless_uniform(
          [num_seeds, 2], seed=pair, minval=None, maxval=None, dtype=tf.int32
      )
  )
