"""When matrix products are bfloat16, and that they are."""

from __future__ import annotations

import dataclasses
import json

import pytest

from t5_mtf import errors
from t5_mtf.models import estimator, layouts, mixed_precision, training
from t5_mtf.tf_compat import tf
from tests.models import tiny

_HAS = mixed_precision._cpu_has_bfloat16()


def _settings(tmp_path, enabled, **changes):
  settings = tiny.settings(
      tmp_path, f"mixed_precision.enabled = {enabled}"
  )
  return dataclasses.replace(settings, **changes)


def _is_rewritten(settings):
  options = estimator.session_config(settings).graph_options.rewrite_options
  return options.auto_mixed_precision_onednn_bfloat16 != 0


def test_off_is_float32(tmp_path):
  settings = _settings(tmp_path, False)
  assert not _is_rewritten(settings)
  assert mixed_precision.description(settings) == "float32"


def test_the_default_is_auto():
  tiny.clear_gin()
  assert mixed_precision.mixed_precision() is None


def test_auto_is_for_training_on_cpus_that_have_it(tmp_path, monkeypatch):
  for has in (True, False):
    monkeypatch.setattr(mixed_precision, "_cpu_has_bfloat16", lambda h=has: h)
    settings = _settings(tmp_path, None)
    assert _is_rewritten(settings) == has
    evaluating = dataclasses.replace(settings, mode="eval")
    assert not _is_rewritten(evaluating)


@pytest.mark.parametrize(
    ("mesh", "reason"),
    [
        ({"devices": ("gpu:0",)}, "CPUs only"),
        ({"target": "grpc://host:1"}, "several hosts"),
        ({"tpu": layouts.Tpu("name")}, "TPU"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_when_asked_for(tmp_path, mesh, reason):
  settings = _settings(tmp_path, True)
  settings = dataclasses.replace(
      settings, mesh=dataclasses.replace(settings.mesh, **mesh)
  )
  with pytest.raises(errors.UserError, match=reason):
    mixed_precision.is_used(settings)


@pytest.mark.skipif(not _HAS, reason="this CPU has no bfloat16 instructions")
def test_the_loss_stays_near_that_of_float32(tmp_path):
  def last_loss(enabled):
    folder = tmp_path / str(enabled)
    training.train(_settings(folder, enabled), log_every=1)
    records = (folder / "metrics.jsonl").read_text().splitlines()
    return json.loads(records[-1])["loss"]

  full, mixed = last_loss(False), last_loss(True)
  assert mixed != full
  assert mixed == pytest.approx(full, rel=0.02)


@pytest.mark.skipif(not _HAS, reason="this CPU has no bfloat16 instructions")
def test_logits_and_softmax_of_attention_are_float32(tmp_path, monkeypatch):
  types = {}

  class Look(tf.estimator.SessionRunHook):
    """Notes the types of the operations that run."""

    def before_run(self, run_context):
      return tf.estimator.SessionRunArgs(
          None,
          options=tf.compat.v1.RunOptions(output_partition_graphs=True),
      )

    def after_run(self, run_context, run_values):
      for graph in run_values.run_metadata.partition_graphs:
        for node in graph.node:
          kind = node.op.removeprefix("_Mkl")
          types.setdefault(kind, set()).add(node.attr["T"].type)

  monkeypatch.setattr(training.hooks, "ReportHook", lambda report: Look())
  training.train(_settings(tmp_path, True), log_every=1)
  assert tf.bfloat16.as_datatype_enum in types["MatMul"]
  assert types["Softmax"] == {tf.float32.as_datatype_enum}
