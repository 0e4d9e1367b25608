"""The page of the ablation tables, as text and in a real browser."""

from __future__ import annotations

import dataclasses
import functools
import html
import http.server
import json
import re
import shutil
import subprocess
import threading
import xml.etree.ElementTree as ET

import pytest

from t5_mtf.ablations import charts, report_page, table_view
from tests.ablations import fixture_results

PHONE, DESKTOP = 375, 1200
# Four tables have seven columns each, and together 13 experiments.
CHARTS = 4 * 7 + 13

# Frames of two widths; what is measured in them is written as text.
WRAPPER = """<!DOCTYPE html><html><head><link rel="icon" href="data:,"></head>
<body><pre id="found"></pre><script>
const found = [];
function measure(frame, width) {
  const inside = frame.contentWindow, page = inside.document;
  const clipped = [...page.querySelectorAll("svg text")].filter(text => {
    const box = text.getBoundingClientRect();
    const own = text.ownerSVGElement.getBoundingClientRect();
    return box.left < own.left - 1 || box.right > own.right + 1;
  });
  found.push({
    width, inner: inside.innerWidth,
    scroll: page.documentElement.scrollWidth,
    loaded: inside.performance.getEntriesByType("resource").map(e => e.name),
    charts: [...page.querySelectorAll("svg[role=img] > title")].length,
    drawn: [...page.querySelectorAll("svg")].every(
        svg => svg.getBoundingClientRect().height > 80),
    clipped: clipped.map(text => text.textContent),
    focusable: [...page.querySelectorAll(".scroll")].every(
        box => box.tabIndex === 0 && box.getAttribute("aria-label")),
    broken: [...page.querySelectorAll("a[href^='#']")].filter(
        a => !page.querySelector(a.getAttribute("href"))).length,
  });
  document.getElementById("found").textContent = JSON.stringify(found);
}
</script>
FRAMES
</body></html>"""


@functools.cache
def page():
  tables = [fixture_results.table(f"table_{i}") for i in (4, 5, 6, 7)]
  return report_page.page([table_view.view(t, tables) for t in tables])


def test_the_page_refers_to_nothing_outside_itself():
  assert not re.search(r"(?:src|href)=\"(?!#|data:)", page())
  assert not re.search(r"url\(|@import|<script", page())


def test_charts_are_well_formed_and_say_what_they_show():
  drawings = re.findall(r"<svg.*?</svg>", page(), re.S)
  assert len(drawings) == CHARTS
  for drawing in drawings:
    root = ET.fromstring(drawing)
    assert root.get("role") == "img"
    assert len(root.find("title").text) > 40


def test_a_difference_of_the_other_sign_is_marked():
  table = fixture_results.table("table_5")
  view = table_view.view(table)
  for i in range(len(view.columns)):
    opposite = [
      c.difference * c.published_difference < 0
      for c in (row.cells[i] for row in view.rows)
    ]  # fmt: skip
    drawn = charts.difference_chart(view, i)
    assert drawn.count('<circle class="opposite"') == sum(opposite)


def test_names_are_escaped():
  table = fixture_results.table("table_5")
  evil = dataclasses.replace(table, command="run <b> & more")
  made = report_page.page([table_view.view(evil)])
  assert "run &lt;b&gt; &amp; more" in made


def test_pages_of_little_are_made_too():
  for table in (
      fixture_results.table("table_4", seeds=(0,)),  # no baseline, no noise
      fixture_results.table("table_1"),  # two rows
      fixture_results.table("table_6", rows=["table_6/10"], columns=(3,)),
      dataclasses.replace(fixture_results.table("table_5"), runs={}),
  ):
    made = report_page.page([table_view.view(table)])
    assert "nan" not in made.lower().replace("dominan", "")


class _Quiet(http.server.SimpleHTTPRequestHandler):

  def log_message(self, *_):
    pass


def test_in_a_browser_nothing_overflows_loads_or_fails(tmp_path):
  browser = shutil.which("chromium") or shutil.which("chromium-browser")
  if browser is None:
    pytest.skip("needs chromium (apt-get install chromium)")
  (tmp_path / "page.html").write_text(page(), encoding="utf-8")
  frames = "\n".join(
      f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"'
      f' onload="measure(this, {width})"></iframe>'
      for width in (PHONE, DESKTOP)
  )
  wrapper = WRAPPER.replace("FRAMES", frames)
  (tmp_path / "wrapper.html").write_text(wrapper, encoding="utf-8")
  handler = functools.partial(_Quiet, directory=str(tmp_path))
  with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-quic", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update",
            "--disable-dev-shm-usage", "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
            f"http://127.0.0.1:{server.server_port}/wrapper.html",
        ],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    server.shutdown()
  told = re.search(r'<pre id="found">(.*?)</pre>', run.stdout, re.S)
  assert told, run.stderr[-2000:]
  measured = json.loads(html.unescape(told[1]))
  assert sorted(m["width"] for m in measured) == [PHONE, DESKTOP]
  for found in measured:
    assert found["inner"] == found["width"]
    assert found["scroll"] <= found["inner"]
    assert found["charts"] == CHARTS
    assert found["drawn"] and found["focusable"]
    assert found["clipped"] == []
    assert found["loaded"] == []
    assert found["broken"] == 0
  assert "CONSOLE" not in run.stderr
