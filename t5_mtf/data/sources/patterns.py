"""Sources that read files: lines of text, TensorFlow examples, or your own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import files
from t5_mtf.data.sources.base import (
    DataSource,
    ShardInfo,
    check_same_order,
    shard,
)
from t5_mtf.tf_compat import tf

# Files that are read in turns, and examples in a turn, as published.
_CYCLE_LENGTH = 16
_BLOCK_LENGTH = 16


class FileDataSource(DataSource):
  """Examples of files, one file pattern or several for each split.

  Several files are read in turns: 16 examples of each of 16 files, until they
  end.
  """

  def __init__(
      self,
      read_file_fn: Callable[[tf.Tensor], tf.data.Dataset],
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      num_input_examples: Mapping[str, int] | None = None,
      caching_permitted: bool = True,
      file_shuffle_buffer_size: int | None = None,
      cycle_length: int = _CYCLE_LENGTH,
      block_length: int = _BLOCK_LENGTH,
  ):
    """Initializes the source.

    Args:
      read_file_fn: a function from a file name (tf.string) to a dataset of its
        examples, such as `tf.data.TextLineDataset`.
      split_to_filepattern: split -> file pattern, or several of them.
      num_input_examples: split -> number of examples, where it is known.
      caching_permitted: whether processed examples may be kept in files.
      file_shuffle_buffer_size: from how many files the next one is drawn when
        files are shuffled; all by default.
      cycle_length: how many files are read in turns.
      block_length: how many examples are taken of one before the next.

    Raises:
      UserError: `split_to_filepattern` is no dict.
    """
    if not isinstance(split_to_filepattern, Mapping):
      raise errors.UserError(
          f"split_to_filepattern is {split_to_filepattern!r}, but must be a"
          ' dict such as {"train": "train-*.tsv", "validation": "dev.tsv"}.'
      )
    super().__init__(
        split_to_filepattern, num_input_examples, caching_permitted
    )
    self._read_file_fn = read_file_fn
    self._patterns = dict(split_to_filepattern)
    self._file_shuffle_buffer_size = file_shuffle_buffer_size
    self._cycle_length = cycle_length
    self._block_length = block_length

  def list_shards(self, split: str) -> list[str]:
    self._check_split(split)
    return files.expand(self._patterns[split])

  def get_dataset(
      self,
      split: str = "train",
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
  ) -> tf.data.Dataset:
    names, by_example = _deal(self.list_shards(split), shard_info)
    check_same_order(by_example, shuffle and len(names) > 1, seed)
    order = tf.data.Dataset.from_tensor_slices(names)
    if shuffle:
      order = order.shuffle(
          self._file_shuffle_buffer_size or len(names), seed=seed
      )
    dataset = order.interleave(
        self._reader(split, names),
        cycle_length=min(self._cycle_length, len(names)),
        block_length=self._block_length,
    )
    return shard(dataset, by_example).repeat(num_epochs)

  def _reader(
      self, split: str, names: Sequence[str]
  ) -> Callable[[tf.Tensor], tf.data.Dataset]:
    """Returns a function from a file name (tf.string) to its examples."""
    del split, names
    return self._read_file_fn


class TextLineDataSource(FileDataSource):
  """The lines of text files (.gz too), each a tf.string scalar."""

  def __init__(
      self,
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      skip_header_lines: int = 0,
      num_input_examples: Mapping[str, int] | None = None,
      caching_permitted: bool = True,
      file_shuffle_buffer_size: int | None = None,
  ):
    """Initializes the source.

    Args:
      split_to_filepattern: split -> file pattern, or several of them.
      skip_header_lines: number of lines to leave out at the head of a file.
      num_input_examples: split -> number of examples, where it is known.
      caching_permitted: see `FileDataSource`.
      file_shuffle_buffer_size: see `FileDataSource`.
    """

    def read(name: tf.Tensor) -> tf.data.Dataset:
      lines = tf.data.TextLineDataset(name, compression_type=_compression(name))
      return lines.skip(skip_header_lines)

    super().__init__(
        read,
        split_to_filepattern,
        num_input_examples,
        caching_permitted,
        file_shuffle_buffer_size,
    )
    self._skip_header_lines = skip_header_lines

  def num_input_examples(self, split: str) -> int | None:
    """Number of lines; they are counted when the number was not given."""
    known = super().num_input_examples(split)
    if known is None:
      known = sum(
          max(0, _count_lines(name) - self._skip_header_lines)
          for name in self.list_shards(split)
      )
      self._num_input_examples[split] = known
    return known


class TFExampleDataSource(FileDataSource):
  """`tf.train.Example`s of TFRecord files (.gz too)."""

  def __init__(
      self,
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      feature_description: Mapping[str, Any],
      reader_cls: Callable[[tf.Tensor], tf.data.Dataset] | None = None,
      num_input_examples: Mapping[str, int] | None = None,
      caching_permitted: bool = True,
      file_shuffle_buffer_size: int | None = None,
  ):
    """Initializes the source.

    Args:
      split_to_filepattern: split -> file pattern, or several of them.
      feature_description: name -> `tf.io.FixedLenFeature` and the like.
      reader_cls: gives the serialized examples of a file; by default it is
        read as TFRecords.
      num_input_examples: split -> number of examples, where it is known.
      caching_permitted: see `FileDataSource`.
      file_shuffle_buffer_size: see `FileDataSource`.
    """
    description = dict(feature_description)

    def read(name: tf.Tensor) -> tf.data.Dataset:
      return (reader_cls or _read_records)(name).map(
          lambda record: tf.io.parse_single_example(record, description)
      )

    super().__init__(
        read,
        split_to_filepattern,
        num_input_examples,
        caching_permitted,
        file_shuffle_buffer_size,
    )


def _deal(
    names: Sequence[str], shard_info: ShardInfo | None
) -> tuple[list[str], ShardInfo | None]:
  """Deals files to the parts; what they cannot be dealt to shares examples.

  Args:
    names: the files.
    shard_info: the part; None for all.

  Returns:
    The files of the part, and which part of their examples.
  """
  if shard_info is None:
    return list(names), None
  index, parts = shard_info.index, shard_info.num_shards
  if len(names) >= parts:
    return list(names[index::parts]), None
  if parts % len(names) == 0:  # the same number of parts for each file
    within = ShardInfo(index // len(names), parts // len(names))
    return [names[index % len(names)]], within
  return list(names), shard_info


def _read_records(name: tf.Tensor) -> tf.data.Dataset:
  return tf.data.TFRecordDataset(name, compression_type=_compression(name))


def _compression(name: tf.Tensor) -> tf.Tensor:
  return tf.where(tf.strings.regex_full_match(name, r".*\.gz"), "GZIP", "")


def _count_lines(path: str) -> int:
  with files.open_binary(path) as f:
    return sum(1 for _ in f)
