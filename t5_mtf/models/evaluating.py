"""Evaluation: decodes each task's split with a checkpoint, and scores it.

Files of an evaluation directory, as published: `TASK_inputs`, `TASK_targets`,
`TASK_STEP_predictions` (plain text, one example a line), TensorBoard events
under `eval/TASK/METRIC`; and `TASK_STEP.jsonl` with all three and the example's
number, one object an example.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.models import checkpoints, decoding
from t5_mtf.models.mesh_transformer import EvalDataset
from t5_mtf.models.settings import RunSettings
from t5_mtf.tf_compat import tf


@dataclasses.dataclass(frozen=True)
class TaskScores:
  """How a checkpoint did on one task.

  Attributes:
    task: name of the task.
    split: the split.
    step: of the checkpoint.
    metrics: name -> score.
    inputs: texts the model was given.
    targets: texts it should have given.
    predictions: texts it gave.
    truncated_inputs: how many inputs were cut to the model's inputs length.
    seconds: time to decode and score; decoding is shared evenly by examples.
  """

  task: str
  split: str
  step: int
  metrics: Mapping[str, float]
  inputs: tuple[str, ...]
  targets: tuple[str, ...]
  predictions: tuple[str, ...]
  truncated_inputs: int
  seconds: float


@dataclasses.dataclass(frozen=True)
class Examples:
  """One task's examples, ready to decode and to score."""

  dataset: EvalDataset
  rows: tuple[Mapping[str, Any], ...]

  @classmethod
  def read(cls, dataset: EvalDataset) -> Examples:
    """Reads a split, untrimmed.

    Raises:
      UserError: the task has no metric, or the split is empty.
    """
    task = dataset.task
    if not task.predict_metric_fns:
      raise errors.UserError(
          f"task {task.name!r} has no metric_fns over predictions, so there is"
          " nothing to evaluate. Register it with metrics."
      )
    stream = task.get_dataset(
        sequence_length=None,
        split=dataset.split,
        use_cached=dataset.use_cached,
        shuffle=False,
        num_epochs=1,
    )
    if dataset.max_examples is not None:
      stream = stream.take(dataset.max_examples)
    rows = tuple(stream.as_numpy_iterator())
    if not rows:
      raise errors.UserError(
          f"split {dataset.split!r} of task {task.name!r} has no examples."
      )
    return cls(dataset, rows)

  def ids(self) -> list[list[int]]:
    """Token ids of the inputs."""
    return [[int(i) for i in row["inputs"]] for row in self.rows]

  def texts(self, feature: str) -> tuple[str, ...]:
    """Texts of a feature: as before tokenization, else from its ids."""
    name = f"{feature}_pretokenized"
    if self.rows and name in self.rows[0]:
      return tuple(row[name].decode("utf-8") for row in self.rows)
    vocabulary = self.dataset.task.output_features[feature].vocabulary
    return tuple(vocabulary.decode(row[feature].tolist()) for row in self.rows)

  def score(self, predictions: Sequence[str]) -> dict[str, float]:
    """Postprocesses and scores one prediction an example."""
    task = self.dataset.task
    answers = self._processed(predictions, is_target=False)
    targets = self._processed(self.texts("targets"), is_target=True)
    scores: dict[str, float] = {}
    for metric_fn in task.predict_metric_fns:
      found = metric_fn(targets, answers)
      scores.update({name: float(value) for name, value in found.items()})
    return scores

  def _processed(self, texts: Sequence[str], is_target: bool) -> list[Any]:
    return [
        self.dataset.task.postprocess_fn(
            text, example=row, is_target=is_target
        )
        for text, row in zip(texts, self.rows, strict=True)
    ]


def evaluate(settings: RunSettings) -> dict[int, list[TaskScores]]:
  """Evaluates the chosen checkpoints on every task, each checkpoint once.

  Args:
    settings: of the run; `eval_dataset_fn` must be set.

  Returns:
    step -> the scores of each task. They are written and printed too.
  """
  if settings.eval_dataset_fn is None:
    raise errors.UserError(
        "utils.run.eval_dataset_fn is not bound. Add --gin_file=eval.gin and"
        " name a task with --gin_param=\"MIXTURE_NAME = 'mini_all'\"."
    )
  paths = checkpoints.select(settings.model_dir, settings.checkpoint_step)
  datasets = settings.eval_dataset_fn(
      sequence_length=settings.batch.sequence_length,
      vocabulary=settings.vocabulary,
      dataset_split=settings.dataset_split,
  )
  every = [Examples.read(dataset) for dataset in datasets]
  results = {}
  for path in paths:
    scores = evaluate_checkpoint(settings, every, path)
    folder = settings.eval_summary_dir or os.path.join(
        settings.model_dir, f"{settings.dataset_split}_eval"
    )
    write(folder, scores)
    print(table(scores), flush=True)
    results[checkpoints.step_of(path)] = scores
  return results


def evaluate_checkpoint(
    settings: RunSettings, every: Sequence[Examples], path: str
) -> list[TaskScores]:
  """Scores one checkpoint on several tasks, decoding them in one go."""
  ids = [row for examples in every for row in examples.ids()]
  started = time.monotonic()
  decoded = decoding.decode(settings, ids, path)
  seconds_each = (time.monotonic() - started) / len(ids)
  length = settings.batch.sequence_length["inputs"]
  scores, start = [], 0
  for examples in every:
    count = len(examples.rows)
    predictions = decoded.outputs[start : start + count]
    truncated = sum(len(row) > length for row in ids[start : start + count])
    start += count
    scored_from = time.monotonic()
    metrics = examples.score(predictions)
    scores.append(
        TaskScores(
            task=examples.dataset.task.name,
            split=examples.dataset.split,
            step=checkpoints.step_of(path),
            metrics=metrics,
            inputs=examples.texts("inputs"),
            targets=examples.texts("targets"),
            predictions=predictions,
            truncated_inputs=truncated,
            seconds=seconds_each * count + time.monotonic() - scored_from,
        )
    )
  return scores


def write(folder: str, scores: Sequence[TaskScores]) -> None:
  """Writes texts, JSON lines and TensorBoard events of an evaluation."""
  os.makedirs(folder, exist_ok=True)
  with tf.Graph().as_default():  # this writer refuses eager mode
    writer = tf.compat.v1.summary.FileWriterCache.get(folder)
  for result in scores:
    prefix = os.path.join(folder, result.task)
    decoding.write_lines(f"{prefix}_inputs", result.inputs)
    decoding.write_lines(f"{prefix}_targets", result.targets)
    decoding.write_lines(
        f"{prefix}_{result.step}_predictions", result.predictions
    )
    with open(f"{prefix}_{result.step}.jsonl", "w", encoding="utf-8") as f:
      for i, texts in enumerate(
          zip(result.inputs, result.targets, result.predictions, strict=True)
      ):
        keys = ("example", "input", "target", "prediction")
        row = dict(zip(keys, (i, *texts), strict=True))
        f.write(json.dumps(row, ensure_ascii=False) + "\n")
    summary = tf.compat.v1.Summary()
    for name, value in result.metrics.items():
      summary.value.add(tag=f"eval/{result.task}/{name}", simple_value=value)
    writer.add_summary(summary, result.step)
  writer.flush()


def table(scores: Sequence[TaskScores]) -> str:
  """The scores as aligned lines: task, step, examples, metrics."""
  width = max(len(result.task) for result in scores)
  lines = []
  for result in scores:
    metrics = "  ".join(f"{k} {v:.2f}" for k, v in result.metrics.items())
    cut = (
        f"  ({result.truncated_inputs:,} inputs cut)"
        if result.truncated_inputs
        else ""
    )
    lines.append(
        f"{result.task:<{width}}  step {result.step:,}"
        f"  {len(result.inputs):,} examples  {metrics}{cut}"
    )
  return "\n".join(lines)
