"""Tests of what GLUE's and SuperGLUE's tasks are made of."""

from __future__ import annotations

import importlib.util
import json
import types

import pytest

from t5_mtf import errors
from t5_mtf.data import glue_utils, postprocessors, preprocessors

_GLUE = ("cola", "sst2", "mrpc", "qqp", "stsb", "mnli", "qnli", "rte", "wnli")
_SUPER_GLUE = ("boolq", "cb", "copa", "multirc", "record", "rte", "wic")


def _config(name: str) -> types.SimpleNamespace:
  return types.SimpleNamespace(name=name, label_classes=["no", "yes"])


def test_docstring_examples(run_examples):
  run_examples(glue_utils)


@pytest.mark.parametrize(
    "kind", ["preprocessors", "postprocessors", "metrics"]
)
def test_published_results(shared_dir, kind):
  golden = shared_dir / "golden"
  spec = importlib.util.spec_from_file_location(
      "golden_check", golden / "check.py"
  )
  check = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(check)
  lines = (golden / f"{kind}.jsonl").read_text("utf-8").splitlines()
  records = [r for r in map(json.loads, lines) if r["fn"].startswith("get_")]
  if kind == "preprocessors":  # many of the same preprocessors: one a task
    by_task = {}
    for record in records:
      by_task[record["make"]["builder_config"]["$config"]["name"]] = record
    records = list(by_task.values())
  assert records
  problems = [check.check(record, kind, "t5_mtf") for record in records]
  assert [p for p in problems if p is not None] == []


@pytest.mark.parametrize(
    ("name", "shown_as"),
    [("mnli_matched", "mnli"), ("ax", "mnli"), ("axg", "rte"), ("qqp", "qqp")],
)
def test_test_sets_are_shown_as_what_was_trained_on(name, shown_as):
  found = glue_utils.get_glue_text_preprocessor(_config(name))
  assert found.func is preprocessors.glue
  assert found.keywords["benchmark_name"] == shown_as
  assert found.keywords["label_names"] == ["no", "yes"]


def test_tasks_with_functions_of_their_own():
  text = glue_utils.get_glue_text_preprocessor
  assert text(_config("stsb")) is preprocessors.stsb
  assert text(_config("record")) is preprocessors.record
  assert text(_config("wsc.fixed")) is preprocessors.wsc
  after = glue_utils.get_glue_postprocess_fn
  assert after(_config("stsb")) is postprocessors.string_to_float
  assert after(_config("record")) is postprocessors.record
  assert after(_config("multirc")) is postprocessors.multirc


def test_metrics_have_the_names_of_the_benchmarks():
  labels, numbers = ([0, 1, 1, 2], [0, 1, 2, 2]), ([1.0, 2.0], [1.0, 3.0])
  named = {
      name: [
          key
          for metric in glue_utils.get_glue_metric(name)
          for key in metric(*(numbers if name == "stsb" else labels))
      ]
      for name in ("cola", "stsb", "rte")
  }
  assert named == {
      "cola": ["matthews_corrcoef"],
      "stsb": ["pearson_corrcoef", "spearman_corrcoef"],
      "rte": ["accuracy"],
  }
  cb = glue_utils.get_super_glue_metric("cb")
  assert [*cb[0](*labels), *cb[1](*labels)] == ["mean_3class_f1", "accuracy"]


def test_every_task_has_metrics_but_the_diagnostic_ones():
  assert all(glue_utils.get_glue_metric(name) for name in _GLUE)
  assert all(glue_utils.get_super_glue_metric(name) for name in _SUPER_GLUE)
  assert glue_utils.get_glue_metric("ax") == []
  assert glue_utils.get_super_glue_metric("axb") == []


def test_changing_the_metrics_of_a_task_changes_no_other():
  glue_utils.get_glue_metric("rte").clear()
  assert len(glue_utils.get_glue_metric("qnli")) == 1


def test_an_unknown_task_is_named_with_the_nearest():
  with pytest.raises(errors.UnknownNameError, match="of GLUE 'mnly'.*mnli"):
    glue_utils.get_glue_metric("mnly")
  with pytest.raises(errors.UnknownNameError, match="of SuperGLUE 'cola'"):
    glue_utils.get_super_glue_metric("cola")


@pytest.mark.parametrize(
    ("mixture", "weights"),
    [
        ("glue_v002_proportional", glue_utils.get_glue_weight_mapping),
        (
            "super_glue_v102_proportional",
            glue_utils.get_super_glue_weight_mapping,
        ),
        (
            "super_glue_v102_proportional_sentinel",
            glue_utils.get_super_glue_weight_mapping_sentinel,
        ),
    ],
)
def test_rates_are_the_published_ones(shared_dir, mixture, weights):
  facts = json.loads((shared_dir / "facts" / "mixtures.json").read_text())
  assert weights() == facts[mixture]
