"""Tests of t5_mtf.ablations.agreement."""

from __future__ import annotations

import random
import statistics

import pytest

from t5_mtf.ablations import agreement, table_view
from tests.ablations import fixture_results
from tests.ablations.table_view_test import with_scores


def squad_view(*rows):
  """Table 5 with our MiniSQuAD scores of each row, by seed."""
  result = fixture_results.table("table_5", columns=(2,))
  for row, values in zip(result.rows, rows, strict=True):
    for seed, value in enumerate(values):
      scores = fixture_results.scores(2, value)
      result = with_scores(result, row.id, seed, scores)
  return table_view.view(result)


def test_differences_are_sorted_by_sign_and_by_noise():
  # The paper: 80.65, 80.1, 80.88 (the baseline), 80.52; two deviations 0.686.
  # Ours: pooled deviation 0.707, so two are 1.41.
  view = squad_view((29.5, 30.5), (35.5, 36.5), (29.5, 30.5), (24.5, 25.5))
  bert, mass, drop = agreement.differences(view)
  assert bert.has_same_sign is None  # ours is 0
  assert (mass.has_same_sign, drop.has_same_sign) == (False, True)
  assert (mass.own_is_clear, mass.published_is_clear) == (True, True)
  assert (drop.own_is_clear, drop.published_is_clear) == (True, False)
  told = agreement.sentences(view)
  assert told[0].startswith(
      "Of 3 differences to the baseline, 1 have the same sign as the paper's"
      " and 1 the opposite; 1 is 0 in one of them."
  )
  assert told[1] == "Opposite: MASS-style: MiniSQuAD."
  assert "exceeded by 2 of ours and by 1 of the paper's" in told[2]
  assert told[3:] == [
      "In both, with the same sign: none.",
      "In both, with opposite signs (1): MASS-style: MiniSQuAD +6.00 (paper"
      " −0.78).",
      "In the paper's only: none.",
      "In ours only (1): Drop corrupted tokens: MiniSQuAD −5.00 (paper"
      " −0.36).",
  ]


def test_the_share_by_chance_is_that_of_simulated_runs():
  rng = random.Random(0)
  exceeded, trials = 0, 4000
  for _ in range(trials):
    rows = [[rng.gauss(0, 1) for _ in range(2)] for _ in range(4)]
    pooled = statistics.fmean(statistics.variance(row) for row in rows) ** 0.5
    difference = statistics.fmean(rows[0]) - statistics.fmean(rows[1])
    exceeded += abs(difference) > 2 * pooled
  found = agreement.chance(1 / 2 + 1 / 2, freedom=4)
  assert exceeded / trials == pytest.approx(found, abs=0.02)


def test_with_one_seed_nothing_is_said_to_exceed_the_noise():
  view = table_view.view(fixture_results.table("table_5", seeds=(0,)))
  told = agreement.sentences(view)
  assert len(told) == 3
  assert "not known: that takes two seeds" in told[-1]


def test_equal_scores_of_all_seeds_give_no_noise_to_exceed():
  view = squad_view((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (1.0, 1.0))
  assert all(d.own_is_clear is None for d in agreement.differences(view))
  assert "is not known" in agreement.sentences(view)[-1]


def test_without_a_baseline_differences_are_said_to_be_left_out():
  view = table_view.view(fixture_results.table("table_4"))
  assert agreement.differences(view) == []
  assert "differences are left out" in agreement.sentences(view)[0]
