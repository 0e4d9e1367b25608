"""Streams continue exactly from a saved iterator, whatever their source."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import data
from t5_mtf.data import preprocessors

_VOCABULARY = data.get_mini_vocabulary()
_FEATURES = dict.fromkeys(("inputs", "targets"), data.Feature(_VOCABULARY))
_COUNT = 300  # rows of a file: more than a block of the table source


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  """Two files of each format."""
  folder = tmp_path_factory.mktemp("files")
  for part in "ab":
    texts = [f"word {part}{i}" for i in range(_COUNT)]
    (folder / f"{part}.txt").write_text("\n".join(texts) + "\n")
    rows = [f"{text}\tyes" for text in texts]
    (folder / f"{part}.tsv").write_text("\n".join(["inputs\ttargets", *rows]))
    with tf.io.TFRecordWriter(str(folder / f"{part}.tfrecord")) as writer:
      for text in texts:
        value = tf.train.BytesList(value=[text.encode()])
        feature = {"inputs": tf.train.Feature(bytes_list=value)}
        example = tf.train.Example(features=tf.train.Features(feature=feature))
        writer.write(example.SerializeToString())
  return folder


def _source(kind, folder) -> data.DataSource:
  if kind == "text":
    return data.TextLineDataSource({"train": str(folder / "*.txt")})
  if kind == "table":
    return data.TableDataSource({"train": str(folder / "*.tsv")})
  if kind == "tf_example":
    return data.TFExampleDataSource(
        {"train": str(folder / "*.tfrecord")},
        {"inputs": tf.io.FixedLenFeature([], tf.string)},
    )
  return data.FunctionDataSource(
      lambda split, shuffle_files: tf.data.Dataset.range(2 * _COUNT).map(
          tf.strings.as_string
      ),
      ["train"],
  )


@preprocessors.map_over_dataset(num_seeds=1)
def _pair(row, seed):
  text = row["inputs"] if isinstance(row, dict) else row
  number = tf.random.stateless_uniform([], seed, 0, 10**6, tf.int32)
  return {"inputs": text, "targets": tf.strings.as_string(number)}


def _task(kind, folder) -> data.Task:
  steps = [_pair, data.tokenize, data.append_eos_after_trim]
  return data.Task(f"{kind}_task", _source(kind, folder), _FEATURES, steps)


def _stream(provider) -> tf.data.Dataset:
  dataset = provider.get_dataset(
      {"inputs": 16, "targets": 8}, seed=3, num_epochs=2
  )
  return dataset.map(lambda e: (e["inputs"], e["targets"]))


def _check_continues(provider, taken, path) -> None:
  iterator = iter(_stream(provider))
  for _ in range(taken):
    next(iterator)
  saved = tf.train.Checkpoint(iterator=iterator).save(str(path / "position"))
  rest = [[part.numpy().tolist() for part in e] for e in iterator]
  again = iter(_stream(provider))
  tf.train.Checkpoint(iterator=again).restore(saved)
  assert [[part.numpy().tolist() for part in e] for e in again] == rest
  assert len(rest) > 100


@pytest.mark.parametrize("kind", ["text", "table", "tf_example", "function"])
def test_stream_of_a_source_continues(kind, folder, tmp_path):
  _check_continues(_task(kind, folder), 850, tmp_path)


def test_stream_of_a_mixture_continues(folder, tmp_path):
  mixture = data.Mixture(
      "m", [(_task("text", folder), 1), (_task("table", folder), 2)]
  )
  _check_continues(mixture, 500, tmp_path)
