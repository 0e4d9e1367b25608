"""Packing: several examples in one row, to waste fewer positions on padding.

Rows have the features that Mesh TensorFlow reads: for each packed feature `f`
the ids `f`, the number of the example that an id belongs to in its row
`f_segmentation` (from 1; 0 is padding), and the place of the id in its example
`f_position` (from 0).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from t5_mtf.data.mapping import unconverted
from t5_mtf.data.preprocessors import trimming
from t5_mtf.tf_compat import tf

# The number of examples that are packed together.
WINDOW = 2048


def pack(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    window: int = WINDOW,
) -> tf.data.Dataset:
  """Puts consecutive examples into rows, as many as fit (next-fit).

  The order of the stream is kept: an example goes into the open row if all its
  features fit there, or else the row is closed and a new one begins. Examples
  are handled in windows of `window`; a row is closed at the end of a window,
  so at most one row in each window is shorter than it could be. The result
  depends on nothing but the stream. Ids beyond the length of a row are cut
  off (`statistics.length_statistics` counts such examples).

  >>> dataset = tf.data.Dataset.from_generator(
  ...     lambda: [{"targets": [5, 6]}, {"targets": [7, 8]}, {"targets": [9]}],
  ...     output_signature={"targets": tf.TensorSpec([None], tf.int32)})
  >>> for key, row in next(
  ...     pack(dataset, {"targets": 6}).as_numpy_iterator()).items():
  ...   print(key, row)
  targets [5 6 7 8 9 0]
  targets_segmentation [1 1 2 2 3 0]
  targets_position [0 1 0 1 0 0]

  Args:
    dataset: dicts of ids [length]; features that `sequence_length` does not
      name are dropped.
    sequence_length: feature -> length of a row.
    window: number of examples that are packed together.

  Returns:
    A dataset of rows, int32 [length of the feature] each.
  """
  lengths = {
      key: length
      for key, length in sequence_length.items()
      if key in dataset.element_spec
  }

  def trim(example: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    return {
        key: tf.cast(example[key][:length], tf.int32)
        for key, length in lengths.items()
    }

  def pack_window(batch: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    examples = {key: _as_ragged(batch[key]) for key in lengths}
    first = _row_starts(
        [ragged.row_lengths() for ragged in examples.values()],
        list(lengths.values()),
        window,
    )
    rows = {}
    for key, length in lengths.items():
      rows.update(_rows_of(key, examples[key], first, length))
    return rows

  return (
      dataset.map(unconverted(trim), num_parallel_calls=tf.data.AUTOTUNE)
      .ragged_batch(window)
      .map(unconverted(pack_window), num_parallel_calls=tf.data.AUTOTUNE)
      .unbatch()
  )


def pad(
    dataset: tf.data.Dataset, sequence_length: Mapping[str, int]
) -> tf.data.Dataset:
  """Makes a row of each example: ids trimmed, then padded with 0.

  >>> dataset = tf.data.Dataset.from_tensors({"targets": [5, 6], "id": 7})
  >>> next(pad(dataset, {"targets": 3}).as_numpy_iterator())
  {'targets': array([5, 6, 0], dtype=int32)}

  Args:
    dataset: dicts of ids [length]; features that `sequence_length` does not
      name are dropped.
    sequence_length: feature -> length of a row.

  Returns:
    A dataset of rows, int32 [length of the feature] each.
  """

  def as_ids(example: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    return {
        key: tf.cast(example[key], tf.int32)
        for key in sequence_length
        if key in example
    }

  named = dataset.map(
      unconverted(as_ids), num_parallel_calls=tf.data.AUTOTUNE
  )
  return trimming.trim_and_pad_dataset(named, sequence_length)


def _as_ragged(batch: tf.Tensor | tf.RaggedTensor) -> tf.RaggedTensor:
  """Examples whose length is known statically are batched as a tensor."""
  if isinstance(batch, tf.RaggedTensor):
    return batch
  return tf.RaggedTensor.from_tensor(batch)


def _row_starts(
    sizes: list[tf.Tensor], lengths: list[int], window: int
) -> tf.Tensor:
  """Which examples begin a row.

  The row that begins at example i ends before the first j for which the sizes
  of i ... j exceed a length: a search in the cumulative sums. Following these
  links from example 0 would be a loop over rows; doubling the links finds all
  beginnings in log2(window) steps instead.

  Args:
    sizes: for each feature, the lengths of the examples, int64 [n].
    lengths: for each feature, the length of a row.
    window: an upper limit of n.

  Returns:
    The examples that begin a row, ascending int64 [rows].
  """
  count = tf.size(sizes[0], out_type=tf.int64)
  ends = []
  for size, length in zip(sizes, lengths, strict=True):
    total = tf.cumsum(size)
    ends.append(
        tf.searchsorted(
            total, total - size + length, side="right", out_type=tf.int64
        )
    )
  following = tf.reduce_min(tf.stack(ends), axis=0)
  # Example n, behind the last, follows itself.
  following = tf.concat([following, count[tf.newaxis]], 0)
  starts = tf.zeros([1], tf.int64)
  for _ in range(math.ceil(math.log2(window)) + 1):
    starts = tf.concat([starts, tf.gather(following, starts)], 0)
    following = tf.gather(following, following)
  is_start = tf.scatter_nd(
      starts[:, tf.newaxis],
      tf.ones_like(starts),
      tf.reshape(count + 1, [1]),
  )
  return tf.where(is_start[:-1] > 0)[:, 0]


def _rows_of(
    key: str, examples: tf.RaggedTensor, first: tf.Tensor, length: int
) -> dict[str, tf.Tensor]:
  """Joins the examples of each row, for one feature.

  Args:
    key: name of the feature.
    examples: ids [n, (length)].
    first: the examples that begin a row, int64 [rows].
    length: length of a row.

  Returns:
    Ids, segmentation and position, int32 [rows, length].
  """
  splits = examples.row_splits
  row_splits = tf.concat([tf.gather(splits, first), splits[-1:]], 0)
  of_example = examples.value_rowids()
  number = tf.range(examples.nrows(), dtype=tf.int64)
  row = tf.searchsorted(first, number, side="right", out_type=tf.int64) - 1
  segment = number - tf.gather(first, row) + 1
  ids = examples.flat_values
  place = tf.range(tf.size(ids, out_type=tf.int64))
  values = {
      key: ids,
      f"{key}_segmentation": tf.gather(segment, of_example),
      f"{key}_position": place - tf.gather(splits, of_example),
  }
  return {
      name: tf.RaggedTensor.from_row_splits(
          tf.cast(value, tf.int32), row_splits, validate=False
      ).to_tensor(shape=[None, length])
      for name, value in values.items()
  }
