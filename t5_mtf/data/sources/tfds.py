"""Examples of TensorFlow Datasets (TFDS)."""

from __future__ import annotations

import concurrent.futures
import socket
import sys
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.data.sources.base import DataSource, ShardInfo, shard
from t5_mtf.tf_compat import tf

_CONNECT_SECONDS = 5.0  # to find out whether the hosts of a data set answer

# Configurations that TFDS has renamed: published name -> today's.
_RENAMED = {
    "c4/en.realnewslike": "c4/realnewslike",
    "c4/en.webtextlike": "c4/webtextlike",
}

_data_dir_override: str | None = None


def set_tfds_data_dir_override(tfds_data_dir: str | None) -> None:
  """Makes every TFDS source read its data sets from this folder.

  Args:
    tfds_data_dir: the folder; None ends the override.
  """
  global _data_dir_override
  _data_dir_override = tfds_data_dir


def get_tfds_data_dir_override() -> str | None:
  """Returns the folder that all TFDS sources read from, None if not set."""
  return _data_dir_override


class TfdsDataSource(DataSource):
  """Examples of a TensorFlow Datasets data set."""

  def __init__(
      self,
      tfds_name: str,
      tfds_data_dir: str | None = None,
      splits: Iterable[str] | Mapping[str, str] | None = None,
      num_input_examples: Mapping[str, int] | None = None,
      caching_permitted: bool = True,
  ):
    """Initializes the source; TFDS is asked at the first use.

    Args:
      tfds_name: "name:version" or "name/config:version".
      tfds_data_dir: folder of the prepared data sets; TFDS's own by default.
      splits: names of the splits, or name -> TFDS split (such as
        "train[:90%]"). By default those the data set has.
      num_input_examples: split -> number of examples, for use where the data
        set is not prepared; by default TFDS is asked.
      caching_permitted: whether processed examples may be kept in files.

    Raises:
      UserError: the name has no version.
    """
    if ":" not in tfds_name:
      raise errors.UserError(
          f"TFDS name must contain a version number, got: {tfds_name}. Write"
          f" for example {tfds_name}:1.0.0."
      )
    self._split_map = dict(splits) if isinstance(splits, Mapping) else None
    super().__init__(splits or (), num_input_examples, caching_permitted)
    self._tfds_name = tfds_name
    self._tfds_data_dir = tfds_data_dir
    self._builders: dict[str | None, Any] = {}  # by data folder
    self._said: set[str] = set()

  @property
  def tfds_name(self) -> str:
    """The data set: "name:version" or "name/config:version"."""
    return self._tfds_name

  @property
  def split_map(self) -> dict[str, str] | None:
    """Split -> TFDS split; None where both have the same names."""
    return None if self._split_map is None else dict(self._split_map)

  @property
  def tfds_data_dir(self) -> str | None:
    """Folder of the prepared data sets; None for TFDS's own."""
    return _data_dir_override or self._tfds_data_dir

  @property
  def splits(self) -> list[str]:
    return list(self._splits) or list(self._prepared().info.splits)

  def num_input_examples(self, split: str) -> int | None:
    """Number of examples, from TFDS unless it was given."""
    known = self._num_input_examples.get(split)
    if known is not None and not (self._is_prepared() and split in self.splits):
      return known
    self._check_split(split)
    return self._split_info(split).num_examples

  def list_shards(self, split: str) -> list[str]:
    self._check_split(split)
    return sorted(self._split_info(split).filenames)

  def get_dataset(
      self,
      split: str = "train",
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
  ) -> tf.data.Dataset:
    import tensorflow_datasets as tfds

    self._check_split(split)
    input_context = None
    if shard_info and shard_info.num_shards <= len(self.list_shards(split)):
      input_context = tf.distribute.InputContext(
          num_input_pipelines=shard_info.num_shards,
          input_pipeline_id=shard_info.index,
      )
      shard_info = None
    dataset = self._prepared().as_dataset(
        split=self._tfds_split(split),
        shuffle_files=shuffle,
        read_config=tfds.ReadConfig(
            shuffle_seed=seed,
            skip_prefetch=True,
            try_autocache=False,
            input_context=input_context,
        ),
    )
    return shard(dataset, shard_info).repeat(num_epochs)

  def _tfds_split(self, split: str) -> str:
    return self._split_map[split] if self._split_map else split

  def _split_info(self, split: str) -> Any:
    return self._prepared().info.splits[self._tfds_split(split)]

  @property
  def _builder(self) -> Any:
    folder = self.tfds_data_dir
    if folder not in self._builders:
      import tensorflow_datasets as tfds

      try:
        builder = tfds.builder(self.tfds_name, data_dir=folder)
      except (tfds.core.DatasetNotFoundError, AssertionError, ValueError) as e:
        name, _, version = self.tfds_name.partition(":")
        if name not in _RENAMED:
          raise self._not_known(e) from e
        builder = tfds.builder(f"{_RENAMED[name]}:{version}", data_dir=folder)
      self._builders[folder] = _that_can_be_made(builder, folder)
    return self._builders[folder]

  def _not_known(self, error: Exception) -> errors.DataError:
    import tensorflow_datasets as tfds

    folder = self.tfds_data_dir or "~/tensorflow_datasets"
    if isinstance(error, tfds.core.DatasetNotFoundError):
      reason = "it knows no data set of this name"
    else:
      reason = (str(error).strip().splitlines() or [repr(error)])[-1]
    return errors.DataError(
        f"TensorFlow Datasets {tfds.__version__} cannot read or make"
        f" {self.tfds_name!r}: {reason}. A folder"
        f" {self.tfds_name.replace(':', '/')} that another version has"
        f" prepared can be copied into {folder}, or its parent be named with"
        " tfds_data_dir."
    )

  def _is_prepared(self) -> bool:
    try:
      return bool(self._builder.is_prepared())
    except errors.DataError:
      return False

  def _prepared(self) -> Any:
    """The builder, with its data on disk."""
    builder = self._builder
    if not builder.is_prepared():
      self._download()
    used = _build_name(builder)
    if used != self.tfds_name and used not in self._said:
      self._said.add(used)
      print(
          f"{self.tfds_name} is not there, and TensorFlow Datasets no longer"
          f" makes it: {used} is read in its place.",
          file=sys.stderr,
          flush=True,
      )
    return builder

  def _download(self) -> None:
    """Downloads and prepares the data, if the machine can reach it."""
    builder = self._builder
    urls = _urls(builder)
    hosts = sorted({urllib.parse.urlsplit(url).hostname or "" for url in urls})
    size = sum(urls.values()) / 1e6
    what = f"download of at most {size:,.0f} MB" if size else "download"
    if hosts and not _any_reachable(hosts):
      raise self._not_prepared(
          what, f"none of its hosts can be reached ({', '.join(hosts)})"
      )
    print(
        f"TensorFlow Datasets prepares {_build_name(builder)} ({what}) in"
        f" {builder.data_dir} ...",
        file=sys.stderr,
        flush=True,
    )
    try:
      builder.download_and_prepare()
    except Exception as e:
      raise self._not_prepared(what, str(e)) from e

  def _not_prepared(self, what: str, reason: str) -> errors.DataError:
    """What to run, and where the data set will be stored."""
    folder = self.tfds_data_dir or "~/tensorflow_datasets"
    return errors.DataError(
        f"the data set {self.tfds_name} is not in {self._builder.data_dir}, and"
        f" could not be prepared: {reason}. On a machine with a network run\n"
        f"  tfds build {_build_name(self._builder)} --data_dir={folder}\n"
        f"({what}), and copy that folder here if it is another machine."
    )


def _build_name(builder: Any) -> str:
  """The name that `tfds build` takes: name/config:version."""
  return ":".join(builder.info.full_name.rsplit("/", 1))


def _that_can_be_made(builder: Any, folder: str | None) -> Any:
  """The builder, or that of the newest version if TFDS makes no other.

  TFDS reads every version that was prepared, but prepares the newest alone.
  """
  import tensorflow_datasets as tfds

  if builder.is_prepared():
    return builder
  newest = str(builder.canonical_version)
  if str(builder.version) in (newest, str(max(builder.versions))):
    return builder
  name = _build_name(builder).partition(":")[0]
  return tfds.builder(f"{name}:{newest}", data_dir=folder)


def _urls(builder: Any) -> dict[str, int]:
  """URL -> bytes of what TFDS would download; empty if it does not say."""
  try:
    return {
        url: int(info.size or 0) for url, info in builder.url_infos.items()
    }
  except (AttributeError, OSError, ValueError):
    return {}


def _any_reachable(hosts: Iterable[str]) -> bool:
  """Whether one of the hosts accepts a connection, asked at the same time."""

  def connect(host: str) -> None:
    socket.create_connection((host, 443), timeout=_CONNECT_SECONDS).close()

  pool = concurrent.futures.ThreadPoolExecutor()
  tries = [pool.submit(connect, host) for host in hosts]
  try:
    for tried in concurrent.futures.as_completed(tries, _CONNECT_SECONDS):
      if tried.exception() is None:
        return True
  except concurrent.futures.TimeoutError:
    pass
  finally:
    pool.shutdown(wait=False, cancel_futures=True)
  return False
