"""Token sequences that can be had many at a time, as one ragged tensor.

What a map over short examples costs is the calls, tens of microseconds for each
example and map, more than SentencePiece takes for a sentence. A preprocessor
that joins examples (`reduce_concat_tokens`) therefore takes them in bulk where
those before it offer that. What it gives is the same; so is each dataset that
is iterated itself, example by example.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable
from typing import Any

from t5_mtf.data.mapping import unconverted
from t5_mtf.tf_compat import tf


@dataclasses.dataclass(frozen=True)
class Bulk:
  """One feature of the examples of a dataset, in the same order.

  Attributes:
    elements: one for each example, of a form that `Dataset.batch` takes.
    encode: makes a batch of n of them int32 ids [n, (length)].
  """

  elements: tf.data.Dataset
  encode: Callable[[Any], tf.RaggedTensor]

  def batches(self, size: int) -> tf.data.Dataset:
    """Returns the ids of `size` examples at a time, [size, (length)]."""
    return self.elements.batch(size).map(
        unconverted(lambda *batch: self.encode(*batch)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )


# The features of a dataset that can be had in bulk.
_bulks: weakref.WeakKeyDictionary[Any, dict[str, Bulk]] = (
    weakref.WeakKeyDictionary()
)


def offer(dataset: tf.data.Dataset, bulks: dict[str, Bulk]) -> tf.data.Dataset:
  """Says which features of a dataset can be had in bulk; returns the dataset.

  Whatever is done to the dataset later makes another one, without bulks.

  Args:
    dataset: a dataset of dicts.
    bulks: name of the feature -> its bulk.
  """
  _bulks[dataset] = bulks
  return dataset


def find(dataset: tf.data.Dataset, key: str) -> Bulk | None:
  """Returns the bulk of a feature; None if it can be had one by one only."""
  return _bulks.get(dataset, {}).get(key)
