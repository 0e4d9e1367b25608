"""`t5_mtf checkpoints`: list, average, and rewrite checkpoints."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console, terminal

_ACTIONS = ("list", "average", "rewrite")
_SHOWN_SCORES = 4  # columns of scores, unless --metric names one
_SHOWN_CHANGES = 40  # lines of a rewriting
_OWN_FLAGS = {
    "list": ("metric", "verify"),
    "average": ("steps", "last", "output"),
    "rewrite": ("rename", "drop", "output"),
}
_EXAMPLES = """\
examples:
  t5_mtf checkpoints my_model
  t5_mtf checkpoints my_model --metric=mini_sst2/accuracy
  t5_mtf checkpoints average my_model --last=4 --output=my_average
  t5_mtf checkpoints rewrite my_model/model.ckpt-1000 --output=without_slots \\
    --drop='_slot_' --dry_run
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "checkpoints",
      help="list checkpoints with scores; average them, rename or drop"
      " variables",
      usage="t5_mtf checkpoints MODEL_DIR [--metric TASK/METRIC] [--verify]\n"
      "       t5_mtf checkpoints average MODEL_DIR --last N | --steps A,B"
      " --output DIR\n"
      "       t5_mtf checkpoints rewrite PATH --rename 'REGEX=NEW'"
      " --drop 'REGEX' --output DIR",
      description=(
          "Lists the checkpoints of a model directory with the scores of its"
          "\n*_eval/results.json, or makes a new checkpoint of old ones, which"
          " are only read."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("words", nargs="+", metavar="[list | average | rewrite] PATH",
      help="a model directory, or a checkpoint: DIR/model.ckpt-STEP; local or"
      " on a file system of TensorFlow's (gs://...)")
  add("--metric", metavar="TASK/METRIC",
      help="list: show this score, and which checkpoint is the best by it")
  add("--verify", action="store_true", help="list: read every value and"
      " compare checksums, not just the sizes of the files")
  add("--steps", metavar="A,B", help="average: the checkpoints' steps")
  add("--last", type=int, metavar="N", help="average: the newest N")
  add("--rename", action="append", default=[], metavar="'REGEX=NEW'",
      help=r"rewrite: replace what matches in names of variables; NEW may"
      r" hold \1; may be given several times, applied in turn")
  add("--drop", action="append", default=[], metavar="'REGEX'",
      help="rewrite: leave out variables; may be given several times")
  add("--output", metavar="DIR", help="a new folder for the new checkpoint")
  add("--dry_run", action="store_true", help="average, rewrite: say what would"
      " be written, and stop; list: check the flags")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  action, path = _action_and_path(flags)
  console.quiet_tensorflow()
  if action == "list":
    return _list(path, flags)
  if action == "average":
    return _average(path, flags)
  return _rewrite(path, flags)


def _action_and_path(flags: argparse.Namespace) -> tuple[str, str]:
  action, *rest = flags.words
  if action not in _ACTIONS:
    action, rest = "list", flags.words
  if len(rest) != 1:
    raise errors.UserError(
        f"`t5_mtf checkpoints {' '.join(flags.words)}` was given, but must be"
        " `t5_mtf checkpoints MODEL_DIR`, or `average` or `rewrite` and one"
        " path. A directory named like an action is written ./average."
    )
  for flag in {f for own in _OWN_FLAGS.values() for f in own}:
    if getattr(flags, flag) and flag not in _OWN_FLAGS[action]:
      users = [a for a, own in _OWN_FLAGS.items() if flag in own]
      raise errors.UserError(
          f"--{flag} is for `checkpoints {' and '.join(users)}`, not for"
          f" `{action}`."
      )
  if action != "list" and not flags.output:
    raise errors.UserError(
        f"`checkpoints {action}` needs --output=DIR, a new folder."
    )
  return action, rest[0].rstrip("/")


def _list(model_dir: str, flags: argparse.Namespace) -> int:
  """Prints the table of checkpoints, and the best of them."""
  if flags.metric and "/" not in flags.metric:
    raise errors.UserError(
        f"--metric is {flags.metric!r}, but must be TASK/METRIC, such as"
        " mini_sst2/accuracy."
    )
  if flags.dry_run:
    return 0
  from t5_mtf.models import checkpoints, storage

  paths = checkpoints.list_checkpoints(model_dir)
  if not paths:
    there = "holds no checkpoint" if storage.is_folder(model_dir) else (
        "is no directory"
    )
    raise errors.CheckpointError(f"{model_dir!r} {there} (model.ckpt-STEP).")
  scores, notes = _scores(model_dir)
  shown = _shown(scores, flags.metric, " ".join(notes))
  rows = [["step", "size", "age", "state", *shown]]
  by_key = {(s, n): v for n, of in scores.items() for s, v in of.items()}
  for path in paths:
    step = checkpoints.step_of(path)
    size, changed = _size_and_time(path)
    values = [by_key.get((step, name)) for name in shown]
    rows.append([
        f"{step:,}",
        _in_units(size),
        _age(time.time() - changed),
        _state(path, flags.verify),
        *("-" if v is None else f"{v:.2f}" for v in values),
    ])
  numbers = [0, 1, 2, *range(4, len(rows[0]))]
  print(terminal.table(rows, numbers))
  here = {checkpoints.step_of(path) for path in paths}
  lines = [_best_line(name, scores[name], here) for name in shown]
  if len(scores) > len(shown) and not flags.metric:
    lines.append(
        f"{len(scores) - len(shown)} more scores, with --metric:"
        f" {', '.join([n for n in scores if n not in shown][:5])}, ..."
    )
  print("\n".join(["", *lines, *notes]).rstrip())
  return 0


def _scores(model_dir: str) -> tuple[dict[str, dict[int, float]], list[str]]:
  """The scores of the directory's results.json files.

  Returns:
    task/metric -> step -> score (where a task was scored on several splits,
    task/split/metric), and a line for each file that cannot be read.
  """
  from t5_mtf.evaluation import files, results
  from t5_mtf.models import storage

  found, notes = [], []
  for name in storage.names(model_dir):
    path = os.path.join(model_dir, name, "results.json")
    if not name.endswith("_eval") or not files.exists(path):
      continue
    try:
      found += results.read_results(path).tasks
    except (errors.DataError, OSError) as error:
      notes.append(f"left out: {error}")
  splits: dict[str, set[str]] = {}
  for result in found:
    splits.setdefault(result.task, set()).add(result.split)
  scores: dict[str, dict[int, float]] = {}
  for result in found:
    where = f"/{result.split}" if len(splits[result.task]) > 1 else ""
    for metric, value in result.metrics.items():
      name = f"{result.task}{where}/{metric}"
      scores.setdefault(name, {})[result.step] = value
  if not found:
    notes.append(f"No scores: no results.json in {model_dir}/*_eval.")
  return scores, notes


def _shown(
    scores: dict[str, dict[int, float]], metric: str | None, hint: str
) -> list[str]:
  """The scores that get a column."""
  if metric is None:
    return list(scores)[:_SHOWN_SCORES]
  if metric not in scores:
    raise errors.unknown_name("--metric", metric, scores, hint)
  return [metric]


def _best_line(name: str, scores: dict[int, float], here: set[int]) -> str:
  """Says which of the checkpoints that are there has the best score."""
  from t5_mtf.evaluation import metrics

  lower = name.rpartition("/")[2] in metrics.LOWER_IS_BETTER
  sign = 1 if lower else -1
  order = sorted(
      (sign * value, step)
      for step, value in scores.items()
      if not math.isnan(value)
  )
  present = [pair for pair in order if pair[1] in here]
  if not present:
    return f"best by {name}: no checkpoint that is there has this score"
  value, step = present[0]
  text = f"best by {name}: step {step:,} ({sign * value:.2f})"
  if order[0] != present[0]:
    value, step = order[0]
    text += (
        f"; step {step:,}, which is not there any more, had"
        f" {sign * value:.2f}"
    )
  return text


def _state(path: str, verify: bool) -> str:
  from t5_mtf.models import checkpoint_index, checkpoints

  look = (
      checkpoints.unreadable_reason
      if verify
      else checkpoint_index.incomplete_reason
  )
  return look(path) or ("verified" if verify else "complete")


def _size_and_time(path: str) -> tuple[int, float]:
  """Bytes of a checkpoint's files, and when its index was written."""
  from t5_mtf.models import storage

  folder, prefix = os.path.split(path)
  size = sum(
      storage.size_and_time(os.path.join(folder, name))[0]
      for name in storage.names(folder or ".")
      if name.startswith(prefix + ".")
  )
  return size, storage.size_and_time(path + ".index")[1]


def _in_units(size: float) -> str:
  for unit in ("B", "kB", "MB", "GB"):
    if size < 1000 or unit == "GB":
      break
    size /= 1000
  return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _age(seconds: float) -> str:
  for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
    if seconds >= 2 * length:
      return f"{seconds / length:.0f} {unit}"
  return f"{max(0, seconds):.0f} s"


def _average(model_dir: str, flags: argparse.Namespace) -> int:
  from t5_mtf.models import checkpoint_rewriting

  paths = _chosen(model_dir, flags)
  checkpoint_rewriting.check_output(flags.output)
  checkpoint_rewriting.check_same_variables(paths)
  for path in paths:
    print(f"  {path}")
  if flags.dry_run:
    print(f"would be averaged to {flags.output}: nothing was written")
    return 0
  made = checkpoint_rewriting.average(paths, flags.output)
  print(f"the average of these {len(paths)} is {made}")
  return 0


def _chosen(model_dir: str, flags: argparse.Namespace) -> list[str]:
  """The checkpoints that --steps or --last name."""
  from t5_mtf.models import checkpoints

  if bool(flags.steps) == (flags.last is not None):
    raise errors.UserError(
        "`checkpoints average` needs either --steps=1000,2000 or --last=N."
    )
  if flags.steps:
    steps = flags.steps.split(",")
    if not all(step.strip().isdecimal() for step in steps):
      raise errors.UserError(
          f"--steps is {flags.steps!r}, but must be steps with commas between"
          " them: --steps=1000,2000."
      )
    return checkpoints.select(model_dir, [int(step) for step in steps])
  paths = checkpoints.list_checkpoints(model_dir)
  if not 2 <= flags.last <= len(paths):
    raise errors.UserError(
        f"--last is {flags.last}, but must be from 2 to the number of"
        f" checkpoints in {model_dir}, {len(paths)}."
    )
  return paths[-flags.last :]


def _rewrite(path: str, flags: argparse.Namespace) -> int:
  from t5_mtf.models import checkpoint_rewriting, checkpoints

  if not flags.rename and not flags.drop:
    raise errors.UserError("`checkpoints rewrite` needs --rename or --drop.")
  renames = [_pair(text) for text in flags.rename]
  plan = checkpoint_rewriting.plan_rewriting(
      checkpoints.find(path), renames, flags.drop
  )
  checkpoint_rewriting.check_output(flags.output)
  changes = [f"  {old} -> {new}" for old, new in plan.renamed.items()]
  changes += [f"  {name} dropped" for name in plan.dropped]
  print(_listed(changes))
  print(
      f"{len(plan.renamed)} renamed, {len(plan.dropped)} dropped,"
      f" {len(plan.kept) - len(plan.renamed)} kept as they are"
  )
  if flags.dry_run:
    print("nothing was written")
    return 0
  print(f"written to {checkpoint_rewriting.rewrite(plan, flags.output)}")
  return 0


def _pair(text: str) -> tuple[str, str]:
  pattern, equals, replacement = text.rpartition("=")
  if not equals or not pattern:
    raise errors.UserError(
        f"--rename is {text!r}, but must be 'REGEX=NEW', such as"
        " '^encoder/=tower/'."
    )
  return pattern, replacement


def _listed(lines: Sequence[str]) -> str:
  rest = len(lines) - _SHOWN_CHANGES
  more = [f"  ... and {rest} more"] if rest > 0 else []
  return "\n".join([*lines[:_SHOWN_CHANGES], *more])
