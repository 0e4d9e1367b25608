"""Ensembles: several models of one shape answer together.

Raffel et al. 2020, section 3.6: the logits of separately trained models are
averaged before the softmax, at each step of decoding. Mesh TF computes such
models as one whose variables have a leading dimension `ensemble`, so an
ensemble is a checkpoint of stacked variables, in a folder whose operative
config says how many there are. All that can be done with a model (evaluation,
prediction, scoring, export) can be done with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoint_rewriting, checkpoints
from t5_mtf.models.checkpoint_rewriting import OPERATIVE_CONFIG, SOURCE_FILE

_GLOBAL_STEP = "global_step"
_OPTIMIZER = "_slot_"  # in names of an optimizer's variables


def make(paths: Sequence[str], output: str) -> str:
  """Writes the ensemble of several checkpoints; returns its path.

  Variables of optimizers are left out: an ensemble is not trained further.

  Args:
    paths: checkpoints of models of one shape, each with its operative config
      beside it; that of the first goes with the ensemble.
    output: a new folder.

  Raises:
    CheckpointError: fewer than two checkpoints, variables that differ, no
      operative config, or `output` is in use.
  """
  check(paths, output)
  readers = [checkpoints.reader(path) for path in paths]
  config = files.read_text(config_of(paths[0]))
  files.write_atomically(
      os.path.join(output, OPERATIVE_CONFIG), config + bindings(len(paths))
  )
  files.write_atomically(
      os.path.join(output, SOURCE_FILE),
      json.dumps({"ensemble": list(paths)}, indent=2) + "\n",
  )
  step = max(checkpoints.step_of(path) for path in paths)
  path = os.path.join(output, f"model.ckpt-{step}")
  checkpoint_rewriting.write_checkpoint(
      path, ((name, _value(readers, name)) for name in stacked_names(paths[0]))
  )
  checkpoints.use_as_latest(output, path)
  return path


def check(paths: Sequence[str], output: str) -> None:
  """Checks what an ensemble would be made of; see `make`.

  Raises:
    CheckpointError: it cannot be made.
  """
  if len(paths) < 2:
    raise errors.CheckpointError(
        f"an ensemble needs two checkpoints or more, but {len(paths)} is given."
    )
  checkpoint_rewriting.check_same_variables(paths)
  config = config_of(paths[0])
  if not files.exists(config):
    raise errors.CheckpointError(
        f"{config} is missing, so it is not known what model {paths[0]!r} is."
        " Copy the operative config of its training there."
    )
  checkpoint_rewriting.check_output(output)


def config_of(path: str) -> str:
  """Path of the operative config that goes with a checkpoint."""
  return os.path.join(os.path.dirname(path), OPERATIVE_CONFIG)


def stacked_names(path: str) -> list[str]:
  """Names of the variables of an ensemble: the model's, and the step."""
  return [name for name in checkpoints.shapes(path) if _OPTIMIZER not in name]


def bindings(size: int) -> str:
  """The gin bindings that make a model an ensemble, over its own."""
  scopes = ("", "encoder/", "decoder/")  # a single stack, and the two of T5
  lines = [
      "",
      f"# An ensemble of {size}, whose logits are averaged.",
      *(f"{scope}Unitransformer.ensemble = {size}" for scope in scopes),
      "reduce_ensemble_logits.reduce_fn ="
      " @transformer.reduce_ensemble_logits_mean_logit",
  ]
  return "\n".join(lines) + "\n"


def _value(readers: Sequence[Any], name: str) -> Callable[[], Any]:
  """Returns what reads a variable of all models, stacked."""
  import numpy as np

  if name == _GLOBAL_STEP:
    return lambda: np.asarray(max(r.get_tensor(name) for r in readers))
  return lambda: np.stack([reader.get_tensor(name) for reader in readers])
