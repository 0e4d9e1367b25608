"""How long the examples of a task are, what a limit cuts, what is unknown."""

from __future__ import annotations

import collections
import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from t5_mtf.data import dataset_providers, packing

if TYPE_CHECKING:
  import numpy as np

PERCENTILES = (50, 90, 95, 99, 100)


@dataclasses.dataclass(frozen=True)
class LengthStatistics:
  """Lengths in ids of one feature, EOS included where the task adds it.

  Attributes:
    examples: number of examples that were measured.
    mean: mean length.
    percentiles: percent -> length, for `PERCENTILES`; 100 is the longest.
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


@dataclasses.dataclass(frozen=True)
class FeatureStatistics:
  """What was measured of one feature.

  Attributes:
    lengths: ids of each example, int64 [examples].
    unknown: number of ids that stand for what the vocabulary cannot express.
    unknown_examples: number of examples that have such an id.
    unknown_characters: character -> number of times it became unknown, most
      frequent first; None if the task does not keep its text.
  """

  lengths: np.ndarray
  unknown: int
  unknown_examples: int
  unknown_characters: Mapping[str, int] | None

  @property
  def tokens(self) -> int:
    """Number of ids."""
    return int(self.lengths.sum())

  def truncated(self, limit: int) -> int:
    """Number of examples that are longer than `limit`."""
    return int((self.lengths > limit).sum())

  def summary(self, limit: int | None = None) -> LengthStatistics:
    """The lengths in a few numbers."""
    import numpy as np

    values = self.lengths if self.lengths.size else np.zeros(1, np.int64)
    return LengthStatistics(
        examples=self.lengths.size,
        mean=float(values.mean()),
        percentiles={
            p: int(np.percentile(values, p, method="higher"))
            for p in PERCENTILES
        },
        limit=limit,
        truncated=0 if limit is None else self.truncated(limit),
    )


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
  dataset = untrimmed_dataset(task, split, sequence_length, max_examples)
  measured = measure(dataset.as_numpy_iterator(), task.output_features)
  limits = sequence_length or {}
  return {
      key: found.summary(limits.get(key)) for key, found in measured.items()
  }


def untrimmed_dataset(
    task: dataset_providers.Task | dataset_providers.Mixture,
    split: str,
    sequence_length: Mapping[str, int] | None = None,
    max_examples: int | None = None,
) -> Any:
  """The processed examples of a task or mixture, in order and uncut.

  Args:
    task: a task, or a mixture, which is sampled and never ends.
    split: which split to read.
    sequence_length: feature -> maximum length, for steps that need it.
    max_examples: only so many examples; None is all.

  Returns:
    A `tf.data.Dataset` of dicts.
  """
  tasks = getattr(task, "tasks", [task])
  cuts = any(map(needs_sequence_length, tasks))
  dataset = task.get_dataset(
      sequence_length=sequence_length if cuts else None,
      split=split,
      shuffle=False,
      seed=0,
      trim_output_features=False,
  )
  return dataset if max_examples is None else dataset.take(max_examples)


def measure(
    examples: Iterable[Mapping[str, Any]],
    output_features: Mapping[str, Any],
    progress: Callable[[int], None] = lambda count: None,
) -> dict[str, FeatureStatistics]:
  """Measures the features of examples.

  Args:
    examples: dicts of arrays of ids [length], and perhaps their texts (bytes)
      as `<feature>_pretokenized`.
    output_features: name -> feature; the features to measure.
    progress: called with the number of examples so far.

  Returns:
    Output feature -> what was measured.
  """
  tallies = {
      key: _Tally(feature.vocabulary)
      for key, feature in output_features.items()
  }
  for count, example in enumerate(examples, 1):
    for key, tally in tallies.items():
      if key in example and example[key].ndim:
        tally.add(example[key], example.get(f"{key}_pretokenized"))
    progress(count)
  return {key: tally.result() for key, tally in tallies.items()}


def tokenized_rows(
    rows: Iterable[Mapping[str, str]], output_features: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
  """Encodes rows of text as the step `tokenize` does, without TensorFlow.

  Args:
    rows: feature -> text.
    output_features: name -> feature.

  Yields:
    Dicts for `measure`, with EOS for the features that have it.
  """
  import numpy as np

  for row in rows:
    example: dict[str, Any] = {}
    for key, feature in output_features.items():
      ids = list(feature.vocabulary.encode(row[key]))
      if feature.add_eos:
        ids.append(feature.vocabulary.eos_id)
      example[key] = np.asarray(ids, np.int32)
      example[f"{key}_pretokenized"] = row[key].encode("utf-8")
    yield example


class _Tally:
  """Collects the statistics of one feature."""

  def __init__(self, vocabulary: Any):
    self._vocabulary = vocabulary
    self._lengths: list[int] = []
    self._unknown = 0
    self._unknown_examples = 0
    self._kept_text = False
    self._characters: collections.Counter[str] = collections.Counter()
    self._is_unknown = functools.cache(self._encodes_as_unknown)

  def add(self, ids: np.ndarray, text: Any) -> None:
    self._lengths.append(len(ids))
    self._kept_text |= isinstance(text, bytes)
    unknown_id = self._vocabulary.unk_id
    if unknown_id is None or ids.dtype.kind != "i":
      return
    unknown = int((ids == unknown_id).sum())
    if not unknown:
      return
    self._unknown += unknown
    self._unknown_examples += 1
    if isinstance(text, bytes):
      decoded = text.decode("utf-8", errors="replace")
      self._characters.update(filter(self._is_unknown, decoded))

  def _encodes_as_unknown(self, character: str) -> bool:
    return self._vocabulary.unk_id in self._vocabulary.encode(character)

  def result(self) -> FeatureStatistics:
    import numpy as np

    return FeatureStatistics(
        np.asarray(self._lengths, np.int64),
        self._unknown,
        self._unknown_examples,
        dict(self._characters.most_common()) if self._kept_text else None,
    )


@dataclasses.dataclass(frozen=True)
class RowUse:
  """How well examples fill the rows of a batch.

  Attributes:
    rows: number of rows.
    filled: feature -> share of the positions that hold an id, from 0 to 1.
  """

  rows: int
  filled: Mapping[str, float]


def row_use(
    lengths: Mapping[str, Sequence[int]],
    sequence_length: Mapping[str, int],
    packed: bool,
    window: int = packing.WINDOW,
) -> RowUse:
  """Counts the rows that examples take, packed as `packing.pack` does or not.

  >>> row_use({"targets": [2, 2, 1]}, {"targets": 6}, packed=True)
  RowUse(rows=1, filled={'targets': 0.8333333333333334})
  >>> row_use({"targets": [2, 2, 1]}, {"targets": 6}, packed=False).rows
  3

  Args:
    lengths: feature -> ids of each example, in the order of the stream.
    sequence_length: feature -> ids of a row; longer examples are cut.
    packed: whether several examples share a row.
    window: number of examples that are packed together.

  Returns:
    The rows and how full they are.
  """
  keys = [key for key in lengths if key in sequence_length]
  limits = [sequence_length[key] for key in keys]
  cut = [
      [min(int(n), limit) for n in lengths[key]]
      for key, limit in zip(keys, limits, strict=True)
  ]
  examples = list(zip(*cut, strict=True))
  rows = _packed_rows(examples, limits, window) if packed else len(examples)
  return RowUse(
      rows,
      {
          key: sum(column) / (rows * limit) if rows else 0.0
          for key, column, limit in zip(keys, cut, limits, strict=True)
      },
  )


def _packed_rows(
    examples: Iterable[tuple[int, ...]], limits: Sequence[int], window: int
) -> int:
  rows = 0
  free = [0] * len(limits)
  for i, sizes in enumerate(examples):
    if i % window == 0 or any(
        n > f for n, f in zip(sizes, free, strict=True)
    ):
      rows += 1
      free = list(limits)
    free = [f - n for n, f in zip(sizes, free, strict=True)]
  return rows


def needs_sequence_length(task: dataset_providers.Task) -> bool:
  """Whether a task's preprocessors need the lengths, to cut text into pieces.

  >>> from t5_mtf import data
  >>> get = data.TaskRegistry.get
  >>> needs_sequence_length(get("mini_kjv"))
  True
  >>> needs_sequence_length(get("mini_squad"))
  False
  """
  return any(map(_cuts_into_pieces, task.preprocessors))


def _cuts_into_pieces(preprocessor: Any) -> bool:
  fn = getattr(preprocessor, "func", preprocessor)
  if getattr(fn, "__name__", "") == "unsupervised":
    return True
  parameter = inspect.signature(preprocessor).parameters.get("sequence_length")
  return parameter is not None and parameter.default is parameter.empty
