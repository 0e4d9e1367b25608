"""Data sources: where the examples of a task come from.

A source has splits, and gives each as a `tf.data.Dataset`, in a graph as well
as eagerly. The same seed gives the same order. Names are as published (SeqIO);
`TableDataSource` is an addition.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import files, tables
from t5_mtf.tf_compat import tf


@dataclasses.dataclass(frozen=True)
class ShardInfo:
  """One of `num_shards` disjoint parts of a split.

  Attributes:
    index: which part, from 0.
    num_shards: number of parts.
  """

  index: int
  num_shards: int

  def __post_init__(self) -> None:
    if not 0 <= self.index < self.num_shards:
      raise errors.UserError(
          f"shard index {self.index} is not in 0 ... {self.num_shards - 1}"
          f" (num_shards is {self.num_shards})."
      )


class DataSource(abc.ABC):
  """Base class of the sources.

  A subclass sets `splits` through the constructor and implements
  `get_dataset`. Files are looked at when a dataset is built, not before.
  """

  def __init__(
      self,
      splits: Iterable[str],
      num_input_examples: Mapping[str, int] | None = None,
  ):
    """Initializes the source.

    Args:
      splits: names of the splits.
      num_input_examples: split -> number of examples, where it is known.
    """
    self._splits = tuple(splits)
    self._num_input_examples = dict(num_input_examples or {})

  @property
  def splits(self) -> list[str]:
    """Names of the splits."""
    return list(self._splits)

  def num_input_examples(self, split: str) -> int | None:
    """Number of examples of `split`, or None when that is not known."""
    self._check_split(split)
    return self._num_input_examples.get(split)

  @abc.abstractmethod
  def list_shards(self, split: str) -> list[str]:
    """Names of the pieces (files) that `split` consists of."""

  @abc.abstractmethod
  def get_dataset(
      self,
      split: str,
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
  ) -> tf.data.Dataset:
    """Returns the examples of a split.

    Args:
      split: one of `splits`.
      shuffle: whether to read the files in another order in each epoch.
      seed: makes that order reproducible.
      shard_info: gives only this part: every num_shards-th file when there
        are at least as many files as parts, else every num_shards-th example.
      num_epochs: how often to repeat; None is for ever.

    Returns:
      A dataset of raw examples.

    Raises:
      UserError: there is no such split.
      DataError: a file is missing or malformed.
    """

  def _check_split(self, split: str) -> None:
    if split not in self.splits:
      raise errors.unknown_name(
          "split",
          split,
          self.splits,
          f"The splits are: {', '.join(self.splits)}.",
      )


class FunctionDataSource(DataSource):
  """Examples from a function `dataset_fn(split, shuffle_files, seed=None)`."""

  def __init__(
      self,
      dataset_fn: Callable[..., tf.data.Dataset],
      splits: Iterable[str],
      num_input_examples: Mapping[str, int] | None = None,
  ):
    """Initializes the source.

    Args:
      dataset_fn: called with the split, whether to shuffle, and the seed;
        returns a `tf.data.Dataset`.
      splits: names of the splits.
      num_input_examples: split -> number of examples, where it is known.
    """
    super().__init__(splits, num_input_examples)
    self._dataset_fn = dataset_fn

  def list_shards(self, split: str) -> list[str]:
    self._check_split(split)
    return [split]

  def get_dataset(
      self,
      split: str,
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
  ) -> tf.data.Dataset:
    self._check_split(split)
    dataset = self._dataset_fn(split, shuffle, seed=seed)
    return _shard(dataset, shard_info).repeat(num_epochs)


_tfds_data_dir_override: str | None = None


def set_tfds_data_dir_override(tfds_data_dir: str | None) -> None:
  """Makes every TFDS source read its data sets from this folder.

  Args:
    tfds_data_dir: the folder; None ends the override.
  """
  global _tfds_data_dir_override
  _tfds_data_dir_override = tfds_data_dir


class TfdsDataSource(DataSource):
  """Examples of a TensorFlow Datasets data set."""

  def __init__(
      self,
      tfds_name: str,
      tfds_data_dir: str | None = None,
      splits: Iterable[str] | Mapping[str, str] | None = None,
  ):
    """Initializes the source; TFDS is asked at the first use.

    Args:
      tfds_name: "name:version" or "name/config:version".
      tfds_data_dir: folder of the prepared data sets; TFDS's own by default.
      splits: names of the splits, or name -> TFDS split (such as
        "train[:90%]"). By default those the data set has.
    """
    self._split_map = dict(splits) if isinstance(splits, Mapping) else None
    super().__init__(splits or ())
    self.tfds_name = tfds_name
    self._tfds_data_dir = tfds_data_dir

  @property
  def tfds_data_dir(self) -> str | None:
    """Folder of the prepared data sets; None for TFDS's own."""
    return _tfds_data_dir_override or self._tfds_data_dir

  @functools.cached_property
  def _builder(self) -> Any:
    import tensorflow_datasets as tfds

    try:
      return tfds.builder(self.tfds_name, data_dir=self.tfds_data_dir)
    except (tfds.core.DatasetNotFoundError, AssertionError, ValueError) as e:
      raise errors.DataError(
          f"TensorFlow Datasets has no data set {self.tfds_name!r}"
          f" (data folder: {self.tfds_data_dir or 'the default'}): {e}"
      ) from e

  @property
  def splits(self) -> list[str]:
    return list(self._splits) or list(self._prepared().info.splits)

  def num_input_examples(self, split: str) -> int | None:
    self._check_split(split)
    return self._prepared().info.splits[self._tfds_split(split)].num_examples

  def list_shards(self, split: str) -> list[str]:
    self._check_split(split)
    return list(self._prepared().info.splits[self._tfds_split(split)].filenames)

  def get_dataset(
      self,
      split: str,
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
  ) -> tf.data.Dataset:
    import tensorflow_datasets as tfds

    self._check_split(split)
    dataset = self._prepared().as_dataset(
        split=self._tfds_split(split),
        shuffle_files=shuffle,
        read_config=tfds.ReadConfig(
            shuffle_seed=seed,
            interleave_cycle_length=1,
            try_autocache=False,
        ),
    )
    return _shard(dataset, shard_info).repeat(num_epochs)

  def _tfds_split(self, split: str) -> str:
    return self._split_map[split] if self._split_map else split

  def _prepared(self) -> Any:
    """The builder, with its data on disk."""
    if not self._builder.is_prepared():
      try:
        self._builder.download_and_prepare()
      except Exception as e:
        raise errors.DataError(
            f"TensorFlow Datasets could not prepare {self.tfds_name!r} in"
            f" {self._builder.data_dir}: {e}. Prepare it on a machine with a"
            " network (`tfds build`), copy the folder, and give it as"
            " tfds_data_dir."
        ) from e
    return self._builder


class _FileDataSource(DataSource):
  """Base class of the sources that read files, one pattern or more a split."""

  def __init__(
      self,
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      num_input_examples: Mapping[str, int] | None = None,
  ):
    if not isinstance(split_to_filepattern, Mapping):
      raise errors.UserError(
          f"split_to_filepattern is {split_to_filepattern!r}, but must be a"
          ' dict such as {"train": "train-*.tsv", "validation": "dev.tsv"}.'
      )
    super().__init__(split_to_filepattern, num_input_examples)
    self._patterns = dict(split_to_filepattern)

  def list_shards(self, split: str) -> list[str]:
    self._check_split(split)
    return files.expand(self._patterns[split])

  def get_dataset(
      self,
      split: str,
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
  ) -> tf.data.Dataset:
    names = self.list_shards(split)
    by_example = shard_info
    if shard_info and len(names) >= shard_info.num_shards:
      names = names[shard_info.index :: shard_info.num_shards]
      by_example = None
    order = tf.data.Dataset.from_tensor_slices(names)
    if shuffle and len(names) > 1:
      order = order.shuffle(len(names), seed=seed)
    dataset = order.flat_map(self._reader(split, names))
    return _shard(dataset, by_example).repeat(num_epochs)

  @abc.abstractmethod
  def _reader(
      self, split: str, names: Sequence[str]
  ) -> Callable[[tf.Tensor], tf.data.Dataset]:
    """Returns a function from a file name (tf.string) to its examples."""


class TextLineDataSource(_FileDataSource):
  """The lines of text files (.gz too), each a tf.string scalar."""

  def __init__(
      self,
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      skip_header_lines: int = 0,
      num_input_examples: Mapping[str, int] | None = None,
  ):
    """Initializes the source.

    Args:
      split_to_filepattern: split -> file pattern, or several of them.
      skip_header_lines: number of lines to leave out at the head of a file.
      num_input_examples: split -> number of examples, where it is known.
    """
    super().__init__(split_to_filepattern, num_input_examples)
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

  def _reader(
      self, split: str, names: Sequence[str]
  ) -> Callable[[tf.Tensor], tf.data.Dataset]:
    def read(name: tf.Tensor) -> tf.data.Dataset:
      lines = tf.data.TextLineDataset(name, compression_type=_compression(name))
      return lines.skip(self._skip_header_lines)

    return read


class TFExampleDataSource(_FileDataSource):
  """`tf.train.Example`s of TFRecord files (.gz too)."""

  def __init__(
      self,
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      feature_description: Mapping[str, Any],
      num_input_examples: Mapping[str, int] | None = None,
  ):
    """Initializes the source.

    Args:
      split_to_filepattern: split -> file pattern, or several of them.
      feature_description: name -> `tf.io.FixedLenFeature` and the like.
      num_input_examples: split -> number of examples, where it is known.
    """
    super().__init__(split_to_filepattern, num_input_examples)
    self._feature_description = dict(feature_description)

  def _reader(
      self, split: str, names: Sequence[str]
  ) -> Callable[[tf.Tensor], tf.data.Dataset]:
    def read(name: tf.Tensor) -> tf.data.Dataset:
      records = tf.data.TFRecordDataset(
          name, compression_type=_compression(name)
      )
      return records.map(
          lambda record: tf.io.parse_single_example(
              record, self._feature_description
          )
      )

    return read


class TableDataSource(_FileDataSource):
  """Rows of TSV, CSV or JSONL files (.gz too), as dicts of tf.string scalars.

  `tables.Table` describes the formats. Every row is checked once, in a
  streaming pass, before the dataset is built, so that a malformed one is an
  error that names its file and line, also in a graph. That pass counts the
  rows, too. The rows themselves are read by `tf.data.Dataset.from_generator`,
  so this source works in the process that built it, not on a remote worker.
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
      file_format: "tsv", "csv" or "jsonl"; by default by the file's name.
      num_input_examples: split -> number of rows; counted by default.
    """
    super().__init__(split_to_filepattern, num_input_examples)
    self._columns = tuple(columns) if columns else None
    self._file_format = file_format

  def num_input_examples(self, split: str) -> int | None:
    """Number of rows; they are counted when the number was not given."""
    known = super().num_input_examples(split)
    if known is None:
      known = sum(
          table.num_rows() for table in self._tables(self.list_shards(split))
      )
      self._num_input_examples[split] = known
    return known

  def _tables(self, names: Sequence[str]) -> list[tables.Table]:
    opened = [
        tables.Table(name, self._columns, self._file_format) for name in names
    ]
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
    opened = self._tables(names)
    for table in opened:
      table.num_rows()
    columns = tuple(sorted(opened[0].columns))
    by_name = {table.path: table for table in opened}

    def blocks(name: bytes) -> Iterable[list[list[str]]]:
      return by_name[name.decode("utf-8")].blocks(columns)

    def read(name: tf.Tensor) -> tf.data.Dataset:
      rows = tf.data.Dataset.from_generator(
          blocks,
          args=(name,),
          output_signature=tf.TensorSpec([None, len(columns)], tf.string),
      )
      by_column = rows.map(
          lambda block: {c: block[:, i] for i, c in enumerate(columns)}
      )
      return by_column.unbatch()

    return read


def _shard(
    dataset: tf.data.Dataset, shard_info: ShardInfo | None
) -> tf.data.Dataset:
  if shard_info is None or shard_info.num_shards == 1:
    return dataset
  return dataset.shard(shard_info.num_shards, shard_info.index)


def _compression(name: tf.Tensor) -> tf.Tensor:
  return tf.where(tf.strings.regex_full_match(name, r".*\.gz"), "GZIP", "")


def _count_lines(path: str) -> int:
  with files.open_binary(path) as f:
    return sum(1 for _ in f)
