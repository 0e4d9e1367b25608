"""How TensorFlow is told to run a graph."""

from __future__ import annotations

import dataclasses

import pytest

from t5_mtf.models import estimator, layouts
from tests.models import tiny


def _rewrites(settings):
  return estimator.session_config(settings).graph_options.rewrite_options


def _on(settings, **changes):
  mesh = dataclasses.replace(settings.mesh, **changes)
  return dataclasses.replace(settings, mesh=mesh)


@pytest.mark.parametrize("enabled", [False, None])
def test_a_training_on_cpus_has_only_rewrites_that_pay(tmp_path, enabled):
  settings = tiny.settings(tmp_path, f"mixed_precision.enabled = {enabled}")
  rewrites = _rewrites(settings)
  on = {
      field.name
      for field, value in rewrites.ListFields()
      if field.name.endswith("bfloat16") or value not in (rewrites.OFF, 1)
  }
  assert on <= {"auto_mixed_precision_onednn_bfloat16"}
  assert rewrites.arithmetic_optimization == rewrites.OFF
  assert not rewrites.disable_meta_optimizer  # which does mixed precision


def test_what_was_not_measured_is_left_as_it_is(tmp_path):
  settings = tiny.settings(tmp_path)
  evaluating = dataclasses.replace(settings, mode="eval")
  for other in (evaluating, _on(settings, devices=("gpu:0",))):
    assert _rewrites(other).arithmetic_optimization == 0


def test_the_host_of_a_tpu_rewrites_nothing(tmp_path):
  settings = _on(tiny.settings(tmp_path), tpu=layouts.Tpu("name"))
  assert _rewrites(settings).disable_meta_optimizer
