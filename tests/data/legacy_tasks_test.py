"""Tests of t5_mtf.data.legacy_tasks."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import data
from t5_mtf.data import dataset_providers, preprocessors

_BYTES = data.ByteVocabulary()
_FEATURES = {"inputs": data.Feature(_BYTES), "targets": data.Feature(_BYTES)}


def _lines(split, shuffle_files):
  del split, shuffle_files
  return tf.data.Dataset.from_tensor_slices(["ab\tc", "d\te"])


@preprocessors.map_over_dataset
def _split(line):
  parts = tf.strings.split(line, "\t")
  return {"inputs": parts[0], "targets": parts[1]}


def _shout(dataset):
  return dataset.map(lambda e: {k: tf.strings.upper(e[k]) for k in e})


def _first(dataset, sequence_length):
  assert sequence_length == {"inputs": 8, "targets": 8}
  return dataset.map(lambda e: {**e, "inputs": e["inputs"][:1]})


@pytest.fixture
def add():
  """`TaskRegistry.add`; what it adds is removed afterwards."""
  names = []

  def register(name, *args, **kwargs):
    names.append(name)
    return data.TaskRegistry.add(name, *args, **kwargs)

  yield register
  for name in names:
    data.TaskRegistry.remove(name)


def _texts(task) -> list[tuple[str, str]]:
  dataset = task.get_dataset({"inputs": 8, "targets": 8}, shuffle=False)
  return [
      (_BYTES.decode(e["inputs"]), _BYTES.decode(e["targets"]))
      for e in dataset.as_numpy_iterator()
  ]


def test_function_task_tokenizes_after_text_and_before_token_steps(add):
  task = add(
      "test_function",
      dataset_providers.FunctionTask,
      dataset_fn=_lines,
      splits=["train"],
      text_preprocessor=[_split, _shout],
      token_preprocessor=_first,
      output_features=_FEATURES,
      num_input_examples={"train": 2},
  )
  assert _texts(task) == [("A", "C"), ("D", "E")]
  assert task.num_input_examples("train") == 2
  assert task.supports_caching
  assert [type(fn).__name__ for fn in task.preprocessors].index(
      "CacheDatasetPlaceholder"
  ) == 3


def test_class_may_be_left_out_or_the_facades_task(add):
  arguments = {
      "dataset_fn": _lines,
      "splits": ["train"],
      "text_preprocessor": _split,
      "output_features": _FEATURES,
      "supports_caching": False,
  }
  for i, cls in enumerate([(), (data.Task,)]):
    task = add(f"test_plain_{i}", *cls, **arguments)
    assert _texts(task) == [("ab", "c"), ("d", "e")]
    assert not task.supports_caching


def test_features_default_to_inputs_and_targets_of_the_default_vocabulary():
  for features in (None, ["inputs", "targets"]):
    task = dataset_providers.FunctionTask(
        "t", _lines, ["train"], None, output_features=features
    )
    feature = data.Feature(data.get_default_vocabulary())
    assert task.output_features == {"inputs": feature, "targets": feature}


def test_text_line_task(add, tmp_path):
  (tmp_path / "a.tsv").write_text("head\nab\tc\n")
  task = add(
      "test_lines",
      dataset_providers.TextLineTask,
      split_to_filepattern={"train": str(tmp_path / "*.tsv")},
      skip_header_lines=1,
      text_preprocessor=_split,
      metric_fns=[],
      output_features=_FEATURES,
  )
  assert _texts(task) == [("ab", "c")]
  assert task.num_input_examples("train") == 1


def test_tf_example_task(add, tmp_path):
  path = str(tmp_path / "a.tfrecord")
  with tf.io.TFRecordWriter(path) as writer:
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text]))
        for name, text in (("inputs", b"ab"), ("targets", b"c"))
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    writer.write(example.SerializeToString())
  task = add(
      "test_examples",
      dataset_providers.TFExampleTask,
      split_to_filepattern={"train": path},
      feature_description={
          name: tf.io.FixedLenFeature([], tf.string) for name in _FEATURES
      },
      text_preprocessor=None,
      metric_fns=[],
      output_features=_FEATURES,
  )
  assert _texts(task) == [("ab", "c")]


def test_tfds_task_has_the_source_of_its_name(add):
  task = add(
      "test_tfds",
      dataset_providers.TfdsTask,
      tfds_name="glue/cola:2.0.0",
      tfds_data_dir="folder",
      splits={"train": "train[:90%]"},
      text_preprocessor=_split,
      metric_fns=[],
      output_features=_FEATURES,
  )
  assert task.source.tfds_name == "glue/cola:2.0.0"
  assert task.source.tfds_data_dir == "folder"
  assert task.splits == ["train"]


def test_new_and_old_form_share_a_registry(add):
  source = data.FunctionDataSource(_lines, ["train"])
  new = add("test_new", source, _FEATURES, [_split, data.tokenize])
  assert type(new) is data.Task
  assert _texts(new) == [("ab", "c"), ("d", "e")]
  assert data.TaskRegistry.get("test_new") is new
  assert data.TaskRegistry.get_dataset("test_new", None, "train")
