"""The layout of TensorFlow Datasets' C4, so that its builder reads a corpus."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from t5_mtf.tf_compat import tf

METADATA = ("dataset_info.json", "features.json")
_FEATURES = ("content-length", "content-type", "text", "timestamp", "url")
_VERSION = "2.2.0"


def file_name(split: str, index: int, count: int) -> str:
  """The name of a file.

  >>> file_name("train", 0, 4)
  'c4-train.tfrecord-00000-of-00004'
  """
  return f"c4-{split}.tfrecord-{index:05d}-of-{count:05d}"


def write_metadata(folder: str, pages: Mapping[str, Sequence[int]]) -> None:
  """Writes what makes a folder of TFRecords a data set.

  `tfds.builder_from_directory` reads it, and if the folder is
  `DATA_DIR/c4/en/2.2.0`, so does every Task over `c4/en:2.2.0`.

  Args:
    folder: of the corpus.
    pages: split -> number of pages of each of its files.
  """
  import tensorflow_datasets as tfds

  features = tfds.features.FeaturesDict(
      {name: tfds.features.Text() for name in _FEATURES}
  )
  names = tfds.core.ShardedFileTemplate(
      data_dir=folder,
      template="{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
      dataset_name="c4",
      filetype_suffix="tfrecord",
  )
  splits = [
      tfds.core.SplitInfo(
          name=split,
          shard_lengths=list(lengths),
          num_bytes=sum(
              tf.io.gfile.stat(
                  os.path.join(folder, file_name(split, i, len(lengths)))
              ).length
              for i in range(len(lengths))
          ),
          filename_template=names,
      )
      for split, lengths in pages.items()
  ]
  identity = tfds.core.dataset_info.DatasetIdentity(
      name="c4",
      config_name="en",
      version=tfds.core.Version(_VERSION),
      data_dir=folder,
      module_name="tensorflow_datasets.text.c4",
  )
  info = tfds.core.DatasetInfo(
      builder=identity,
      description="Local text, cleaned as C4 is.",
      features=features,
  )
  info.set_splits(tfds.core.SplitDict(splits))
  info.write_to_directory(folder)
