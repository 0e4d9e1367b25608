"""The comparison's table, and its check against recorded ratios."""

import json
import pathlib
import subprocess
import sys

import pytest

_FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks/peers"


@pytest.fixture
def table(monkeypatch):
  """The module; and its neighbours, which are scripts beside each other."""
  monkeypatch.syspath_prepend(str(_FOLDER))
  import table

  yield table
  for name in ("table", "comparisons", "work"):
    sys.modules.pop(name, None)


def _runs(table, published_seconds):
  runs = table.Runs()
  subject = "training T5-small, 8 x (128 + 128)"
  machine = {"flops": 6e11, "bfloat16_speed": 4e11}
  for slower in (1.0, 3.0):  # a repeat beside other work
    ours = {"seconds": [1.0 * slower, 2.0 * slower, 3.0 * slower]}
    theirs = {"seconds": [published_seconds * slower]}
    runs.add(subject, "ours", {**ours, **machine, "memory": 2e9})
    runs.add(subject, "published", {**theirs, "memory": 3e9})
  runs.add("packed input, 512 + 114 tokens, x", "ours", {"seconds": 0.001})
  runs.add("packed input, 512 + 114 tokens, x", "published", {"seconds": 0.003})
  return runs


def test_ratios_are_of_medians_and_compared_with_the_goals(table):
  training, memory, share, packing = table.rows(_runs(table, 4.0))
  assert training.ratio == 2.0
  assert training.goal == 2.2
  assert memory.ratio == 1.5
  # 0.3 TFLOP/s in the first repeat, 0.1 in the second, of 0.4.
  assert share.ratio == pytest.approx((0.75 + 0.25) / 2)
  assert (packing.ours, packing.theirs) == ("1,000 rows/s", "333 rows/s")
  lines = table.lines([training, packing])
  assert lines[2].endswith("| 2.00 | 2.2 | **not met** |")
  assert lines[3].endswith("| 3.00 | 1.5 | met |")


def test_the_page_keeps_what_is_around_the_table(table, tmp_path):
  for name in ("docs", "results"):
    (tmp_path / name).mkdir()
  page = tmp_path / "docs/speed.md"
  page.write_text(f"before\n{table._BEGIN}\nold\n{table._END}\nafter\n")
  runs = _runs(table, 4.0)
  table.write(table.rows(runs), runs, tmp_path)
  text = page.read_text()
  assert text.startswith("before\n")
  assert text.endswith("\nafter\n")
  assert "old" not in text
  assert "medians of 2 repeats" in text


@pytest.mark.parametrize(
    ("seconds", "expected"), [(4.0, 0), (3.5, 0), (3.0, 1)]
)
def test_a_ratio_that_fell_by_more_than_0_15_fails_the_check(
    table, tmp_path, seconds, expected
):
  row = {"subject": "training T5-small, 8 x (128 + 128)", "peer": "published"}
  recorded = tmp_path / "speed.json"
  document = {"machine": "another", "rows": [{**row, "ratio": 2.0}]}
  recorded.write_text(json.dumps(document))
  assert table.check(table.rows(_runs(table, seconds)), recorded) == expected


@pytest.mark.parametrize("is_here", [True, False], ids="here_{}".format)
def test_the_share_of_a_machine_is_checked_on_that_machine(
    table, tmp_path, is_here
):
  row = {
      "subject": (
          "training T5-small, 8 x (128 + 128): share of bfloat16 products"
      ),
      "peer": "this machine",
      "ratio": 0.99,
  }
  machine = table.machine() if is_here else "another"
  recorded = tmp_path / "speed.json"
  recorded.write_text(json.dumps({"machine": machine, "rows": [row]}))
  assert table.check(table.rows(_runs(table, 4.0)), recorded) == is_here


def test_the_command_says_what_it_needs():
  run = subprocess.run(
      [sys.executable, str(_FOLDER), "--help"],
      capture_output=True,
      text=True,
      check=True,
  )
  for flag in ("--published", "--hugging_face", "--check", "--repeats"):
    assert flag in run.stdout
