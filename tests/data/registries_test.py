"""Tests of t5_mtf.data.registries."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import data, errors


@pytest.fixture
def task():
  source = data.FunctionDataSource(
      lambda split, shuffle_files, seed=None: tf.data.Dataset.range(1),
      ["train"],
  )
  yield data.TaskRegistry.add(
      "test_only_task", source=source, output_features={}
  )
  data.TaskRegistry.remove("test_only_task")


def test_registered_task_is_found(task):
  assert data.TaskRegistry.get("test_only_task") is task
  assert "test_only_task" in data.TaskRegistry.names()
  assert data.get_mixture_or_task("test_only_task") is task


def test_mixture_goes_before_task(task):
  mixture = data.MixtureRegistry.add("test_only_task", [("test_only_task", 1)])
  try:
    assert data.get_mixture_or_task("test_only_task") is mixture
  finally:
    data.MixtureRegistry.remove("test_only_task")


def test_a_name_is_registered_once(task):
  with pytest.raises(errors.UserError, match="registered already"):
    data.TaskRegistry.add(
        "test_only_task", source=task.source, output_features={}
    )


def test_unknown_name_has_the_nearest_and_a_hint(task):
  with pytest.raises(
      errors.UnknownNameError, match="'test_only_task'.*--module_import"
  ):
    data.get_mixture_or_task("test_only_taks")
  with pytest.raises(errors.UnknownNameError, match="unknown mixture"):
    data.MixtureRegistry.get("test_only_task")


def test_remove_forgets(task):
  data.TaskRegistry.add("test_gone", source=task.source, output_features={})
  data.TaskRegistry.remove("test_gone")
  assert "test_gone" not in data.TaskRegistry.names()
  with pytest.raises(errors.UnknownNameError):
    data.TaskRegistry.remove("test_gone")


def test_builtin_tasks_are_there_without_being_asked_for():
  before = data.TaskRegistry.names()
  data.register_builtin()
  assert data.TaskRegistry.names() == before
  assert "mini_all" in data.MixtureRegistry.names()
