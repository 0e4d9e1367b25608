"""The command `t5_mesh_transformer`: train, evaluate, decode and export."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console

_EXAMPLES = """\
examples:
  fine-tune on a file of your own, score it, and answer a file of inputs:
    t5_mesh_transformer --model_dir=my_model --train_file=train.tsv \\
      --eval_file=dev.tsv --train_steps=500 \\
      --input_file=questions.txt --output_file=answers.txt

  pre-train on the embedded prose:
    t5_mesh_transformer --model_dir=pretrained \\
      --gin_file=mini/pretraining.gin

  a published configuration, as it was published:
    t5_mesh_transformer --model_dir=MODEL_DIR --gin_file=dataset.gin \\
      --gin_file=models/t5.1.0.small.gin --gin_param="MIXTURE_NAME = 'mini_all'"
"""

def make_parser() -> console.Parser:
  """Returns the parser of the command."""
  parser = console.Parser(
      prog="t5_mesh_transformer",
      description=(
          "Trains, evaluates and runs T5 (Mesh TensorFlow), from gin configs or"
          "\non a file of your own."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument_group("the run").add_argument
  add("--model_dir", metavar="DIR", help="checkpoints, logs, operative config")
  add("--gin_file", action="append", default=[], metavar="FILE",
      help="a gin file; a path, or a name below the package's gin folder such"
      " as models/t5.1.1.base.gin; may be given several times")
  add("--gin_param", action="append", default=[], metavar="'NAME = VALUE'",
      help="a gin binding; wins over every file; may be given several times")
  add("--gin_location_prefix", action="append", default=[], metavar="DIR",
      help="a further place to search for gin files")
  add("--additional_deprecated_gin_references", action="append", default=[],
      metavar="NAME", help="leave out the bindings of this configurable, which"
      " there is not; each is said; may be repeated, or hold several with"
      " commas")
  add("--skip_all_gin_unknowns", action="store_true", help="leave out the"
      " bindings of every unknown configurable; each is said")
  add("--module_import", action="append", default=[], metavar="MODULE",
      help="a Python module to import first, for Tasks of your own")
  add("--dry_run", action="store_true",
      help="check everything, print the settings, and stop")
  from t5_mtf.cli import model_api, short_form

  short_form.add_flags(parser)
  model_api.add_flags(parser)
  _add_training_flags(parser)
  _add_evaluation_flags(parser)
  add = parser.add_argument_group("TPU").add_argument
  add("--tpu", metavar="NAME", help="name or grpc:// address of a Cloud TPU;"
      " without it GPUs are used if there are any, else the CPU")
  add("--tpu_zone", metavar="ZONE", help="found out if not given")
  add("--gcp_project", metavar="PROJECT", help="found out if not given")
  add("--tpu_job_name", metavar="NAME", help="only if not tpu_worker")
  add = parser.add_argument_group("several hosts").add_argument
  add("--hosts", metavar="HOST:PORT,...", help="every host of the run and a"
      " free port of each; the same command runs on all of them")
  add("--host_index", type=int, metavar="N", help="which of them this one is,"
      " from 0; host 0 drives the run")
  add = parser.add_argument_group("data").add_argument
  add("--t5_tfds_data_dir", metavar="DIR",
      help="folder of data sets prepared by TensorFlow Datasets")
  add("--additional_task_cache_dirs", action="append", default=[],
      metavar="DIR", help="a directory of task caches, see `t5_mtf cache`;"
      " may be repeated, or hold several with commas")
  return parser


def _add_training_flags(parser: argparse.ArgumentParser) -> None:
  add = parser.add_argument_group("training").add_argument
  add("--log_every", type=int, default=10, metavar="N",
      help="steps between records in metrics.jsonl (default 10)")
  add("--mixed_precision", choices=("auto", "on", "off"), help="train with"
      " bfloat16 matrix products, the rest in float32; auto, the default: where"
      " the CPU is fast at them")
  add("--allow_oversize", action="store_true", help="train even if the estimate"
      " of the memory says that a step does not fit")
  add("--allow_partial_initialization", action="store_true", help="start from"
      " an initial checkpoint that fits the model only in part: load what fits,"
      " start the rest at random, say what was which")


def _add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
  add = parser.add_argument_group("evaluation while training").add_argument
  add("--eval_every", type=int, metavar="N", help="evaluate every N steps, in"
      " the same process")
  add("--best_metric", metavar="NAME", help="keep the best checkpoint in"
      " MODEL_DIR/best: by TASK/METRIC, METRIC of a single task, or mean")
  add("--patience", type=int, metavar="N", help="stop after N evaluations"
      " without a better one")


@console.guarded
def main(argv: Sequence[str] | None = None) -> int:
  """Runs the command; returns its exit status."""
  parser = make_parser()
  words = sys.argv[1:] if argv is None else argv
  if not words:
    parser.print_help()
    return 1
  flags = parser.parse_strictly(words)
  _check_flags(flags)
  console.quiet_tensorflow()
  from t5_mtf.models import training

  try:
    return _run(flags)
  except training.Interrupted as stopped:
    print(stopped)
    return 128 + stopped.signal


def _check_flags(flags: argparse.Namespace) -> None:
  from t5_mtf.cli import model_api

  if not flags.model_dir:
    raise errors.UserError(
        "--model_dir is not given. Name the folder that holds, or will hold,"
        " the checkpoints: --model_dir=my_model."
    )
  for flag in ("tpu_zone", "gcp_project", "tpu_job_name"):
    if getattr(flags, flag) and not flags.tpu:
      raise errors.UserError(f"--{flag} is given without --tpu.")
  if flags.host_index is not None and not flags.hosts:
    raise errors.UserError("--host_index is given without --hosts.")
  for flag in ("tpu", "use_model_api"):
    if flags.hosts and getattr(flags, flag):
      raise errors.UserError(f"--hosts and --{flag} do not go together.")
  model_api.check(flags)


def _run(flags: argparse.Namespace) -> int:
  from t5_mtf import data
  from t5_mtf.cli import model_api, short_form
  from t5_mtf.models import distributed, layouts, settings

  flags.gin_param += _flag_bindings(flags)
  for module in flags.module_import:
    import_module(module)
  cluster = None
  if flags.hosts:
    cluster = distributed.parse(flags.hosts, flags.host_index)
    if flags.dry_run:
      print(f"{cluster.named(cluster.index)} of {len(cluster.hosts)} hosts")
      cluster = None  # nothing is started; the rest is checked as on one
    elif cluster.index:
      distributed.serve(cluster)
      return 0
  if flags.t5_tfds_data_dir:
    data.set_tfds_data_dir_override(flags.t5_tfds_data_dir)
  data.add_global_cache_dirs(
      [d for ds in flags.additional_task_cache_dirs for d in ds.split(",") if d]
  )
  if flags.use_model_api:
    model_api.run(flags, _evaluation(flags))
    return 0
  plan = short_form.plan(flags)
  load_gin(
      [*plan.gin_files, *flags.gin_file],
      [*plan.bindings, *flags.gin_param],
      search_paths=flags.gin_location_prefix,
      defaults=plan.defaults,
      on_tpu=bool(flags.tpu),
      ignored=_ignored(flags),
  )
  tpu = flags.tpu and layouts.Tpu(
      flags.tpu, flags.tpu_zone, flags.gcp_project, flags.tpu_job_name
  )
  if not flags.dry_run:
    for prepare in plan.prepare:
      prepare()
  with distributed.driving(cluster, flags.model_dir):
    for changes in plan.runs:
      if flags.allow_partial_initialization:
        changes = {**changes, "allow_partial_initialization": True}
      run = settings.from_gin(flags.model_dir, tpu or None, cluster, **changes)
      _carry_out(run, flags)
  return 0


def _carry_out(run: Any, flags: argparse.Namespace) -> None:
  from t5_mtf.models import runner, training

  if flags.dry_run:
    _print_settings(run)
  elif run.mode == "train":
    training.train(run, flags.log_every, _evaluation(flags))
  else:
    runner.run(run)


def _evaluation(flags: argparse.Namespace) -> Any:
  """When to evaluate while training: by the flags, then by gin."""
  from t5_mtf.models import periodic_evaluation

  return periodic_evaluation.from_gin({
      "every_steps": flags.eval_every,
      "metric": flags.best_metric,
      "patience": flags.patience,
  })


def load_gin(
    gin_files: Sequence[str], bindings: Sequence[str], **options: Any
) -> None:
  """Loads gin files and bindings; see `gin_loading.load`."""
  from t5_mtf.models import gin_loading

  gin_loading.load(gin_files, bindings, **options)


def _flag_bindings(flags: argparse.Namespace) -> list[str]:
  """The bindings that flags stand for."""
  bindings = []
  if flags.mixed_precision is not None:
    enabled = {"auto": None, "on": True, "off": False}[flags.mixed_precision]
    bindings.append(f"mixed_precision.enabled = {enabled}")
  if flags.allow_oversize:
    bindings.append("memory_check.allow_oversize = True")
  return bindings


def _ignored(flags: argparse.Namespace) -> Any:
  """The unknown gin names that the flags say to leave out."""
  from t5_mtf import gin_legacy

  names = flags.additional_deprecated_gin_references
  return gin_legacy.Ignored(
      tuple(n.strip() for several in names for n in several.split(",")),
      flags.skip_all_gin_unknowns,
  )


def import_module(module: str) -> None:
  """Imports a module of the user's, from the current folder or installed.

  Raises:
    UserError: there is none of that name.
  """
  if os.getcwd() not in sys.path:
    sys.path.append(os.getcwd())  # installed scripts do not have it
  try:
    importlib.import_module(module)
  except ModuleNotFoundError as error:
    if error.name != module.split(".")[0] and error.name != module:
      raise
    raise errors.UserError(
        f"--module_import={module}: no module of that name. Run the command"
        " from the folder that holds it, or install it."
    ) from error


def _print_settings(run: Any) -> None:
  batch = f"{run.batch.sequences:,} sequences, {run.batch.tokens:,} tokens"
  rows = (
      ("mode", run.mode),
      ("model", run.model_type),
      ("devices", run.mesh.description),
      ("batch", batch),
      ("lengths", dict(run.batch.sequence_length)),
      ("steps", f"{run.training.steps:,}"),
      ("output", run.model_dir),
  )
  for subject, text in rows:
    print(f"{subject:<8}  {text}")
  print()


if __name__ == "__main__":
  sys.exit(main())
