"""One training step and the answers of a model, on any mesh, without an
estimator: what layouts, micro-batches and recomputation must not change."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from t5_mtf import errors
from t5_mtf.models import (
    batch_shapes,
    decode_options,
    estimator,
    initialization,
    model_fn,
    resident,
    seeds,
    settings,
    start_report,
    train_step,
)
from t5_mtf.tf_compat import mtf, tf
from tests.models import tiny

# Dimensions that eight devices can split.
BINDINGS = ("num_heads = 8", "d_kv = 4", "utils.run.batch_size = 8")


@dataclasses.dataclass(frozen=True)
class Step:
  """What a step gave.

  Attributes:
    loss: of the batch.
    gradients: variable -> its gradient.
    variables: variable, or slot of the optimizer -> its value after the step.
  """

  loss: float
  gradients: dict[str, Any]
  variables: dict[str, Any]


def make_settings(mesh_shape="", layout_rules=None, *bindings):
  """Settings of the tiny model on a mesh of logical CPU devices."""
  layout = [f"utils.run.mesh_shape = {mesh_shape!r}"]
  if layout_rules:
    layout.append(f"utils.run.layout_rules = {layout_rules!r}")
  return tiny.settings("unused", *BINDINGS, *layout, *bindings)


def take(run: settings.RunSettings, checkpoint: str) -> Step:
  """Takes one step from a checkpoint, on rows of unequal length."""
  rows = np.random.RandomState(2).randint(3, 250, (8, 8)).astype("int32")
  for i, row in enumerate(rows):
    row[8 - i // 2 :] = 0
  with tf.Graph().as_default():
    tf.compat.v1.set_random_seed(seeds.current())
    tf.compat.v1.train.create_global_step()
    model = model_fn.build_model(run)
    context = model_fn.make_context(run, model, start_report.StartReport())
    features = {"inputs": tf.constant(rows), "targets": tf.constant(rows + 1)}
    features["targets"] *= tf.cast(features["inputs"] > 0, tf.int32)
    with model_fn.seeded_operations():
      dims = [mtf.Dimension("outer_batch", 1), mtf.Dimension("batch", 8)]
      imported = model_fn.import_features(features, context, dims)
      loss, gradients = train_step._loss_and_gradients(
          imported, dims[1], context
      )
      optimizer = run.training.optimizer(learning_rate=1e-3)
      variables = context.graph.trainable_variables
      updates = optimizer.apply_grads(gradients, variables)
    gradients = [mtf.anonymize(gradient) for gradient in gradients]
    lowering = context.lower()
    fetches = (
        lowering.export_to_tf_tensor(loss),
        {
            variable.name: lowering.export_to_tf_tensor(gradient)
            for variable, gradient in zip(variables, gradients, strict=True)
        },
        [lowering.lowered_operation(op) for op in updates],
    )
    with tf.compat.v1.Session(config=estimator.session_config(run)) as session:
      found = initialization.Variables.of_graph()
      plan = initialization.plan(checkpoint, found)
      session.run(initialization.scaffold(plan).init_op)
      session.run(lowering.copy_masters_to_slices())
      loss, gradients, _ = session.run(fetches)
      session.run(lowering.copy_slices_to_masters())
      masters = {v.op.name: v for v in tf.compat.v1.global_variables()}
      return Step(float(loss), gradients, session.run(masters))


def answers(run: settings.RunSettings, checkpoint: str) -> tuple[list, list]:
  """Decoded ids of rows, and log-likelihoods of targets."""
  random = np.random.RandomState(3)
  rows = [[*random.randint(3, 250, n % 7), 1] for n in range(8)]
  options = decode_options.from_gin(8, "bitransformer")
  shapes = batch_shapes.Shapes((8,), (8,))
  with resident.ResidentModel(run, checkpoint, options, shapes) as model:
    decoded = [list(output.ids) for (output,) in model.decode(rows)]
    return decoded, [score for score, _ in model.score(rows, rows[::-1])]


def largest_difference(found, expected) -> float:
  """Of arrays by name, relative to the largest value of each."""
  if set(found) != set(expected):
    raise errors.UserError(f"{sorted(set(found) ^ set(expected))}")
  return max(
      float(np.max(np.abs(found[name] - value)) / np.max(np.abs(value)))
      for name, value in expected.items()
  )
