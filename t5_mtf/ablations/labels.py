"""Names of runs for people: what makes a model different from the baseline's.

Equal runs have equal labels, whatever row they are of.
"""

from __future__ import annotations

from t5_mtf.ablations.experiments import Experiment


def pretrained(experiment: Experiment, left_out: str = "") -> str:
  """Labels a pre-training, or one training on all tasks.

  >>> pretrained(Experiment("a/b", architecture="shared"))
  'shared-iid_15_u_u'

  Args:
    experiment: the row.
    left_out: what is left out of the mixture.
  """
  if experiment.strategy == "no_pretraining":
    return experiment.strategy
  parts = []
  if experiment.architecture != "encoder_decoder":
    parts.append(experiment.architecture)
  if experiment.size != "1x":
    parts.append(experiment.size)
  if experiment.recipe == "released":  # which says all the rest
    return "-".join([*parts, experiment.recipe])
  if experiment.recipe != "ablation":
    parts.append(experiment.recipe)
  if experiment.strategy != "pretrain_then_finetune":
    parts.append(f"{experiment.strategy}_{left_out}".rstrip("_"))
  if experiment.strategy != "supervised_pretraining":
    parts.append(experiment.objective)
  if experiment.corpus != "c4":
    parts.append(experiment.corpus)
  if experiment.repeats:
    parts.append(f"{experiment.repeats}_repeats")
  parts += _mixing(experiment)
  if experiment.pretraining_steps_factor != 1:
    parts.append(f"{experiment.pretraining_steps_factor}x_steps")
  if experiment.batch_factor != 1:
    parts.append(f"{experiment.batch_factor}x_batch")
  return "-".join(parts)


def _mixing(experiment: Experiment) -> list[str]:
  parts = [experiment.mixing] if experiment.mixing == "equal" else []
  if experiment.limit:
    parts.append(f"K_{experiment.limit}")
  if experiment.temperature != 1:
    parts.append(f"T_{experiment.temperature}")
  return parts


def finetuned(experiment: Experiment, mixture: str) -> str:
  """Labels a fine-tuning, but for its column.

  Args:
    experiment: the row.
    mixture: what is fine-tuned on.
  """
  left_out = mixture if experiment.strategy == "leave_one_out" else ""
  parts = [pretrained(experiment, left_out)]
  if experiment.trained == "adapters":
    parts.append(f"adapters_{experiment.adapter_width}")
  elif experiment.trained != "all":
    parts.append(experiment.trained)
  return "-".join(parts)
