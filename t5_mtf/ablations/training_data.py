"""What the trainings of an experiment read: mixture, objective, lengths."""

from __future__ import annotations

import dataclasses

from t5_mtf.ablations.experiments import Experiment
from t5_mtf.ablations.scales import Downstream, Scale

_DEFAULT_LENGTHS = "sequence_lengths/default.gin"
# Objectives whose gin file says its sequence lengths; span_... compute theirs.
_HAVE_LENGTHS = ("iid_10_u_u", "iid_15_u_u", "iid_25_u_u", "iid_50_u_u",
                 "iid_15_d_d")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class TrainingData:
  """The data of one training, in gin.

  Attributes:
    gin_files: of the objective and of the lengths.
    gin_params: mixture, rates, lengths and batch.
  """

  gin_files: tuple[str, ...]
  gin_params: tuple[str, ...]


def pretraining(
    experiment: Experiment, scale: Scale, left_out: str = ""
) -> TrainingData:
  """Returns what a pre-training, or one training on all tasks, reads.

  Args:
    experiment: the row.
    scale: how large it is run.
    left_out: what is left out of the mixture.
  """
  if experiment.strategy == "pretrain_then_finetune":
    return _unlabeled(experiment, scale)
  return _several_tasks(experiment, scale, left_out)


def downstream(
    experiment: Experiment, scale: Scale, column: Downstream
) -> TrainingData:
  """Returns what the fine-tuning for a column reads."""
  files: tuple[str, ...] = ()
  params: list[str] = []
  if column.inputs is None:
    files = (f"sequence_lengths/{column.lengths or column.mixture}.gin",)
  else:
    params = [_lengths(column.inputs, column.targets)]
  batch = (column.batch or scale.finetuning_batch) * experiment.batch_factor
  return TrainingData(
      files, (_mixture(column.mixture), *params, _batch(scale, batch))
  )


def _unlabeled(experiment: Experiment, scale: Scale) -> TrainingData:
  mixture = scale.corpora[experiment.corpus]
  more: list[str] = []
  if experiment.repeats:
    mixture = scale.first_tokens
    more = [f"first_tokens.max_tokens = {unique_tokens(experiment, scale)}"]
  objective = f"objectives/{experiment.objective}.gin"
  files: tuple[str, ...] = (objective,)
  params: list[str] = []
  inputs = scale.pretraining_inputs
  if experiment.objective.startswith("span_"):
    params = [f"inputs_length = {inputs}"] if inputs else []
  elif inputs:
    targets = scale.pretraining_targets.get(experiment.objective, inputs)
    params = [_lengths(inputs, targets)]
  elif experiment.objective not in _HAVE_LENGTHS:
    files = (_DEFAULT_LENGTHS, objective)
  batch = _batch(scale, scale.pretraining_batch * _factor(experiment, scale))
  return TrainingData(files, (_mixture(mixture), *params, batch, *more))


def unique_tokens(experiment: Experiment, scale: Scale) -> int:
  """The tokens that are repeated: all that are seen, by the repeats."""
  tokens = scale.pretraining_batch
  if not scale.batch_unit.startswith("tokens"):
    tokens *= scale.pretraining_inputs
  return scale.pretraining_steps * tokens // scale.repeats(experiment.repeats)


def _several_tasks(
    experiment: Experiment, scale: Scale, left_out: str = ""
) -> TrainingData:
  files = [f"objectives/{experiment.objective}.gin"]
  is_span = experiment.objective.startswith("span_")
  params = []
  if scale.multitask_inputs:
    if is_span:
      params.append(f"inputs_length = {scale.multitask_inputs}")
    params.append(_lengths(scale.multitask_inputs, scale.multitask_targets))
  elif not is_span:
    # After the objective's, whose targets are too short for some tasks.
    files.append(_DEFAULT_LENGTHS)
  if experiment.strategy == "supervised_pretraining":
    files.remove(f"objectives/{experiment.objective}.gin")
  batch = scale.multitask_batch * _factor(experiment, scale)
  return TrainingData(
      tuple(files),
      (
          _mixture(_mixture_of_tasks(experiment, scale) + left_out),
          *params,
          _batch(scale, batch),
          *_rates(experiment, scale),
      ),
  )


def _mixture_of_tasks(experiment: Experiment, scale: Scale) -> str:
  if experiment.strategy == "leave_one_out":
    return scale.mixtures["leave_one_out"]
  if experiment.strategy == "supervised_pretraining":
    return scale.mixtures["supervised"]
  if experiment.unsupervised_limit:
    return scale.mixtures["mix"]
  return scale.mixtures[experiment.mixing]


def _rates(experiment: Experiment, scale: Scale) -> list[str]:
  found = []
  if experiment.limit:
    limit = scale.examples(experiment.limit)
    found.append(f"rate_num_examples.maximum = {limit}")
  if experiment.temperature != 1:
    found.append(f"rate_num_examples.temperature = {experiment.temperature}")
  if experiment.unsupervised_limit:
    limit = scale.examples(experiment.unsupervised_limit)
    found.append(f"rate_unsupervised.value = {limit}")
  return found


def _factor(experiment: Experiment, scale: Scale) -> int:
  """The pre-training's batch, times the baseline's."""
  is_ablation = experiment.recipe == "ablation"
  return experiment.batch_factor if is_ablation else scale.released_batch_factor


def _mixture(name: str) -> str:
  return f"MIXTURE_NAME = {name!r}"


def _batch(scale: Scale, number: int) -> str:
  return f"utils.run.batch_size = {(scale.batch_unit, number)!r}"


def _lengths(inputs: int, targets: int) -> str:
  lengths = {"inputs": inputs, "targets": targets}
  return f"utils.run.sequence_length = {lengths!r}"
