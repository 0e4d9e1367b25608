"""`t5_mtf metrics`: scores predictions that were made anywhere."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import registered, terminal

_EXAMPLES = """\
examples:
  t5_mtf metrics --task=mini_squad --predictions=answers.txt
  t5_mtf metrics --task=glue_rte_v002 --split=validation \\
    --predictions=rte_1000.jsonl --confidence=0.95
  t5_mtf metrics --metric=bleu --targets=german.txt --predictions=mine.txt
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "metrics",
      help="score predictions that were made anywhere, without a model",
      description=(
          "Scores a file of predictions, one a line, by a task's metrics: what"
          " the task's\npostprocessor makes of them against the examples of"
          " its split, or against a file of\ntargets. A .jsonl file holds an"
          " object a line, with `prediction` (and `target`), as in an\n"
          "evaluation's directory; there a text may hold line breaks, and a"
          " target may be a list."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("--predictions", metavar="FILE", help="one text a line, or .jsonl")
  add("--scores", metavar="FILE", help="log-likelihoods of the targets, one a"
      " line, or `log_likelihood` in .jsonl, for metrics of scores")
  add("--targets", metavar="FILE", help="one text a line, or .jsonl; by"
      " default those of the task's split")
  add("--task", metavar="NAME", help="a registered task")
  add("--split", default="validation", metavar="NAME",
      help="the task's split (default validation)")
  add("--metric", action="append", default=[], metavar="NAME",
      help="without a task: a metric, such as bleu; may be repeated")
  add("--labels", metavar="A,B", help="with --metric: the labels, for metrics"
      " of classes; the second of two is the positive one")
  add("--confidence", type=float, metavar="SHARE", help="also give each score's"
      " bootstrap interval, such as 0.95")
  add("--samples", type=int, default=1000, metavar="N",
      help="of the bootstrap (default 1000)")
  add("--seed", type=int, default=0, metavar="N",
      help="of the bootstrap (default 0)")
  add("--output", metavar="FILE", help="a results.json to write, too")
  registered.add_flags(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Scores the files; returns the exit status."""
  _check(flags)
  registered.prepare(flags)
  if flags.dry_run:
    print(f"would score by {_check_names(flags)}")
    return 0
  texts, own_targets = _read(flags.predictions, "prediction")
  scores = _read_scores(flags.scores)
  targets = _read(flags.targets, "target")[0]
  if flags.task:
    eval_task = _task(flags, targets)
  else:
    targets = targets if targets is not None else own_targets
    eval_task = _files_alone(flags, targets)
  _check_lengths(flags, eval_task, texts, scores)
  result = _score(eval_task, texts, scores)
  intervals = _intervals(flags, eval_task, texts, scores)
  print(_table(result, intervals, flags.confidence))
  _say_invalid(eval_task, texts)
  if flags.output:
    _write(flags.output, result)
  return 0


def _check(flags: argparse.Namespace) -> None:
  if not flags.predictions and not flags.scores:
    raise errors.UserError(
        "there is nothing to score. Give --predictions=FILE, one text a line."
    )
  if bool(flags.task) == bool(flags.metric):
    raise errors.UserError(
        "give either --task=NAME or one or more --metric=NAME. `t5_mtf tasks`"
        " lists tasks; docs/metrics.md lists metrics."
    )
  if flags.scores and flags.metric:
    raise errors.UserError(
        "--scores are for a task with metrics of scores. Give --task=NAME."
    )
  if flags.labels and flags.task:
    raise errors.UserError("--labels are for --metric; a task has its own.")
  if flags.output and os.path.exists(flags.output):
    raise errors.UserError(
        f"--output={flags.output} is there already, and is left as it is. Give"
        " another name, or remove it."
    )


def _check_names(flags: argparse.Namespace) -> str:
  """The names of the metrics, looked up without reading a file."""
  from t5_mtf import data
  from t5_mtf.data.file_task.metrics import FileMetrics

  if flags.task:
    return f"the metrics of {data.get_mixture_or_task(flags.task).name}"
  return ", ".join(FileMetrics.of(flags.metric).names)


def _read(path: str | None, key: str) -> tuple[Any, Any]:
  """The texts of a file under `key`, and its targets if it has them."""
  if path is None:
    return None, None
  from t5_mtf.evaluation import files

  lines = files.read_lines(path)
  if not path.endswith(".jsonl"):
    return lines, None
  rows = [_object(path, i, line) for i, line in enumerate(lines, 1)]
  for number, row in enumerate(rows, 1):
    if key not in row:
      raise errors.unknown_name(f"key ({path}:{number} lacks it)", key, row)
  has_targets = all("target" in row for row in rows)
  targets = [row["target"] for row in rows] if has_targets else None
  return [row[key] for row in rows], targets


def _object(path: str, number: int, line: str) -> Mapping[str, Any]:
  try:
    found = json.loads(line)
  except json.JSONDecodeError as error:
    raise errors.DataError(f"{path}:{number}: not JSON: {error.msg}.") from None
  if not isinstance(found, dict):
    raise errors.DataError(
        f"{path}:{number}: {line[:60]!r} is not an object. Write one a line:"
        ' {"prediction": "..."}.'
    )
  return found


def _read_scores(path: str | None) -> list[float] | None:
  values = _read(path, "log_likelihood")[0]
  if values is None:
    return None
  numbers = []
  for number, value in enumerate(values, 1):
    try:
      numbers.append(float(value))
    except (TypeError, ValueError):
      raise errors.DataError(
          f"{path}:{number}: {value!r} is not a number. Give one"
          " log-likelihood a line."
      ) from None
  return numbers


def _task(flags: argparse.Namespace, targets: Sequence[Any] | None) -> Any:
  """What a registered task scores against."""
  from t5_mtf import data
  from t5_mtf.evaluation.evaluator import EvalTask

  task = data.get_mixture_or_task(flags.task)
  if not isinstance(task, data.Task):
    names = ", ".join(t.name for t in data.get_subtasks(task)[:5])
    raise errors.UserError(
        f"{flags.task!r} is a mixture, of {names}, ... Score one task at a"
        " time."
    )
  if not task.metric_fns:
    raise errors.UserError(
        f"task {flags.task!r} has no metrics. Name some: --metric=NAME"
        " --targets=FILE."
    )
  metric_fns = {
      "predict_metric_fns": tuple(task.predict_metric_fns),
      "score_metric_fns": tuple(task.score_metric_fns),
  }
  if targets is None:
    from t5_mtf.models import evaluating, mesh_transformer

    mesh_transformer.check_split(task, flags.split)
    dataset = mesh_transformer.EvalDataset(task, flags.split)
    return evaluating.Examples.read(dataset).task
  return EvalTask(
      name=task.name,
      split=flags.targets,
      inputs=("",) * len(targets),
      targets=targets,
      examples=({},) * len(targets),
      postprocess_fn=_without_example(flags.task, task.postprocess_fn),
      **metric_fns,
  )


def _without_example(task: str, postprocess_fn: Any) -> Any:
  """The postprocessor, where there is no example to look at."""

  def call(text: Any, **kwargs: Any) -> Any:
    try:
      return postprocess_fn(text, **kwargs)
    except KeyError as error:
      raise errors.UserError(
          f"task {task!r} needs more of each example than its target:"
          f" {error.args[0]!r}. Leave --targets out, so that the examples of"
          " its split are read."
      ) from None

  return call


def _files_alone(
    flags: argparse.Namespace, targets: Sequence[Any] | None
) -> Any:
  """What metrics without a task score against."""
  from t5_mtf.data.file_task.metrics import ANSWERS, FileMetrics
  from t5_mtf.evaluation.evaluator import EvalTask

  if targets is None:
    raise errors.UserError(
        f"{flags.predictions} has no targets. Give --targets=FILE, one a line"
        " in the order of the predictions."
    )
  chosen = FileMetrics.of(flags.metric)
  labels = flags.labels.split(",") if flags.labels else ()
  read = chosen.postprocess_fn(labels)

  def postprocess_fn(text: str, example: Any, is_target: bool) -> Any:
    if is_target and isinstance(example["target"], list):
      return example["target"]
    if chosen.reading == ANSWERS:
      return [text] if is_target else text
    return read(text) if read else text

  return EvalTask(
      name=", ".join(flags.metric),
      split=flags.targets or flags.predictions,
      inputs=("",) * len(targets),
      targets=[t if isinstance(t, str) else json.dumps(t) for t in targets],
      examples=[{"target": target} for target in targets],
      postprocess_fn=postprocess_fn,
      predict_metric_fns=tuple(chosen.functions(labels)),
  )


def _check_lengths(
    flags: argparse.Namespace, task: Any, texts: Any, scores: Any
) -> None:
  """Names the two files, or file and split, that do not go together."""
  against = flags.targets or (
      f"split {task.split!r} of {task.name}" if flags.task else task.split
  )
  for path, values in ((flags.predictions, texts), (flags.scores, scores)):
    if values is not None and len(values) != len(task.targets):
      raise errors.DataError(
          f"{path} has {len(values):,} lines, but there are"
          f" {len(task.targets):,} targets in {against}. Give one line for"
          " each, in the same order; a text with line breaks needs a .jsonl"
          " file."
      )


def _score(task: Any, texts: Any, scores: Any) -> Any:
  import time

  from t5_mtf.evaluation import results
  from t5_mtf.evaluation.evaluator import Predictions

  if texts is None and task.predict_metric_fns and not task.score_metric_fns:
    raise errors.UserError(
        f"the metrics of {task.name!r} compare texts. Give --predictions=FILE."
    )
  if scores is None and not task.predict_metric_fns:
    raise errors.UserError(
        f"the metrics of {task.name!r} compare log-likelihoods. Give"
        " --scores=FILE."
    )
  started = time.monotonic()
  metrics = task.score(Predictions(texts, scores))
  return results.TaskResult(
      task=task.name,
      split=task.split,
      step=None,
      metrics=metrics,
      examples=len(task.targets),
      seconds=time.monotonic() - started,
      data_hash=task.data_hash,
  )


def _intervals(
    flags: argparse.Namespace, task: Any, texts: Any, scores: Any
) -> dict[str, Any]:
  """Score -> its bootstrap interval, if one is asked for."""
  if flags.confidence is None:
    return {}
  from t5_mtf.evaluation import bootstrap

  found = {}
  pairs = []
  if texts is not None:
    answers = task.processed(texts)
    pairs += [(fn, answers) for fn in task.predict_metric_fns]
  if scores is not None:
    pairs += [(fn, scores) for fn in task.score_metric_fns]
  first = task.processed_targets[0]
  grouped = isinstance(first, Mapping) and "group" in first
  for metric_fn, values in pairs:
    found |= bootstrap.confidence_interval(
        metric_fn,
        task.processed_targets,
        values,
        confidence=flags.confidence,
        samples=flags.samples,
        seed=flags.seed,
        group_key="group" if grouped else None,
    )
  return found


def _table(
    result: Any, intervals: Mapping[str, Any], confidence: float | None
) -> str:
  from t5_mtf.evaluation.results import format_score

  rows = [["metric", "score"]]
  if intervals:
    rows[0].append(f"{confidence:.0%} interval")
  for name, score in result.metrics.items():
    row = [name, format_score(score)]
    if intervals:
      found = intervals.get(name)
      ends = (found.low, found.high) if found else ()
      row.append(" to ".join(map(format_score, ends)))
    rows.append(row)
  head = f"{result.task}, {result.split}: {result.examples:,} examples"
  return f"{head}\n\n{terminal.table(rows, numbers=[1])}"


def _say_invalid(task: Any, texts: Any) -> None:
  """Says how many predictions of classes are none of the labels."""
  if texts is None or not all(
      isinstance(target, int) and target >= 0
      for target in task.processed_targets
  ):
    return
  invalid = [
      text
      for text, answer in zip(texts, task.processed(texts), strict=True)
      if answer == -1
  ]
  if invalid:
    print(
        f"\n{len(invalid):,} of {len(texts):,} predictions are none of the"
        f" labels, such as {invalid[0][:60]!r}; they count as wrong."
    )


def _write(path: str, result: Any) -> None:
  from t5_mtf.evaluation import results

  results.write_results(path, results.Results([result]))
  print(f"\nwritten to {path}")
