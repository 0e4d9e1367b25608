"""The short form of `t5_mesh_transformer`: flags for a file of one's own.

The flags become a registered task, gin files and gin bindings, and a list of
runs (train, eval, infer, export) over them; nothing else is special about them,
and gin files and bindings given beside them win.
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from t5_mtf import errors

_PER_FILE = (
    "eval_file",
    "input_template",
    "target_column",
    "columns",
    "metrics",
    "learning_rate",
)
_METRICS = ("accuracy", "bleu", "edit_distance", "rouge", "rouge_mean")
_PUBLISHED_LEARNING_RATE = 0.001
_MINI_LEARNING_RATE = 0.02  # as in mini/finetuning.gin
_EXPORT_BATCH = 8  # every request is computed at this size
_MAX_LENGTH = 512
_SAMPLE = 2000  # rows that are measured to choose the lengths


@dataclasses.dataclass(frozen=True)
class Plan:
  """What to load and what to run.

  Attributes:
    defaults: gin bindings of lowest priority.
    gin_files: gin files to load before the user's.
    bindings: gin bindings to apply before the user's.
    runs: changes to the published `run`'s parameters, one dict a run.
  """

  defaults: tuple[str, ...] = ()
  gin_files: tuple[str, ...] = ()
  bindings: tuple[str, ...] = ()
  runs: tuple[dict[str, Any], ...] = ({},)


def add_flags(parser: argparse.ArgumentParser) -> None:
  """Adds the flags of the short form to the parser."""
  group = parser.add_argument_group(
      "a file of your own",
      "tsv, csv or jsonl (also .gz); a header row names the columns inputs and"
      "\ntargets, or else the flags below say how a row is read",
  )
  add = group.add_argument
  add("--train_file", metavar="FILE", help="rows to train on")
  add("--eval_file", metavar="FILE", help="rows to evaluate on afterwards")
  add("--columns", metavar="A,B", help="the columns, for files without a"
      " header row")
  add("--input_template", metavar="TEXT", help="the model's input, columns in"
      " braces (default '{inputs}'); for example 'review: {text}'")
  add("--target_column", metavar="NAME", help="the column to answer (default"
      " targets)")
  add("--metrics", metavar="A,B", help=f"of {', '.join(_METRICS)} (default"
      " accuracy, the share of exact matches)")
  group = parser.add_argument_group(
      "short forms of gin bindings, for use with --train_file or alone"
  )
  add = group.add_argument
  add("--pretrained_model_dir", metavar="DIR", help="start from this model: its"
      " operative config, vocabulary and latest checkpoint")
  add("--vocabulary", metavar="NAME", help="t5, mini, or a SentencePiece model"
      " file (default: the pre-trained model's, else mini)")
  add("--train_steps", type=int, metavar="N", help="steps to train with"
      " --train_file, beyond those of the pre-trained model (default 1000)")
  add("--learning_rate", type=float, metavar="R", help="constant, for use with"
      " --train_file (default 0.001, as published, for a pre-trained model;"
      " 0.02 for a new mini one)")
  add("--batch_size", type=int, metavar="N", help="sequences a step"
      " (default 64)")
  add("--input_sequence_length", type=int, metavar="N", help="in tokens"
      " (default: what the longest input needs, up to 512)")
  add("--target_sequence_length", type=int, metavar="N", help="in tokens"
      " (default: what the longest target needs, up to 512)")
  add("--save_checkpoints_steps", type=int, metavar="N", help="steps between"
      " checkpoints (default 500)")
  add("--input_file", metavar="FILE", help="texts to answer, one a line")
  add("--output_file", metavar="FILE", help="where the answers go; the step is"
      " appended to the name")
  add("--beam_size", type=int, metavar="N", help="beams (default 1: greedy)")
  add("--export_dir", metavar="DIR", help="write a SavedModel here")


def plan(flags: argparse.Namespace) -> Plan:
  """Turns the flags into what to load and what to run.

  Raises:
    UserError: flags that do not go together, or a file that cannot be used.
  """
  if bool(flags.input_file) != bool(flags.output_file):
    raise errors.UserError("--input_file and --output_file go together.")
  if not flags.train_file:
    for flag in _PER_FILE:
      if getattr(flags, flag):
        raise errors.UserError(f"--{flag} is for use with --train_file.")
    return _plan_without_file(flags)
  return _plan_with_file(flags)


def _plan_without_file(flags: argparse.Namespace) -> Plan:
  bindings = []
  if flags.train_steps:
    bindings.append(f"utils.run.train_steps = {flags.train_steps}")
  if flags.input_sequence_length or flags.target_sequence_length:
    if not (flags.input_sequence_length and flags.target_sequence_length):
      raise errors.UserError(
          "--input_sequence_length and --target_sequence_length go together."
      )
    lengths = _lengths(flags, {})
    bindings.append(f"utils.run.sequence_length = {lengths}")
  if flags.vocabulary or flags.pretrained_model_dir:
    raise errors.UserError(
        "--vocabulary and --pretrained_model_dir are for use with --train_file;"
        " in gin, a task has its vocabulary, and"
        " utils.run.init_checkpoint = 'DIR' names a checkpoint."
    )
  runs = [*_runs_after_training(flags)] or [{}]
  return Plan((), (), (*bindings, *_common_bindings(flags)), tuple(runs))


def _plan_with_file(flags: argparse.Namespace) -> Plan:
  from t5_mtf.data import file_task, statistics
  from t5_mtf.models import checkpoints

  checkpoint = None
  gin_files = ["models/mini.gin"]
  if flags.pretrained_model_dir:
    checkpoint = checkpoints.find(flags.pretrained_model_dir)
    folder = checkpoint.rpartition("/")[0] or "."
    gin_files = [f"{folder}/operative_config.gin"]
  split_to_file = {"train": flags.train_file}
  if flags.eval_file:
    split_to_file["validation"] = flags.eval_file
  task = file_task.register_file_task(
      split_to_file,
      _vocabulary(flags.vocabulary, checkpoint),
      _metric_fns(flags.metrics or "accuracy"),
      flags.input_template or "{inputs}",
      flags.target_column or "targets",
      flags.columns and flags.columns.split(","),
  )
  measured = statistics.length_statistics(task, "train", max_examples=_SAMPLE)
  lengths = _lengths(flags, measured)
  _say_lengths(statistics.length_statistics(task, "train", lengths), lengths)
  start = checkpoints.step_of(checkpoint) if checkpoint else 0
  bindings = [
      f"MIXTURE_NAME = '{file_task.NAME}'",
      f"utils.run.sequence_length = {lengths}",
      f"utils.run.train_steps = {start + (flags.train_steps or 1000)}",
      f"utils.run.init_checkpoint = {checkpoint!r}",
      "mesh_eval_dataset_fn.mixture_or_task_name = %MIXTURE_NAME",
      "utils.run.eval_dataset_fn ="
      " @t5.models.mesh_transformer.mesh_eval_dataset_fn",
      "mesh_train_dataset_fn.pack = False",
  ]
  defaults = ["utils.run.save_checkpoints_steps = 500"]
  if checkpoint:  # whose own batch may be sized for a pod
    bindings.append("utils.run.batch_size = 64")
  else:
    defaults.append("utils.run.batch_size = 64")
  rate = flags.learning_rate or (
      _PUBLISHED_LEARNING_RATE if checkpoint else _MINI_LEARNING_RATE
  )
  bindings.append(f"constant_learning_rate.learning_rate = {rate}")
  runs = [{"mode": "train", "dataset_split": "train"}]
  if flags.eval_file:
    runs.append({"mode": "eval", "dataset_split": "validation"})
  return Plan(
      tuple(defaults),
      (*gin_files, "dataset.gin",
       "learning_rate_schedules/constant_0_001.gin"),
      (*bindings, *_common_bindings(flags)),
      (*runs, *_runs_after_training(flags)),
  )


def _common_bindings(flags: argparse.Namespace) -> list[str]:
  bindings = []
  if flags.batch_size:
    bindings.append(f"utils.run.batch_size = {flags.batch_size}")
  if flags.save_checkpoints_steps:
    bindings.append(
        f"utils.run.save_checkpoints_steps = {flags.save_checkpoints_steps}"
    )
  if flags.beam_size:
    bindings.append(f"Bitransformer.decode.beam_size = {flags.beam_size}")
  if flags.input_file:
    bindings.append(f"decode_from_file.input_filename = {flags.input_file!r}")
    bindings.append(f"decode_from_file.output_filename = {flags.output_file!r}")
  return bindings


def _runs_after_training(flags: argparse.Namespace) -> list[dict[str, Any]]:
  runs: list[dict[str, Any]] = []
  if flags.input_file:
    runs.append({"mode": "infer"})
  if flags.export_dir:
    runs.append({
        "mode": "export",
        "export_path": flags.export_dir,
        "batch_size": _EXPORT_BATCH,
    })
  return runs


def _lengths(flags: argparse.Namespace, measured: Any) -> dict[str, int]:
  """Lengths as given, else what the longest example needs, in steps of 16."""
  lengths = {}
  for feature, given in (
      ("inputs", flags.input_sequence_length),
      ("targets", flags.target_sequence_length),
  ):
    if given is None:
      longest = measured[feature].percentiles[100]
      given = min(_MAX_LENGTH, -(-longest // 16) * 16)
    lengths[feature] = given
  return lengths


def _say_lengths(measured: Any, lengths: dict[str, int]) -> None:
  for feature, found in measured.items():
    text = f"{feature}: length {lengths[feature]}, longest of"
    text += f" {found.examples:,} rows {found.percentiles[100]} tokens"
    if found.truncated:
      text += f"; {found.truncated:,} rows are CUT"
    print(text)


def _vocabulary(name: str | None, checkpoint: str | None) -> Any:
  """The vocabulary asked for, else the one that fits the checkpoint."""
  import os

  from t5_mtf import data

  packaged = {
      "t5": data.get_default_vocabulary,
      "mini": data.get_mini_vocabulary,
  }
  if name in packaged:
    return packaged[name]()
  if name:
    if not os.path.isfile(name):
      raise errors.unknown_name(
          "vocabulary", name, packaged, "Or give a SentencePiece model file."
      )
    return data.SentencePieceVocabulary(name, data.DEFAULT_EXTRA_IDS)
  if checkpoint is None:
    return data.get_mini_vocabulary()
  rows = _embedding_rows(checkpoint)
  for make in packaged.values():
    if -(-make().vocab_size // 128) * 128 == rows:
      return make()
  raise errors.UserError(
      f"the model in {checkpoint} was trained with a vocabulary of its own"
      f" ({rows} rows). Name its SentencePiece model with --vocabulary=FILE."
  )


def _embedding_rows(checkpoint: str) -> int | None:
  from t5_mtf.tf_compat import tf

  for name, shape in tf.train.list_variables(checkpoint):
    if name.endswith("embedding"):
      return shape[0]
  return None


def _metric_fns(names: str) -> list[Any]:
  from t5_mtf.evaluation import metrics

  for name in names.split(","):
    if name not in _METRICS:
      raise errors.unknown_name(
          "metric",
          name,
          _METRICS,
          "Others need a Task of your own, which says how answers are read.",
      )
  return [getattr(metrics, name) for name in names.split(",")]
