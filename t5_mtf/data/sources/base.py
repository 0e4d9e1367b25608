"""The base of all data sources, and the source that calls a function."""

from __future__ import annotations

import abc
import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.tf_compat import tf


@dataclasses.dataclass(frozen=True)
class ShardInfo:
  """One of `num_shards` disjoint parts, which together are the whole.

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
      caching_permitted: bool = True,
  ):
    """Initializes the source.

    Args:
      splits: names of the splits.
      num_input_examples: split -> number of examples, where it is known.
      caching_permitted: whether processed examples may be kept in files.
    """
    self._splits = tuple(splits)
    self._num_input_examples = dict(num_input_examples or {})
    self._caching_permitted = caching_permitted

  @property
  def splits(self) -> list[str]:
    """Names of the splits."""
    return list(self._splits)

  @property
  def caching_permitted(self) -> bool:
    """Whether processed examples may be kept in files."""
    return self._caching_permitted

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
      split: str = "train",
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
      shard_info: gives only this part: some of the files when there are at
        least as many files as parts, else every num_shards-th example.
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
      caching_permitted: bool = True,
  ):
    """Initializes the source.

    Args:
      dataset_fn: called with the split, whether to shuffle, and, if it has
        such a parameter, `seed`; returns a `tf.data.Dataset`.
      splits: names of the splits.
      num_input_examples: split -> number of examples, where it is known.
      caching_permitted: whether processed examples may be kept in files.
    """
    super().__init__(splits, num_input_examples, caching_permitted)
    self._dataset_fn = dataset_fn

  def list_shards(self, split: str) -> list[str]:
    self._check_split(split)
    return [split]

  def get_dataset(
      self,
      split: str = "train",
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
  ) -> tf.data.Dataset:
    self._check_split(split)
    seeded = {"seed": seed} if _takes_seed(self._dataset_fn) else {}
    dataset = self._dataset_fn(split, shuffle, **seeded)
    return shard(dataset, shard_info).repeat(num_epochs)


def shard(
    dataset: tf.data.Dataset, shard_info: ShardInfo | None
) -> tf.data.Dataset:
  """Returns every num_shards-th element, from the index-th on.

  >>> part = shard(tf.data.Dataset.range(7), ShardInfo(1, 3))
  >>> [int(i) for i in part]
  [1, 4]

  Args:
    dataset: the whole.
    shard_info: which part of it; None for all.

  Returns:
    The part.
  """
  if shard_info is None or shard_info.num_shards == 1:
    return dataset
  return dataset.shard(shard_info.num_shards, shard_info.index)


def check_same_order(
    shard_info: ShardInfo | None, shuffle: bool, seed: int | None
) -> None:
  """Raises UserError if the parts would be cut from different orders."""
  if shard_info and shard_info.num_shards > 1 and shuffle and seed is None:
    raise errors.UserError(
        "shard_info with shuffle=True needs a seed: without one each part"
        " would be cut from another order, so examples would be lost and come"
        " twice. Give all parts the same seed, or shuffle=False."
    )


def _takes_seed(fn: Callable[..., Any]) -> bool:
  parameters = inspect.signature(fn).parameters
  return "seed" in parameters or any(
      parameter.kind is parameter.VAR_KEYWORD
      for parameter in parameters.values()
  )
