"""What the packages are compared on: the same inputs for each of them.

A work is one kind of computation on batches of one shape. Ids are drawn at
random from the vocabulary, but the same for all; weights too (for decoding
and scoring, those of one checkpoint).
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

T5_SMALL = "models/t5.1.0.small.gin"
T5_1_1_SMALL = "models/t5.1.1.small.gin"
VOCABULARY = 32128
_FIRST_WORD = 3  # after padding, EOS and unknown
_FIRST_SENTINEL = 32000


@dataclasses.dataclass(frozen=True)
class Work:
  """One kind of computation on batches of one shape.

  Attributes:
    kind: "train", "greedy", "beam" or "score".
    gin_file: of the model.
    sequences: rows of a batch.
    inputs: tokens of an input.
    targets: tokens of a target, or of an output.
    examples: that are packed in each row; 1 for no packing.
  """

  kind: str
  gin_file: str
  sequences: int
  inputs: int
  targets: int
  examples: int = 1

  @property
  def tokens(self) -> int:
    """Tokens of a batch: all of training, those of outputs else."""
    if self.kind == "train":
      return self.sequences * (self.inputs + self.targets)
    return self.sequences * self.targets


def ids(work: Work, count: int) -> Iterator[dict[str, Any]]:
  """Yields batches: `inputs` and `targets`, int32 [sequences, length]."""
  import numpy as np

  rng = np.random.default_rng(0)
  for _ in range(count):
    yield {
        name: rng.integers(
            _FIRST_WORD, _FIRST_SENTINEL, (work.sequences, length), np.int32
        )
        for name, length in (
            ("inputs", work.inputs), ("targets", work.targets)
        )
    }


def packed(work: Work, count: int) -> Iterator[dict[str, Any]]:
  """Yields batches with the `_segmentation` and `_position` of packing."""
  import numpy as np

  for batch in ids(work, count):
    found = dict(batch)
    for name, value in batch.items():
      length = value.shape[1]
      place = np.arange(length, dtype=np.int32)
      example = -(-length // work.examples)
      found[name + "_segmentation"] = np.broadcast_to(
          place // example + 1, value.shape
      )
      found[name + "_position"] = np.broadcast_to(place % example, value.shape)
    yield found


def timed(
    step: Callable[[Any], Any], batches: Iterator[Any], set_up: int
) -> list[float]:
  """Seconds of each step but the first ones."""
  seconds = []
  for batch in batches:
    start = time.perf_counter()
    step(batch)
    seconds.append(time.perf_counter() - start)
  return seconds[set_up:]


def dataset(tf: Any, batches: Iterator[Any]) -> Any:
  """Batches as a `tf.data.Dataset`, in memory before it is read."""
  import numpy as np

  every = list(batches)
  return tf.data.Dataset.from_tensor_slices(
      {name: np.stack([b[name] for b in every]) for name in every[0]}
  )


def timer(tf: Any) -> tuple[Any, list[float]]:
  """A session hook for training, and the seconds of its steps."""
  seconds: list[float] = []

  class Timer(tf.estimator.SessionRunHook):

    def before_run(self, run_context: Any) -> None:
      seconds.append(time.perf_counter())

    def after_run(self, run_context: Any, run_values: Any) -> None:
      seconds[-1] = time.perf_counter() - seconds[-1]

  return Timer(), seconds


def peak_memory() -> int:
  """Most bytes that this process had in memory."""
  import resource

  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def serve(measure: Callable[..., dict[str, Any]]) -> None:
  """Reads what to measure from the command line, and prints what was found.

  Args:
    measure: takes a `Work`, how many batches, how many of them are left out,
      and the folder of the checkpoint; returns at least `seconds`.
  """
  asked = json.loads(sys.argv[1])
  found = measure(
      Work(**asked["work"]), asked["batches"], asked["set_up"], asked["model"],
      **asked.get("how", {}),
  )
  print("\n" + json.dumps({"memory": peak_memory(), **found}))
