"""Rows of tables in text files, checked and read by Python."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from t5_mtf import errors
from t5_mtf.data import tables
from t5_mtf.data.mapping import unconverted
from t5_mtf.data.sources.patterns import FileDataSource
from t5_mtf.tf_compat import tf

_ROWS_A_BLOCK = 256
_MAX_OPEN = 16  # positions in files that are kept open


class TableDataSource(FileDataSource):
  """Rows of TSV, CSV or JSONL files (.gz too), as dicts of tf.string scalars.

  `tables.Table` describes the formats. Every row is checked once, in a
  streaming pass, before the dataset is built, so that a malformed one is an
  error that names its file and line, also in a graph. That pass counts the
  rows, too. Rows are read by Python, so this source works in the process that
  built it, not on a remote worker; the state of its iterators can be saved.
  """

  def __init__(
      self,
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      columns: Sequence[str] | None = None,
      file_format: str | None = None,
      num_input_examples: Mapping[str, int] | None = None,
  ):
    """Initializes the source.

    Args:
      split_to_filepattern: split -> file pattern, or several of them.
      columns: names of the columns of files that have no header row (TSV,
        CSV), or the keys to take (JSONL). By default the header row, or the
        keys of the first object.
      file_format: one of `tables.FORMATS`; by default by the file's name.
      num_input_examples: split -> number of rows; counted by default.
    """
    super().__init__(
        None, split_to_filepattern, num_input_examples, cycle_length=1
    )
    self._columns = tuple(columns) if columns else None
    self._file_format = file_format

  def num_input_examples(self, split: str) -> int | None:
    """Number of rows; they are counted when the number was not given."""
    known = super().num_input_examples(split)
    if known is None:
      known = sum(
          table.num_rows()
          for table in self._tables(split, self.list_shards(split))
      )
      self._num_input_examples[split] = known
    return known

  def _table(self, split: str, name: str) -> tables.Table:
    """The table of a file; a subclass may choose its rows by the split."""
    del split
    return tables.Table(name, self._columns, self._file_format)

  def _tables(self, split: str, names: Sequence[str]) -> list[tables.Table]:
    opened = [self._table(split, name) for name in names]
    for table in opened[1:]:
      if set(table.columns) != set(opened[0].columns):
        raise errors.DataError(
            f"{table.path} has the columns {list(table.columns)}, but"
            f" {opened[0].path} of the same split has"
            f" {list(opened[0].columns)}."
        )
    return opened

  def _reader(
      self, split: str, names: Sequence[str]
  ) -> Callable[[tf.Tensor], tf.data.Dataset]:
    opened = self._tables(split, names)
    blocks = [math.ceil(table.num_rows() / _ROWS_A_BLOCK) for table in opened]
    columns = tuple(sorted(opened[0].columns))
    reader = _BlockReader(opened, columns)

    def read_block(file: tf.Tensor, block: tf.Tensor) -> dict[str, tf.Tensor]:
      rows = tf.numpy_function(
          reader.read, [file, block], tf.string, stateful=False
      )
      rows = tf.ensure_shape(rows, [None, len(columns)])
      return {column: rows[:, i] for i, column in enumerate(columns)}

    def read(name: tf.Tensor) -> tf.data.Dataset:
      file = tf.argmax(tf.equal(names, name))
      count = tf.gather(tf.constant(blocks, tf.int64), file)
      numbers = tf.data.Dataset.range(count)
      block_of_file = unconverted(lambda block: read_block(file, block))
      return numbers.map(block_of_file).unbatch()

    return unconverted(read)


class _BlockReader:
  """Gives any block of rows; the one after the last read is at hand.

  What it returns is a function of its arguments alone: TensorFlow may call it
  in any order, and save an iterator that does.
  """

  def __init__(self, opened: Sequence[tables.Table], columns: Sequence[str]):
    self._tables = list(opened)
    self._orders = [[t.columns.index(c) for c in columns] for t in opened]
    self._positions: dict[tuple[int, int], Iterator[tuple[str, ...]]] = {}
    self._lock = threading.Lock()

  def read(self, file: int, block: int) -> np.ndarray:
    """Returns the rows of a block of a file, fields as UTF-8."""
    file, block = int(file), int(block)
    with self._lock:
      rows = self._positions.pop((file, block), None)
    if rows is None:
      rows = iter(self._tables[file].rows())
      skipped = block * _ROWS_A_BLOCK
      next(itertools.islice(rows, skipped, skipped), None)
    order = self._orders[file]
    found = [
        [row[i].encode("utf-8") for i in order]
        for row in itertools.islice(rows, _ROWS_A_BLOCK)
    ]
    with self._lock:
      self._positions[file, block + 1] = rows
      if len(self._positions) > _MAX_OPEN:
        del self._positions[next(iter(self._positions))]
    return np.array(found, dtype=object)
