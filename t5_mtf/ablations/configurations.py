"""From an experiment and a scale to runs: gin files and bindings."""

from __future__ import annotations

from t5_mtf import errors
from t5_mtf.ablations.experiments import Experiment
from t5_mtf.ablations.runs import FINE_TUNING, PRETRAINING, RowRuns, Run
from t5_mtf.ablations.scales import Scale
from t5_mtf.evaluation import benchmarks

_PRETRAINING_SCHEDULE = "learning_rate_schedules/rsqrt_no_ramp_down.gin"
_MODELS = {
    "1x": "models/bi_v1.gin",
    "2x": "models/bi_v1_2x.gin",
    "4x": "models/bi_v1_4x.gin",
    "shared": "models/bi_v1_shared.gin",
    "half_depth": "models/bi_v1_l6.gin",
    "language_model": "models/lm_v1_delimited.gin",
    "prefix_lm": "models/lm_v1_prefix.gin",
}
# Objectives whose gin file says its sequence lengths; span_... compute theirs.
_HAS_LENGTHS = ("iid_10_u_u", "iid_15_u_u", "iid_25_u_u", "iid_50_u_u",
                "iid_15_d_d")  # fmt: skip


def row_runs(experiment: Experiment, scale: Scale, seed: int = 0) -> RowRuns:
  """Returns the runs of a row with one seed.

  Args:
    experiment: the row.
    scale: how large it is run.
    seed: of weights, order and corruption.

  Raises:
    UserError: the row is not an experiment, or cannot be run at this scale.
  """
  if reason := why_not(experiment, scale):
    raise errors.UserError(f"{experiment.id} cannot be run: {reason}")
  pretraining = _pretraining(experiment, scale, seed)
  columns = {
      heading: _fine_tuning(experiment, scale, pretraining, heading)
      for heading in scale.columns
  }
  return RowRuns(experiment.id, seed, columns)


def why_not(experiment: Experiment, scale: Scale) -> str:
  """Why a row has no runs at a scale; empty if it has."""
  return experiment.no_runs or experiment.unavailable.get(scale.name, "")


def _pretraining(experiment: Experiment, scale: Scale, seed: int) -> Run:
  objective = experiment.objective
  model_file, model_params = _model(experiment, scale, objective)
  length_files, length_params = _pretraining_lengths(objective, scale)
  steps = scale.pretraining_steps * experiment.pretraining_steps_factor
  batch = scale.pretraining_batch * experiment.batch_factor
  save_every = scale.save_checkpoints_steps or -(-steps // 2)
  return Run(
      kind=PRETRAINING,
      label=_label(experiment),
      gin_files=(
          "dataset.gin",
          model_file,
          *length_files,
          f"objectives/{objective}.gin",
          _PRETRAINING_SCHEDULE,
          *scale.device_gin_files,
      ),
      gin_params=(
          *model_params,
          f"MIXTURE_NAME = {scale.corpora[experiment.corpus]!r}",
          *length_params,
          f"utils.run.batch_size = {(scale.batch_unit, batch)!r}",
          f"utils.run.train_steps = {steps}",
          f"utils.run.save_checkpoints_steps = {save_every}",
          f"utils.run.keep_checkpoint_max = {scale.keep_pretrained}",
      ),
      steps=steps,
      seed=seed,
  )


def _fine_tuning(
    experiment: Experiment, scale: Scale, pretraining: Run, heading: str
) -> Run:
  downstream = scale.columns[heading]
  model_file, model_params = _model(experiment, scale)
  steps = scale.finetuning_steps * experiment.finetuning_steps_factor
  batch = scale.finetuning_batch * experiment.batch_factor
  length_files: tuple[str, ...] = ()
  length_params: tuple[str, ...] = ()
  eval_params = scale.eval_params
  if downstream.inputs is None:
    length_files = (f"sequence_lengths/{downstream.mixture}.gin",)
  else:
    length_params = (_lengths(downstream.inputs, downstream.targets),)
    eval_params += (
        f"Bitransformer.decode.max_decode_length = {downstream.targets}",
    )
  return Run(
      kind=FINE_TUNING,
      label=f"{_label(experiment)}-{heading}",
      gin_files=(
          "dataset.gin",
          model_file,
          *length_files,
          scale.finetuning_schedule,
          *scale.device_gin_files,
      ),
      gin_params=(
          *model_params,
          f"MIXTURE_NAME = {downstream.mixture!r}",
          *length_params,
          f"utils.run.batch_size = {(scale.batch_unit, batch)!r}",
          f"utils.run.train_steps = {pretraining.total_steps + steps}",
          f"utils.run.save_checkpoints_steps = {scale.save_every(steps)}",
          "utils.run.keep_checkpoint_max = None",
          *_finetuning_rate(scale, steps),
      ),
      steps=steps,
      seed=pretraining.seed,
      parents=(pretraining,),
      tasks=_tasks(scale, heading),
      eval_params=eval_params,
  )


def _finetuning_rate(scale: Scale, steps: int) -> list[str]:
  params = []
  if scale.finetuning_learning_rate is not None:
    params.append(
        "learning_rate_schedules.constant.value ="
        f" {scale.finetuning_learning_rate}"
    )
  if scale.finetuning_decay:
    # Up to 1 it would count as a part of all steps, pre-training included.
    decay = max(2, round(steps * scale.finetuning_decay))
    params.append(
        f"learning_rate_schedules.linear_decay.steps_or_fraction = {decay}"
    )
  return params


def _tasks(scale: Scale, heading: str) -> tuple[str, ...]:
  [column] = [
      c for c in benchmarks.COLUMN_SETS[scale.columns_of] if c.name == heading
  ]
  return column.tasks


def _model(
    experiment: Experiment, scale: Scale, objective: str = ""
) -> tuple[str, list[str]]:
  """The model's gin file and its macros."""
  if experiment.architecture == "encoder_decoder":
    name = experiment.size
  else:
    name = experiment.architecture
  factors = scale.sizes.get(name, {})
  params = [
      f"{macro} = {_scaled(value, factors.get(macro, 1))}"
      for macro, value in scale.model.items()
  ]
  # Of targets alone there is nothing to delimit.
  file = "models/lm_v1.gin" if objective == "lm" else _MODELS[name]
  return file, params


def _scaled(value: int | float, factor: float) -> int | float:
  return max(1, round(value * factor)) if isinstance(value, int) else value


def _pretraining_lengths(
    objective: str, scale: Scale
) -> tuple[tuple[str, ...], tuple[str, ...]]:
  """Gin files and bindings of the sequence lengths of an objective."""
  inputs = scale.pretraining_inputs
  is_computed = objective.startswith("span_")
  if inputs is None:
    has_lengths = is_computed or objective in _HAS_LENGTHS
    return () if has_lengths else ("sequence_lengths/default.gin",), ()
  if is_computed:
    return (), (f"inputs_length = {inputs}",)
  targets = scale.pretraining_targets.get(objective, inputs)
  return (), (_lengths(inputs, targets),)


def _lengths(inputs: int, targets: int) -> str:
  lengths = {"inputs": inputs, "targets": targets}
  return f"utils.run.sequence_length = {lengths!r}"


def _label(experiment: Experiment) -> str:
  """What makes the row's models different from the baseline's."""
  parts = []
  if experiment.architecture != "encoder_decoder":
    parts.append(experiment.architecture)
  return "-".join([*parts, experiment.objective])
