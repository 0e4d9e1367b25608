"""One run, carried out in this process as its commands would do it.

Each part continues what an earlier process left: training from its last
checkpoint, evaluation from the first checkpoint without results.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import sys
from collections.abc import Iterator

from t5_mtf.ablations import commands, machines
from t5_mtf.ablations.run_folder import LOG, Facts, RunFolder, Stopped
from t5_mtf.ablations.runs import ENSEMBLE, Run

_NOT_KEPT = ("events.out.tfevents.*", "*.meta", "input_position-*")

_flops: dict[tuple, float] = {}  # of steps that this process has counted


def carry_out(run: Run, output: str) -> None:
  """Does what is left of a run, and notes its end; its parents have ended.

  All that it says goes to the run's `log.txt`.

  Raises:
    Held: another process is doing it.
    Stopped: it was asked to; a training saved a checkpoint.
  """
  folder = RunFolder(run, output)
  with folder.held():
    if folder.read_done():
      return
    with _said_to(folder.file(LOG)):
      try:
        facts = _make(run, output)
        if run.tasks:
          _evaluate(run, output)
        _prune(run, folder.path)
      finally:
        _clean_up()
    folder.note_seconds()
    folder.write_done(facts, machines.describe(), machines.versions())


def _make(run: Run, output: str) -> Facts:
  """Makes the model."""
  if run.kind == ENSEMBLE:
    return _join(run, output)
  from t5_mtf.models import checkpoints, gin_loading, settings, training

  for step in segments(run, output):
    params = commands.training_params(run, output)
    if step != run.total_steps:
      params += [
          f"utils.run.train_steps = {step}",
          f"utils.run.total_run_steps = {run.total_steps}",
      ]
    gin_loading.load(run.gin_files, params)
    found = settings.from_gin(run.folder(output))
    try:
      last = training.train(found)
    except training.Interrupted as interrupted:
      raise Stopped(str(interrupted)) from interrupted
  if checkpoints.step_of(last) != run.total_steps:
    raise RuntimeError(f"{last} is not of step {run.total_steps}")
  return Facts(
      tokens=run.steps * found.batch.tokens,
      flops=run.steps * _flops_of_step(run, found),
      parameters=_parameters(last),
  )


def segments(run: Run, output: str) -> list[int]:
  """Returns the steps to train to, one after the other.

  A run that was stopped between two checkpoints has one of an odd step, from
  which the next would be counted. It is trained to the next even one first, so
  that the same checkpoints are evaluated as without an interruption.
  """
  from t5_mtf.models import checkpoints

  start, end = run.total_steps - run.steps, run.total_steps
  there = checkpoints.list_checkpoints(run.folder(output))
  every = commands.bound(run, "utils.run.save_checkpoints_steps")
  if not there or not every:
    return [end]
  over = (checkpoints.step_of(there[-1]) - start) % every
  following = checkpoints.step_of(there[-1]) - over + every
  return [following, end] if over and following < end else [end]


def _join(run: Run, output: str) -> Facts:
  """Makes an ensemble."""
  from t5_mtf.models import checkpoints, ensembles

  folder = run.folder(output)
  there = checkpoints.list_checkpoints(folder)
  if there and checkpoints.unreadable_reason(there[-1]):
    for name in os.listdir(folder):  # a kill left it in half
      if name.startswith("model.ckpt-"):
        os.remove(os.path.join(folder, name))
    there = []
  if not there:
    checkpoints.remove_leftovers(folder)
    members = [parent.folder(output) for parent in run.parents]
    ensembles.make([checkpoints.find(m) for m in members], folder)
  return Facts(0, 0.0, _parameters(checkpoints.find(folder)))


def _evaluate(run: Run, output: str) -> None:
  from t5_mtf.models import gin_loading, runner, settings

  gin_loading.load(
      commands.evaluation_files(run, output), commands.evaluation_params(run)
  )
  runner.run(settings.from_gin(run.folder(output)))


def _prune(run: Run, folder: str) -> None:
  """Removes what is not needed any more.

  Of a run that is evaluated the last checkpoint stays, of a pre-training all
  that its own settings keep. What TensorFlow wrote of its graph goes, and so
  does the position in the data, which would be needed to train on: together
  they are larger than a small model. Losses stay in metrics.jsonl.
  """
  from t5_mtf.models import checkpoints

  there = checkpoints.list_checkpoints(folder)
  gone = [os.path.basename(path) for path in there[:-1]] if run.tasks else []
  for name in os.listdir(folder):
    is_gone = any(fnmatch.fnmatch(name, pattern) for pattern in _NOT_KEPT)
    if is_gone or name.rpartition(".")[0] in gone:
      os.remove(os.path.join(folder, name))
  if gone:
    checkpoints.use_as_latest(folder, there[-1])
    print(f"removed after the evaluation: {', '.join(gone)}", flush=True)


def _parameters(checkpoint: str) -> int:
  """Number of parameters: what a checkpoint holds of the model itself."""
  import math

  from t5_mtf.models import checkpoints, ensembles

  shapes = checkpoints.shapes(checkpoint)
  names = {*ensembles.stacked_names(checkpoint)} - {"global_step"}
  return sum(math.prod(shapes[name]) for name in names)


def _flops_of_step(run: Run, settings) -> float:
  """Operations of a training step, over all devices."""
  from t5_mtf.models.planning import step_costs

  key = run.gin_files, run.gin_params
  if key not in _flops:
    costs = step_costs.of_run(settings, settings.use_tpu)
    _flops[key] = costs.flops * settings.mesh.shape.size
  return _flops[key]


def _clean_up() -> None:
  """Lets go of graphs and writers, so that the next run starts afresh."""
  import gc

  from t5_mtf.tf_compat import tf

  tf.compat.v1.summary.FileWriterCache.clear()
  tf.compat.v1.reset_default_graph()
  gc.collect()


@contextlib.contextmanager
def _said_to(path: str) -> Iterator[None]:
  """Appends what this process prints, TensorFlow's own lines too, to a file."""
  sys.stdout.flush()
  sys.stderr.flush()
  kept = os.dup(1), os.dup(2)
  log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
  os.dup2(log, 1)
  os.dup2(log, 2)
  os.close(log)
  try:
    yield
  finally:
    sys.stdout.flush()
    sys.stderr.flush()
    for number, descriptor in zip((1, 2), kept, strict=True):
      os.dup2(descriptor, number)
      os.close(descriptor)
