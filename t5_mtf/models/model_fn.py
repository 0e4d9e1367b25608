"""The TPUEstimator model function: one step of the model, lowered onto a mesh.

The model itself is Mesh TF's (`Bitransformer`, `Unitransformer`), built from
gin. A step imports the batch onto the mesh, calls the model, and lowers the
result: `train_step`, `predict_step` and `score_step` say what is computed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from t5_mtf.models import seeds
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import mtf, mtf_utils, tf


@dataclasses.dataclass(frozen=True)
class StepContext:
  """What a step is built with.

  Attributes:
    settings: of the run.
    model: a Mesh TF `Bitransformer` or `Unitransformer`.
    report: gathers lines for the start of the run.
    graph: the `mtf.Graph` of this step.
    mesh: the `mtf.Mesh` of this step.
    mesh_impl: how the mesh is carried out.
    resume_from: the checkpoint of the run's own that it continues from.
  """

  settings: RunSettings
  model: Any
  report: StartReport
  graph: Any
  mesh: Any
  mesh_impl: Any
  resume_from: str | None

  def lower(self) -> Any:
    """Lowers all that was computed on the graph; returns `mtf.Lowering`."""
    return mtf.Lowering(
        self.graph,
        {self.mesh: self.mesh_impl},
        autostack=self.settings.autostack,
    )


def build_model(settings: RunSettings) -> Any:
  """Builds the Mesh TF model that gin configures, for the run's vocabulary."""
  # They import Mesh TF.
  from t5_mtf.models import attention, feed_forward, norm

  inputs, targets = settings.vocabulary
  model = mtf_utils.build_model(
      model_type=settings.model_type,
      input_vocab_size=inputs.vocab_size,
      output_vocab_size=targets.vocab_size,
      layout_rules=settings.mesh.layout,
      mesh_shape=settings.mesh.shape,
  )
  for stack in stacks(model):
    attention.replace_layers(stack)
    feed_forward.replace_activations(stack)
    norm.replace_sublayers(stack)
  return model


def stacks(model: Any) -> list[Any]:
  """The layer stacks of a model: one, or encoder's and decoder's."""
  parts = [getattr(model, n, None) for n in ("encoder", "decoder")]
  parts = [p for p in parts if p is not None] or [model]
  return [p.layer_stack for p in parts]


def make_context(
    settings: RunSettings,
    model: Any,
    report: StartReport,
    params: Any = None,
    resume_from: str | None = None,
) -> StepContext:
  """Returns what a step is built with, on an empty `mtf.Graph`.

  Args:
    settings: of the run.
    model: from `build_model`.
    report: gathers lines for the start of the run.
    params: what TPUEstimator gives a model function; used on a TPU alone.
    resume_from: the checkpoint of the run's own that it continues from.
  """
  mesh_impl, placer = _implement_mesh(settings, params)
  graph = mtf.Graph()
  return StepContext(
      settings=settings,
      model=model,
      report=report,
      graph=graph,
      mesh=mtf.Mesh(graph, "t5_mtf", placer),
      mesh_impl=mesh_impl,
      resume_from=resume_from,
  )


def make_model_fn(
    settings: RunSettings, report: StartReport, resume_from: str | None = None
) -> Callable[..., Any]:
  """Returns the model function of a run, as TPUEstimator calls it."""
  model = build_model(settings)

  def model_fn(features: Any, labels: Any, mode: str, params: Any) -> Any:
    del labels
    from t5_mtf.models import predict_step, score_step, train_step

    context = make_context(settings, model, report, params, resume_from)
    with seeded_operations():
      if mode == tf.estimator.ModeKeys.TRAIN:
        return train_step.build(features, context)
      if "targets" in features:
        return score_step.build(features, context)
      return predict_step.build(features, context)

  return model_fn


def import_features(
    features: Mapping[str, Any], context: StepContext, batch_dims: list[Any]
) -> dict[str, Any]:
  """Imports int32 [batch, length] tensors onto the mesh.

  Args:
    features: TensorFlow tensors by name; the part of a name before "_" is the
      feature whose sequence length it has.
    context: of the step.
    batch_dims: Mesh TF dimensions of the batch.
  """
  imported = {}
  for name, tensor in features.items():
    length = context.settings.batch.sequence_length[name.split("_")[0]]
    shape = mtf.Shape(batch_dims + [mtf.Dimension("length", length)])
    tensor = tf.reshape(tf.cast(tensor, tf.int32), shape.to_integer_list)
    imported[name] = mtf.import_fully_replicated(
        context.mesh, tensor, shape, name=name
    )
  return imported


def segments_without_padding(model: Any, targets: Any) -> Any:
  """Segment ids that keep the padding of unpacked rows out of sight.

  Only a prefix LM needs them: inputs that see each other would see the padding
  after the targets, too, which is not there while a text is decoded.

  Args:
    model: the Mesh TF model.
    targets: int32 ids on the mesh, inputs and targets in one row.

  Returns:
    1 where there is a token, 0 where there is padding; None for other models.
  """
  if not getattr(model, "input_full_attention", False):
    return None
  return mtf.to_int32(mtf.not_equal(targets, 0))


def describe_model(context: StepContext) -> str:
  """One line: type, parameters, variables."""
  variables = context.graph.trainable_variables
  parameters = sum(v.size for v in variables)
  return (
      f"{context.settings.model_type}, {parameters:,} parameters in"
      f" {len(variables)} variables"
  )


@contextlib.contextmanager
def seeded_operations() -> Iterator[None]:
  """Mesh TF seeds dropout from Python's `random`; makes that reproducible."""
  state = random.getstate()
  random.seed(seeds.current())
  try:
    yield
  finally:
    random.setstate(state)


def _implement_mesh(settings: RunSettings, params: Any) -> tuple[Any, Any]:
  """Returns (mesh implementation, variable placer or None)."""
  mesh = settings.mesh
  if not settings.use_tpu:
    from t5_mtf.models import placement  # which imports Mesh TF

    return placement.implementation(mesh), None
  tpu_context = params["context"]
  hosts = [
      tpu_context.tpu_host_placement_function(host_id=i)
      for i in range(tpu_context.num_hosts)
  ]
  binaries = 300_000_000 * tpu_context.num_replicas  # bytes, on the first host
  placer = mtf.utils.BalancedVariablePlacer(
      hosts, [binaries] + [0] * (len(hosts) - 1)
  )
  assignment = tpu_context.device_assignment
  physical = [int(n) for n in assignment.topology.mesh_shape]
  if len(physical) == 4:
    physical = mtf.simd_mesh_impl.physical_shape_3d_from_topology_proto_4d(
        physical
    )
  logical_to_physical = mtf.simd_mesh_impl.auto_logical_to_physical_tpu(
      mesh.shape.to_integer_list, physical, device_assignment=assignment
  )
  implementation = mtf.simd_mesh_impl.SimdMeshImpl(
      mesh.shape,
      mesh.layout,
      None,
      assignment,
      logical_to_physical=logical_to_physical,
  )
  return implementation, placer
