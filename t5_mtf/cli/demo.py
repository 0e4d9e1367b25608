"""`t5_mtf demo`: the main job from text to scores, on the embedded data."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console, t5_mesh_transformer

_EVAL_BATCH = 128
_SHOWN_EXAMPLES = 4  # of each task, on the HTML page


@dataclasses.dataclass(frozen=True)
class Stage:
  """One training run of the demo.

  Attributes:
    title: what it does.
    folder: its model directory.
    gin_file: its configuration.
    bindings: further gin bindings.
  """

  title: str
  folder: str
  gin_file: str
  bindings: tuple[str, ...]

  @property
  def command(self) -> str:
    """The command that does the same."""
    words = [
        "t5_mesh_transformer",
        f"--model_dir={self.folder}",
        f"--gin_file={self.gin_file}",
        *(f"--gin_param={binding}" for binding in self.bindings),
    ]
    return " ".join(
        f'{flag}="{value}"' if " " in value else word
        for word in words
        for flag, _, value in [word.partition("=")]
    )


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "demo",
      help="the main job on the embedded data, in about five minutes",
      description=(
          "Pre-trains a small T5 on the embedded prose, fine-tunes it on the"
          " mini suite, scores every column against a trivial baseline, exports"
          " a SavedModel, asks it from a fresh process, and writes"
          " results.json, curves.png and report.html. Run again, it continues,"
          " or says what is done."
      ),
  )
  parser.add_argument("--output", default="demo_output", metavar="DIR",
                      help="where everything goes (default demo_output)")
  parser.add_argument("--pretrain_steps", type=int, metavar="N",
                      help="instead of those in mini/pretraining.gin")
  parser.add_argument("--finetune_steps", type=int, metavar="N",
                      help="instead of those in mini/finetuning.gin")
  parser.add_argument("--max_examples", type=int, metavar="N",
                      help="evaluate only so many examples a task")
  parser.add_argument("--dry_run", action="store_true",
                      help="print what would be run, and stop")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the demo; returns its exit status."""
  started = time.monotonic()
  pretraining, finetuning = _stages(flags)
  if flags.dry_run:
    print(f"{pretraining.command}\n{finetuning.command}")
    return 0
  console.quiet_tensorflow()
  from t5_mtf.models import checkpoints, training

  try:
    _heading(1, "pre-training by span corruption", pretraining.command)
    pretrained = training.train(_settings(pretraining))
    finetuning = _starting_from(finetuning, checkpoints.step_of(pretrained))
    _heading(2, "fine-tuning on the mini suite", finetuning.command)
    finetuned = training.train(_settings(finetuning))
  except training.Interrupted as stopped:
    print(stopped)
    return 128 + stopped.signal
  _heading(3, "scores on unseen items, beside trivial baselines")
  results = _results(flags, finetuning, finetuned, started)
  _heading(4, "an exported model, asked from a fresh process")
  _export_and_ask(flags.output, finetuning)
  _heading(5, "results")
  _write_pictures(flags.output, (pretraining, finetuning), results)
  return 0


def _stages(flags: argparse.Namespace) -> tuple[Stage, Stage]:
  def steps(number: int | None) -> tuple[str, ...]:
    return (f"utils.run.train_steps = {number}",) if number else ()

  pretraining = Stage(
      "pre-training",
      os.path.join(flags.output, "pretraining"),
      "mini/pretraining.gin",
      steps(flags.pretrain_steps),
  )
  finetuning = Stage(
      "fine-tuning",
      os.path.join(flags.output, "finetuning"),
      "mini/finetuning.gin",
      (
          f"utils.run.init_checkpoint = {pretraining.folder!r}",
          *steps(flags.finetune_steps),
      ),
  )
  return pretraining, finetuning


def _starting_from(stage: Stage, step: int) -> Stage:
  """The stage with its number of steps counted on from `step`."""
  t5_mesh_transformer.load_gin([stage.gin_file], stage.bindings)
  from t5_mtf import gin_config

  own = gin_config.run_bindings()["train_steps"]
  total = f"utils.run.train_steps = {step + own}"
  return dataclasses.replace(stage, bindings=(*stage.bindings, total))


def _settings(stage: Stage, **changes: Any) -> Any:
  from t5_mtf.models import settings

  t5_mesh_transformer.load_gin([stage.gin_file], stage.bindings)
  return settings.from_gin(stage.folder, **changes)


def _results(
    flags: argparse.Namespace, stage: Stage, checkpoint: str, started: float
) -> Any:
  """Evaluates and writes results.json, or reads it if it is there."""
  from t5_mtf.evaluation import columns, outputs
  from t5_mtf.evaluation import results as results_lib
  from t5_mtf.models import checkpoints, decoding, evaluating

  path = os.path.join(flags.output, results_lib.FILE)
  settings = _settings(stage, mode="eval", batch_size=_EVAL_BATCH)
  settings = dataclasses.replace(settings, dataset_split="validation")
  step = checkpoints.step_of(checkpoint)
  found = outputs.read_results(flags.output)
  if found.run.get("step") == step:
    print(f"{path} has the scores of step {step:,}: nothing left to score.\n")
    print(columns.terminal_table(found.columns))
    return found
  every = _read_examples(settings, flags.max_examples)
  made = evaluating.evaluate_checkpoint(settings, every, checkpoint)
  folder = os.path.join(stage.folder, "validation_eval")
  for examples, (_, predictions) in zip(every, made, strict=True):
    outputs.write_examples(folder, examples.task)
    outputs.write_predictions(folder, examples.task, step, predictions)
  tasks = _beside_baselines(every, [result for result, _ in made])
  outputs.write_events(folder, tasks)
  results = results_lib.Results(
      tasks=tasks,
      columns=_columns(tasks),
      command="t5_mtf demo",
      run={
          "model": "mini: T5 with 2 + 2 layers, d_model 128",
          "step": step,
          "decoding": decoding.describe(settings),
          "minutes to train and score": round(
              (time.monotonic() - started) / 60, 1
          ),
          "CPU cores": os.cpu_count() or 1,
      },
  )
  results_lib.write_results(path, results)
  print(columns.terminal_table(results.columns), flush=True)
  return results


def _read_examples(settings: Any, limit: int | None) -> list[Any]:
  """The validation examples of every task."""
  from t5_mtf.models import evaluating

  datasets = settings.eval_dataset_fn(dataset_split="validation")
  every = [
      evaluating.Examples.read(dataclasses.replace(d, max_examples=limit))
      for d in datasets
  ]
  count = sum(len(examples.task.inputs) for examples in every)
  print(f"decoding {count:,} examples of {len(every)} tasks ...", flush=True)
  return every


def _beside_baselines(
    every: Sequence[Any], results: Sequence[Any]
) -> list[Any]:
  """The results, each with those of its task's trivial baseline."""
  from t5_mtf.data.tasks import mini
  from t5_mtf.evaluation import results as results_lib

  tasks = {task.name: task for c in mini.COLUMNS for task in c.tasks}
  return [
      dataclasses.replace(
          result,
          baseline=results_lib.BaselineResult(
              tasks[result.task].baseline,
              _baseline_scores(tasks[result.task], examples.task),
          ),
      )
      for examples, result in zip(every, results, strict=True)
  ]


def _columns(results: Sequence[Any]) -> list[Any]:
  """The seven columns of the mini suite."""
  from t5_mtf.data.tasks import mini
  from t5_mtf.evaluation import columns

  by_task = {result.task: result for result in results}
  return [
      columns.make_column(
          column.name,
          [by_task[task.name] for task in column.tasks],
          {task.name: task.main_metrics for task in column.tasks},
          column.metric,
      )
      for column in mini.COLUMNS
  ]


def _baseline_scores(task: Any, examples: Any) -> dict[str, float]:
  """Scores the task's trivial baseline on the same examples."""
  from t5_mtf import data
  from t5_mtf.data.tasks import mini
  from t5_mtf.evaluation import baselines
  from t5_mtf.evaluation.evaluator import Predictions
  from t5_mtf.models import evaluating
  from t5_mtf.models.mesh_transformer import EvalDataset

  predict: dict[str, Callable[..., list[str]]] = {
      mini.MAJORITY_CLASS: baselines.majority_class,
      mini.COPY_SOURCE: functools.partial(
          baselines.copy_source, prefix=task.prefix
      ),
      mini.MEAN_TARGET: baselines.mean_target,
  }
  dataset = EvalDataset(data.get_mixture_or_task(task.name), "train")
  train = evaluating.Examples.read(dataset).task
  texts = predict[task.baseline](train.targets, examples.inputs)
  return examples.score(Predictions(texts))


def _export_and_ask(output: str, stage: Stage) -> None:
  """Exports the model and asks it one validation input of each task."""
  from t5_mtf.models import export

  target = export.export(
      _settings(
          stage,
          mode="export",
          export_path=os.path.join(output, "export"),
      )
  )
  questions = _one_input_per_task(stage)
  answers = ask(os.path.join(target, export.CLIENT), questions)
  for question, answer in zip(questions, answers, strict=True):
    shown = question if len(question) <= 100 else question[:97] + "..."
    print(f"\n  {shown}\n  -> {answer}")


def ask(client: str, texts: Sequence[str]) -> list[str]:
  """Runs an exported model's client in a fresh process.

  Raises:
    UserError: it failed, or did not answer every text.
  """
  done = subprocess.run(
      [sys.executable, "-I", client],
      input="\n".join(" ".join(t.splitlines()) for t in texts) + "\n",
      capture_output=True,
      text=True,
      encoding="utf-8",
      check=False,
  )
  answers = done.stdout.split("\n")[:-1]
  if done.returncode or len(answers) != len(texts):
    raise errors.UserError(
        f"{client} answered {len(answers)} of {len(texts)} texts:"
        f" {done.stderr.strip()[-500:]}"
    )
  return answers


def _one_input_per_task(stage: Stage) -> list[str]:
  from t5_mtf.data.tasks import mini

  found = []
  for column in mini.COLUMNS:
    for task in column.tasks:
      path = os.path.join(
          stage.folder, "validation_eval", f"{task.name}_inputs"
      )
      with open(path, encoding="utf-8") as f:
        found.append(f.readline().rstrip("\n"))
  return found


def _write_pictures(
    output: str, stages: Sequence[Stage], results: Any
) -> None:
  from t5_mtf.evaluation import curves, report

  losses = {
      stage.title: curves.read_metrics(
          os.path.join(stage.folder, curves.METRICS_FILE)
      )
      for stage in stages
  }
  picture = os.path.join(output, "curves.png")
  page = os.path.join(output, "report.html")
  curves.plot_curves(losses, picture)
  report.write_html(
      page, "t5_mtf demo", results, losses, _predictions(stages[-1], results)
  )
  for title, rows in losses.items():
    first, last = (curves.smooth([r["loss"] for r in rows])[i] for i in (0, -1))
    print(f"{title + ' loss':<18} {first:.2f} -> {last:.2f}")
  better = sum(column.beats_baseline for column in results.columns)
  print(f"{better} of {len(results.columns)} columns are above their baseline")
  for what, path in (
      ("scores", os.path.join(output, "results.json")),
      ("curves", picture),
      ("page", page),
      ("exported model", os.path.join(output, "export")),
  ):
    print(f"{what:<18} {path}")


def _predictions(stage: Stage, results: Any) -> dict[str, list[Any]]:
  """The first examples of each task with what the model answered.

  Where one answer is right (labels, spans), it is marked right or wrong.
  """
  from t5_mtf.data.tasks import mini
  from t5_mtf.evaluation import report

  marked = {
      task.name
      for column in mini.COLUMNS
      for task in column.tasks
      if task.labels or task.dataset == "squad"
  }
  shown: dict[str, list[Any]] = {}
  for task in results.tasks:
    path = os.path.join(
        stage.folder, "validation_eval", f"{task.task}_{task.step}.jsonl"
    )
    with open(path, encoding="utf-8") as f:
      rows = [json.loads(line) for line in itertools.islice(f, _SHOWN_EXAMPLES)]
    shown[task.task] = [
        report.Prediction(
            row["input"],
            row["target"],
            row["prediction"],
            row["target"] == row["prediction"]
            if task.task in marked
            else None,
        )
        for row in rows
    ]
  return shown


def _heading(number: int, title: str, command: str = "") -> None:
  print(f"\n== {number}/5  {title}", flush=True)
  if command:
    print(f"$ {command}", flush=True)
