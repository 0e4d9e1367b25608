"""The gin file and macros of an experiment's model."""

from __future__ import annotations

from t5_mtf.ablations.experiments import Experiment
from t5_mtf.ablations.scales import Scale

# Size, or architecture -> published file; ours are the two of language models.
FILES = {
    "1x": "models/bi_v1.gin",
    "2x": "models/bi_v1_2x.gin",
    "4x": "models/bi_v1_4x.gin",
    "small": "models/bi_v1_small.gin",
    "base": "models/bi_v1.gin",
    "large": "models/bi_v1_large.gin",
    "3B": "models/bi_v1_3B.gin",
    "11B": "models/bi_v1_11B.gin",
    "shared": "models/bi_v1_shared.gin",
    "half_depth": "models/bi_v1_l6.gin",
    "language_model": "models/lm_v1_delimited.gin",
    "prefix_lm": "models/lm_v1_prefix.gin",
}


def of(
    experiment: Experiment, scale: Scale, objective: str = ""
) -> tuple[str, list[str]]:
  """Returns the model's gin file, and the bindings of its macros.

  Args:
    experiment: the row.
    scale: says how large the 1x model is, if not as published.
    objective: what it is pre-trained on; "" for fine-tuning.
  """
  name = experiment.architecture
  if name == "encoder_decoder":
    name = experiment.size
  factors = scale.sizes.get(name, {})
  params = [
      f"{macro} = {_scaled(value, factors.get(macro, 1))}"
      for macro, value in scale.model.items()
  ]
  # There is nothing to delimit where there are targets only. The checkpoints
  # are the same.
  return "models/lm_v1.gin" if objective == "lm" else FILES[name], params


def _scaled(value: int | float, factor: float) -> int | float:
  return max(1, round(value * factor)) if isinstance(value, int) else value
