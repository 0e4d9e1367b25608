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

# The number of examples that are put into rows at a time.
_BLOCK = 128

# Features of the row so far, int32 [length] each, and the number of examples in
# it, an int64 scalar.
_OpenRow = tuple[dict[str, Any], Any]


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
  off (`statistics.length_statistics` counts such examples). A row comes as
  soon as it is closed: it waits for blocks of 128 examples, not for its window.

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

  def trim(example: Mapping[str, Any]) -> dict[str, tf.RaggedTensor]:
    # Of one example each, so that examples of any length make a batch.
    return {
        key: _one_ragged(tf.cast(example[key][:length], tf.int32))
        for key, length in lengths.items()
    }

  def pack_block(
      open_row: _OpenRow,
      block: tuple[tf.Tensor, dict[str, tf.RaggedTensor]],
  ) -> tuple[_OpenRow, dict[str, tf.Tensor]]:
    number, examples = block
    joined = {key: ragged.values for key, ragged in examples.items()}
    closes = tf.equal((number + 1) % (window // block_size), 0)
    return _continue_rows(open_row, joined, lengths, closes)

  block_size = math.gcd(window, _BLOCK)
  blocks = (
      dataset.map(unconverted(trim), num_parallel_calls=tf.data.AUTOTUNE)
      .batch(block_size)
      .enumerate()
  )
  none = {
      key: _one_ragged(tf.zeros([0], tf.int32))[tf.newaxis][:0]
      for key in lengths
  }
  end = tf.data.Dataset.from_tensors((tf.constant(-1, tf.int64), none))
  return (
      blocks.concatenate(end)
      .scan(_no_row(lengths), unconverted(pack_block))
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


def _one_ragged(ids: tf.Tensor) -> tf.RaggedTensor:
  """Ids [length] as [1, (length)]."""
  ends = tf.stack([0, tf.size(ids, out_type=tf.int64)])
  return tf.RaggedTensor.from_row_splits(ids, ends, validate=False)


def _no_row(lengths: Mapping[str, int]) -> _OpenRow:
  row = {
      name: tf.zeros([length], tf.int32)
      for key, length in lengths.items()
      for name in _names_of(key)
  }
  return row, tf.constant(0, tf.int64)


def _continue_rows(
    open_row: _OpenRow,
    examples: Mapping[str, tf.RaggedTensor],
    lengths: Mapping[str, int],
    closes: tf.Tensor,
) -> tuple[_OpenRow, dict[str, tf.Tensor]]:
  """Puts a block of examples into rows, beginning with the open one.

  What is in the open row already counts as one example, number 0.

  Args:
    open_row: the row so far.
    examples: feature -> ids [n, (length)].
    lengths: feature -> length of a row.
    closes: whether to close the last row.

  Returns:
    The open row, and the rows that are closed, int32 [rows, length] each.
  """
  row, members = open_row
  used = {
      key: tf.math.count_nonzero(row[f"{key}_segmentation"]) for key in lengths
  }
  sizes = [
      tf.concat([used[key][tf.newaxis], examples[key].row_lengths()], 0)
      for key in lengths
  ]
  first = _row_starts(sizes, list(lengths.values()), _BLOCK + 1)
  number = tf.range(tf.size(sizes[0], out_type=tf.int64))
  in_row = tf.searchsorted(first, number, side="right", out_type=tf.int64) - 1
  segment = number - tf.gather(first, in_row)
  segment += tf.where(tf.equal(in_row, 0), members, 1)
  rows = {}
  for key, length in lengths.items():
    begun = [row[name][: used[key]] for name in _names_of(key)]
    rows.update(
        _rows_of(key, examples[key], begun, first, segment[1:], length)
    )
  # There is no row yet if nothing was in the open one and nothing came.
  count = tf.where(segment[-1] > 0, tf.size(first), 0)
  closed = tf.where(closes, count, count - 1)
  still_open = tf.where(closes, 0, 1)
  return (
      {name: value[-1] * still_open for name, value in rows.items()},
      segment[-1] * tf.cast(still_open, tf.int64),
  ), {name: value[:closed] for name, value in rows.items()}


def _row_starts(
    sizes: list[tf.Tensor], lengths: list[int], limit: int
) -> tf.Tensor:
  """Which examples begin a row.

  The row that begins at example i ends before the first j for which the sizes
  of i ... j exceed a length: a search in the cumulative sums. Following these
  links from example 0 would be a loop over rows; doubling the links finds all
  beginnings in log2(limit) steps instead.

  Args:
    sizes: for each feature, the lengths of the examples, int64 [n].
    lengths: for each feature, the length of a row.
    limit: an upper limit of n.

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
  for _ in range(math.ceil(math.log2(limit)) + 1):
    starts = tf.concat([starts, tf.gather(following, starts)], 0)
    following = tf.gather(following, following)
  is_start = tf.scatter_nd(
      starts[:, tf.newaxis],
      tf.ones_like(starts),
      tf.reshape(count + 1, [1]),
  )
  return tf.where(is_start[:-1] > 0)[:, 0]


def _rows_of(
    key: str,
    examples: tf.RaggedTensor,
    begun: list[tf.Tensor],
    first: tf.Tensor,
    segment: tf.Tensor,
    length: int,
) -> dict[str, tf.Tensor]:
  """Joins the examples of each row, for one feature.

  Args:
    key: name of the feature.
    examples: ids [n, (length)].
    begun: ids, segmentation and position that are in the first row already.
    first: what begins a row, int64 [rows]: 0 for the row that is begun, then
      the numbers of the examples from 1.
    segment: the number of each example in its row, int64 [n].
    length: length of a row.

  Returns:
    Ids, segmentation and position, int32 [rows, length].
  """
  splits = examples.row_splits
  of_example = examples.value_rowids()
  ids = examples.flat_values
  place = tf.range(tf.size(ids, out_type=tf.int64))
  added = (
      ids,
      tf.gather(segment, of_example),
      place - tf.gather(splits, of_example),
  )
  ends = splits + tf.size(begun[0], out_type=tf.int64)
  row_splits = tf.concat(
      [[0], tf.gather(ends, first[1:] - 1), ends[-1:]], 0
  )
  return {
      name: tf.RaggedTensor.from_row_splits(
          tf.concat([before, tf.cast(value, tf.int32)], 0),
          row_splits,
          validate=False,
      ).to_tensor(shape=[None, length])
      for name, before, value in zip(_names_of(key), begun, added, strict=True)
  }


def _names_of(key: str) -> tuple[str, str, str]:
  return key, f"{key}_segmentation", f"{key}_position"
