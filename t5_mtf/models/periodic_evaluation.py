"""Evaluation while training: in the same process, every N steps.

Each evaluation goes to the files of `evaluating`. The best checkpoint by one
metric is copied to `MODEL_DIR/best`, a model directory of its own; training
stops early where that metric has not risen for long. What was best, and for how
long, is read from results.json, so that it survives an interruption.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Sequence
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.evaluation import files, metrics, outputs
from t5_mtf.evaluation.results import TaskResult, format_score
from t5_mtf.gin_config import OPERATIVE_CONFIG
from t5_mtf.models import checkpoints, evaluating, resident
from t5_mtf.models.settings import RunSettings
from t5_mtf.tf_compat import tf

BEST = "best"  # the folder of the best checkpoint
_BEST_FILE = "best.json"
MEAN = "mean"  # the metric that is the mean of all tasks


@gin.configurable(module="t5_mtf.models.periodic_evaluation")
@dataclasses.dataclass(frozen=True)
class PeriodicEvaluation:
  """When to evaluate while training, and what follows from it.

  Attributes:
    every_steps: steps between evaluations; None for none.
    split: the split that is evaluated.
    metric: what the best checkpoint is the best by: "TASK/METRIC", the name of
      a metric where one task is evaluated, or "mean": over the tasks, of each
      task's mean over its metrics of which more is better. None to keep none.
    patience: stop after so many evaluations without a better one; None to
      train to the end.
  """

  every_steps: int | None = None
  split: str = "validation"
  metric: str | None = None
  patience: int | None = None


def from_gin(changes: dict[str, Any]) -> PeriodicEvaluation:
  """Reads `PeriodicEvaluation` from gin, and checks it.

  Args:
    changes: parameters that win over gin's; those that are None do not count.

  Raises:
    UserError: parameters that do not go together.
  """
  given = {name: value for name, value in changes.items() if value is not None}
  found = PeriodicEvaluation(**given)
  for name in ("every_steps", "patience"):
    value = getattr(found, name)
    if value is not None and (not isinstance(value, int) or value < 1):
      raise errors.UserError(
          f"{name} of the evaluation while training is {value!r}. Give a number"
          " from 1 on."
      )
  if found.every_steps is None and (found.metric or found.patience):
    raise errors.UserError(
        "a metric or patience is given for the evaluation while training, but"
        " not how often to evaluate: --eval_every=N."
    )
  if found.patience and not found.metric:
    raise errors.UserError(
        f"patience is {found.patience}, but by which metric? Give"
        " --best_metric=TASK/METRIC, or mean."
    )
  return found


def save_every(plan: PeriodicEvaluation, save_steps: int) -> int:
  """Steps between checkpoints, so that there is one at each evaluation.

  >>> save_every(PeriodicEvaluation(every_steps=500), 5000)
  500
  >>> save_every(PeriodicEvaluation(every_steps=500), 100)
  100
  """
  if plan.every_steps is None or plan.every_steps % save_steps == 0:
    return save_steps
  return plan.every_steps


class Evaluator(tf.estimator.CheckpointSaverListener):
  """Evaluates checkpoints as they are saved; stops training where told to."""

  def __init__(
      self, settings: RunSettings, plan: PeriodicEvaluation, start_step: int
  ) -> None:
    """Reads the evaluated examples.

    Args:
      settings: of the training run; `eval_dataset_fn` must be set.
      plan: with `every_steps`.
      start_step: the step that training starts from.

    Raises:
      UserError: there is nothing to evaluate on, or no such metric.
    """
    self._plan = plan
    self._start_step = start_step
    self._settings = dataclasses.replace(
        settings, mode="eval", dataset_split=plan.split
    )
    self._examples = evaluating.read_examples(self._settings)
    self._folder = evaluating.results_folder(self._settings)
    self._reloadable = resident.Reloadable(self._settings)
    self.stopped_at: int | None = None
    self._check_task()

  def why_exhausted(self) -> str | None:
    """Says that patience is over, from what was evaluated before."""
    if not self._plan.patience:
      return None
    values = self._values()
    if not values:
      return None
    best = max(values, key=lambda step: (values[step], -step))
    since = sum(step > best for step in values)
    if since < self._plan.patience:
      return None
    score = format_score(abs(values[best]))
    return (
        f"{self._plan.metric} has not become better for {since} evaluations;"
        f" it was best at step {best:,} ({score}), kept in {self.best_folder}"
    )

  @property
  def best_folder(self) -> str:
    """Where the best checkpoint is kept."""
    return os.path.join(self._settings.model_dir, BEST)

  def after_save(self, session: Any, global_step_value: int) -> bool | None:
    """Evaluates; returns True to stop training."""
    del session
    step = int(global_step_value)
    is_last = step == self._settings.training.steps
    is_due = step % self._plan.every_steps == 0 or is_last
    if step <= self._start_step or not is_due:
      return None
    path = os.path.join(self._settings.model_dir, f"model.ckpt-{step}")
    print(flush=True)  # ends the live line
    results = evaluating.evaluate_once(
        self._settings, self._examples, path, self._folder, self._reloadable
    )
    print(evaluating.table(results), flush=True)
    if self._plan.metric:
      self._keep_if_best(path, self._value(results))
    reason = None if is_last else self.why_exhausted()
    if reason:
      self.stopped_at = step
      print(f"stopping early at step {step:,}: {reason}", flush=True)
    return bool(reason)

  def end(self, session: Any, global_step_value: int) -> None:
    """Frees the model that evaluates."""
    del session, global_step_value
    self._reloadable.close()

  def _values(self) -> dict[int, float]:
    """Step -> value, of the evaluations so far in this configuration."""
    expected = {
        examples.task.name: evaluating.blank_result(self._settings, examples, 0)
        for examples in self._examples
    }
    by_step: dict[int, list[TaskResult]] = {}
    for result in outputs.read_results(self._folder).tasks:
      own = expected.get(result.task)
      if own is None or result.step is None or result.split != own.split:
        continue
      if result.made_with == own.made_with:
        by_step.setdefault(result.step, []).append(result)
    return {
        step: self._value(results)
        for step, results in sorted(by_step.items())
        if len(results) == len(self._examples)
    }

  def _check_task(self) -> None:
    """Checks the task in the metric's name; a metric's own is known later."""
    tasks = [examples.task.name for examples in self._examples]
    task, slash, _ = (self._plan.metric or MEAN).rpartition("/")
    if slash and task not in tasks:
      raise errors.unknown_name("task of the metric", task, tasks)
    if not slash and self._plan.metric not in (None, MEAN) and len(tasks) > 1:
      raise errors.UserError(
          f"metric {self._plan.metric!r} is of which task? Give one of"
          f" {', '.join(f'{t}/{self._plan.metric}' for t in tasks)}, or mean."
      )

  def _value(self, results: Sequence[TaskResult]) -> float:
    """What is compared: larger is better; minus infinity for NaN."""
    if self._plan.metric == MEAN:
      value = _mean(results)
    else:
      task, _, name = self._plan.metric.rpartition("/")
      [result] = [r for r in results if r.task == task or not task]
      if name not in result.metrics:
        raise errors.unknown_name(
            f"metric of {result.task!r}", name, result.metrics
        )
      value = result.metrics[name]
      value = -value if name in metrics.LOWER_IS_BETTER else value
    return -math.inf if math.isnan(value) else value

  def _keep_if_best(self, path: str, value: float) -> None:
    step = checkpoints.step_of(path)
    others = [v for s, v in self._values().items() if s < step]
    if others and value <= max(others):
      return
    keep_best(self.best_folder, path, {
        "step": step, "metric": self._plan.metric, "value": abs(value)
    })
    print(
        f"best so far by {self._plan.metric}: {format_score(abs(value))} at"
        f" step {step:,}, kept in {self.best_folder}",
        flush=True,
    )


def _mean(results: Sequence[TaskResult]) -> float:
  means = []
  for result in results:
    scores = [
        0.0 if math.isnan(score) else score
        for name, score in result.metrics.items()
        if name not in metrics.LOWER_IS_BETTER
    ]
    if not scores:
      raise errors.UserError(
          f"task {result.task!r} has no metric of which more is better, so"
          " there is no mean. Give --best_metric=TASK/METRIC, such as"
          f" {result.task}/loss."
      )
    means.append(sum(scores) / len(scores))
  return sum(means) / len(means)


def keep_best(folder: str, path: str, facts: dict[str, Any]) -> None:
  """Copies a checkpoint into `folder`, in place of the one that is there.

  The new checkpoint is there in full before the old one goes.

  Args:
    folder: a model directory for this checkpoint alone.
    path: of the checkpoint.
    facts: written beside it as best.json.
  """
  gfile = tf.io.gfile
  gfile.makedirs(folder)
  old = checkpoints.list_checkpoints(folder)
  name = os.path.basename(path)
  # The index goes last: without it, there is no checkpoint.
  parts = sorted(
      gfile.glob(f"{path}.*"), key=lambda part: part.endswith(".index")
  )
  config = os.path.join(os.path.dirname(path), OPERATIVE_CONFIG)
  for source in [config] * gfile.exists(config) + parts:
    target = os.path.join(folder, os.path.basename(source))
    gfile.copy(source, target, overwrite=True)
  files.write_atomically(
      os.path.join(folder, _BEST_FILE), json.dumps(facts) + "\n"
  )
  files.write_atomically(
      os.path.join(folder, "checkpoint"),
      f'model_checkpoint_path: "{name}"\n'
      f'all_model_checkpoint_paths: "{name}"\n',
  )
  for stale in old:
    if os.path.basename(stale) != name:
      for file in gfile.glob(f"{stale}.*"):
        gfile.remove(file)

