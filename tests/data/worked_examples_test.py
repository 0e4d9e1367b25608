"""Tests of t5_mtf.data.worked_examples."""

from __future__ import annotations

import doctest

import pytest
import tensorflow as tf

from t5_mtf import data
from t5_mtf.data import preprocessors, worked_examples

_BYTES = data.ByteVocabulary(extra_ids=10)
_FEATURES = {"inputs": data.Feature(_BYTES), "targets": data.Feature(_BYTES)}
_LENGTHS = {"inputs": 6, "targets": 6}
_ROWS = {"inputs": ["drop", "abcdefgh", "twice"], "targets": ["x", "y", "z"]}


def _drop(dataset):
  return dataset.filter(lambda row: row["inputs"] != "drop")


def _repeat(dataset):
  def copies(row):
    count = tf.where(row["inputs"] == "twice", 2, 1)
    return tf.data.Dataset.from_tensors(row).repeat(tf.cast(count, tf.int64))

  return dataset.flat_map(copies)


def _task(*steps):
  source = data.FunctionDataSource(
      lambda split, shuffle_files, seed=None: (
          tf.data.Dataset.from_tensor_slices(_ROWS)
      ),
      ["train"],
  )
  return data.Task("worked", source, _FEATURES, preprocessors=steps)


@pytest.fixture(name="found", scope="module")
def fixture_found():
  task = _task(
      _drop,
      _repeat,
      preprocessors.tokenize,
      preprocessors.append_eos_after_trim,
  )
  return worked_examples.worked_examples(task, "train", 5, _LENGTHS)


def test_doctests():
  assert doctest.testmod(worked_examples).failed == 0


def test_examples_are_beside_the_row_they_were_made_of(found):
  places = [(e.index, e.number, e.raw["inputs"]) for e in found]
  assert places == [
      (1, 0, b"abcdefgh"),
      (2, 0, b"twice"),
      (2, 1, b"twice"),
  ]


def test_a_cut_example_says_how_long_it_was_and_what_is_lost(found):
  inputs = found[0].features["inputs"]
  assert inputs.text == "abcdefgh"
  assert inputs.decoded == "abcde"
  assert inputs.ids == [*_BYTES.encode("abcde"), 1]
  assert inputs.length == 9
  assert inputs.lost == "fgh"


def test_an_example_that_fits_loses_nothing(found):
  inputs = found[1].features["inputs"]
  assert (inputs.decoded, inputs.length, inputs.lost) == ("twice", 6, "")


def test_what_is_shown_is_what_the_task_gives(found):
  task = _task(
      _drop,
      _repeat,
      preprocessors.tokenize,
      preprocessors.append_eos_after_trim,
  )
  dataset = task.get_dataset(_LENGTHS, "train", shuffle=False)
  ids = [e["inputs"].tolist() for e in dataset.as_numpy_iterator()]
  assert [e.features["inputs"].ids for e in found] == ids


def test_steps_that_need_the_lengths_are_given_them():
  task = _task(
      preprocessors.tokenize,
      preprocessors.span_corruption,
      preprocessors.append_eos_after_trim,
  )
  lengths = {"inputs": 8, "targets": 8}
  found = worked_examples.worked_examples(task, "train", 1, lengths)
  assert len(found) == 1
  for feature in found[0].features.values():
    assert len(feature.ids) <= 8
    assert feature.length == len(feature.ids)


def test_raw_examples_are_as_the_source_gives_them():
  found = worked_examples.raw_examples(_task(), "train", 2)
  assert [e.raw["inputs"] for e in found] == [b"drop", b"abcdefgh"]
  assert found[0].features == {}
