"""`t5_mtf ensemble`: several models that answer together."""

from __future__ import annotations

import argparse
from typing import Any

from t5_mtf.cli import console

_EXAMPLES = """\
examples:
  t5_mtf ensemble model_a model_b model_c --output=ensemble
  t5_mesh_transformer --model_dir=ensemble \\
    --gin_file=ensemble/operative_config.gin --gin_file=eval.gin \\
    --gin_param="utils.run.dataset_split = 'validation'"
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "ensemble",
      help="make one model of several, whose logits are averaged",
      description=(
          "Writes a model directory that holds several models of one shape."
          "\nIt answers by the mean of their logits at each step (Raffel et"
          "\nal. 2020, section 3.6). The models are only read."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("models", nargs="+", metavar="MODEL", help="a model directory, for its"
      " latest checkpoint, or a checkpoint: DIR/model.ckpt-STEP; two or more")
  add("--output", required=True, metavar="DIR", help="a new folder")
  add("--dry_run", action="store_true", help="check the flags, and stop")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  if flags.dry_run:
    return 0
  console.quiet_tensorflow()
  from t5_mtf.models import checkpoints, ensembles

  paths = [checkpoints.find(model) for model in flags.models]
  made = ensembles.make(paths, flags.output)
  for path in paths:
    print(f"  {path}")
  print(f"{len(paths)} models are {made}. Use it with its operative config:"
        f" --model_dir={flags.output}"
        f" --gin_file={flags.output}/operative_config.gin")
  return 0
