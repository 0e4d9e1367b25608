"""How long the examples of a task are, and how many a length limit cuts."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

from t5_mtf.data import dataset_providers


@dataclasses.dataclass(frozen=True)
class LengthStatistics:
  """Lengths in ids of one feature, EOS included where the task adds it.

  Attributes:
    examples: number of examples that were measured.
    mean: mean length.
    percentiles: percent -> length, for 50, 90, 99 and 100 (the longest).
    limit: the maximum length that was asked for, or None.
    truncated: number of examples that are longer than `limit`.
  """

  examples: int
  mean: float
  percentiles: Mapping[int, int]
  limit: int | None
  truncated: int

  def __str__(self) -> str:
    longest = self.percentiles.get(100, 0)
    text = f"{self.examples} examples, mean {self.mean:.1f}, longest {longest}"
    if self.limit is None:
      return text
    return f"{text}, truncated at {self.limit}: {self.truncated}"


def length_statistics(
    task: dataset_providers.Task,
    split: str = "train",
    sequence_length: Mapping[str, int] | None = None,
    max_examples: int | None = None,
) -> dict[str, LengthStatistics]:
  """Measures the lengths of a task's features before they are trimmed.

  A task whose preprocessors cut text into pieces that fit (the unsupervised
  objectives) is measured with `sequence_length`, so none of it is truncated.

  Args:
    task: the task.
    split: which split to read.
    sequence_length: feature -> maximum length to count truncation against.
    max_examples: read only so many examples; None reads all.

  Returns:
    Output feature -> its statistics. Runs eagerly.
  """
  import numpy as np

  cuts = any(map(_cuts_into_pieces, task.preprocessors))
  dataset = task.get_dataset(
      sequence_length=sequence_length if cuts else None,
      split=split,
      shuffle=False,
      seed=0,
      trim_output_features=False,
  )
  if max_examples is not None:
    dataset = dataset.take(max_examples)
  lengths: dict[str, list[int]] = {key: [] for key in task.output_features}
  for example in dataset.as_numpy_iterator():
    for key, found in lengths.items():
      if key in example:
        found.append(len(example[key]))
  limits = sequence_length or {}
  statistics = {}
  for key, found in lengths.items():
    values = np.asarray(found or [0])
    limit = limits.get(key)
    statistics[key] = LengthStatistics(
        examples=len(found),
        mean=float(values.mean()),
        percentiles={
            p: int(np.percentile(values, p, method="higher"))
            for p in (50, 90, 99, 100)
        },
        limit=limit,
        truncated=0 if limit is None else int((values > limit).sum()),
    )
  return statistics


def _cuts_into_pieces(preprocessor: Any) -> bool:
  """Whether a preprocessor needs the lengths to cut text into pieces."""
  fn = getattr(preprocessor, "func", preprocessor)
  if getattr(fn, "__name__", "") == "unsupervised":
    return True
  parameter = inspect.signature(preprocessor).parameters.get("sequence_length")
  return parameter is not None and parameter.default is parameter.empty
