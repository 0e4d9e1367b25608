"""The plan of a training run: does it fit, how long does a step take.

Memory of a device is weights, optimizer's variables, and the most that lives
beside them during a step; on a CPU also the program itself and the master
copies. Time is that of the matrix products at a part of the peak, and that of
sending at the whole of the link; how far the two overlap is not known, so the
answer is from the longer of them to their sum. Input, host and start-up take
no time here. All of this is an estimate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.models import layouts
from t5_mtf.models.planning import step_costs
from t5_mtf.models.planning.hardware import Hardware, gigabytes
from t5_mtf.models.planning.step_costs import StepCosts, StepMemory
from t5_mtf.models.settings import RunSettings
from t5_mtf.tf_compat import mtf

_PROGRAM = 0.85e9  # bytes: Python, TensorFlow, a graph and its session
_KEPT = 0.45e9  # bytes that a step frees and the C library keeps, at most

# Steps measured on CPUs took up to this times what was planned; see
# docs/parallelism.md.
MEASURED_OVER_PLANNED = 1.25


@dataclasses.dataclass(frozen=True)
class Plan:
  """What a run needs on hardware.

  Attributes:
    settings: of the run.
    hardware: that it is planned for.
    costs: of its training step.
    recomputed: costs with layers computed again in the backward pass.
  """

  settings: RunSettings
  hardware: Hardware
  costs: StepCosts
  recomputed: StepCosts | None = None

  @property
  def memory(self) -> float:
    """Bytes needed on a device, or of this machine for each CPU device."""
    return self.memory_with(self.costs)

  def memory_with(self, costs: StepMemory) -> float:
    """Bytes needed on a device for a step of these costs."""
    return memory_needed(costs, self.hardware, self.settings.mesh.shape.size)

  @property
  def fits(self) -> bool:
    """Whether a device has that memory."""
    return self.memory <= self.hardware.device.memory

  @property
  def tight(self) -> bool:
    """Whether it fits, but not if the plan errs as far as was measured."""
    return self.fits and not has_room(self.memory, self.hardware)

  @property
  def seconds(self) -> tuple[float, float]:
    """Least and most time of a step."""
    device = self.hardware.device
    compute = self.costs.flops / (device.flops * device.reached)
    sending = self.costs.sent / device.link
    return max(compute, sending), compute + sending

  @property
  def checkpoint_bytes(self) -> float:
    """Bytes of one checkpoint on disk."""
    return self.costs.masters

  def problem(self) -> str | None:
    """The first thing that keeps the run from working; None if all fits."""
    size, devices = self.settings.mesh.shape.size, self.hardware.devices
    if size != devices:
      return (
          f"the mesh {layouts.named(self.settings.mesh.shape)} has {size:,}"
          f" devices, but {self.hardware.name} has {devices:,}. Give a mesh"
          f" whose sizes multiply to {devices:,}; on a TPU,"
          " utils.tpu_mesh_shape.model_parallelism divides the cores."
      )
    if self.fits:
      return None
    return f"{self.shortage()} {self.remedy()}"

  def shortage(self) -> str:
    """What a device needs, and what of it for what."""
    costs, device = self.costs, self.hardware.device
    return (
        f"a device needs {gigabytes(self.memory)} and has"
        f" {gigabytes(device.memory)}: weights {gigabytes(costs.weights)},"
        f" optimizer {gigabytes(costs.slots)}, activations and gradients"
        f" {gigabytes(costs.working)}."
    )

  def remedy(self) -> str:
    """Values that would fit even if the plan errs; else one that may fit."""
    if self.costs.weights + self.costs.slots > self.hardware.device.memory:
      return (
          "The variables alone do not fit: split the model over more devices."
      )
    narrow = None
    for names, costs in self._cheaper():
      needed = self.memory_with(costs)
      text = f"With {names} it needs {gigabytes(needed)} and"
      if has_room(needed, self.hardware):
        return f"{text} fits."
      if needed <= self.hardware.device.memory:
        narrow = narrow or f"{text} fits, but only just: it may take more."
    return narrow or (
        "Even one sequence at a time does not fit: split the model over more"
        " devices, or take shorter sequences."
    )

  def _cheaper(self) -> Iterator[tuple[str, StepCosts]]:
    """(bindings, costs with them), those that cost the least time first."""
    again = "LayerStack.recompute_grads = True"
    if self.recomputed:
      yield again, self.recomputed
    yield from microbatches(self)
    if self.recomputed:
      for names, costs in microbatches(self, recompute=True):
        yield f"{again} and {names}", costs


def memory_needed(
    memory: StepMemory, hardware: Hardware, mesh_size: int
) -> float:
  """Bytes a run needs on a device, or of this machine for each CPU device.

  Args:
    memory: of the training step.
    hardware: that it runs on.
    mesh_size: devices of the run's mesh.
  """
  if hardware.device.kind != "cpu":
    return memory.memory
  # A single device computes on the master copies themselves.
  masters = memory.masters if mesh_size > 1 else 0
  kept = min(_KEPT, memory.working * mesh_size)
  return memory.memory + (_PROGRAM + kept + masters) / hardware.devices


def has_room(needed: float, hardware: Hardware) -> bool:
  """Whether it fits even if the plan errs as far as was measured."""
  return needed * MEASURED_OVER_PLANNED <= hardware.device.memory


def make_plan(
    settings: RunSettings, hardware: Hardware, with_recomputation: bool = True
) -> Plan:
  """Makes the plan of a run.

  Raises:
    UserError: the mesh does not divide the model or the batch.
  """
  costs = step_costs.of_run(settings, hardware.on_tpu)
  again = None
  if with_recomputation:
    again = step_costs.of_run(settings, hardware.on_tpu, recompute=True)
  return Plan(settings, hardware, costs, again)


def microbatches(
    plan: Plan, recompute: bool | None = None
) -> Iterator[tuple[str, StepCosts]]:
  """Yields halves of halves of the batch: the binding, and costs with it."""
  settings = plan.settings
  longest = max(settings.batch.sequence_length.values())
  now = settings.batch.sequences // settings.mesh.num_replicas
  sequences = max(1, now // plan.costs.microbatches)
  while sequences > 1:
    sequences //= 2
    tokens = sequences * longest
    costs = step_costs.of_run(
        settings,
        plan.hardware.on_tpu,
        recompute=recompute,
        microbatch_tokens=tokens,
    )
    yield (
        "utils.serialize_num_microbatches.tokens_per_microbatch_per_replica ="
        f" {tokens} (the batch in {costs.microbatches} parts)",
        costs,
    )


def with_mesh(settings: RunSettings, mesh_shape: Any) -> RunSettings:
  """The settings on another mesh, of the same batch and layout rules."""
  shape = mtf.convert_to_shape(mesh_shape)
  mesh = dataclasses.replace(
      settings.mesh,
      shape=shape,
      description=layouts.named(shape),
  )
  return dataclasses.replace(settings, mesh=mesh)


def alternatives(
    settings: RunSettings, hardware: Hardware
) -> tuple[list[Plan], dict[str, str]]:
  """Plans for all splits of the hardware into data and model parallelism.

  Returns:
    Plans, those that fit first, then by time of a step; and why, for each mesh
    that does not divide.
  """
  plans, refused = [], {}
  for model in _divisors(hardware.devices):
    batch = hardware.devices // model
    shape = [(n, s) for n, s in (("batch", batch), ("model", model)) if s > 1]
    tried = with_mesh(settings, shape)
    try:
      layouts.check_divides(
          tried.mesh, {"batch": settings.batch.sequences}, "the batch"
      )
      plans.append(make_plan(tried, hardware, with_recomputation=False))
    except errors.UserError as error:
      refused[layouts.named(tried.mesh.shape)] = str(error)
  return sorted(plans, key=_rank), refused


def _rank(plan: Plan) -> tuple[bool, float]:
  return not plan.fits, plan.seconds[1] if plan.fits else plan.memory


def _divisors(number: int) -> Sequence[int]:
  return [n for n in range(1, number + 1) if number % n == 0]
