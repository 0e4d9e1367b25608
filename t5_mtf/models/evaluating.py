"""Evaluation: decodes or scores each task's split, and writes what came out.

Every chosen checkpoint is evaluated once, in the order of steps; what
`results.json` of the evaluation directory already has, made with the same
configuration and data, is not made again. The files are those of
`t5_mtf.evaluation.outputs`.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

from t5_mtf import errors, gin_config
from t5_mtf.evaluation import outputs
from t5_mtf.evaluation import results as results_lib
from t5_mtf.evaluation.evaluator import EvalTask, Predictions
from t5_mtf.evaluation.results import TaskResult
from t5_mtf.models import (
    checkpoints,
    decode_options,
    decoding,
    resident,
    scoring,
)
from t5_mtf.models.mesh_transformer import EvalDataset
from t5_mtf.models.settings import RunSettings

WAIT = "wait"  # the checkpoint_step that evaluates checkpoints as they come
_SEED = 0  # of tasks that are made anew at each reading
_SECONDS_BETWEEN_LOOKS = 5


@dataclasses.dataclass(frozen=True)
class Examples:
  """One task's examples, ready to decode and to score.

  Attributes:
    task: what there is to score against.
    inputs: token ids of the inputs, which end in EOS; None for a task that has
      targets only.
    targets: token ids of the targets.
    has_answers: whether the model's texts mean something: the task has metrics
      of them, or no metrics but a postprocessor, as sets without labels have.
  """

  task: EvalTask
  inputs: tuple[list[int], ...] | None
  targets: tuple[list[int], ...]
  has_answers: bool

  @classmethod
  def read(
      cls, dataset: EvalDataset, sequence_length: Any = None
  ) -> Examples:
    """Reads a split.

    Args:
      dataset: the task and its split.
      sequence_length: feature -> length, for tasks without metrics, such as
        denoising, whose examples are made to fit it. Others are read whole, so
        that what is cut later can be counted.

    Raises:
      UserError: the split is empty.
    """
    task = dataset.task
    rows = tuple(_stream(dataset, sequence_length).as_numpy_iterator())
    if not rows:
      raise errors.UserError(
          f"split {dataset.split!r} of task {task.name!r} has no examples."
      )

    def ids(feature: str) -> tuple[list[int], ...] | None:
      if feature not in rows[0]:
        return None
      return tuple(row[feature].tolist() for row in rows)

    def texts(feature: str) -> tuple[str, ...]:
      pretokenized = f"{feature}_pretokenized"
      if pretokenized in rows[0]:
        return tuple(row[pretokenized].decode("utf-8") for row in rows)
      if feature not in rows[0]:
        return ("",) * len(rows)
      vocabulary = task.output_features[feature].vocabulary
      return tuple(vocabulary.decode(row[feature].tolist()) for row in rows)

    eval_task = EvalTask(
        name=task.name,
        split=dataset.split,
        inputs=texts("inputs"),
        targets=texts("targets"),
        examples=rows,
        postprocess_fn=task.postprocess_fn,
        predict_metric_fns=tuple(task.predict_metric_fns),
        score_metric_fns=tuple(task.score_metric_fns),
    )
    has_answers = bool(task.predict_metric_fns) or (
        not task.metric_fns and task.postprocessor is not None
    )
    return cls(eval_task, ids("inputs"), ids("targets"), has_answers)


def _stream(dataset: EvalDataset, sequence_length: Any) -> Any:
  task = dataset.task
  stream = task.get_dataset(
      sequence_length=None if task.metric_fns else sequence_length,
      split=dataset.split,
      use_cached=dataset.use_cached,
      shuffle=False,
      seed=_SEED,
      num_epochs=1,
  )
  if dataset.max_examples is not None:
    stream = stream.take(dataset.max_examples)
  return stream


def evaluate(
    settings: RunSettings, every: Sequence[Examples] | None = None
) -> list[TaskResult]:
  """Evaluates the chosen checkpoints on every task.

  In the mode `eval` a task is decoded if its answers mean something (see
  `Examples`), and its targets are scored if they do not, or if it has metrics
  of scores; in `score_eval` all are scored; in `perplexity_eval` too, for loss
  and perplexity alone.

  Args:
    settings: of the run.
    every: the tasks; None to read those of `settings.eval_dataset_fn`.

  Returns:
    The results of all chosen checkpoints, found or made. They are written and
    printed too.

  Raises:
    UserError: no data, or no such checkpoint.
  """
  every = every or read_examples(settings)
  folder = results_folder(settings)
  found: list[TaskResult] = []
  with resident.Reloadable(settings) as reloadable:
    for path in _chosen_checkpoints(settings):
      results = evaluate_once(settings, every, path, folder, reloadable)
      print(table(results), flush=True)
      found += results
  if len({result.step for result in found}) > 1:
    print(_best(found), flush=True)
  return found


def results_folder(settings: RunSettings) -> str:
  """Where the evaluation of a run writes its files."""
  return settings.eval_summary_dir or os.path.join(
      settings.model_dir, f"{settings.dataset_split}_eval"
  )


def read_examples(settings: RunSettings) -> list[Examples]:
  """Reads the examples of every task that the settings evaluate.

  Raises:
    UserError: no data set function is bound, or a split is empty.
  """
  if settings.eval_dataset_fn is None:
    raise errors.UserError(
        "utils.run.eval_dataset_fn is not bound. Add --gin_file=eval.gin and"
        " name a task with --gin_param=\"MIXTURE_NAME = 'mini_all'\"."
    )
  datasets = settings.eval_dataset_fn(
      sequence_length=settings.batch.sequence_length,
      vocabulary=settings.vocabulary,
      dataset_split=settings.dataset_split,
  )
  lengths = settings.batch.sequence_length
  return [Examples.read(dataset, lengths) for dataset in datasets]


def _chosen_checkpoints(settings: RunSettings) -> Iterator[str]:
  """Yields the chosen checkpoints by rising step, waiting if asked to."""
  if settings.checkpoint_step != WAIT:
    yield from checkpoints.select(settings.model_dir, settings.checkpoint_step)
    return
  last, said = -1, False
  while last < settings.training.steps:
    paths = checkpoints.list_checkpoints(settings.model_dir)
    new = [path for path in paths if checkpoints.step_of(path) > last]
    if new:
      last, said = checkpoints.step_of(new[0]), False
      yield new[0]
      continue
    if not said:
      print(
          f"waiting in {settings.model_dir} for a checkpoint after step"
          f" {max(last, 0):,}, up to step {settings.training.steps:,}"
          " (Ctrl-C ends)",
          flush=True,
      )
      said = True
    time.sleep(_SECONDS_BETWEEN_LOOKS)


def evaluate_once(
    settings: RunSettings,
    every: Sequence[Examples],
    path: str,
    folder: str,
    reloadable: resident.Reloadable | None = None,
) -> list[TaskResult]:
  """Evaluates a checkpoint, but for what results.json has of it.

  Args:
    settings: of the run.
    every: the tasks.
    path: of the checkpoint.
    folder: where the results are, and go.
    reloadable: a model that is kept between calls.

  Returns:
    The result of each task, found or made; those made are written.
  """
  step = checkpoints.step_of(path)
  before = outputs.read_results(folder)
  known = {(result.key, result.made_with): result for result in before.tasks}
  found, missing = {}, []
  for examples in every:
    blank = blank_result(settings, examples, step)
    result = known.get((blank.key, blank.made_with))
    if result:
      found[result.task] = result
    else:
      missing.append(examples)
  if found:
    print(
        f"step {step:,}: {len(found)} of {len(every)} tasks were evaluated"
        f" before, see {os.path.join(folder, results_lib.FILE)}",
        flush=True,
    )
  if missing:
    made = evaluate_checkpoint(settings, missing, path, reloadable)
    for examples, (result, predictions) in zip(missing, made, strict=True):
      outputs.write_examples(folder, examples.task)
      outputs.write_predictions(folder, examples.task, step, predictions)
      found[result.task] = result
    new = [result for result, _ in made]
    outputs.write_events(folder, new)
    # Another process may have evaluated other tasks in the meantime.
    before = outputs.read_results(folder)
    results_lib.write_results(
        os.path.join(folder, results_lib.FILE),
        dataclasses.replace(
            before,
            tasks=results_lib.merged(before.tasks, new),
            run={**before.run, "model_dir": settings.model_dir},
        ),
    )
  return [found[examples.task.name] for examples in every]


def blank_result(
    settings: RunSettings, examples: Examples, step: int
) -> TaskResult:
  """The result of a task at a step, without scores."""
  lengths = settings.batch.sequence_length
  decode = {"mode": settings.mode, "sequence_length": dict(lengths)}
  if _is_decoded(settings, examples):
    options = decode_options.from_gin(lengths["targets"], settings.model_type)
    decode |= options.published()
  return TaskResult(
      task=examples.task.name,
      split=examples.task.split,
      step=step,
      metrics={},
      examples=len(examples.task.inputs),
      decode=decode,
      config_hash=results_lib.text_hash(gin_config.configuration()),
      data_hash=examples.task.data_hash,
  )


def _is_decoded(settings: RunSettings, examples: Examples) -> bool:
  return settings.mode == "eval" and examples.has_answers


def _is_scored(settings: RunSettings, examples: Examples) -> bool:
  return (
      settings.mode != "eval"
      or bool(examples.task.score_metric_fns)
      or not examples.has_answers
  )


def evaluate_checkpoint(
    settings: RunSettings,
    every: Sequence[Examples],
    path: str,
    reloadable: resident.Reloadable | None = None,
) -> list[tuple[TaskResult, Predictions]]:
  """Evaluates one checkpoint on several tasks, without writing anything.

  Args:
    settings: of the run.
    every: the tasks.
    path: of the checkpoint.
    reloadable: a model that is kept between calls.

  Returns:
    For each task its result, and what the model gave for its examples. The
    time to decode and to score is shared among the tasks by their examples.
  """
  decoded = _decode(settings, every, path, reloadable)
  scored = _score(settings, every, path, reloadable)
  made = []
  for index, examples in enumerate(every):
    texts, seconds = decoded.get(index, (None, 0.0))
    likelihoods, more_seconds = scored.get(index, (None, 0.0))
    predictions = Predictions(
        texts,
        likelihoods and likelihoods.log_likelihoods,
        likelihoods and likelihoods.tokens,
    )
    task = examples.task
    if settings.mode == "perplexity_eval":
      task = dataclasses.replace(task, score_metric_fns=())
    started = time.monotonic()
    metrics = task.score(predictions)
    seconds += more_seconds + time.monotonic() - started
    lengths = settings.batch.sequence_length
    blank = blank_result(settings, examples, checkpoints.step_of(path))
    result = dataclasses.replace(
        blank,
        metrics=metrics,
        truncated_inputs=_longer(examples.inputs, lengths.get("inputs")),
        truncated_targets=likelihoods.truncated_targets if likelihoods else 0,
        seconds=seconds,
    )
    made.append((result, predictions))
  return made


def _longer(rows: Sequence[Sequence[int]] | None, length: int | None) -> int:
  return sum(len(row) > length for row in rows) if rows and length else 0


def _decode(
    settings: RunSettings,
    every: Sequence[Examples],
    path: str,
    reloadable: resident.Reloadable | None,
) -> dict[int, tuple[Sequence[str], float]]:
  """Decodes in one go; index of the task -> its texts and seconds."""
  chosen = [i for i, e in enumerate(every) if _is_decoded(settings, e)]
  for i in chosen:
    if every[i].inputs is None:
      raise errors.UserError(
          f"task {every[i].task.name!r} has no inputs to answer, but metrics of"
          " answers. Score its targets instead: utils.run.mode ="
          " 'perplexity_eval'."
      )
  rows = [row for i in chosen for row in every[i].inputs]
  started = time.monotonic()
  decoded = decoding.decode(settings, rows, path, reloadable)
  seconds_each = (time.monotonic() - started) / max(len(rows), 1)
  found, start = {}, 0
  for i in chosen:
    count = len(every[i].task.inputs)
    texts = decoded.outputs[start : start + count]
    found[i] = texts, seconds_each * count
    start += count
  return found


def _score(
    settings: RunSettings,
    every: Sequence[Examples],
    path: str,
    reloadable: resident.Reloadable | None,
) -> dict[int, tuple[scoring.Scores, float]]:
  """Scores the targets; index of the task -> its scores and seconds."""
  found = {}
  for index, examples in enumerate(every):
    if _is_scored(settings, examples):
      started = time.monotonic()
      scores = scoring.score(
          settings, examples.inputs, examples.targets, path, reloadable
      )
      found[index] = scores, time.monotonic() - started
  return found


def table(results: Sequence[TaskResult]) -> str:
  """The scores as aligned lines: task, step, examples, metrics."""
  width = max(len(result.task) for result in results)
  lines = []
  for result in results:
    scores = [
        f"{name} {results_lib.format_score(score)}"
        for name, score in result.metrics.items()
    ]
    metrics = "  ".join(scores) or "no metrics"
    cut = [
        f"{count:,} {what} cut"
        for count, what in (
            (result.truncated_inputs, "inputs"),
            (result.truncated_targets, "targets"),
        )
        if count
    ]
    lines.append(
        f"{result.task:<{width}}  step {result.step:,}"
        f"  {result.examples:,} examples  {metrics}"
        + (f"  ({', '.join(cut)})" if cut else "")
    )
  return "\n".join(lines)


def _best(results: Sequence[TaskResult]) -> str:
  """The best step of each task by its first score."""
  first = {r.task: next(iter(r.metrics), None) for r in results}
  lines = ["best:"]
  for task, metric in first.items():
    best = metric and results_lib.best(results, task, metric)
    if best:
      score = results_lib.format_score(best.metrics[metric])
      lines.append(f"  {task}  {metric} {score} at step {best.step:,}")
  return "\n".join(lines)
