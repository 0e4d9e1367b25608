"""`t5_mtf plan`: memory, time, communication and disk of a run, beforehand."""

from __future__ import annotations

import argparse
import os
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console

_EXAMPLES = """\
examples:
  t5_mtf plan --gin_file=models/t5.1.0.11B.gin --hardware=v3-1024
  t5_mtf plan --gin_file=models/t5.1.0.3B.gin --hardware=8xA100 --batch=64
  t5_mtf plan --model_dir=my_model --hardware=cpu:2 --mesh=batch:2
  t5_mtf plan --table
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "plan",
      help="say what a run needs and whether it fits, before it is started",
      description=(
          "Builds the training step of a configuration and counts what one"
          "\ndevice of a mesh needs for it: memory, time, communication; and"
          "\ntokens and disk of the whole run. The hardware need not be there."
          "\nThe first thing that does not fit or divide comes first, with"
          "\nvalues that would."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("--gin_file", action="append", default=[], metavar="FILE",
      help="as for t5_mesh_transformer; may be given several times")
  add("--gin_param", action="append", default=[], metavar="'NAME = VALUE'",
      help="as for t5_mesh_transformer; may be given several times")
  add("--gin_location_prefix", action="append", default=[], metavar="DIR",
      help="a further place to search for gin files")
  add("--module_import", action="append", default=[], metavar="MODULE",
      help="a Python module to import first, for Tasks of your own")
  add("--model_dir", metavar="DIR", help="a model whose operative config is"
      " read before the gin files")
  add("--hardware", metavar="NAME", help="v2-8 ... v3-1024, T4, V100, A100,"
      " 8xA100-80GB, cpu, cpu:4 (default: what is visible here)")
  add("--mesh", metavar="SHAPE", help="batch:4,model:2 (default: as"
      " configured, else data parallelism)")
  add("--batch", type=int, metavar="N", help="sequences a step (default: as"
      " configured)")
  add("--no_alternatives", action="store_true", help="do not try the other"
      " meshes of the hardware")
  add("--table", action="store_true", help="print the table of the published"
      " sizes on TPU slices, as docs/parallelism.md has it")
  add("--prove", action="store_true", help="lower the training, scoring and"
      " decoding graphs for the TPU slice as Mesh TF does on it, and compare"
      " the counters; takes minutes for large slices")
  add("--dry_run", action="store_true", help="check the flags, and stop")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns 1 if the run cannot work as planned."""
  _check(flags)
  if flags.dry_run:
    return 0
  console.quiet_tensorflow()
  if flags.table:
    return _table()
  from t5_mtf.cli import t5_mesh_transformer
  from t5_mtf.models.planning import configured, hardware

  for module in flags.module_import:
    t5_mesh_transformer.import_module(module)
  there = hardware.parse(flags.hardware) if flags.hardware else (
      hardware.visible()
  )
  configured.load_gin(
      _gin_files(flags), flags.gin_param, there, flags.gin_location_prefix
  )
  changes = {} if flags.batch is None else {"batch_size": flags.batch}
  found = configured.configured(
      there, flags.model_dir or "", flags.mesh, **changes
  )
  for note in found.notes:
    print(f"note: {note}")
  if flags.prove:
    return _prove(found, there)
  return _plan(flags, found, there)


def _check(flags: argparse.Namespace) -> None:
  if flags.table and flags.prove:
    raise errors.UserError("--table and --prove do not go together.")
  given = [f for f in ("gin_file", "hardware", "mesh", "batch", "model_dir")
           if getattr(flags, f)]
  if flags.table and given:
    raise errors.UserError(
        f"--table is of the published sizes: leave --{given[0]} out."
    )
  if not flags.table and not (flags.gin_file or flags.model_dir):
    raise errors.UserError(
        "nothing to plan. Name a configuration, for example"
        " --gin_file=models/t5.1.0.base.gin, or --model_dir=MY_MODEL."
    )
  if flags.batch is not None and flags.batch < 1:
    raise errors.UserError(f"--batch={flags.batch} is not a number from 1 on.")


def _gin_files(flags: argparse.Namespace) -> list[str]:
  if not flags.model_dir:
    return flags.gin_file
  own = os.path.join(flags.model_dir, "operative_config.gin")
  return [own, *flags.gin_file]


def _plan(flags: argparse.Namespace, found: Any, there: Any) -> int:
  from t5_mtf.models.planning import estimate, report

  problem, plan = found.problem, None
  if problem is None:
    try:
      plan = estimate.make_plan(found.settings, there)
      problem = plan.problem()
    except errors.UserError as error:
      problem = str(error)
  if problem:
    print(f"PROBLEM: {problem}\n", flush=True)
  if plan and plan.settings.mesh.shape.size == there.devices:
    print(report.aligned(report.rows(plan)), flush=True)
  if not flags.no_alternatives and (there.devices > 1 or problem):
    plans, refused = estimate.alternatives(found.settings, there)
    if plans:
      print(f"\nmeshes of {there.name}, the quickest that fits first\n")
      print("\n".join(report.table(plans)))
    if refused:
      print(f"\nnot possible: {', '.join(refused)}; for example,"
            f" {next(iter(refused.values()))}")
  return 1 if problem else 0


def _prove(found: Any, there: Any) -> int:
  from t5_mtf.models.planning import proof

  if not there.on_tpu:
    raise errors.UserError("--prove is for --hardware of TPUs, such as v3-8.")
  if found.problem:
    raise errors.UserError(found.problem)
  return 0 if proof.prove(found.settings, print) else 1


def _table() -> int:
  from t5_mtf.models.planning import published

  for line in published.table():
    print(line, flush=True)
  return 0
