"""What a row stands for at a scale, and what the paper leaves open."""

from __future__ import annotations

from t5_mtf.ablations import training_data
from t5_mtf.ablations.experiments import Experiment
from t5_mtf.ablations.scales import Scale

_SEVERAL = ("multitask", "multitask_pretraining", "leave_one_out",
            "supervised_pretraining")  # fmt: skip


def of(experiment: Experiment, scale: Scale) -> list[str]:
  """Returns sentences that have to be known to read the row's scores."""
  is_paper = scale.columns_of == "paper"
  found = [] if is_paper else _stand_ins(experiment, scale)
  if experiment.strategy in _SEVERAL:
    found += _several(experiment, scale)
  if experiment.batch_factor != 1:
    found.append(
        "The paper does not say whether the batch of the fine-tuning grows,"
        " too. Here it does."
    )
  if experiment.architecture == "language_model" and (
      experiment.objective != "lm"
  ):
    found.append(
        "The language model reads inputs and targets as one text, and is"
        " trained on both."
    )
  if experiment.recipe == "1t_tokens":
    found.append(
        "The paper gives the number of tokens. Steps and batch are those of"
        " the released models."
    )
  if experiment.recipe == "released":
    found.append(
        "The paper does not restate steps and batches of the fine-tuning on"
        " SQuAD, WMT and CNN/DM, nor steps of that on GLUE and SuperGLUE: here"
        " they are the baseline's."
    )
    if is_paper:
      found.append(
          "Checkpoints are chosen on validation splits, which are evaluated"
          " here; table 14 in print has test sets (but SQuAD), for which"
          " `t5_mtf submission` writes the answers."
      )
  return found


def _several(experiment: Experiment, scale: Scale) -> list[str]:
  found = [
      "The paper does not give the learning rate of a training on several"
      " tasks: here it is that of the pre-training."
  ]
  if experiment.strategy == "supervised_pretraining":
    found.append(
        f"{scale.mixtures['supervised']} is ours: the released code has no"
        " mixture of all supervised tasks."
    )
  if scale.columns_of == "paper" and experiment.limit:
    found.append(
        "In the released mixture, GLUE and SuperGLUE have fixed rates, their"
        " sizes: K and T are for the other tasks."
    )
  return found


def _stand_ins(experiment: Experiment, scale: Scale) -> list[str]:
  found = []
  if experiment.corpus != "c4":
    found.append(
        f"{scale.corpora[experiment.corpus]} stands for {experiment.corpus}."
    )
  if experiment.repeats:
    repeats = scale.repeats(experiment.repeats)
    unique = training_data.unique_tokens(experiment, scale)
    found.append(
        f"{unique:,} tokens are seen {repeats} times, for the paper's"
        f" {experiment.repeats}."
    )
  if experiment.adapter_width:
    width = scale.adapter_width(experiment.adapter_width)
    found.append(f"d = {width} stands for {experiment.adapter_width}.")
  for name, limit in (
      ("K", experiment.limit),
      ("K of the unlabeled text", experiment.unsupervised_limit),
  ):
    if limit:
      here = scale.examples(limit)
      found.append(f"{name} = {here:,} stands for {limit:,}.")
  return found
