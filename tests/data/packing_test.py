"""Tests of t5_mtf.data.packing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from t5_mtf.data import packing

_LENGTHS = {"inputs": 24, "targets": 10}


def _examples(count: int, seed: int = 0) -> list[dict[str, np.ndarray]]:
  rng = np.random.default_rng(seed)
  return [
      {
          "inputs": rng.integers(2, 99, rng.integers(0, 15)).astype(np.int32),
          "targets": rng.integers(2, 99, rng.integers(1, 8)).astype(np.int32),
      }
      for _ in range(count)
  ]


def _dataset(examples) -> tf.data.Dataset:
  spec = {key: tf.TensorSpec([None], tf.int32) for key in examples[0]}
  return tf.data.Dataset.from_generator(
      lambda: examples, output_signature=spec
  )


def _rows(dataset) -> list[dict[str, np.ndarray]]:
  return list(dataset.as_numpy_iterator())


def _next_fit(examples, window):
  """The same in plain Python: lists of the examples of each row."""
  rows = []
  for i, example in enumerate(examples):
    fits = rows and i % window and all(
        sum(len(e[key]) for e in rows[-1]) + len(example[key]) <= length
        for key, length in _LENGTHS.items()
    )
    if not fits:
      rows.append([])
    rows[-1].append(example)
  return rows


def _padded(values, length) -> list[int]:
  return [*values, *[0] * (length - len(values))]


@pytest.mark.parametrize("window", [1, 2, 7, 64, 256, 2048])
def test_rows_are_those_of_next_fit(window):
  examples = _examples(300)
  rows = _rows(packing.pack(_dataset(examples), _LENGTHS, window))
  expected = _next_fit(examples, window)
  assert len(rows) == len(expected)
  for row, members in zip(rows, expected, strict=True):
    for key, length in _LENGTHS.items():
      ids = [i for e in members for i in e[key]]
      segments = [n for n, e in enumerate(members, 1) for _ in e[key]]
      places = [p for e in members for p in range(len(e[key]))]
      assert row[key].tolist() == _padded(ids, length)
      assert row[f"{key}_segmentation"].tolist() == _padded(segments, length)
      assert row[f"{key}_position"].tolist() == _padded(places, length)


def test_a_row_is_there_before_its_window_is_full():
  def example(i):
    # An error, if it is read.
    with tf.control_dependencies(
        [tf.debugging.assert_less(i, np.int64(packing.WINDOW // 2))]
    ):
      return {"targets": tf.identity([i])}

  examples = tf.data.Dataset.range(packing.WINDOW).map(example)
  first = next(iter(packing.pack(examples, {"targets": 10})))
  assert first["targets"].numpy().tolist() == [*range(10)]


def test_examples_without_ids_are_counted_in_the_next_block():
  empty = {"targets": np.zeros(0, np.int32)}
  dataset = _dataset([{"targets": np.array([5], np.int32)}, *[empty] * 200])
  last = {"targets": np.array([6], np.int32)}
  rows = _rows(
      packing.pack(dataset.concatenate(_dataset([last])), {"targets": 4})
  )
  assert [row["targets"].tolist() for row in rows] == [[5, 6, 0, 0]]
  assert rows[0]["targets_segmentation"].tolist() == [1, 202, 0, 0]


def test_no_examples_make_no_rows():
  none = _dataset(_examples(1)).take(0)
  assert not _rows(packing.pack(none, _LENGTHS))


def test_rows_are_int32_of_static_shape():
  dataset = packing.pack(_dataset(_examples(3)), _LENGTHS)
  assert dataset.element_spec == {
      f"{key}{suffix}": tf.TensorSpec([length], tf.int32)
      for key, length in _LENGTHS.items()
      for suffix in ("", "_segmentation", "_position")
  }


def test_long_examples_are_trimmed():
  dataset = _dataset([{"targets": np.arange(2, 30, dtype=np.int32)}] * 2)
  rows = _rows(packing.pack(dataset, {"targets": 10}))
  assert [row["targets"].tolist() for row in rows] == 2 * [[*range(2, 12)]]


def test_examples_that_fill_rows_exactly_leave_no_padding():
  dataset = _dataset([{"targets": np.full(5, 7, np.int32)}] * 8)
  rows = _rows(packing.pack(dataset, {"targets": 10}))
  assert len(rows) == 4
  assert all((row["targets"] == 7).all() for row in rows)


def test_packing_works_in_a_graph():
  examples = _examples(20)
  with tf.Graph().as_default():
    dataset = packing.pack(_dataset(examples), _LENGTHS)
    iterator = tf.compat.v1.data.make_initializable_iterator(dataset)
    row = iterator.get_next()
    with tf.compat.v1.Session() as session:
      session.run(iterator.initializer)
      in_graph = session.run(row)
  eager = _rows(packing.pack(_dataset(examples), _LENGTHS))[0]
  for key, value in eager.items():
    np.testing.assert_array_equal(in_graph[key], value)


def test_other_features_are_dropped_and_absent_ones_ignored():
  dataset = tf.data.Dataset.from_tensors({"targets": [3, 4], "text": "x"})
  for form in packing.pack, packing.pad:
    row = _rows(form(dataset, _LENGTHS))[0]
    assert {key.split("_")[0] for key in row} == {"targets"}


def test_pad_makes_a_row_of_each_example():
  rows = _rows(packing.pad(_dataset(_examples(5)), {"inputs": 8, "targets": 4}))
  assert len(rows) == 5
  for row, example in zip(rows, _examples(5), strict=True):
    assert row["inputs"].tolist() == _padded(example["inputs"][:8], 8)
    assert row["targets"].tolist() == _padded(example["targets"][:4], 4)


def test_docstring_examples(run_examples):
  run_examples(packing)
