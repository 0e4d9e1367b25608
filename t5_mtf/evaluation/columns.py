"""Columns of a result table, each beside the baseline it has to beat.

A column is one number, such as the average of a benchmark, made of tasks: the
mean over its tasks of each task's mean over its main metrics, the rule of the
GLUE benchmark. All main metrics are better when larger. A score that is not
defined counts as 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from t5_mtf import errors
from t5_mtf.evaluation import text_table
from t5_mtf.evaluation.results import ColumnResult, TaskResult, format_score


def make_column(
    name: str,
    tasks: Sequence[TaskResult],
    main_metrics: Mapping[str, Sequence[str]],
    metric: str | None = None,
) -> ColumnResult:
  """Makes a column of its tasks by the rule at the top of this module.

  Args:
    name: name of the column.
    tasks: one or more results, each with its baseline.
    main_metrics: task -> its metrics that count.
    metric: what the score is; by default the names of the main metrics.

  Returns:
    The column, with its score, its baseline's and whether it is above.

  Raises:
    UserError: no tasks, or a main metric that is not among the metrics of a
      task or of its baseline.
  """
  if not tasks:
    raise errors.UserError(f"column {name!r} has no tasks to be scored on.")
  baselines = {t.task: t.baseline for t in tasks if t.baseline}
  score = _mean(_mean_of(t.task, t.metrics, main_metrics) for t in tasks)
  baseline_score = _mean(
      _mean_of(
          t.task, t.baseline.metrics if t.baseline else {}, main_metrics
      )
      for t in tasks
  )
  counting = {t.task: list(main_metrics[t.task]) for t in tasks}
  if metric is None:
    names = list(dict.fromkeys(m for every in counting.values() for m in every))
    metric = (
        ", ".join(names) if len(names) <= 3 else f"mean of {len(names)} metrics"
    )
  return ColumnResult(
      name=name,
      metric=metric,
      score=score,
      baseline=", ".join(dict.fromkeys(b.name for b in baselines.values())),
      baseline_score=baseline_score,
      examples=sum(t.examples for t in tasks),
      beats_baseline=score > baseline_score,
      main_metrics=counting,
  )


def _mean(values: Iterable[float]) -> float:
  values = list(values)
  return sum(values) / len(values)


def _mean_of(
    task: str,
    scores: Mapping[str, float],
    main_metrics: Mapping[str, Sequence[str]],
) -> float:
  names = main_metrics.get(task, ())
  missing = [m for m in names if m not in scores]
  if missing or not names:
    raise errors.UserError(
        f"task {task!r} has main metrics {list(names)}, but scores"
        f" {sorted(scores)}. Name one or more main metrics, and score both the"
        " model and the baseline by each."
    )
  return _mean(0.0 if math.isnan(scores[m]) else scores[m] for m in names)


def terminal_table(columns: Sequence[ColumnResult]) -> str:
  """Returns the columns as an aligned table of plain text, without colour.

  A column that is not above its baseline stays in the table and says so.
  """
  rows = [
      ["column", "metric", "score", "baseline", "difference", "examples", ""]
  ]
  for c in columns:
    rows.append([
        c.name,
        c.metric,
        format_score(c.score),
        format_score(c.baseline_score),
        f"{c.score - c.baseline_score:+.2f}",
        f"{c.examples:,}",
        "" if c.beats_baseline else "not above baseline",
    ])
  lines = text_table.aligned(rows, numbers=range(2, 6), widest=60)
  baselines = dict.fromkeys(c.baseline for c in columns)
  lines.append("")
  lines.append("Score: mean over the column's tasks of their main metrics.")
  lines.append("Baseline: " + "; ".join(baselines) + ".")
  return "\n".join(lines)
