"""Tests of t5_mtf.ablations.runs."""

from __future__ import annotations

import dataclasses

from t5_mtf.ablations import runs

PRETRAINING = runs.Run(
    runs.PRETRAINING, "base", ("mini/pretraining.gin",), steps=100
)
FINE_TUNING = runs.Run(
    runs.FINE_TUNING, "squad", steps=20, parents=(PRETRAINING,)
)


def test_equal_runs_have_one_name_and_different_ones_do_not():
  assert dataclasses.replace(PRETRAINING).name == PRETRAINING.name
  others = [
      dataclasses.replace(PRETRAINING, **change)
      for change in (
          {"seed": 1}, {"steps": 101}, {"gin_params": ("a = 1",)},
          {"kind": runs.MULTITASK}, {"tasks": ("mini_squad",)},
          {"eval_params": ("a = 1",)}, {"parents": (FINE_TUNING,)},
      )
  ]  # fmt: skip
  assert len({run.name for run in [PRETRAINING, *others]}) == 8


def test_steps_are_counted_on_from_the_parents():
  assert FINE_TUNING.total_steps == 120


def test_parents_come_first_and_shared_runs_once():
  other = dataclasses.replace(FINE_TUNING, label="ende")
  assert runs.in_order([FINE_TUNING, other]) == [
      PRETRAINING, FINE_TUNING, other
  ]  # fmt: skip
