"""What one training step of a model costs on one device of a mesh.

The training graph of a run is built as `train_step` builds it and lowered onto
one device. Deep models are built with few blocks: what two and three blocks
cost gives what one more block costs, and all quantities are linear in it.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import math
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import gin

from t5_mtf.models import layouts, model_fn, train_step
from t5_mtf.models.planning import liveness, one_device
from t5_mtf.models.planning.one_device import (
    OneDeviceLowering,
    OneDeviceMeshImpl,
    Transfer,
)
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import mtf, mtf_utils, tf

_LAYER_STACK = "mesh_tensorflow.transformer.transformer.LayerStack"
_MICROBATCHES = "mesh_tensorflow.transformer.utils.serialize_num_microbatches"
_MICROBATCH_TOKENS = "tokens_per_microbatch_per_replica"
_BLOCKS = (2, 3)  # of the models that are built in place of a deeper one


@dataclasses.dataclass(frozen=True)
class StepMemory:
  """Memory of a training step, in bytes on one device if not said.

  Attributes:
    weights: the device's slices of trainable variables.
    slots: those of the optimizer's variables.
    masters: the master copies that checkpoints hold, over all devices.
    working: the most that lives at once beside the variables: activations,
      gradients and what the optimizer computes.
  """

  weights: float
  slots: float
  masters: float
  working: float

  @property
  def memory(self) -> float:
    """Bytes that the step needs on a device."""
    return self.weights + self.slots + self.working


@dataclasses.dataclass(frozen=True)
class StepCosts(StepMemory):
  """Costs of a training step; sizes in bytes, on one device if not said.

  Attributes:
    weights: see `StepMemory`.
    slots: see `StepMemory`.
    masters: see `StepMemory`.
    working: see `StepMemory`.
    parameters: how many there are, over all devices.
    flops: of matrix products.
    transfers: `Transfer` -> (how often, bytes).
    counters: Mesh TF's own, over all devices; the body of a loop counts once.
    microbatches: into how many parts a step is divided.
    dimensions: names of the dimensions of variables.
  """

  parameters: float
  flops: float
  transfers: Mapping[Transfer, tuple[float, float]]
  counters: Mapping[str, float]
  microbatches: int
  dimensions: frozenset[str]

  @property
  def sent(self) -> float:
    """Bytes that a device sends in a step."""
    return sum(t.sent(size) for t, (_, size) in self.transfers.items())

  def deeper(self, other: StepCosts, blocks: int) -> StepCosts:
    """Goes on in a straight line.

    Args:
      other: the costs with one more block than this.
      blocks: how many more blocks than this.
    """

    def line(a: float, b: float) -> float:
      return a + (b - a) * blocks

    names = ("parameters", "weights", "slots", "masters", "working", "flops")
    transfers = {}
    for key in {*self.transfers, *other.transfers}:
      a, b = (c.transfers.get(key, (0.0, 0.0)) for c in (self, other))
      transfers[key] = (line(a[0], b[0]), line(a[1], b[1]))
    counters = {
        key: line(self.counters.get(key, 0), other.counters.get(key, 0))
        for key in {*self.counters, *other.counters}
    }
    return StepCosts(
        **{n: line(getattr(self, n), getattr(other, n)) for n in names},
        transfers=transfers,
        counters=counters,
        microbatches=self.microbatches,
        dimensions=self.dimensions,
    )


def of_run(
    settings: RunSettings,
    on_tpu: bool,
    recompute: bool | None = None,
    microbatch_tokens: int | None = None,
    exact: bool = False,
) -> StepCosts:
  """Returns the costs of a run's training step.

  Args:
    settings: of the run; its mesh's devices need not exist.
    on_tpu: whether XLA compiles the step for a TPU.
    recompute: whether layers are computed again in the backward pass
      (`LayerStack.recompute_grads`); None for what gin binds.
    microbatch_tokens: tokens of a replica's micro-batch
      (`serialize_num_microbatches.tokens_per_microbatch_per_replica`); None
      for what gin binds.
    exact: whether to build all blocks of a deep model, too.

  Raises:
    UserError: the mesh does not divide the model evenly.
  """
  with (
      _bound(_LAYER_STACK, "recompute_grads", recompute),
      _bound(_MICROBATCHES, _MICROBATCH_TOKENS, microbatch_tokens),
  ):
    model = model_fn.build_model(settings)
    depth = _depth(model)
    if exact or depth is None or depth <= _BLOCKS[-1] + 1:
      return _of_model(settings, model, on_tpu)
    few, more = (
        _of_model(settings, _shallow(settings, depth, n), on_tpu)
        for n in _BLOCKS
    )
  return few.deeper(more, depth - _BLOCKS[0])


@contextlib.contextmanager
def _bound(configurable: str, parameter: str, value: Any) -> Iterator[None]:
  """Binds a gin parameter for a while, unless the value is None.

  Neither the binding nor its use is left in the operative config.
  """
  if value is None:
    yield
    return
  # gin has no public way to take a binding back, nor to forget its use.
  config, used = gin.config._CONFIG, gin.config._OPERATIVE_CONFIG
  before = dict(config.get(("", configurable), {}))
  used_before = {key: dict(values) for key, values in used.items()}
  config["", configurable] = {**before, parameter: value}
  try:
    yield
  finally:
    config["", configurable] = before
    used.clear()
    used.update(used_before)


def blocks_of(stack: Any) -> dict[str, list[Any]]:
  """Layers by the name of their block, in order."""
  found: dict[str, list[Any]] = collections.defaultdict(list)
  for layer in stack.layers:
    found[(layer.name or "").split("/")[0]].append(layer)
  return found


def _depth(model: Any) -> int | None:
  """How many equal blocks each stack has; None if they are not equal."""
  depths = set()
  for stack in model_fn.stacks(model):
    blocks = list(blocks_of(stack).values())
    kinds = {tuple(map(_kind, block)) for block in blocks}
    if len(kinds) != 1 or not hasattr(stack, "_layers"):
      return None
    depths.add(len(blocks))
  return depths.pop() if len(depths) == 1 else None


def _kind(layer: Any) -> tuple[Any, ...]:
  """What makes layers equal: their class and the values they are made with."""
  return (type(layer), *sorted(
      (name, repr(value)) for name, value in vars(layer).items()
      if isinstance(value, int | float | str | bool | list | tuple)
      and name not in ("_name", "name")
  ))


def _shallow(settings: RunSettings, depth: int, blocks: int) -> Any:
  model = model_fn.build_model(settings)
  for stack in model_fn.stacks(model):
    stack._layers = stack.layers[: len(stack.layers) // depth * blocks]
  return model


def _of_model(settings: RunSettings, model: Any, on_tpu: bool) -> StepCosts:
  with tf.Graph().as_default(), _without_masters():
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "plan")
    device = OneDeviceMeshImpl(settings.mesh.shape, settings.mesh.layout)
    context = model_fn.StepContext(
        settings, model, StartReport(), graph, mesh, device, None
    )
    batch_dim = mtf.Dimension("batch", settings.batch.sequences)
    imported = model_fn.import_features(
        {
            name: tf.compat.v1.placeholder(tf.int32, shape)
            for name, shape in feature_shapes(settings).items()
        },
        context,
        [mtf.Dimension("outer_batch", 1), batch_dim],
    )
    with model_fn.seeded_operations():
      loss, gradients = train_step._loss_and_gradients(
          imported, batch_dim, context
      )
      before = len(graph.operations)
      # The rate is a number: it makes no difference to what a step costs.
      train_step._optimizer_updates(gradients, 0.01, context)
    check_divides(graph, settings)
    lowering = OneDeviceLowering(
        graph, mesh, device, on_tpu, _microbatches(settings)
    )
    memory = of_graph(graph, loss, graph.operations[before:], device, on_tpu)
    return _counted(lowering, device, _microbatches(settings), memory)


def of_graph(
    graph: Any, loss: Any, updates: Iterable[Any], mesh_impl: Any, fused: bool
) -> StepMemory:
  """Returns the memory of the training step that a graph holds.

  Args:
    graph: a Mesh TF graph.
    loss: the tensor that is kept to the end.
    updates: its operations that belong to the optimizer.
    mesh_impl: has the sizes of slices.
    fused: whether XLA compiles the graph.
  """
  peak = liveness.peak(
      graph.operations, updates, mesh_impl, fused, kept=[loss]
  )
  return StepMemory(**variable_sizes(graph, mesh_impl), working=peak.size)


@contextlib.contextmanager
def _without_masters() -> Iterator[None]:
  """Has variables named only: making their masters takes half the time."""

  def only_named(getter: Any, name: str, **unused: Any) -> Any:
    del getter, unused
    return types.SimpleNamespace(name=f"{name}:0")

  tf.compat.v1.train.get_or_create_global_step()  # schedules read it
  with tf.compat.v1.variable_scope("", custom_getter=only_named):
    yield


def _counted(
    lowering: OneDeviceLowering,
    device: OneDeviceMeshImpl,
    microbatches: int,
    memory: StepMemory,
) -> StepCosts:
  graph, flops = lowering.graph, 0
  for op, in_loop in liveness.body_operations(graph.operations):
    if isinstance(op, mtf.EinsumOperation) and liveness.is_contraction(op):
      trips = microbatches if in_loop else 1
      flops += 2 * trips * liveness.computation_size(op, device)
  return StepCosts(
      parameters=sum(v.size for v in graph.trainable_variables),
      **vars(memory),
      flops=flops,
      transfers={k: (n, size) for k, (n, size) in lowering.transfers.items()},
      counters=one_device.summed(lowering.counters),
      microbatches=microbatches,
      dimensions=frozenset(
          d.name for v in graph.trainable_variables for d in v.shape.dims
      ),
  )


def check_divides(graph: Any, settings: RunSettings) -> None:
  """Checks that the mesh splits each dimension of each variable evenly.

  Raises:
    UserError: names the first that it does not, and sizes that fit.
  """
  for variable in graph.trainable_variables:
    layouts.check_divides(
        settings.mesh,
        {d.name: d.size for d in variable.shape.dims},
        f"the variable {variable.name}",
    )


def variable_sizes(graph: Any, mesh_impl: Any) -> dict[str, float]:
  """Bytes of a graph's variables: `weights`, `slots` and `masters`."""
  sizes = {"weights": 0.0, "slots": 0.0, "masters": 0.0}
  for v in graph.all_variables:
    elements = math.prod(mesh_impl.slice_shape(v.shape))
    kind = "weights" if v in graph.trainable_variables else "slots"
    sizes[kind] += elements * v.slice_dtype.size
    sizes["masters"] += v.size * v.master_dtype.size
  return sizes


def feature_shapes(settings: RunSettings) -> dict[str, list[int]]:
  """Features of a packed batch, as the training data have them."""
  names = ["targets"] if settings.model_type == "lm" else ["inputs", "targets"]
  return {
      name + part: [
          settings.batch.sequences,
          settings.batch.sequence_length[name],
      ]
      for name in names
      for part in ("", "_segmentation", "_position")
  }


def _microbatches(settings: RunSettings) -> int:
  return mtf_utils.serialize_num_microbatches(
      mtf.Dimension("batch", settings.batch.sequences),
      settings.batch.sequence_length,
      settings.mesh.shape,
      settings.mesh.layout,
  )
