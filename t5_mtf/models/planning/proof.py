"""Lowers a run for a TPU slice and compares it with the plan's own count."""

from __future__ import annotations

from collections.abc import Callable

from t5_mtf.models.planning import step_costs, tpu_lowering
from t5_mtf.models.planning.hardware import gigabytes
from t5_mtf.models.planning.tpu_lowering import Lowered
from t5_mtf.models.settings import RunSettings


def prove(settings: RunSettings, say: Callable[[str], None]) -> bool:
  """Lowers each step; says what it measures and whether the plan agrees.

  Args:
    settings: of the run, on the mesh of the slice.
    say: takes lines.

  Returns:
    Whether the training step's variables and communication are as planned.
  """
  agrees = True
  for step in tpu_lowering.STEPS:
    say(f"{step}: lowering for {settings.mesh.shape.size:,} cores ...")
    lowered = tpu_lowering.lower(settings, step)
    say(
        f"{step}: {lowered.operations:,} operations in"
        f" {lowered.seconds:,.0f} s; variables"
        f" {gigabytes(lowered.variable_bytes)} a core"
    )
    for name, count in sorted(lowered.communication().items()):
      say(f"  {name}: {count:,} numbers over all cores")
    if step == "train":
      differences = compare(settings, lowered)
      agrees = not differences
      for line in differences or ["the plan counts the same"]:
        say(f"  {line}")
  return agrees


def compare(settings: RunSettings, lowered: Lowered) -> list[str]:
  """Where the plan's count of a training step differs; nothing if nowhere.

  Compared are the bytes of variables, and the counters of collectives and of
  products, loops counted once as Mesh TF does.
  """
  costs = step_costs.of_run(settings, on_tpu=True)
  planned = costs.counters
  found = [
      f"{name}: the plan counts {planned.get(name, 0):,.0f}, the lowering"
      f" {count:,}"
      for name, count in {
          **lowered.communication(),
          "einsum": lowered.counters["einsum"],
      }.items()
      if planned.get(name, 0) != count
  ]
  planned_bytes = costs.weights + costs.slots
  if planned_bytes != lowered.variable_bytes:
    found.append(
        f"variables: the plan counts {planned_bytes:,.0f} bytes a core, the"
        f" lowering {lowered.variable_bytes:,}"
    )
  return found


