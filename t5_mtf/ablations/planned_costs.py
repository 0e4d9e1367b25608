"""What runs would cost on hardware that need not be there: an estimate.

The configuration of a run is read as its command would read it, and its
training step is counted by `models.planning`. Counted is the training;
evaluations, start-up and input come on top. Runs with equal models and batches
are counted once.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from t5_mtf import errors
from t5_mtf.ablations import commands
from t5_mtf.ablations.runs import ENSEMBLE, Run

# What in a run's configuration makes no difference to what a step costs: the
# lengths, the batch and the vocabulary that it leads to are compared instead.
_NOT_OF_THE_MODEL = (
    "dataset.gin",
    "learning_rate_schedules/",
    "objectives/",
    "sequence_lengths/",
    "MIXTURE_NAME =",
    "learning_rate_schedules.",
    "utils.run.batch_size =",
    "utils.run.keep_checkpoint_max =",
    "utils.run.save_checkpoints_steps =",
    "utils.run.sequence_length =",
    "utils.run.train_steps =",
)


@dataclasses.dataclass(frozen=True)
class PlannedCost:
  """The cost of a run's training; all of it is an estimate.

  Attributes:
    tokens: positions trained on, padding included.
    flops: of matrix products, over all devices.
    seconds: least and most, where the run works on the hardware; else None.
    disk: bytes of the checkpoints that it keeps until it is evaluated.
    checkpoint: bytes of one of them.
    problem: why it does not work on the hardware; empty if it does.
    tight: whether its memory only just fits.
  """

  tokens: int
  flops: float
  seconds: tuple[float, float] | None
  disk: float
  checkpoint: float
  problem: str = ""
  tight: bool = False


class Planner:
  """Counts runs for hardware.

  Args:
    hardware: a `models.planning.hardware.Hardware`.

  Attributes:
    notes: what was assumed, each once.
  """

  def __init__(self, hardware: Any) -> None:
    self._hardware = hardware
    self._costs: dict[Any, PlannedCost] = {}
    self._steps: dict[Any, Any] = {}
    self.notes: dict[str, None] = {}

  def cost(self, run: Run) -> PlannedCost:
    """Returns the cost of a run, without that of its parents.

    Raises:
      UserError: its configuration cannot be used on any hardware.
    """
    key = run.kind, run.gin_files, run.gin_params, run.steps, run.parents
    if key not in self._costs:
      count = self._ensemble if run.kind == ENSEMBLE else self._training
      self._costs[key] = count(run)
    return self._costs[key]

  def _ensemble(self, run: Run) -> PlannedCost:
    size = sum(self.cost(parent).checkpoint for parent in run.parents)
    return PlannedCost(0, 0.0, (0.0, 0.0), size, size)

  def _training(self, run: Run) -> PlannedCost:
    found = self._configured(run)
    settings = found.settings
    plan, problem = self._plan(run, settings), found.problem or ""
    batch, training = settings.batch, settings.training
    if not problem and settings.mesh.shape.size != self._hardware.devices:
      problem = plan.problem()
    if not problem and not plan.fits:
      problem = plan.shortage()
    low, high = plan.seconds
    saved = 1 + -(-run.steps // training.save_checkpoints_steps)
    kept = min(saved, training.keep_checkpoint_max or saved)
    return PlannedCost(
        tokens=run.steps * batch.tokens,
        flops=run.steps * plan.costs.flops * settings.mesh.shape.size,
        seconds=None if problem else (run.steps * low, run.steps * high),
        disk=kept * plan.checkpoint_bytes,
        checkpoint=plan.checkpoint_bytes,
        problem=problem,
        tight=plan.tight,
    )

  def _configured(self, run: Run) -> Any:
    from t5_mtf.models.planning import configured

    params = commands.training_params(run, "")
    configured.load_gin(run.gin_files, params, self._hardware)
    # The parent need not be there.
    found = configured.configured(self._hardware, init_checkpoint=None)
    self.notes.update(dict.fromkeys(found.notes))
    return found

  def _plan(self, run: Run, settings: Any) -> Any:
    """The plan of a run's step; one for all runs whose steps are equal."""
    from t5_mtf.models.planning import estimate

    key = (
        settings.model_type,
        settings.batch.sequences,
        tuple(settings.batch.sequence_length.items()),
        tuple(v.vocab_size for v in settings.vocabulary),
        str(settings.mesh.shape),
        tuple(
            word
            for word in (*run.gin_files, *run.gin_params)
            if not word.startswith(_NOT_OF_THE_MODEL)
        ),
    )
    if key not in self._steps:
      try:
        plan = estimate.make_plan(
            settings, self._hardware, with_recomputation=False
        )
      except errors.UserError as error:
        raise type(error)(f"{run.name}: {error}") from error
      self._steps[key] = plan
    return dataclasses.replace(self._steps[key], settings=settings)
