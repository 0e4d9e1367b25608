"""A plan names the first thing that does not work, with what would."""

from __future__ import annotations

import dataclasses
import re

import pytest

from t5_mtf import errors
from t5_mtf.models.planning import (
    configured,
    estimate,
    hardware,
    report,
    step_costs,
)
from tests.models import tiny

SMALL = (
    "d_model = 64", "d_ff = 256", "num_layers = 2", "num_heads = 8",
    "d_kv = 8", "utils.run.batch_size = 64",
    "utils.run.sequence_length = {'inputs': 32, 'targets': 32}",
)


@pytest.fixture(autouse=True)
def _clear():
  yield
  tiny.clear_gin()


def _configured(name, *bindings, mesh=None, memory=None):
  there = hardware.parse(name)
  if memory:
    device = hardware.Device("gpu", memory, 1e12, 1e9)
    there = hardware.Hardware(name, there.devices, device)
  configured.load_gin(["models/t5.1.0.small.gin"], [*SMALL, *bindings], there)
  return configured.configured(there, mesh=mesh), there


def test_a_batch_that_does_not_divide_is_named_with_sizes_that_do():
  found, _ = _configured("8xV100", "utils.run.batch_size = 12")
  assert "'batch'" in found.problem and "1, 2, 3, 4, 6, 12" in found.problem


def test_a_mesh_of_another_size_than_the_hardware_is_named():
  found, there = _configured("v3-8", mesh="batch:4")
  plan = estimate.make_plan(found.settings, there, with_recomputation=False)
  assert "batch:4 has 4 devices, but v3-8 has 8" in plan.problem()


def test_what_does_not_fit_comes_with_values_that_do_with_room_to_spare():
  found, there = _configured("4xV100", "num_layers = 24")
  roomy = estimate.make_plan(found.settings, there)
  assert roomy.fits and roomy.problem() is None
  again = roomy.memory_with(roomy.recomputed)
  memory = 1.01 * estimate.MEASURED_OVER_PLANNED * again
  assert memory < roomy.memory
  _, there = _configured("4xV100", memory=memory)
  plan = dataclasses.replace(roomy, hardware=there)
  assert plan.problem().endswith("recompute_grads = True it needs"
                                 f" {hardware.gigabytes(again)} and fits.")
  plan = dataclasses.replace(plan, recomputed=None)
  tokens = int(re.search(
      r"tokens_per_microbatch_per_replica = (\d+) .* fits\.$", plan.problem()
  )[1])
  costs = step_costs.of_run(found.settings, False, microbatch_tokens=tokens)
  needed = plan.memory_with(costs)
  assert needed * estimate.MEASURED_OVER_PLANNED <= memory < plan.memory


def test_a_remedy_that_only_just_fits_is_said_to():
  few = "utils.run.batch_size = 8"  # two a replica
  found, _ = _configured("4xV100", few)
  least = step_costs.of_run(
      found.settings, False, recompute=True, microbatch_tokens=32
  )
  _, there = _configured("4xV100", few, memory=1.02 * least.memory)
  assert "only just" in estimate.make_plan(found.settings, there).problem()


def test_a_narrow_fit_is_called_tight():
  found, there = _configured("4xV100")
  roomy = estimate.make_plan(found.settings, there, with_recomputation=False)
  found, there = _configured("4xV100", memory=1.1 * roomy.memory)
  tight = estimate.make_plan(found.settings, there, with_recomputation=False)
  assert (roomy.fits, roomy.tight) == (True, False)
  assert (tight.fits, tight.tight) == (True, True)
  _, *cells = report.cells([roomy, tight])
  assert [row[1] for row in cells] == ["yes", "tight"]
  assert "TIGHT" in report.aligned(report.rows(tight))


def test_a_model_whose_variables_do_not_fit_is_to_be_split():
  found, there = _configured("4xV100", memory=1e6)
  plan = estimate.make_plan(found.settings, there, with_recomputation=False)
  assert "The variables alone do not fit" in plan.problem()


def test_alternatives_that_fit_come_first_and_the_rest_says_why():
  found, there = _configured("4xV100", "num_heads = 2")
  plans, refused = estimate.alternatives(found.settings, there)
  fits = [plan.fits for plan in plans]
  assert fits == sorted(fits, reverse=True)
  assert len(plans) == 2
  assert "'heads'" in refused["model:4"]


def test_a_checkpoint_is_as_large_as_what_is_saved(tmp_path):
  from t5_mtf.models import training

  run = tiny.settings(tmp_path)
  path = training.train(run)
  there = hardware.Hardware("cpu", 1, hardware.Device("cpu", 1e9, 1e9, 1e9))
  plan = estimate.make_plan(run, there, with_recomputation=False)
  data = sum(p.stat().st_size for p in tmp_path.glob(
      path.rpartition("/")[2] + ".data*"))
  assert data == pytest.approx(plan.checkpoint_bytes, rel=0.02)


@pytest.mark.parametrize(
    ("name", "devices", "on_tpu"),
    [("v2-512", 512, True), ("8xA100-80GB", 8, False), ("T4", 1, False)],
)
def test_hardware_goes_by_name(name, devices, on_tpu):
  there = hardware.parse(name)
  assert (there.devices, there.on_tpu) == (devices, on_tpu)


@pytest.mark.parametrize("name", ["v3-7", "v9-8", "cpu:0", "0xV100", "A10"])
def test_unknown_hardware_is_refused_with_near_names(name):
  with pytest.raises(errors.UnknownNameError):
    hardware.parse(name)
