"""One HTML page of a run: scores, loss curves, predictions, how it was run.

The page is one file without scripts, fonts or any other request, readable on a
phone, light or dark as the reader's device asks.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from html import escape

from t5_mtf.evaluation import curves as curves_lib
from t5_mtf.evaluation import files, report_style, svg_chart
from t5_mtf.evaluation import results as results_lib

_NONE = "\N{EN DASH}"


@dataclasses.dataclass(frozen=True)
class Prediction:
  """One example of a task and what the model made of it.

  Attributes:
    input: the text the model read.
    target: the text it should have given.
    prediction: the text it gave.
    correct: whether that is right, or None where right and wrong have no
      meaning, as for a summary.
  """

  input: str
  target: str
  prediction: str
  correct: bool | None = None


def write_html(
    path: str | os.PathLike[str],
    title: str,
    results: results_lib.Results,
    curves: Mapping[str, Sequence[curves_lib.Row]],
    predictions: Mapping[str, Sequence[Prediction]],
) -> None:
  """Writes the report of a run, atomically.

  Args:
    path: the HTML file to write.
    title: heading of the page.
    results: the scores, and the facts of the run in `results.run`.
    curves: rows of metrics.jsonl, by what was trained; empty to leave the
      section out.
    predictions: examples to show in full, by task; empty to leave the section
      out.

  Raises:
    UserError: a curve has no finite loss.
  """
  sections = [_head(title, results), _scores(results), _tasks(results)]
  if curves:
    curves_lib.check_curves(curves)
    sections.append(_curves(curves))
  if predictions:
    sections.append(_predictions(predictions))
  sections.append(_run(results))
  files.write_atomically(path, "\n".join([*sections, "</body>", "</html>", ""]))


def _head(title: str, results: results_lib.Results) -> str:
  above = sum(c.beats_baseline for c in results.columns)
  return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{report_style.CSS}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="quiet">{above} of {len(results.columns)} columns are above their
baseline.</p>"""


def _table(heads: Sequence[tuple[str, str]], rows: Sequence[str]) -> str:
  """A table that scrolls by itself when the screen is narrow."""
  cells = "".join(f'<th class="{c}">{escape(text)}</th>' for text, c in heads)
  return (
      f'<div class="scroll"><table><thead><tr>{cells}</tr></thead>\n<tbody>\n'
      + "\n".join(f"<tr>{row}</tr>" for row in rows)
      + "\n</tbody></table></div>"
  )


def _scores(results: results_lib.Results) -> str:
  rows = []
  for c in results.columns:
    mark = "" if c.beats_baseline else "not above baseline"
    rows.append(
        f"<td>{escape(c.name)}<small>{escape(c.metric)}</small>"
        f'<small class="bad">{mark}</small></td>'
        f'<td class="n">{results_lib.format_score(c.score)}</td>'
        f"<td>{_bar(c.score, c.baseline_score)}</td>"
        f'<td class="n">{results_lib.format_score(c.baseline_score)}</td>'
        f'<td class="n{"" if c.beats_baseline else " bad"}">'
        f"{_signed(c.score - c.baseline_score)}</td>"
        f'<td class="n">{c.examples:,}</td>'
    )
  heads = [
      ("Column", ""),
      ("Score", "n"),
      ("0 to 100", ""),
      ("Baseline", "n"),
      ("Difference", "n"),
      ("Examples", "n"),
  ]
  return f"""<h2>Scores</h2>
{_table(heads, rows)}
<p class="quiet">A column’s score is the mean over its tasks of each task’s mean
over its main metrics; a score that is not defined counts as 0. The upright mark
on a bar is the baseline: {escape(_baselines(results))}.</p>"""


def _baselines(results: results_lib.Results) -> str:
  names = (t.baseline.name for t in results.tasks if t.baseline)
  return ", ".join(dict.fromkeys(names))


def _signed(difference: float) -> str:
  return f"{difference:+.2f}".replace("-", "\N{MINUS SIGN}")


def _bar(score: float, baseline: float) -> str:
  width, mark = (min(max(v, 0.0), 100.0) for v in (score, baseline))
  return (
      f'<div class="bar" aria-hidden="true"><i style="width:{width:.1f}%"></i>'
      f'<b style="left:{mark:.1f}%"></b></div>'
  )


def _tasks(results: results_lib.Results) -> str:
  main_metrics: dict[str, Sequence[str]] = {}
  for column in results.columns:
    main_metrics |= column.main_metrics
  rows = []
  for t in results.tasks:
    # One line for each metric, the main ones marked.
    names = [m + " *" * (m in main_metrics.get(t.task, ())) for m in t.metrics]
    scores = map(results_lib.format_score, t.metrics.values())
    baseline = t.baseline.metrics if t.baseline else {}
    baselines = [
        results_lib.format_score(baseline[m]) if m in baseline else _NONE
        for m in t.metrics
    ]
    step = "" if t.step is None else f", step {t.step:,}"
    beside = f"baseline: {t.baseline.name}" if t.baseline else ""
    rows.append(
        f'<td class="name">{escape(t.task)}'
        f"<small>{escape(t.split)}{step}</small>"
        f"<small>{escape(beside)}</small></td>"
        f'<td class="name">{_lines(names)}</td>'
        f'<td class="n">{_lines(scores)}</td>'
        f'<td class="n">{_lines(baselines)}</td>'
        f'<td class="n">{t.examples:,}</td>'
        f'<td class="n">{t.truncated_inputs:,}</td>'
        f'<td class="n">{t.seconds:,.1f}</td>'
    )
  heads = [
      ("Task", ""),
      ("Metric", ""),
      ("Score", "n"),
      ("Baseline", "n"),
      ("Examples", "n"),
      ("Cut inputs", "n"),
      ("Seconds", "n"),
  ]
  return f"""<h2>Scores by task</h2>
{_table(heads, rows)}
<p class="quiet">* counts in the column. Cut inputs are those longer than the
model reads.</p>"""


def _lines(texts: Sequence[str]) -> str:
  return "<br>".join(escape(text) for text in texts)


def _curves(curves: Mapping[str, Sequence[curves_lib.Row]]) -> str:
  figures = [
      f"<figure><h3>{escape(title)}</h3>\n{svg_chart.loss_chart(title, rows)}"
      f"\n<figcaption>{_curve_caption(rows)}</figcaption></figure>"
      for title, rows in curves.items()
  ]
  return (
      '<h2>Loss</h2>\n<div class="charts">\n'
      + "\n".join(figures)
      + '\n</div>\n<p class="quiet">Thin: as logged. Thick: moving average.'
      "</p>"
  )


def _curve_caption(rows: Sequence[curves_lib.Row]) -> str:
  steps, losses = curves_lib.finite_losses(rows)
  caption = (
      f"{losses[0]:.2f} at step {steps[0]:,.0f}; average"
      f" {curves_lib.smooth(losses)[-1]:.2f} at step {steps[-1]:,.0f}."
  )
  dropped = sum(not math.isfinite(r["loss"]) for r in rows)
  return caption + (f" {dropped} losses were not finite." if dropped else "")


def _predictions(predictions: Mapping[str, Sequence[Prediction]]) -> str:
  parts = ["<h2>Predictions</h2>"]
  for task, examples in predictions.items():
    parts.append(f"<h3>{escape(task)}</h3>")
    parts.extend(_example(example) for example in examples)
  return "\n".join(parts)


def _example(example: Prediction) -> str:
  mark = {
      None: "",
      True: ' <span class="good">✓ right</span>',
      False: ' <span class="bad">✗ wrong</span>',
  }[example.correct]
  return (
      f'<div class="example"><dl><dt>input</dt><dd>{escape(example.input)}</dd>'
      f"<dt>target</dt><dd>{escape(example.target)}</dd>"
      f"<dt>prediction</dt><dd>{escape(example.prediction)}{mark}</dd></dl></div>"
  )


def _run(results: results_lib.Results) -> str:
  facts: dict[str, object] = dict(results.run)
  for title, of_task in (
      ("decoding", _decoding),
      ("configuration", lambda t: t.config_hash and f"SHA-256 {t.config_hash}"),
  ):
    found = filter(None, dict.fromkeys(map(of_task, results.tasks)))
    facts[title] = "; ".join(found)
  facts["command"] = results.command or "none (run from Python)"
  facts["t5_mtf"] = results.t5_mtf_version
  items = [
      f"<dt>{escape(name)}</dt><dd>{escape(_fact(value))}</dd>"
      for name, value in facts.items()
  ]
  return "<h2>How it was run</h2>\n<dl>\n" + "\n".join(items) + "\n</dl>"


def _decoding(task: results_lib.TaskResult) -> str:
  return ", ".join(f"{name} {value}" for name, value in task.decode.items())


def _fact(value: object) -> str:
  if isinstance(value, int):
    return f"{value:,}"
  return f"{value:,.1f}" if isinstance(value, float) else str(value)
