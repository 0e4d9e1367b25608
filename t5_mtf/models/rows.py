"""Rows of token ids: cut to a length, padded, and batched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf.tf_compat import tf

Rows = Sequence[Sequence[int]]


def cut(rows: Rows, length: int) -> tuple[list[list[int]], int]:
  """Cuts rows to `length` tokens, keeping the last one, which is EOS.

  >>> cut([[5, 6, 7, 1], [8, 1]], 3)
  ([[5, 6, 1], [8, 1]], 1)

  Returns:
    The rows, and how many of them were longer.
  """
  longer = sum(len(row) > length for row in rows)
  fitting = [
      list(row) if len(row) <= length else [*row[: length - 1], row[-1]]
      for row in rows
  ]
  return fitting, longer


def longest_first(*features: Rows) -> list[int]:
  """The order in which rows of similar length follow each other.

  >>> longest_first([[1], [5, 1], [5, 6, 1]])
  [2, 1, 0]
  """
  sizes = [sum(map(len, parts)) for parts in zip(*features, strict=True)]
  return sorted(range(len(sizes)), key=lambda i: -sizes[i])


def batches(
    features: Mapping[str, Rows], lengths: Mapping[str, int], batch_size: int
) -> tf.data.Dataset:
  """Batches of a fixed shape; the last one is filled up with empty rows.

  Args:
    features: feature -> rows that are not longer than its length, as many of
      each.
    lengths: feature -> length in tokens.
    batch_size: rows of a batch.

  Returns:
    A dataset of dicts of int32 [batch_size, length] tensors.
  """
  padded = {}
  for name, rows in features.items():
    full = [*rows, *([[]] * (-len(rows) % batch_size))]
    padded[name] = tf.constant(
        [[*row] + [0] * (lengths[name] - len(row)) for row in full], tf.int32
    )
  return tf.data.Dataset.from_tensor_slices(padded).batch(
      batch_size, drop_remainder=True
  )


def encode(vocabulary: Any, texts: Sequence[str]) -> list[list[int]]:
  """Token ids of texts, each ended with EOS."""
  return [[*vocabulary.encode(text), vocabulary.eos_id] for text in texts]
