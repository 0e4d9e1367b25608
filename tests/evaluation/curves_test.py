from __future__ import annotations

import json
import logging
import math
import pathlib
import struct
import sys

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import curves


def rows(count: int = 50) -> list[dict[str, float]]:
  return [
      {
          "step": 10 * i,
          "loss": 5 / (i + 1),
          "learning_rate": 0.01,
          "tokens_per_second": 3000.0,
          "time": 1e9 + i,
      }
      for i in range(count)
  ]


def write(path: pathlib.Path, lines: list[str], end: str = "\n") -> None:
  path.write_text("\n".join(lines) + end)


def test_reads_every_key_of_every_line(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "metrics.jsonl"
  write(path, [json.dumps(r) for r in rows()])
  assert curves.read_metrics(path) == rows()


def test_half_a_last_line_is_left_out_and_said(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
  path = tmp_path / "metrics.jsonl"
  write(path, [*(json.dumps(r) for r in rows(3)), '{"step": 30, "lo'], end="")
  with caplog.at_level(logging.WARNING):
    assert curves.read_metrics(path) == rows(3)
  assert "metrics.jsonl:4: half a line" in caplog.text


@pytest.mark.parametrize("line", ['{"step": 1', '{"step": 1}', "3", "[]"])
def test_any_other_bad_line_is_an_error_with_its_number(
    tmp_path: pathlib.Path, line: str
) -> None:
  path = tmp_path / "metrics.jsonl"
  write(path, [json.dumps(rows(1)[0]), line, json.dumps(rows(2)[1])])
  with pytest.raises(errors.DataError, match="metrics.jsonl:2: "):
    curves.read_metrics(path)


def test_steps_logged_again_replace_the_earlier_ones(
    tmp_path: pathlib.Path,
) -> None:
  path = tmp_path / "metrics.jsonl"
  losses = [(0, 5.0), (10, 4.0), (20, 3.0), (10, 4.5), (20, 3.5)]
  write(path, [json.dumps({"step": s, "loss": v}) for s, v in losses])
  read = [(r["step"], r["loss"]) for r in curves.read_metrics(path)]
  assert read == [(0, 5.0), (10, 4.5), (20, 3.5)]


def test_smoothing_keeps_a_straight_line_in_the_middle_and_the_length() -> None:
  smooth = curves.smooth([float(i) for i in range(100)])
  assert len(smooth) == 100
  assert smooth[10:90] == pytest.approx([float(i) for i in range(10, 90)])


def test_plots_one_panel_a_curve_without_pyplot(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "curves.png"
  one = {**rows(1)[0], "step": 500, "loss": math.nan}
  curves.plot_curves(
      {"pre-training": [*rows(), one], "fine-tuning": rows(1)}, path
  )
  header = path.read_bytes()[:24]
  assert header[:8] == b"\x89PNG\r\n\x1a\n"
  width, height = struct.unpack(">II", header[16:24])
  assert width > 1200 and height > 400
  assert "matplotlib.pyplot" not in sys.modules


def test_nothing_to_draw_is_an_error(tmp_path: pathlib.Path) -> None:
  with pytest.raises(errors.UserError, match="no curves"):
    curves.plot_curves({}, tmp_path / "curves.png")
  with pytest.raises(errors.UserError, match="'empty': none of its 0 rows"):
    curves.plot_curves({"empty": []}, tmp_path / "curves.png")
