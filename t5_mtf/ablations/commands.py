"""The commands that carry out a run, as a user would type them."""

from __future__ import annotations

import ast
import os
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from t5_mtf.ablations.runs import ENSEMBLE, Run
from t5_mtf.gin_config import OPERATIVE_CONFIG

SPLIT = "validation"
_EVAL_FILE = "eval.gin"
_OF_TRAINING = tuple(
    f"utils.run.{name} ="
    for name in (
        "keep_checkpoint_max",
        "save_checkpoints_steps",
        "train_steps",
        "variable_filter",
    )
)

# Rows are compared, and may be run on different machines.
_FLOAT32 = "mixed_precision.enabled = False"


def commands(run: Run, output: str) -> list[list[str]]:
  """Returns the commands of a run, in order: to make the model, to evaluate it.

  `running` does the same in its own processes.

  Args:
    run: the run.
    output: the directory of the tables.
  """
  if run.kind == ENSEMBLE:
    members = [parent.folder(output) for parent in run.parents]
    made = ["t5_mtf", "ensemble", *members, f"--output={run.folder(output)}"]
  else:
    made = _command(run, output, run.gin_files, training_params(run, output))
  if not run.tasks:
    return [made]
  files = evaluation_files(run, output)
  return [made, _command(run, output, files, evaluation_params(run))]


def text(command: Sequence[str]) -> str:
  """Returns a command as a line for a shell.

  >>> print(text(["t5_mtf", "demo", "--gin_param=MIXTURE_NAME = 'mini_ende'"]))
  t5_mtf demo --gin_param="MIXTURE_NAME = 'mini_ende'"
  """
  return " ".join(map(_quoted, command))


def script(every: Iterable[Run], output: str) -> str:
  """Returns the commands of runs, one a line, in the order of the runs."""
  return "\n".join(
      text(command) for run in every for command in commands(run, output)
  )


def training_params(run: Run, output: str) -> list[str]:
  """Returns the bindings of the training, folders and seed among them."""
  params = [*run.gin_params, *_seed_params(run), _FLOAT32]
  if bound(run, "utils.run.train_steps") is None:
    params.append(f"utils.run.train_steps = {run.total_steps}")
  for parent in run.parents:
    params.append(f"utils.run.init_checkpoint = {parent.folder(output)!r}")
  return params


def evaluation_files(run: Run, output: str) -> list[str]:
  """Returns the gin files of the evaluation."""
  if run.kind == ENSEMBLE:  # which writes how many models it holds
    return [os.path.join(run.folder(output), OPERATIVE_CONFIG), _EVAL_FILE]
  return [*run.gin_files, _EVAL_FILE]


def evaluation_params(run: Run) -> list[str]:
  """Returns the bindings of the evaluation."""
  names = run.tasks[0] if len(run.tasks) == 1 else run.tasks
  return [
      *(p for p in run.gin_params if not p.startswith(_OF_TRAINING)),
      *_seed_params(run),
      f"mesh_eval_dataset_fn.mixture_or_task_name = {names!r}",
      f"utils.run.dataset_split = {SPLIT!r}",
      f"utils.run.eval_checkpoint_step = {evaluated_steps(run) or 'all'!r}",
      *run.eval_params,
  ]


def evaluated_steps(run: Run) -> list[int]:
  """Returns the steps of the checkpoints that are evaluated.

  Those that the training saves, but for the one that it starts with: every
  `save_checkpoints_steps` and the last; of them as many of the last as it
  keeps. Empty if it is not said how often it saves: then all are evaluated.

  >>> params = "utils.run.save_checkpoints_steps = 100",
  >>> evaluated_steps(Run("fine_tuning", "x", gin_params=params, steps=250))
  [100, 200, 250]
  """
  every = bound(run, "utils.run.save_checkpoints_steps")
  if not every:
    return []
  last = run.total_steps
  steps = [*range(last - run.steps + every, last, every), last]
  keep = bound(run, "utils.run.keep_checkpoint_max")
  return steps[-keep:] if keep else steps


def bound(run: Run, name: str) -> Any:
  """Returns what a literal binding of the run says, None if there is none."""
  found = None
  for param in run.gin_params:
    key, _, value = param.partition("=")
    if key.strip() == name:
      found = ast.literal_eval(value.strip())
  return found


def _seed_params(run: Run) -> list[str]:
  return [] if run.kind == ENSEMBLE else [f"run_seed.value = {run.seed}"]


def _command(
    run: Run, output: str, files: Sequence[str], params: Sequence[str]
) -> list[str]:
  return [
      "t5_mesh_transformer",
      f"--model_dir={run.folder(output)}",
      *(f"--gin_file={file}" for file in files),
      *(f"--gin_param={param}" for param in params),
  ]


def _quoted(word: str) -> str:
  if shlex.quote(word) == word:
    return word
  flag, equals, value = word.partition("=")
  if not word.startswith("--"):
    flag, equals, value = "", "", word
  if any(c in value for c in '"$`\\!'):
    return flag + equals + shlex.quote(value)
  return f'{flag}{equals}"{value}"'
