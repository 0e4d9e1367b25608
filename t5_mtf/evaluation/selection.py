"""Which results of a directory stand in a table: of which checkpoint."""

from __future__ import annotations

import collections
import glob
import math
import os
import statistics
from collections.abc import Mapping, Sequence

from t5_mtf import errors
from t5_mtf.evaluation import benchmarks, results
from t5_mtf.evaluation.results import TaskResult


def read(path: str, split: str = "validation") -> list[TaskResult]:
  """Reads the results of one split.

  Args:
    path: a results.json, the directory that it is in, or a model directory,
      whose evaluation directories (`..._eval`) have one each.
    split: of the results that are wanted.

  Returns:
    One or more results, of one or more checkpoints.

  Raises:
    UserError: there is no results.json, or nothing of this split.
    DataError: a file is not what it should be, or two files differ in what they
      say of the same task and checkpoint.
  """
  files = _files(path)
  every = [r for name in files for r in results.read_results(name).tasks]
  found: dict[tuple[str, int | None], TaskResult] = {}
  for result in every:
    if result.split != split:
      continue
    other = found.setdefault((result.task, result.step), result)
    if repr(other.metrics) != repr(result.metrics):  # NaN differs from itself
      raise errors.DataError(
          f"{path}: {' and '.join(files)} have different scores of"
          f" {result.task} at step {result.step}. Give the one you mean."
      )
  if not found:
    splits = sorted({repr(result.split) for result in every})
    raise errors.UserError(
        f"{path} has no results of split {split!r}; it has"
        f" {', '.join(splits) or 'none at all'}."
    )
  return list(found.values())


def _files(path: str) -> list[str]:
  if os.path.isfile(path):
    return [path]
  if not os.path.isdir(path):
    raise errors.UserError(f"{path} is neither a directory nor a file.")
  whole = glob.escape(path)
  for pattern in (results.FILE, os.path.join("*_eval", results.FILE)):
    if found := sorted(glob.glob(os.path.join(whole, pattern))):
      return found
  below = [
      os.path.dirname(name)
      for depth in ("*", "*/*", "*/*/*")
      for name in sorted(glob.glob(os.path.join(whole, depth, results.FILE)))
  ]
  hint = (
      f"There is one in {', '.join(below[:5])}: give what you mean."
      if below
      else "An evaluation (`t5_mesh_transformer` with eval.gin) writes one."
  )
  raise errors.UserError(
      f"{path} has no {results.FILE}, nor an evaluation directory (*_eval) with"
      f" one. {hint}"
  )


def choose(
    found: Sequence[TaskResult], step: str | int = "best"
) -> dict[str, TaskResult]:
  """Chooses one checkpoint's result for each task.

  Args:
    found: results of one split.
    step: "best": for each task by itself the checkpoint with the highest mean
      of its main metrics, of equals the first (Raffel et al. 2020, section
      3.1.2); "latest"; or the global step.

  Returns:
    Task -> its result; with a step, only the tasks that have it.

  Raises:
    UserError: no task has the step; or "best" is asked of a task that has
      several checkpoints, several scores and is in no benchmark.
  """
  by_task: dict[str, list[TaskResult]] = {}
  for result in found:
    by_task.setdefault(result.task, []).append(result)
  if step == "best":
    return {task: _best(task, every) for task, every in by_task.items()}
  if step == "latest":
    return {
        task: max(every, key=_step_of) for task, every in by_task.items()
    }
  chosen = {
      task: result
      for task, every in by_task.items()
      for result in every
      if result.step == step
  }
  if not chosen:
    steps = sorted({r.step for r in found if r.step is not None})
    raise errors.UserError(
        f"no results of step {step}; there are those of steps"
        f" {', '.join(map(str, steps)) or 'unknown'}."
    )
  return chosen


def _step_of(result: TaskResult) -> int:
  return -1 if result.step is None else result.step


def _best(task: str, every: Sequence[TaskResult]) -> TaskResult:
  if len(every) == 1:
    return every[0]
  names = _main_metrics(task, every)
  having = [r for r in every if r.metrics.keys() >= set(names)]
  if not having:
    raise errors.UserError(
        f"no checkpoint of {task} has all of {', '.join(names)}, by which the"
        " best is chosen. Score it, or give --step=latest or a step."
    )
  if len(names) == 1:  # it may be better when lower
    return results.best(having, task, names[0]) or having[0]
  return max(
      sorted(having, key=_step_of), key=lambda r: _mean(r.metrics, names)
  )


def _main_metrics(task: str, every: Sequence[TaskResult]) -> Sequence[str]:
  try:
    return benchmarks.main_metrics(task)
  except errors.UnknownNameError:
    names = sorted({name for result in every for name in result.metrics})
  if len(names) == 1:
    return names
  raise errors.UserError(
      f"{task} is in no benchmark and has {len(names)} scores"
      f" ({', '.join(names)}), so which of its checkpoints is the best is not"
      " known. Give --step=latest or a step."
  )


def _mean(metrics: Mapping[str, float], names: Sequence[str]) -> float:
  return statistics.fmean(
      0.0 if math.isnan(metrics[name]) else metrics[name] for name in names
  )


def notes(
    rows: Mapping[str, Sequence[Mapping[str, TaskResult]]],
) -> list[str]:
  """Says which checkpoints were chosen, and what is not alike between rows.

  Args:
    rows: name -> for each run what `choose` returned.

  Returns:
    Sentences to stand below a table.
  """
  lines = [f"{name}: {_steps(runs)}." for name, runs in rows.items()]
  every = [
      result
      for runs in rows.values()
      for run in runs
      for result in run.values()
  ]
  for what, of in (
      ("Scored on examples that differ between rows or runs",
       lambda r: r.data_hash),
      ("Decoded with settings that differ between rows or runs",
       lambda r: repr(sorted(r.decode.items()))),
  ):  # fmt: skip
    seen: dict[str, set[str]] = {}
    for result in every:
      seen.setdefault(result.task, set()).add(of(result))
    unlike = [task for task, values in seen.items() if len(values) > 1]
    if unlike:
      lines.append(f"{what}: {', '.join(unlike)}.")
  return lines


def _steps(runs: Sequence[Mapping[str, TaskResult]]) -> str:
  """The steps of the chosen checkpoints, with how many results each has."""
  counts = collections.Counter(
      result.step for run in runs for result in run.values()
  )
  if len(counts) == 1:
    return _step_text(*counts)
  return ", ".join(
      f"{_step_text(step)} ({count} of {counts.total()} results)"
      for step, count in sorted(counts.items(), key=lambda c: c[0] or -1)
  )


def _step_text(step: int | None) -> str:
  return "predictions without a step" if step is None else f"step {step:,}"
