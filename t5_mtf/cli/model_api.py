"""The second form of `t5_mesh_transformer`: `--use_model_api --mode=...`.

Each mode is a call of `MtfModel`, with the published flags.
"""

from __future__ import annotations

import argparse
from typing import Any

from t5_mtf import errors

MODES = (
    "train",
    "finetune",
    "eval",
    "predict",
    "score",
    "export_predict",
    "export_score",
)
_CHECKPOINT_MODES = ("latest", "all", "specific")
# Flags of this form alone -> what to bind in the other form.
_ALONE = {
    "mode": "utils.run.mode = 'eval'",
    "mixture_or_task": "MIXTURE_NAME = 'NAME'",
    "checkpoint_mode": "utils.run.eval_checkpoint_step = 'all'",
    "checkpoint_steps": "utils.run.eval_checkpoint_step = [1000, 2000]",
    "eval_summary_dir": "utils.run.eval_summary_dir = 'DIR'",
    "eval_split": "utils.run.dataset_split = 'validation'",
    "target_file": "targets_filename = 'FILE'",
    "temperature": "Bitransformer.decode.temperature = 0.5",
    "keep_top_k": "Bitransformer.decode.sampling_keep_top_k = 10",
    "tpu_topology": "utils.tpu_mesh_shape.tpu_topology = 'v3-8'",
    "model_parallelism": "utils.tpu_mesh_shape.model_parallelism = 8",
}
# Flags of the first form alone.
_OTHER_FORM = (
    "train_file",
    "eval_file",
    "train_targets",
    "eval_targets",
    "validation_fraction",
    "objective",
    "vocabulary",
    "learning_rate",
)
_NEEDED = {
    "train": ("mixture_or_task",),
    "finetune": ("mixture_or_task", "pretrained_model_dir"),
    "eval": ("mixture_or_task",),
    "predict": ("input_file", "output_file"),
    "score": (),
    "export_predict": (),
    "export_score": (),
}
_TRAIN_STEPS = 1000
_LENGTH = 512


def add_flags(parser: argparse.ArgumentParser) -> None:
  """Adds the flags that the first form does not have."""
  add = parser.add_argument_group(
      "the model API, with the published flags",
      "--use_model_api --mode=MODE; also read: --batch_size (default 1),"
      "\n--input_sequence_length and --target_sequence_length (default 512, or"
      " what the\nmodel's config says), --train_steps (default 1000),"
      " --pretrained_model_dir,\n--input_file, --output_file, --export_dir,"
      " --beam_size",
  ).add_argument
  add("--use_model_api", action="store_true", help="run one mode of MtfModel")
  add("--mode", metavar="MODE", help=", ".join(MODES))
  add("--mixture_or_task", metavar="NAME", help="what to train or evaluate on,"
      " or with --mode=score to score")
  add("--checkpoint_mode", metavar="WHICH", help="latest (the default), all, or"
      " specific, with --checkpoint_steps")
  add("--checkpoint_steps", metavar="N,M", help="steps of checkpoints")
  add("--eval_summary_dir", metavar="DIR", help="where evaluations go")
  add("--eval_split", metavar="NAME", help="split to evaluate or score"
      " (default validation)")
  add("--target_file", metavar="FILE", help="targets to score, one a line")
  add("--temperature", type=float, metavar="T", help="of sampling (default 0:"
      " greedy)")
  add("--keep_top_k", type=int, metavar="K", help="sample from so many of the"
      " likeliest tokens")
  add("--tpu_topology", metavar="NAME", help="with --tpu (default v2-8)")
  add("--model_parallelism", type=int, metavar="N", help="cores of a replica,"
      " with --tpu (default 8)")


def check(flags: argparse.Namespace) -> None:
  """Checks that the flags of the two forms are not mixed.

  Raises:
    UserError: a flag has no effect in this form, or one is missing.
  """
  if not flags.use_model_api:
    for flag, binding in _ALONE.items():
      if getattr(flags, flag) is not None:
        raise errors.UserError(
            f"--{flag} is for --use_model_api. Without it, bind it in gin:"
            f' --gin_param="{binding}".'
        )
    return
  if flags.mode not in MODES:
    raise errors.unknown_name("--mode", str(flags.mode), MODES)
  for flag in _OTHER_FORM:
    if getattr(flags, flag):
      raise errors.UserError(f"--{flag} is not for --use_model_api.")
  for flag in _NEEDED[flags.mode]:
    if not getattr(flags, flag):
      raise errors.UserError(f"--mode={flags.mode} needs --{flag}.")
  if flags.mode == "score" and not (flags.target_file or flags.mixture_or_task):
    raise errors.UserError(
        "--mode=score needs --target_file (with --input_file), or"
        " --mixture_or_task."
    )
  for flag in ("tpu_topology", "model_parallelism"):
    if getattr(flags, flag) is not None and not flags.tpu:
      raise errors.UserError(f"--{flag} is given without --tpu.")
  _steps(flags)


def run(flags: argparse.Namespace, evaluation: Any) -> None:
  """Carries out one mode.

  Args:
    flags: of the command.
    evaluation: whether to evaluate while training.

  Raises:
    UserError: something that the flags name is not there.
  """
  from t5_mtf import data

  task = flags.mixture_or_task
  if task:
    data.get_mixture_or_task(task)
  if flags.dry_run:
    about = f" on {task}" if task else ""
    print(f"would {flags.mode}{about} with {flags.model_dir}")
    return
  model = _model(flags)
  split = flags.eval_split or "validation"
  steps = _steps(flags)
  decode = {
      "beam_size": flags.beam_size or 1,
      "temperature": flags.temperature or 0.0,
      "keep_top_k": -1 if flags.keep_top_k is None else flags.keep_top_k,
  }
  train_steps = flags.train_steps or _TRAIN_STEPS
  if flags.mode == "train":
    model.train(task, train_steps, evaluation=evaluation)
  elif flags.mode == "finetune":
    model.finetune(
        task,
        train_steps,
        flags.pretrained_model_dir,
        steps,
        evaluation=evaluation,
    )
  elif flags.mode == "eval":
    model.eval(task, steps, flags.eval_summary_dir, split)
  elif flags.mode == "predict":
    model.predict(flags.input_file, flags.output_file, steps, **decode)
  elif flags.mode == "score":
    model.score(
        None if task else flags.input_file,
        None if task else flags.target_file,
        task,
        split,
        flags.output_file or "scores",
        steps,
    )
  else:
    model.export(flags.export_dir, steps, **decode)


def _model(flags: argparse.Namespace) -> Any:
  from t5_mtf.models.mtf_model import MtfModel

  lengths = None
  if flags.input_sequence_length or flags.target_sequence_length:
    lengths = {
        "inputs": flags.input_sequence_length or _LENGTH,
        "targets": flags.target_sequence_length or _LENGTH,
    }
  return MtfModel(
      flags.model_dir,
      flags.tpu,
      flags.tpu_job_name,
      flags.tpu_zone,
      flags.gcp_project,
      flags.tpu_topology or "v2-8",
      flags.model_parallelism or 8,
      flags.batch_size,
      lengths,
      save_checkpoints_steps=flags.save_checkpoints_steps,
      extra_gin_bindings=flags.gin_param,
      gin_files=flags.gin_file,
  )


def _steps(flags: argparse.Namespace) -> Any:
  """The checkpoints that the flags name: a step, a list, -1 or "all".

  Raises:
    UserError: they name none, or several where one is needed.
  """
  mode = flags.checkpoint_mode
  if mode is None:
    mode = "specific" if flags.checkpoint_steps else "latest"
  if mode not in _CHECKPOINT_MODES:
    raise errors.unknown_name("--checkpoint_mode", mode, _CHECKPOINT_MODES)
  if (mode == "specific") != bool(flags.checkpoint_steps):
    raise errors.UserError(
        "--checkpoint_mode=specific and --checkpoint_steps=N,M go together."
    )
  if mode == "latest":
    return -1
  several = flags.mode in ("eval", "predict")
  if mode == "all" and several:
    return "all"
  words = (flags.checkpoint_steps or "").split(",")
  if mode == "all" or (len(words) > 1 and not several):
    raise errors.UserError(
        f"--mode={flags.mode} works with one checkpoint: the latest, or one of"
        " --checkpoint_steps."
    )
  if not all(word.strip().isdecimal() for word in words):
    raise errors.UserError(
        f"--checkpoint_steps is {flags.checkpoint_steps!r}. Give numbers,"
        " separated by commas."
    )
  steps = [int(word) for word in words]
  return steps if several else steps[0]
