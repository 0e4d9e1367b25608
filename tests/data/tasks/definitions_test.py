"""Tests of t5_mtf.data.tasks.definitions and of how the tasks come in."""

from __future__ import annotations

import subprocess
import sys

from t5_mtf import data
from t5_mtf.data.tasks import definitions


def test_text_to_text_tasks_share_their_features():
  features = definitions.output_features()
  assert list(features) == ["inputs", "targets"]
  assert features["targets"].required and not features["inputs"].required
  assert features["inputs"].vocabulary is data.get_default_vocabulary()
  assert data.tasks.DEFAULT_OUTPUT_FEATURES is features


def test_a_row_becomes_a_task():
  row = definitions.TfdsTask(
      "test_row", "squad/v1.1:3.0.0", (), splits=("train",), train_examples=7
  )
  definitions.register([row])
  try:
    task = data.TaskRegistry.get("test_row")
    assert task.supports_caching
    assert task.splits == ["train"]
    assert [getattr(s, "__name__", "cache") for s in task.preprocessors] == [
        "tokenize",
        "cache",
        "append_eos_after_trim",
    ]
  finally:
    data.TaskRegistry.remove("test_row")


def test_tasks_come_at_the_first_look_and_import_nothing_heavy():
  code = """
import sys
import t5_mtf.data.mixtures, t5_mtf.data.tasks
from t5_mtf.data import registries
assert not registries.TaskRegistry._items, registries.TaskRegistry._items
names = registries.TaskRegistry.names()
assert "glue_cola_v002" in names, names
assert "all_mix" in registries.MixtureRegistry.names()
heavy = {"tensorflow", "tensorflow_datasets", "sklearn", "scipy", "nltk"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
  subprocess.run([sys.executable, "-c", code], check=True)
