"""A plan as text: first what keeps it from working, then the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from t5_mtf import data, durations, errors, gin_config
from t5_mtf.evaluation import text_table
from t5_mtf.models import layouts
from t5_mtf.models.planning.estimate import Plan
from t5_mtf.models.planning.hardware import gigabytes
from t5_mtf.models.planning.step_costs import StepCosts


def rows(plan: Plan) -> list[tuple[str, str]]:
  """(subject, text) of a plan, without its problem."""
  settings, costs = plan.settings, plan.costs
  found = [
      ("model", f"{settings.model_type}, {costs.parameters:,.0f} parameters"),
      ("hardware", plan.hardware.describe()),
      ("mesh", f"{layouts.named(settings.mesh.shape)}, {_split(plan)}"),
      ("batch", _batch(plan)),
      ("memory", _memory(plan)),
      *_tightness(plan),
      *_recomputation(plan),
      ("compute", f"{costs.flops / 1e12:,.3g} TFLOP a device and step"),
      ("sending", f"{gigabytes(costs.sent)} a device and step"),
  ]
  found += [("", line) for line in _transfers(costs)]
  low, high = plan.seconds
  steps = settings.training.steps
  found += [
      ("step", f"{seconds(low)} to {seconds(high)}, estimated"),
      (
          "training",
          f"{steps:,} steps, {steps * settings.batch.tokens / 1e9:,.3g} billion"
          f" tokens, {_long(low * steps)} to {_long(high * steps)}",
      ),
      *_epochs(plan),
      ("disk", _disk(plan)),
  ]
  return found


def aligned(found: Iterable[tuple[str, str]]) -> str:
  """Rows as aligned text."""
  return "\n".join(f"{s:<9} {t}".rstrip() for s, t in found)


def cells(plans: Sequence[Plan]) -> list[list[str]]:
  """A heading, and a row of text for each plan."""
  lines = [["mesh", "fits", "memory", "recomputed", "sends", "step"]]
  for plan in plans:
    again = plan.recomputed
    low, high = plan.seconds
    lines.append([
        layouts.named(plan.settings.mesh.shape),
        "tight" if plan.tight else "yes" if plan.fits else "no",
        gigabytes(plan.memory),
        gigabytes(plan.memory_with(again)) if again else "",
        gigabytes(plan.costs.sent),
        f"{seconds(low)} to {seconds(high)}",
    ])
  return lines


def table(plans: Sequence[Plan]) -> list[str]:
  """Plans of one run without recomputation, one a line, aligned."""
  lines = [row[:3] + row[4:] for row in cells(plans)]
  return text_table.aligned(lines, numbers=(2, 3))


def seconds(number: float) -> str:
  """A short time for people.

  >>> seconds(0.0042), seconds(3.14)
  ('4.2 ms', '3.1 s')
  """
  return f"{number:,.1f} s" if number >= 1 else f"{number * 1e3:,.1f} ms"


def _long(number: float) -> str:
  days = number / 86_400
  return f"{days:,.1f} days" if days > 2 else durations.duration(number)


def _split(plan: Plan) -> str:
  mesh = plan.settings.mesh
  parts = [
      f"{name} in {mesh.split_of(name)}"
      for name in ("batch", *sorted(plan.costs.dimensions - {"batch"}))
      if mesh.split_of(name) > 1
  ]
  return f"splits {', '.join(parts)}" if parts else "splits nothing"


def _batch(plan: Plan) -> str:
  batch, costs = plan.settings.batch, plan.costs
  lengths = " + ".join(str(n) for n in batch.sequence_length.values())
  text = (
      f"{batch.sequences:,} sequences x ({lengths}) = {batch.tokens:,} tokens,"
      f" {batch.sequences // plan.settings.mesh.num_replicas:,} sequences a"
      " replica"
  )
  if costs.microbatches > 1:
    text += f" in {costs.microbatches:,} parts"
  return text


def _memory(plan: Plan) -> str:
  costs, device = plan.costs, plan.hardware.device
  shared = ""
  if device.kind == "cpu":
    shared = ", the program and master copies included"
  return (
      f"{gigabytes(plan.memory)} a device of {gigabytes(device.memory)}"
      f"{shared}: weights {gigabytes(costs.weights)}, optimizer"
      f" {gigabytes(costs.slots)}, activations and gradients"
      f" {gigabytes(costs.working)}"
  )


def _tightness(plan: Plan) -> list[tuple[str, str]]:
  if not plan.tight:
    return []
  return [(
      "",
      "TIGHT: on CPUs, steps were measured to take up to a fifth more than"
      " planned",
  )]


def _recomputation(plan: Plan) -> list[tuple[str, str]]:
  again = plan.recomputed
  if not again:
    return []
  more = again.flops / plan.costs.flops - 1
  return [(
      "",
      f"{gigabytes(plan.memory_with(again))} with LayerStack.recompute_grads ="
      f" True, for {more:.0%} more compute",
  )]


def _transfers(costs: StepCosts) -> list[str]:
  return [
      f"{t.kind} over {t.axes or 'neighbours'} ({t.group}):"
      f" {count:,.0f} times, {gigabytes(size)}"
      for t, (count, size) in sorted(
          costs.transfers.items(), key=lambda item: -item[1][1]
      )
  ]


def _epochs(plan: Plan) -> list[tuple[str, str]]:
  """Passes over the training data, where a task or mixture is bound."""
  name = gin_config.bound("mesh_train_dataset_fn", "mixture_or_task_name")
  settings = plan.settings
  if name is None:
    return []
  try:
    provider = data.get_mixture_or_task(name)
    count = provider.num_input_examples(settings.dataset_split)
  except (errors.UserError, OSError) as error:
    return [("epochs", f"not known: {str(error).splitlines()[0]}")]
  if not count:
    return [("epochs", f"not known: the examples of {name} are not counted")]
  passes = settings.training.steps * settings.batch.sequences / count
  return [(
      "epochs",
      f"{passes:,.3g} over {count:,} examples of {name}, one a sequence; more"
      " where several are packed into one",
  )]


def _disk(plan: Plan) -> str:
  training = plan.settings.training
  each, kept = plan.checkpoint_bytes, training.keep_checkpoint_max
  count = training.steps // max(1, training.save_checkpoints_steps)
  text = f"{gigabytes(each)} a checkpoint"
  if kept:
    return f"{text}, {gigabytes(each * (kept + 1))} for the {kept} kept"
  return (
      f"{text}, all kept: one every {training.save_checkpoints_steps:,} steps,"
      f" {max(1, count):,} in all, {gigabytes(each * max(1, count))}"
  )
