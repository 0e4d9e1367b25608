"""The files of an evaluation directory.

As published: `TASK_inputs`, `TASK_targets` and `TASK_STEP_predictions` (plain
text, one example a line, a line break inside a text written as a space) and
TensorBoard events under `eval/TASK/METRIC`. Beside them `TASK_STEP.jsonl` with
all of an example in one object a line, exactly, and `results.json`, see
`results`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from t5_mtf.evaluation import files
from t5_mtf.evaluation import results as results_lib
from t5_mtf.evaluation.evaluator import EvalTask, Predictions


def write_examples(folder: str, task: EvalTask) -> None:
  """Writes the inputs and targets of a task."""
  prefix = os.path.join(folder, task.name)
  files.write_lines(f"{prefix}_inputs", task.inputs)
  files.write_lines(f"{prefix}_targets", task.targets)


def write_predictions(
    folder: str, task: EvalTask, step: int, predictions: Predictions
) -> None:
  """Writes what a checkpoint gave for the examples of a task.

  An object of the JSON lines has `example` (its number, from 0), `input` and
  `target`; `prediction` if texts were decoded; `log_likelihood` and `tokens` if
  the targets were scored.
  """
  prefix = os.path.join(folder, f"{task.name}_{step}")
  if predictions.texts is not None:
    files.write_lines(f"{prefix}_predictions", predictions.texts)
  files.write_json_lines(
      f"{prefix}.jsonl",
      {
          "example": range(len(task.inputs)),
          "input": task.inputs,
          "target": task.targets,
          "prediction": predictions.texts,
          "log_likelihood": predictions.log_likelihoods,
          "tokens": predictions.tokens,
      },
  )


def write_events(
    folder: str, results: Sequence[results_lib.TaskResult]
) -> None:
  """Writes TensorBoard events of scores, each under `eval/TASK/METRIC`."""
  from t5_mtf.tf_compat import tf

  with tf.Graph().as_default():  # this writer refuses eager mode
    # One writer a folder: files are named by the second they are made in.
    writer = tf.compat.v1.summary.FileWriterCache.get(folder)
  for result in results:
    summary = tf.compat.v1.Summary()
    for name, value in result.metrics.items():
      summary.value.add(tag=f"eval/{result.task}/{name}", simple_value=value)
    writer.add_summary(summary, result.step)
  writer.flush()


def read_results(folder: str) -> results_lib.Results:
  """Reads a folder's results.json; without one, there are no results yet."""
  path = os.path.join(folder, results_lib.FILE)
  if not files.exists(path):
    return results_lib.Results([])
  return results_lib.read_results(path)
