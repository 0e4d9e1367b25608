"""From an experiment and a scale to the runs of a row."""

from __future__ import annotations

from collections.abc import Iterable

from t5_mtf import errors
from t5_mtf.ablations import runs, trainings
from t5_mtf.ablations.experiments import Experiment
from t5_mtf.ablations.runs import ENSEMBLE, RowRuns, Run
from t5_mtf.ablations.scales import Scale

# Between the seeds of an ensemble's members, so that they are not those of
# rows that are run several times.
_SEED_STEP = 1000


def row_runs(experiment: Experiment, scale: Scale, seed: int = 0) -> RowRuns:
  """Returns the runs of a row with one seed.

  Rows share what they have in common: a pre-training comes once for all its
  fine-tunings, and equal runs of different rows are equal.

  Args:
    experiment: the row.
    scale: how large it is run.
    seed: of weights, order and corruption.

  Raises:
    UserError: the row is not an experiment, or cannot be run at this scale.
  """
  if reason := why_not(experiment, scale):
    raise errors.UserError(
        f"{experiment.id} cannot be run at the scale {scale.name!r}: {reason}."
    )
  if experiment.strategy == "multitask":
    run = trainings.multitask(experiment, scale, seed)
    columns = dict.fromkeys(scale.columns, run)
  elif experiment.ensemble > 1:
    columns = {
        heading: _ensemble(experiment, scale, seed, heading)
        for heading in trainings.columns(experiment, scale)
    }
  else:
    columns = {
        heading: _fine_tuned(experiment, scale, seed, seed, heading)
        for heading in trainings.columns(experiment, scale)
    }
  return RowRuns(experiment.id, seed, columns)


def needed(
    experiments: Iterable[Experiment], scale: Scale, seeds: Iterable[int] = (0,)
) -> list[Run]:
  """Returns the runs of rows, each once: seed by seed, parents first.

  Rows that cannot be run at the scale have none.
  """
  can_run = [e for e in experiments if not why_not(e, scale)]
  return runs.in_order(
      run
      for seed in seeds
      for experiment in can_run
      for run in row_runs(experiment, scale, seed).columns.values()
  )


def why_not(experiment: Experiment, scale: Scale) -> str:
  """Says why a row has no runs at a scale; empty if it has."""
  return experiment.no_runs or scale.no_corpora.get(experiment.corpus, "")


def _fine_tuned(
    experiment: Experiment,
    scale: Scale,
    pretraining_seed: int,
    seed: int,
    heading: str,
) -> Run:
  parent = None
  if experiment.strategy != "no_pretraining":
    mixture = trainings.columns(experiment, scale)[heading].mixture
    is_left_out = experiment.strategy == "leave_one_out"
    parent = trainings.pretraining(
        experiment, scale, pretraining_seed, mixture if is_left_out else ""
    )
  return trainings.fine_tuning(experiment, scale, seed, heading, parent)


def _ensemble(
    experiment: Experiment, scale: Scale, seed: int, heading: str
) -> Run:
  """Returns an ensemble; its first member is the row without ensembling."""
  seeds = [seed + _SEED_STEP * n for n in range(experiment.ensemble)]
  members = [
      _fine_tuned(
          experiment,
          scale,
          own if experiment.members == "pretrained" else seed,
          own,
          heading,
      )
      for own in seeds
  ]
  return Run(
      kind=ENSEMBLE,
      label=f"{experiment.ensemble}x_{experiment.members}-{members[0].label}",
      seed=seed,
      parents=tuple(members),
      tasks=members[0].tasks,
      eval_params=members[0].eval_params,
  )
