"""Span corruption loses nothing: a million sequences are restored exactly.

The embedded Austen and King James texts, in T5's vocabulary, run through
`span_corruption` again and again, with new noise each time. The spans of each
sequence are put back where its sentinels are, and the result is compared with
the text, id for id. Sentinels must be unique and in order.

  python benchmarks/span_corruption_restoration.py --sequences=1000000
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

LENGTHS = {"inputs": 512, "targets": 114}
_SENTINELS = 100
_BATCH = 256
# Longer documents cost less each; beyond 65,536 ids only a chunk is looked at.
_PARAGRAPHS_PER_DOCUMENT = 64


class Rows(NamedTuple):
  """Ids of sequences of any lengths: all joined, and where each begins.

  Attributes:
    ids: int [total].
    splits: int [rows + 1]; the last is the total.
  """

  ids: np.ndarray
  splits: np.ndarray

  def without(self, places: np.ndarray) -> Rows:
    """The same rows less the ids at some places."""
    before = np.searchsorted(places, self.splits)
    return Rows(np.delete(self.ids, places), self.splits - before)


class Counts(NamedTuple):
  """What was restored: sequences, their ids, and noise in ids and spans."""

  sequences: int
  ids: int
  noise: int
  spans: int


def restored(inputs: Rows, targets: Rows, first_sentinel: int) -> np.ndarray:
  """Puts the spans of a batch of sequences back in their places.

  Args:
    inputs: what span corruption made, without EOS.
    targets: the same.
    first_sentinel: the id of the first sentinel.

  Returns:
    The ids of the original texts, joined.

  Raises:
    ValueError: sentinels are not unique and in order, or inputs and targets do
      not have the same.
  """
  _check_order(inputs, first_sentinel)
  _check_order(targets, first_sentinel)
  # A text that does not end in noise has one more sentinel, with no span.
  ends = targets.splits[1:][np.diff(targets.splits) > 0] - 1
  targets = targets.without(ends[_is_sentinel(targets.ids[ends])])
  in_inputs = _is_sentinel(inputs.ids)
  in_targets = _is_sentinel(targets.ids)
  if not np.array_equal(
      _per_row(in_inputs, inputs), _per_row(in_targets, targets)
  ):
    raise ValueError("inputs and targets have not the same sentinels")
  starts = targets.splits[:-1][np.diff(targets.splits) > 0]
  if not in_targets[starts].all():
    raise ValueError("targets do not begin with a sentinel")
  ends_of_spans = [*np.flatnonzero(in_targets), len(targets.ids)]
  times = np.ones(len(inputs.ids), np.int64)
  times[in_inputs] = np.diff(ends_of_spans) - 1
  text = np.repeat(inputs.ids, times)
  text[np.repeat(in_inputs, times)] = targets.ids[~in_targets]
  return text


def _is_sentinel(ids: np.ndarray) -> np.ndarray:
  return ids >= 32100 - _SENTINELS


def _per_row(is_counted: np.ndarray, rows: Rows) -> np.ndarray:
  return np.diff(np.concatenate([[0], np.cumsum(is_counted)])[rows.splits])


def _check_order(rows: Rows, first_sentinel: int) -> None:
  places = np.flatnonzero(_is_sentinel(rows.ids))
  row = np.searchsorted(rows.splits, places, side="right")
  # How many there are before, in the same row.
  number = np.arange(len(row)) - np.searchsorted(row, row)
  if not np.array_equal(rows.ids[places], first_sentinel - number):
    raise ValueError("the sentinels are not unique and in order")


def documents() -> Rows:
  """The embedded text in T5's vocabulary, in documents of some paragraphs."""
  from t5_mtf import data
  from t5_mtf.data.embedded import files

  vocabulary = data.get_default_vocabulary()
  encoded = [
      vocabulary.encode(row["text"])
      for corpus in ("austen", "kjv")
      for row in files.read_rows(corpus, "train")
  ]
  ends = np.cumsum([0, *map(len, encoded)])
  return Rows(
      np.concatenate(encoded).astype(np.int32),
      np.append(ends[:-1:_PARAGRAPHS_PER_DOCUMENT], ends[-1]),
  )


def corrupted(text: Rows, seed: int) -> Iterator[tuple[Rows, Rows]]:
  """Endless batches of the text's inputs and targets, with new noise."""
  import tensorflow as tf

  from t5_mtf import data
  from t5_mtf.data import preprocessors

  feature = data.Feature(data.get_default_vocabulary())
  ragged = tf.RaggedTensor.from_row_splits(text.ids, text.splits)
  dataset = tf.data.Dataset.from_tensor_slices({"targets": ragged}).repeat()
  with data.map_seed_manager(seed):
    dataset = preprocessors.span_corruption(
        dataset, LENGTHS, {"inputs": feature, "targets": feature}
    )
  for batch in dataset.ragged_batch(_BATCH).prefetch(2):
    yield tuple(
        Rows(batch[key].values.numpy(), batch[key].row_splits.numpy())
        for key in ("inputs", "targets")
    )


def check(text: Rows, sequences: int, seed: int = 0) -> Iterator[Counts]:
  """Corrupts and restores at least so many sequences.

  Yields:
    The counts so far, after each batch.

  Raises:
    ValueError: a sequence was not restored exactly.
  """
  total = Counts(0, 0, 0, 0)
  for inputs, targets in corrupted(text, seed):
    found = restored(inputs, targets, first_sentinel=32099)
    place = np.arange(total.ids, total.ids + len(found)) % len(text.ids)
    if not np.array_equal(found, text.ids[place]):
      raise ValueError(f"not restored, after {total.sequences:,} sequences")
    noise = int((~_is_sentinel(targets.ids)).sum())
    batch = Counts(
        len(inputs.splits) - 1, len(found), noise, len(targets.ids) - noise
    )
    total = Counts(*(a + b for a, b in zip(total, batch, strict=True)))
    yield total
    if total.sequences >= sequences:
      return


def main() -> None:
  """Checks, with progress, and prints what was counted."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--sequences", type=int, default=1_000_000)
  parser.add_argument("--seed", type=int, default=0)
  flags = parser.parse_args()
  text = documents()
  start = time.perf_counter()
  for total in check(text, flags.sequences, flags.seed):
    speed = total.sequences / (time.perf_counter() - start)
    left = (flags.sequences - total.sequences) / speed
    sys.stderr.write(
        f"\r{total.sequences:,} sequences, {speed:,.0f}/s,"
        f" {max(left, 0) / 60:.1f} min left "
    )
  print(
      f"\n{total.sequences:,} sequences of {total.ids:,} ids restored exactly"
      f" ({total.ids / len(text.ids):,.0f} times the text)\n"
      f"noise {total.noise / total.ids:.4%}, mean span"
      f" {total.noise / total.spans:.4f} ids,"
      f" {time.perf_counter() - start:,.0f} s"
  )


if __name__ == "__main__":
  main()
