"""Runs are counted from their configuration, as their commands give it."""

from __future__ import annotations

import pytest

from t5_mtf.ablations import (
    commands,
    configurations,
    experiments,
    planned_costs,
    runs,
    scales,
)
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.models.planning import configured, estimate, hardware, step_costs
from tests.models import tiny

_GPU = hardware.Hardware("GPU", 1, hardware.Device("gpu", 16e9, 1e13, 1e11))


@pytest.fixture(autouse=True)
def _clear():
  yield
  tiny.clear_gin()


def _runs(row, scale, seed=0):
  found = configurations.row_runs(experiments.of_row(row), scale, seed)
  return runs.in_order(found.columns.values())


def test_a_run_costs_its_steps_and_an_ensemble_none():
  planner = planned_costs.Planner(_GPU)
  every = _runs("table_13/4x_ensembled", scales.load("tiny"))
  pretraining = planner.cost(every[0])
  assert pretraining.tokens == 4 * 8 * (64 + 36)
  assert pretraining.flops > 6 * pretraining.tokens * 32 * 3072 / 2
  assert pretraining.seconds[0] == pytest.approx(
      pretraining.flops / (1e13 * 0.5), rel=0.01
  )
  ensemble = next(run for run in every if run.kind == runs.ENSEMBLE)
  cost = planner.cost(ensemble)
  assert (cost.tokens, cost.flops) == (0, 0)
  assert cost.checkpoint == pytest.approx(4 * pretraining.checkpoint, rel=0.01)


def test_every_row_can_be_configured_and_equal_steps_are_counted_once(
    monkeypatch,
):
  counted = []

  def count(settings, there, with_recomputation):
    assert not with_recomputation
    counted.append(settings)
    costs = step_costs.StepCosts(1, 1, 1, 1, 1, 1, {}, {}, 1, frozenset())
    return estimate.Plan(settings, there, costs)

  monkeypatch.setattr(estimate, "make_plan", count)
  scale, planner = scales.load("tiny"), planned_costs.Planner(_GPU)
  names = set()
  for table in experiments.tables().values():
    for row in table:
      if not configurations.why_not(row, scale):
        for run in _runs(row.id, scale):
          assert not planner.cost(run).problem
          names.add(run.name)
  assert 50 < len(counted) < len(names) / 3


def test_what_does_not_fit_has_no_time():
  small = hardware.Hardware("GPU", 1, hardware.Device("gpu", 1e5, 1e13, 1e11))
  run, *_ = _runs("table_5/mass_style", scales.load("tiny"))
  cost = planned_costs.Planner(small).cost(run)
  assert cost.seconds is None and "a device needs" in cost.problem


def test_commands_at_the_scale_of_the_paper_give_its_training_steps():
  there = hardware.parse("v3-8")
  every = _runs("table_5/mass_style", scales.load("paper"))
  found = []
  for run in every[0], every[2]:
    command = commands.commands(run, "out")[0]
    flags = t5_mesh_transformer.make_parser().parse_args(command[1:])
    configured.load_gin(flags.gin_file, flags.gin_param, there)
    found.append(configured.configured(there, flags.model_dir))
    costs = step_costs.of_run(found[-1].settings, on_tpu=True)
    assert 220e6 < costs.parameters < 223e6  # section 3.1.2: about 220 million
  assert [f.problem for f in found] == [None, None]
  pretraining, fine_tuning = (f.settings for f in found)
  assert pretraining.batch.sequences == fine_tuning.batch.sequences == 128
  assert pretraining.training.steps == 524_288
  assert fine_tuning.training.steps == 524_288 + 262_144
  assert fine_tuning.training.init_checkpoint == every[0].folder("out")
  assert fine_tuning.mesh.shape.to_integer_list == [8]
