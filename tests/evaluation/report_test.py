from __future__ import annotations

import html.parser
import math
import pathlib
import re

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import columns, report, results

VOID = {"meta", "link", "br"}
EVIL = '<script>alert("x")</script> & \'y\''


class Checker(html.parser.HTMLParser):
  """Collects tags and text; fails on a tag closed out of order."""

  def __init__(self) -> None:
    super().__init__()
    self.open: list[str] = []
    self.tags: list[tuple[str, dict[str, str | None]]] = []
    self.text: list[str] = []

  def handle_starttag(self, tag, attrs) -> None:
    self.tags.append((tag, dict(attrs)))
    if tag not in VOID:
      self.open.append(tag)

  def handle_startendtag(self, tag, attrs) -> None:
    self.tags.append((tag, dict(attrs)))

  def handle_endtag(self, tag) -> None:
    assert self.open.pop() == tag

  def handle_data(self, data) -> None:
    if self.open[-1:] != ["style"]:
      self.text.append(data)


def task_result(name: str, score: float, baseline: float) -> results.TaskResult:
  return results.TaskResult(
      task=f"mini_{name}",
      split="validation",
      step=4500,
      metrics={"f1": score, "extra": math.nan},
      examples=1234,
      truncated_inputs=3,
      seconds=4.25,
      decode={"beam_size": 1},
      config_hash=results.text_hash("x"),
      baseline=results.BaselineResult("majority_class", {"f1": baseline}),
  )


def some_results(**changes) -> results.Results:
  tasks = [task_result("Good", 70.0, 50.0), task_result(f"Bad {EVIL}", -4, 6)]
  return results.Results(
      tasks,
      [
          columns.make_column(t.task.removeprefix("mini_"), [t],
                              {t.task: ["f1"]})
          for t in tasks
      ],
      **changes,
  )


@pytest.fixture
def page(tmp_path: pathlib.Path) -> str:
  path = tmp_path / "report.html"
  curve = [{"step": 10 * i, "loss": 5 / (i + 1)} for i in range(20)]
  report.write_html(
      path,
      f"Title {EVIL}",
      some_results(
          command=f"t5_mtf demo {EVIL}",
          run={"model": "mini", "steps": 4500, "machine": EVIL},
      ),
      {"Pre-training": [*curve, {"step": 200, "loss": math.nan}], EVIL: curve},
      {
          f"mini_task {EVIL}": [
              report.Prediction(EVIL, EVIL, EVIL, True),
              report.Prediction("in", "out", "off", False),
          ],
          "mini_summaries": [report.Prediction("long", "short", "shorter")],
      },
  )
  return path.read_text(encoding="utf-8")


@pytest.fixture
def checked(page: str) -> Checker:
  checker = Checker()
  checker.feed(page)
  checker.close()
  return checker


def test_all_tags_are_closed_in_order(checked: Checker) -> None:
  assert checked.open == []


def test_asks_nothing_of_the_network_and_runs_nothing(
    page: str, checked: Checker
) -> None:
  names = {tag for tag, _ in checked.tags}
  assert not names & {"script", "iframe", "object", "img", "base", "form"}
  for _, attributes in checked.tags:
    assert "src" not in attributes
    assert not any(name.startswith("on") for name in attributes)
    assert attributes.get("href", "data:,") == "data:,"
  assert not re.search(r"http|//|@import|url\(", page)


def test_every_text_from_outside_is_escaped(
    page: str, checked: Checker
) -> None:
  assert "<script>" not in page
  text = "".join(checked.text)
  # Title twice, column, task row, curve and its title, task, three texts,
  # machine, command.
  assert text.count(EVIL) == 12


def test_shows_every_score_baseline_and_the_mark_below_it(
    checked: Checker,
) -> None:
  text = " ".join(" ".join(checked.text).split())
  assert "1 of 2 columns are above their baseline." in text
  assert text.count("not above baseline") == 1
  for shown in ("70.00", "50.00", "+20.00", "-4.00", "−10.00", "1,234"):
    assert shown in text
  assert "undefined" in text


def test_bars_stay_inside_their_track(page: str) -> None:
  widths = [float(w) for w in re.findall(r"(?:width|left):([-0-9.]+)%", page)]
  assert widths == [70.0, 50.0, 0.0, 6.0]


def test_predictions_say_right_wrong_or_nothing(checked: Checker) -> None:
  text = "".join(checked.text)
  assert text.count("✓ right") == 1
  assert text.count("✗ wrong") == 1
  assert "1 losses were not finite" in text


def test_reads_well_on_a_phone_in_light_and_dark(
    page: str, checked: Checker
) -> None:
  viewports = [a for _, a in checked.tags if a.get("name") == "viewport"]
  assert viewports[0]["content"] == "width=device-width, initial-scale=1"
  assert "prefers-color-scheme: dark" in page
  tables = [tag for tag, _ in checked.tags].count("table")
  assert page.count('<div class="scroll"><table>') == tables == 2


def test_sections_without_content_are_left_out(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "report.html"
  report.write_html(path, "t", results.Results([], {}, "hash"), {}, {})
  page = path.read_text(encoding="utf-8")
  assert "<h2>Loss" not in page and "<h2>Predictions" not in page
  assert "<h2>How it was run" in page


def test_a_curve_without_losses_is_an_error(tmp_path: pathlib.Path) -> None:
  with pytest.raises(errors.UserError, match="'Fine-tuning'"):
    report.write_html(
        tmp_path / "report.html",
        "t",
        results.Results([], {}, "hash"),
        {"Fine-tuning": []},
        {},
    )
