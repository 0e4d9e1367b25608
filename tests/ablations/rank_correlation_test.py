"""Tests of t5_mtf.ablations.rank_correlation."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from t5_mtf import errors
from t5_mtf.ablations import rank_correlation, table_view
from tests.ablations import fixture_results


@pytest.mark.parametrize("rows", [3, 4, 6, 7])
@pytest.mark.parametrize("ties", [False, True])
def test_tau_and_rho_are_those_of_scipy(rows, ties):
  rng = random.Random(f"{rows} {ties}")
  a, b = ([rng.gauss(50, 5) for _ in range(rows)] for _ in range(2))
  if ties:
    a[1] = a[0]
  found = rank_correlation.correlate("x", a, b)
  assert found.tau == pytest.approx(stats.kendalltau(a, b).statistic)
  assert found.rho == pytest.approx(stats.spearmanr(a, b).statistic)
  assert found.exact
  if not ties:  # scipy's exact p knows no ties
    exact = stats.kendalltau(a, b, method="exact").pvalue
    assert found.p == pytest.approx(exact)


def test_the_smallest_p_is_that_of_the_same_order():
  found = rank_correlation.correlate("x", [1, 2, 3, 4], [5, 6, 7, 8])
  assert found.p == found.smallest_p == pytest.approx(2 / 24)


def test_of_many_rows_orders_are_drawn_and_said_to_be():
  a = list(range(10))
  found = rank_correlation.correlate("x", a, a)
  assert not found.exact
  assert found.p <= 0.001
  assert "drawn at random" in " ".join(rank_correlation.meaning([found]))


def test_the_range_is_wide_where_noise_exceeds_the_differences():
  a, b = [1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]
  calm = rank_correlation.correlate("x", a, b, [0.01] * 4, 0.01)
  noisy = rank_correlation.correlate("x", a, b, [5.0] * 4, 0.01)
  assert calm.interval == (1.0, 1.0)
  assert noisy.interval[0] < 0 < noisy.interval[1]
  assert rank_correlation.correlate("x", a, b).interval is None


def test_a_rerun_of_the_paper_agrees_as_far_as_its_noise_lets_it():
  b = [10.0, 20.0, 30.0]
  reruns = [
      rank_correlation.correlate("x", b, b, None, deviation).rerun
      for deviation in (0.1, 10.0, 1000.0)
  ]
  assert reruns[0] == 1.0
  assert 0.3 < reruns[1] < 0.9
  assert abs(reruns[2]) < 0.1


def test_equal_scores_have_no_tau_and_that_is_said():
  found = rank_correlation.correlate("x", [0, 0, 0], [1, 2, 3], [1] * 3, 0.1)
  assert math.isnan(found.tau) and math.isnan(found.p)
  assert "all rows are equal: x." in rank_correlation.meaning([found])[-1]


def test_two_rows_are_refused():
  with pytest.raises(errors.UserError, match="3 rows"):
    rank_correlation.correlate("x", [1, 2], [1, 2])


def test_a_table_is_compared_by_column_and_by_mean():
  view = table_view.view(fixture_results.table("table_5"))
  found = rank_correlation.of_view(view)
  names = [c.own.name for c in view.columns] + [rank_correlation.MEAN]
  assert [c.column for c in found] == names
  means = [sum(c.mean for c in row.cells) / 7 for row in view.rows]
  published = [sum(c.published for c in row.cells) / 7 for row in view.rows]
  tau = stats.kendalltau(means, published).statistic
  assert found[-1].tau == pytest.approx(tau)
  assert found == rank_correlation.of_view(view)  # seeded


def test_few_rows_are_said_to_carry_nothing():
  view = table_view.view(fixture_results.table("table_4"))
  told = " ".join(rank_correlation.meaning(rank_correlation.of_view(view)))
  assert "With 3 rows even the best agreement has p = 0.33" in told
