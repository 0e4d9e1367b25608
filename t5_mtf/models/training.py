"""Training: start or continue, watch, save, and say how it ended."""

from __future__ import annotations

import dataclasses
import functools
import json
import os

from t5_mtf import errors, gin_config
from t5_mtf.evaluation import files
from t5_mtf.gin_config import OPERATIVE_CONFIG
from t5_mtf.models import (
    checkpoints,
    estimator,
    hooks,
    mesh_transformer,
    mixed_precision,
    periodic_evaluation,
    storage,
)
from t5_mtf.models.periodic_evaluation import PeriodicEvaluation
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport
from t5_mtf.models.training_input import TrainingInput

ORIGIN_FILE = "origin.json"


class Interrupted(Exception):
  """Training was asked to stop, and saved.

  Attributes:
    signal: the number of the signal that asked.
  """

  def __init__(self, number: int, step: int, model_dir: str) -> None:
    super().__init__(
        f"stopped at step {step:,}; the checkpoint is in {model_dir}."
        " The same command continues from it."
    )
    self.signal = number


@dataclasses.dataclass(frozen=True)
class _Start:
  """Where a run sets out from.

  Attributes:
    origin: where the model directory started from.
    step: the step training continues at.
    resume_from: the directory's own checkpoint of that step, or None.
  """

  origin: Origin
  step: int
  resume_from: str | None


@dataclasses.dataclass(frozen=True)
class Origin:
  """Where a model directory started from; kept in its `origin.json`.

  Attributes:
    init_checkpoint: the checkpoint that gave the first weights, or None.
    step: the step training started at; data positions count from it.
  """

  init_checkpoint: str | None
  step: int


def train(
    settings: RunSettings,
    log_every: int = 10,
    evaluation: PeriodicEvaluation | None = None,
) -> str:
  """Trains to `settings.training.steps`, from wherever `model_dir` stands.

  Args:
    settings: of the run; `train_dataset_fn` must be set.
    log_every: steps between records in `metrics.jsonl`.
    evaluation: whether to evaluate meanwhile; None for what gin binds.

  Returns:
    The path of the last checkpoint.

  Raises:
    UserError: the directory and the settings do not belong together.
    TrainingDiverged: the loss became NaN or infinite.
    Interrupted: SIGTERM or Ctrl-C came; a checkpoint was saved.
  """
  if settings.train_dataset_fn is None:
    raise errors.UserError(
        "utils.run.train_dataset_fn is not bound. Add --gin_file=dataset.gin"
        " and name a task with --gin_param=\"MIXTURE_NAME = 'mini_all'\"."
    )
  settings = _with_checkpoint_found(settings)
  resume_from, broken = checkpoints.latest_readable(settings.model_dir)
  origin = _origin(settings, resume_from)
  step = checkpoints.step_of(resume_from) if resume_from else origin.step
  if step >= settings.training.steps and not resume_from:
    raise errors.UserError(
        f"train_steps is {settings.training.steps:,}, but steps are counted on"
        f" from the initial checkpoint, which is at {step:,}. For N more steps"
        f" bind utils.run.train_steps = {step} + N."
    )
  if step >= settings.training.steps:
    print(
        f"{settings.model_dir} is at step {step:,} of"
        f" {settings.training.steps:,}: nothing left to train.",
        flush=True,
    )
    return resume_from
  evaluation = evaluation or periodic_evaluation.from_gin({})
  settings = _saving_for(settings, evaluation)
  evaluator = _evaluator(settings, evaluation, step)
  if evaluator and (reason := evaluator.why_exhausted()):
    print(
        f"{settings.model_dir} stopped early at step {step:,}: {reason}. To"
        " train on, raise patience or leave it out.",
        flush=True,
    )
    return resume_from

  report = _start_report(settings, step)
  report.notes(broken)
  start = _Start(origin, step, resume_from)
  with hooks.InterruptHook() as interrupt:
    _run(settings, start, report, log_every, evaluator, interrupt)
  last = checkpoints.find(settings.model_dir)
  if interrupt.received is not None:
    raise Interrupted(
        interrupt.received, checkpoints.step_of(last), settings.model_dir
    )
  _write_operative_config(settings.model_dir)  # now all that was used is known
  return last


def _evaluator(
    settings: RunSettings, evaluation: PeriodicEvaluation, step: int
) -> periodic_evaluation.Evaluator | None:
  """What evaluates while training, if that is asked for."""
  if not evaluation.every_steps:
    return None
  return periodic_evaluation.Evaluator(settings, evaluation, step)


def _saving_for(
    settings: RunSettings, evaluation: PeriodicEvaluation
) -> RunSettings:
  """The settings with a checkpoint saved at each evaluation."""
  steps = periodic_evaluation.save_every(
      evaluation, settings.training.save_checkpoints_steps
  )
  training = dataclasses.replace(
      settings.training, save_checkpoints_steps=steps
  )
  return dataclasses.replace(settings, training=training)


def _run(
    settings: RunSettings,
    start: _Start,
    report: StartReport,
    log_every: int,
    evaluator: periodic_evaluation.Evaluator | None,
    interrupt: hooks.InterruptHook,
) -> None:
  step = start.step
  stream = TrainingInput(
      settings, step, batches_before=step - start.origin.step
  )
  prepare = functools.partial(
      _prepare_directory, settings.model_dir, start.origin, start.resume_from
  )
  watching = [
      hooks.BeginHook(prepare),
      hooks.ReportHook(report),
      stream.hook,
      hooks.FiniteLossHook(step),
      hooks.ProgressHook(
          settings.model_dir,
          step,
          settings.training.steps,
          settings.batch.tokens,
          log_every,
      ),
      interrupt,
  ]
  print("building the graph ...", flush=True)
  try:
    estimator.make_estimator(settings, report, start.resume_from).train(
        stream.input_fn,
        # Not max_steps, for which it would trust the file `checkpoint`.
        steps=settings.training.steps - step,
        hooks=watching,
        saving_listeners=[stream.listener, *([evaluator] if evaluator else [])],
    )
  except errors.TrainingDiverged as error:
    good = checkpoints.latest_finite(settings.model_dir)
    raise errors.TrainingDiverged(
        f"{error} The last good checkpoint is {good or 'none'}. Lower the"
        " learning rate or lengthen its warm-up, or look at the data of this"
        " step, and train again from that checkpoint."
    ) from None


def _prepare_directory(
    model_dir: str, origin: Origin, resume_from: str | None
) -> None:
  """Writes what a run starts with, once it is known that it will start."""
  left = checkpoints.remove_leftovers(model_dir)
  if left:
    print(f"removed {len(left)} files that a kill left half written: {left}")
  if resume_from:
    checkpoints.use_as_latest(model_dir, resume_from)
  else:
    _set_aside_state(model_dir)
  _write_origin(model_dir, origin)
  _write_operative_config(model_dir)


def _with_checkpoint_found(settings: RunSettings) -> RunSettings:
  """Replaces a directory given as `init_checkpoint` by its checkpoint."""
  path = settings.training.init_checkpoint
  if not path:
    return settings
  training = dataclasses.replace(
      settings.training, init_checkpoint=checkpoints.find(path)
  )
  return dataclasses.replace(settings, training=training)


def _origin(settings: RunSettings, resume_from: str | None) -> Origin:
  """Reads where the directory started from; refuses another start."""
  wanted = settings.training.init_checkpoint
  path = os.path.join(settings.model_dir, ORIGIN_FILE)
  if resume_from and files.exists(path):
    origin = Origin(**json.loads(files.read_text(path)))
    if wanted and _name(wanted) != _name(origin.init_checkpoint):
      raise errors.UserError(
          f"{settings.model_dir} holds a model that started from"
          f" {origin.init_checkpoint or 'random weights'}, but init_checkpoint"
          f" is {wanted}. Give a new model_dir, or leave init_checkpoint out to"
          " continue."
      )
    return origin
  if resume_from:  # a directory that another program wrote
    return Origin(None, checkpoints.step_of(resume_from))
  if not wanted:
    return Origin(None, 0)
  reason = checkpoints.unreadable_reason(wanted)
  if reason:
    raise errors.CheckpointError(
        f"init_checkpoint {wanted!r} cannot be read: {reason}."
    )
  return Origin(wanted, checkpoints.step_in(wanted))


def start_step(settings: RunSettings, resume_from: str | None) -> int:
  """The step at which training first started, also when it continues."""
  return _origin(settings, resume_from).step


def _name(checkpoint: str | None) -> list[str]:
  """Folder and step: what stays when a tree of models is moved."""
  return os.path.abspath(checkpoint or "/").split(os.sep)[-2:]


def _write_origin(model_dir: str, origin: Origin) -> None:
  files.write_atomically(
      os.path.join(model_dir, ORIGIN_FILE), json.dumps(vars(origin)) + "\n"
  )


def _write_operative_config(model_dir: str) -> None:
  files.write_atomically(
      os.path.join(model_dir, OPERATIVE_CONFIG), gin_config.operative_config()
  )


def _set_aside_state(model_dir: str) -> None:
  """No checkpoint can be read: keeps the files, but starts anew."""
  state = os.path.join(model_dir, "checkpoint")
  if files.exists(state):
    storage.move(state, state + ".unreadable")


def _data_lines(settings: RunSettings) -> list[tuple[str, str]]:
  """What is trained on, when that is a registered task or mixture."""
  name = gin_config.bound("mesh_train_dataset_fn", "mixture_or_task_name")
  if name is None:
    return []
  text, cut = mesh_transformer.describe_data(
      name, settings.dataset_split, settings.batch.sequence_length
  )
  return [("data", text)] + ([("lengths", cut)] if cut else [])


def _start_report(settings: RunSettings, step: int) -> StartReport:
  batch, training = settings.batch, settings.training
  lengths = " + ".join(str(n) for n in batch.sequence_length.values())
  report = StartReport()
  report.add("model", settings.model_type)
  for subject, text in _data_lines(settings):
    report.add(subject, text)
  report.add("devices", settings.mesh.description)
  report.add("numbers", mixed_precision.description(settings))
  report.add(
      "batch",
      f"{batch.sequences:,} sequences x ({lengths}) = {batch.tokens:,} tokens",
  )
  report.add(
      "steps",
      f"{step:,} -> {training.steps:,}, a checkpoint every"
      f" {training.save_checkpoints_steps:,}",
  )
  report.add("weights", "")
  report.add("output", settings.model_dir)
  return report
