"""Maps over datasets with one stateless random seed (or several) an example.

An example's seeds are a function of the map's seed and the example's place in
the stream, and nothing else: the same seed gives the same random choices, and
a repeated dataset gets new ones in each epoch. Names and numbers are as
published (SeqIO), so a published seed gives the published stream; but they are
computed from the place, so that a stream can begin anywhere.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from t5_mtf.tf_compat import tf

_MAX_SEED = 2**31 - 1

# The first seed of TensorFlow's own random datasets, where none is set.
_GRAPH_SEED = 87654321

# The seeds of the maps built inside a `map_seed_manager`.
_seeds: contextvars.ContextVar[Iterator[int] | None] = contextvars.ContextVar(
    "map_seeds", default=None
)


@contextlib.contextmanager
def map_seed_manager(initial_seed: int | None = None) -> Iterator[None]:
  """Seeds the maps that are built inside the `with` block.

  Each number that a map needs takes the next two seeds, from `initial_seed`
  on, so that building the same pipeline twice gives the same random choices.

  Args:
    initial_seed: determines all seeds; None draws them from the operating
      system, so that every pipeline differs.

  Yields:
    Nothing.
  """
  token = _seeds.set(
      None if initial_seed is None else itertools.count(initial_seed)
  )
  try:
    yield
  finally:
    _seeds.reset(token)


def next_map_seed() -> int:
  """Returns the next seed for the map (or shuffle) that is being built.

  Outside a `map_seed_manager` it comes from the operating system: two
  pipelines then differ.
  """
  seeds = _seeds.get()
  if seeds is None:
    return random.SystemRandom().randrange(_MAX_SEED)
  return next(seeds)


def unconverted(fn: Callable[..., Any]) -> Callable[..., Any]:
  """Returns a function for `Dataset.map` that AutoGraph leaves as it is.

  Functions written in graph operations have no Python control flow over
  tensors; rewriting them, and all they call, takes most of the time of building
  a pipeline. What users may have written goes through `of_user` inside.
  """
  return tf.autograph.experimental.do_not_convert(fn)


def of_user(fn: Callable[..., Any]) -> Callable[..., Any]:
  """Lets AutoGraph convert a function that was passed in, as `map` does.

  Functions of this package are returned as they are. Call it where the pipeline
  is built: inside of an `unconverted` function nothing is converted.
  """
  written = fn
  while isinstance(written, functools.partial):
    written = written.func
  owner = getattr(written, "__self__", written)
  module = getattr(owner, "__module__", None) or ""
  if module.partition(".")[0] == __name__.partition(".")[0]:
    return fn
  autograph = tf.__internal__.autograph
  return autograph.tf_convert(fn, autograph.control_status_ctx())


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
      more), each an int64 tensor of shape [2] for TensorFlow's stateless
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
    called = of_user(fn)
    if num_seeds is None:
      return dataset.map(
          unconverted(lambda example: called(example, *args, **kwargs)),
          num_parallel_calls=parallel,
          deterministic=True,
      )
    map_seeds = [next_map_seed() for _ in range(2 * num_seeds)]

    def with_seeds(index: tf.Tensor, example: Any) -> Any:
      seeds = example_seeds(map_seeds, index)
      named = {"seed": seeds[0]} if num_seeds == 1 else {"seeds": seeds}
      return called(example, *args, **named, **kwargs)

    return dataset.enumerate().map(
        unconverted(with_seeds),
        num_parallel_calls=parallel,
        deterministic=True,
    )

  return mapped


def example_seeds(
    map_seeds: Sequence[int], index: tf.Tensor
) -> list[tf.Tensor]:
  """Returns the seeds of one example.

  They are the numbers at the place `index` of TensorFlow's random datasets
  (`tf.data.Dataset.random(seed)`), without drawing those before: the generator
  (Philox) makes four numbers of a seed and a count of fours.

  >>> [pair.numpy().tolist() for pair in example_seeds([42, 43], 1)]
  [[4132877644, 4228622225]]

  Args:
    map_seeds: the seeds of the map, two for each result.
    index: place of the example in the stream, an int64 scalar.

  Returns:
    int64 tensors of shape [2], half as many as `map_seeds`.
  """
  index = tf.convert_to_tensor(index, tf.int64)
  fours = tf.cast(index // 4, tf.uint64)
  drawn = [
      tf.raw_ops.StatelessRandomUniformFullIntV2(
          shape=[4],
          key=tf.constant([_GRAPH_SEED], tf.uint64),
          counter=tf.stack([fours, tf.constant(seed, tf.uint64)]),
          alg=1,  # Philox.
          dtype=tf.uint32,
      )
      for seed in map_seeds
  ]
  numbers = tf.cast(tf.gather(drawn, index % 4, axis=1), tf.int64)
  return [numbers[i : i + 2] for i in range(0, len(map_seeds), 2)]


def maybe_cast_seed(seed: Any) -> Any:
  """Makes an unsigned seed one that stateless random functions take.

  >>> maybe_cast_seed(tf.constant([7, 8], tf.uint32)).dtype.name
  'int64'

  Args:
    seed: two ints: a tensor, or a sequence of numbers or scalar tensors.

  Returns:
    The seed, with uint32 tensors made int64.
  """
  if isinstance(seed, (list, tuple)):
    return type(seed)(maybe_cast_seed(part) for part in seed)
  seed = tf.convert_to_tensor(seed)
  return tf.cast(seed, tf.int64) if seed.dtype == tf.uint32 else seed
