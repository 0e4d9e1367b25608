"""Lengths of time read well, and carry over into the larger unit."""

import doctest

import pytest

from t5_mtf import durations


def test_doctests():
  assert doctest.testmod(durations).failed == 0


@pytest.mark.parametrize(
    "seconds, text", [(0, "0s"), (59.6, "1m00s"), (3599.9, "1h00m")]
)
def test_durations_carry_over(seconds, text):
  assert durations.duration(seconds) == text
