"""Tests of t5_mtf.evaluation.histogram_chart."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from t5_mtf.evaluation import histogram_chart


def _titles(svg):
  return re.findall(r"<title>([\d,-]+) ids: ([\d,]+) examples</title>", svg)


def test_bars_hold_every_example_once():
  lengths = [1, 1, 2, 90, 500, 512]
  svg = histogram_chart.length_histogram("inputs", lengths)
  ET.fromstring(svg)
  assert sum(int(count) for _, count in _titles(svg)) == len(lengths)


def test_bars_beyond_the_limit_are_marked():
  svg = histogram_chart.length_histogram("inputs", [3, 4, 20], limit=10)
  assert svg.count('fill="var(--bad)"') == 1
  assert "stroke-dasharray" in svg
  short = histogram_chart.length_histogram("inputs", [3, 4], limit=10)
  assert 'fill="var(--bad)"' not in short
  assert "stroke-dasharray" not in short


@pytest.mark.parametrize("lengths", [[0], [7], [1, 100_000]])
def test_odd_lengths_are_drawn(lengths):
  svg = histogram_chart.length_histogram("a<b", lengths)
  ET.fromstring(svg)
  assert len(_titles(svg)) == len(set(lengths))
