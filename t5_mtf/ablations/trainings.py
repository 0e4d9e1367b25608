"""The single trainings of an experiment: gin files and bindings of each."""

from __future__ import annotations

from t5_mtf.ablations import labels, model_bindings, training_data
from t5_mtf.ablations.experiments import Experiment
from t5_mtf.ablations.runs import FINE_TUNING, MULTITASK, PRETRAINING, Run
from t5_mtf.ablations.scales import Downstream, Scale
from t5_mtf.ablations.training_data import TrainingData
from t5_mtf.evaluation import benchmarks

_PRETRAINING_SCHEDULE = "learning_rate_schedules/rsqrt_no_ramp_down.gin"
_BEAMS = (
    "Bitransformer.decode.beam_size = 4",
    "Bitransformer.decode.alpha = 0.6",
)


def pretraining(
    experiment: Experiment, scale: Scale, seed: int, left_out: str = ""
) -> Run:
  """Returns the pre-training of an experiment.

  Args:
    experiment: the row.
    scale: how large it is run.
    seed: of the run.
    left_out: what is fine-tuned on later and left out of the mixture now.
  """
  data = training_data.pretraining(experiment, scale, left_out)
  model = model_bindings.of(experiment, scale, experiment.objective)
  steps = pretraining_steps(experiment, scale)
  save_every = scale.save_checkpoints_steps or -(-steps // 2)
  return Run(
      kind=PRETRAINING,
      label=labels.pretrained(experiment, left_out),
      gin_files=_files(model[0], data, _PRETRAINING_SCHEDULE, scale),
      gin_params=_params(
          model[1], data, steps, save_every, scale.keep_pretrained
      ),
      steps=steps,
      seed=seed,
  )


def pretraining_steps(experiment: Experiment, scale: Scale) -> int:
  """Steps of the pre-training."""
  if experiment.recipe == "ablation":
    return scale.pretraining_steps * experiment.pretraining_steps_factor
  return scale.released_pretraining_steps


def multitask(experiment: Experiment, scale: Scale, seed: int) -> Run:
  """Returns the one training on all tasks.

  It has the steps of the baseline's pre-training and fine-tuning together, and
  is evaluated at the checkpoints that a fine-tuning would have.
  """
  data = training_data.pretraining(experiment, scale)
  model = model_bindings.of(experiment, scale)
  steps = scale.pretraining_steps + scale.finetuning_steps
  save_every = scale.save_every(scale.finetuning_steps)
  tasks = [t for h in scale.columns for t in column_tasks(scale, h)]
  return Run(
      kind=MULTITASK,
      label=labels.pretrained(experiment),
      gin_files=_files(model[0], data, _PRETRAINING_SCHEDULE, scale),
      gin_params=_params(model[1], data, steps, save_every, scale.evaluations),
      steps=steps,
      seed=seed,
      tasks=tuple(dict.fromkeys(tasks)),
      eval_params=_eval_params(scale, scale.multitask_targets),
  )


def fine_tuning(
    experiment: Experiment,
    scale: Scale,
    seed: int,
    heading: str,
    parent: Run | None,
) -> Run:
  """Returns the fine-tuning for one column.

  Args:
    experiment: the row.
    scale: how large it is run.
    seed: of the run.
    heading: of the column.
    parent: the pre-training; None to start at random.
  """
  downstream = columns(experiment, scale)[heading]
  data = training_data.downstream(experiment, scale, downstream)
  model_file, model_params = model_bindings.of(experiment, scale)
  steps = scale.finetuning_steps * experiment.finetuning_steps_factor
  save_every = downstream.save_checkpoints_steps or scale.save_every(steps)
  total = steps + (parent.total_steps if parent else 0)
  method_files, method_params = _method(experiment, scale)
  is_released = experiment.recipe == "released"
  # Of the released models, columns with one fine-tuning share it.
  label = downstream.mixture if is_released else heading
  tasks = (downstream.mixture,) if is_released else None
  return Run(
      kind=FINE_TUNING,
      label=f"{labels.finetuned(experiment, downstream.mixture)}-{label}",
      gin_files=_files(
          model_file, data, scale.finetuning_schedule, scale, method_files
      ),
      gin_params=(
          *_params(model_params, data, total, save_every, None),
          *_finetuning_rate(scale, steps),
          *method_params,
      ),
      steps=steps,
      seed=seed,
      parents=(parent,) if parent else (),
      tasks=downstream.tasks or tasks or column_tasks(scale, heading),
      eval_params=(
          *_eval_params(scale, downstream.targets),
          *(_BEAMS if downstream.beams else ()),
      ),
  )


def columns(experiment: Experiment, scale: Scale) -> dict[str, Downstream]:
  """What the row's scores come from: heading -> fine-tuning."""
  if experiment.recipe == "released":
    return dict(scale.released_columns)
  return dict(scale.columns)


def column_tasks(scale: Scale, heading: str) -> tuple[str, ...]:
  """The tasks that a column's score is made of."""
  every = benchmarks.COLUMN_SETS[scale.columns_of]
  return next(column.tasks for column in every if column.name == heading)


def _files(
    model: str,
    data: TrainingData,
    schedule: str,
    scale: Scale,
    method: tuple[str, ...] = (),
) -> tuple[str, ...]:
  return (
      "dataset.gin", model, *method, *data.gin_files, schedule,
      *scale.device_gin_files,
  )  # fmt: skip


def _params(
    model: list[str],
    data: TrainingData,
    total_steps: int,
    save_every: int,
    keep: int | None,
) -> tuple[str, ...]:
  return (
      *model,
      *data.gin_params,
      f"utils.run.train_steps = {total_steps}",
      f"utils.run.save_checkpoints_steps = {save_every}",
      f"utils.run.keep_checkpoint_max = {keep}",
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


def _method(
    experiment: Experiment, scale: Scale
) -> tuple[tuple[str, ...], tuple[str, ...]]:
  """Gin files and bindings that say which parameters are fine-tuned."""
  if experiment.trained == "adapters":
    width = scale.adapter_width(experiment.adapter_width)
    return ("adapter_layers.gin",), (
        f"task_adapter/DenseReluDense.hidden_size = {width}",
        # The adapters are new, the layer norms trained with them are not.
        "initialization.allow_partial = True",
    )
  if experiment.trained == "gradual_unfreezing":
    return (), ("utils.run.variable_filter = @gradual_unfreezing()",)
  return (), ()


def _eval_params(scale: Scale, targets: int | None) -> tuple[str, ...]:
  if targets is None:
    return scale.eval_params
  return (
      *scale.eval_params,
      f"Bitransformer.decode.max_decode_length = {targets}",
  )
