"""Tests of the benchmark that restores a million sequences, on 2,000."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from t5_mtf import data
from t5_mtf.data.embedded import files


@pytest.fixture(scope="module")
def benchmark(repository_root):
  path = repository_root / "benchmarks" / "span_corruption_restoration.py"
  spec = importlib.util.spec_from_file_location(path.stem, path)
  module = importlib.util.module_from_spec(spec)
  sys.modules[path.stem] = module
  spec.loader.exec_module(module)
  yield module
  del sys.modules[path.stem]


@pytest.fixture(scope="module")
def text(benchmark):
  vocabulary = data.get_default_vocabulary()
  rows = files.read_rows("kjv", "validation")[:300]
  encoded = [vocabulary.encode(row["text"]) for row in rows]
  return benchmark.Rows(
      np.concatenate(encoded).astype(np.int32),
      np.cumsum([0, *map(len, encoded)])[::30],
  )


def test_thousands_of_sequences_are_restored(benchmark, text):
  *_, total = benchmark.check(text, sequences=2000)
  assert total.sequences >= 2000
  assert total.ids > 500 * total.sequences
  assert total.noise / total.ids == pytest.approx(0.15, abs=0.002)
  assert total.noise / total.spans == pytest.approx(3.0, abs=0.05)


def _rows(benchmark, *rows):
  ids = np.array(sum(rows, []), np.int32)
  return benchmark.Rows(ids, np.cumsum([0, *map(len, rows)]))


def test_rows_are_restored_by_their_own_sentinels(benchmark):
  inputs = _rows(benchmark, [5, 32099, 6, 32098], [7], [8, 32099])
  targets = _rows(
      benchmark, [32099, 1, 2, 32098, 3], [32099], [32099, 4, 4, 4]
  )
  found = benchmark.restored(inputs, targets, 32099)
  assert found.tolist() == [5, 1, 2, 6, 3, 7, 8, 4, 4, 4]


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ([5, 32099, 6, 32099], [32099, 1, 32098, 2], "unique and in order"),
        ([5, 32099, 6, 32098], [32098, 1, 32099, 2], "unique and in order"),
        ([5, 32099, 6, 32098], [32099, 1], "not the same sentinels"),
        ([5, 32099], [1, 32099, 2], "do not begin with a sentinel"),
    ],
)
def test_wrong_sentinels_are_found(benchmark, inputs, targets, message):
  with pytest.raises(ValueError, match=message):
    benchmark.restored(
        _rows(benchmark, inputs), _rows(benchmark, targets), 32099
    )


def test_a_changed_id_is_found(benchmark, text, monkeypatch):
  true_batches = benchmark.corrupted

  def with_one_change(*args):
    for inputs, targets in true_batches(*args):
      ids = targets.ids.copy()
      ids[np.flatnonzero(ids < 32000)[1000]] += 1
      yield inputs, targets._replace(ids=ids)

  monkeypatch.setattr(benchmark, "corrupted", with_one_change)
  with pytest.raises(ValueError, match="not restored"):
    list(benchmark.check(text, sequences=10))
