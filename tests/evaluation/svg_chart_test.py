from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from t5_mtf.evaluation import svg_chart


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1490), (0.31, 0.32), (0, 524288), (2.0, 2.0), (0, 0)]
)
def test_ticks_are_few_and_inside_the_range(low: float, high: float) -> None:
  ticks = svg_chart.ticks(low, high)
  assert len(ticks) <= 9
  assert all(low <= t <= high for t in ticks)
  assert ticks == sorted(set(ticks))


def test_the_drawing_is_well_formed_and_inside_its_box() -> None:
  rows = [{"step": 10 * i, "loss": 9.0 - i} for i in range(8)]
  root = ET.fromstring(svg_chart.loss_chart("a < b", rows))
  _, _, width, height = map(float, root.get("viewBox").split())
  lines = root.findall("polyline")
  assert [line.get("class") for line in lines] == ["logged", "average"]
  for line in lines:
    points = [p.split(",") for p in line.get("points").split()]
    assert len(points) == 8
    assert all(0 <= float(x) <= width for x, _ in points)
    assert all(0 <= float(y) <= height for _, y in points)
  assert "a < b: loss from 9.00 to 2.00" in root.find("title").text


def test_one_row_is_enough() -> None:
  ET.fromstring(svg_chart.loss_chart("one", [{"step": 5, "loss": 1.0}]))
