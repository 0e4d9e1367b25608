"""One training step: loss, gradients, optimizer, checkpoint hooks."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoints, hooks, initialization, unfreezing
from t5_mtf.models.model_fn import (
    StepContext,
    describe_model,
    import_features,
    segments_without_padding,
)
from t5_mtf.tf_compat import mtf, mtf_transformer, mtf_utils, tf

# Mesh TF splits a batch into outer_batch x batch; without mixtures of experts
# the outer part is 1, as published.
_OUTER_BATCH = 1


def build(features: Mapping[str, Any], context: StepContext) -> Any:
  """Builds the training step.

  Args:
    features: int32 [batch, length] tensors: inputs, targets, and with packing
      their `_segmentation` and `_position`.
    context: of the step.

  Returns:
    A TPUEstimatorSpec.
  """
  from t5_mtf.models.planning import capacity  # which builds steps, too

  settings = context.settings
  _check_features(features, settings.model_type)
  batch_dim = mtf.Dimension(
      "batch", settings.batch.sequences // _OUTER_BATCH
  )
  batch_dims = [mtf.Dimension("outer_batch", _OUTER_BATCH), batch_dim]
  mesh_features = import_features(features, context, batch_dims)
  loss, gradients = _loss_and_gradients(mesh_features, batch_dim, context)
  with mtf.utils.outside_all_rewrites():
    learning_rate = _learning_rate(settings.training.learning_rate_schedule)
  updates = _optimizer_updates(gradients, learning_rate, context)

  capacity.memory_check(context, loss)
  lowering = context.lower()
  global_step = tf.compat.v1.train.get_global_step()
  tf_loss = tf.cast(lowering.export_to_tf_tensor(loss), tf.float32)
  # Only after the updates, whose learning rate may still have to read the step.
  with tf.control_dependencies(
      [lowering.lowered_operation(op) for op in updates]
  ):
    train_op = tf.compat.v1.assign_add(global_step, 1).op
  context.report.add("model", describe_model(context))
  with mtf.utils.outside_all_rewrites():
    _take_as_ready()
    plan = _initialize(context)
    training_hooks = _checkpoint_hooks(lowering, settings)
    if plan:
      training_hooks.append(_account_hook(plan, settings.model_dir))
  return tf.compat.v1.estimator.tpu.TPUEstimatorSpec(
      mode=tf.estimator.ModeKeys.TRAIN,
      loss=tf_loss,
      train_op=train_op,
      training_hooks=training_hooks,
      scaffold_fn=plan and functools.partial(initialization.scaffold, plan),
  )


def _check_features(features: Mapping[str, Any], model_type: str) -> None:
  if ("inputs" in features) == (model_type != "lm"):
    return
  if model_type == "lm":
    raise errors.UserError(
        "utils.run.model_type = 'lm' reads targets only, but the task has"
        " inputs, too. With model_type = 'delimited_lm', a decoder reads both"
        " as one text (models/lm_v1_delimited.gin, models/lm_v1_prefix.gin)."
    )
  raise errors.UserError(
      f"utils.run.model_type = {model_type!r} reads inputs and targets, but the"
      " task gives targets only, as objectives/lm.gin does. Use the objective"
      " prefix_lm.gin, or a language model (models/lm_v1.gin)."
  )


def _loss_and_gradients(
    features: Mapping[str, Any], batch_dim: Any, context: StepContext
) -> tuple[Any, list[Any]]:
  """Loss and its gradients, in micro-batches if gin asks for them."""
  settings = context.settings
  num_microbatches = mtf_utils.serialize_num_microbatches(
      batch_dim,
      settings.batch.sequence_length,
      settings.mesh.shape,
      settings.mesh.layout,
  )
  if num_microbatches > 1:

    def serialized(part: Mapping[str, Any]) -> dict[str, Any]:
      return {"loss": compute_loss(part, context, num_microbatches)}

    with _one_at_a_time():
      gradients, losses = mtf.serialize_training_step(
          features, serialized, batch_dim, num_microbatches
      )
    return losses["loss"], gradients
  loss = compute_loss(features, context)
  variables = [v.outputs[0] for v in context.graph.trainable_variables]
  return loss, mtf.gradients([loss], variables)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
  """Keeps TensorFlow from running micro-batches side by side.

  It would, up to ten, for they do not depend on each other; then they take as
  much memory as the whole batch.
  """
  module = sys.modules[mtf.serialize_training_step.__module__]
  loop = module.while_loop
  module.while_loop = functools.partial(loop, parallel_iterations=1)
  try:
    yield
  finally:
    module.while_loop = loop


def compute_loss(
    features: Mapping[str, Any],
    context: StepContext,
    num_microbatches: int = 1,
) -> Any:
  """Returns the model's training loss (an mtf scalar) for a batch."""
  targets = features["targets"]
  common = dict(
      targets=targets,
      compute_loss=True,
      mode=tf.estimator.ModeKeys.TRAIN,
      variable_dtype=mtf_utils.get_variable_dtype(),
      num_microbatches=num_microbatches,
  )
  segments = features.get("targets_segmentation")
  if context.settings.model_type == "bitransformer":
    _, loss = context.model.call_simple(
        inputs=features["inputs"],
        encoder_sequence_id=features.get("inputs_segmentation"),
        decoder_sequence_id=segments,
        encoder_position=features.get("inputs_position"),
        decoder_position=features.get("targets_position"),
        **common,
    )
  else:
    if context.settings.model_type == "delimited_lm":
      # Mesh TF joins inputs and targets itself: [inputs, EOS, targets, EOS].
      features = mtf_utils._dynamic_text2self(dict(features))
      targets = common["targets"] = features["targets"]
      segments = features.get("targets_segmentation")
    if segments is None:
      segments = segments_without_padding(context.model, targets)
    _, loss = context.model.call_simple(
        inputs=mtf_transformer.autoregressive_inputs(targets, segments),
        sequence_id=segments,
        position=features.get("targets_position"),
        **common,
    )
  return loss


def _learning_rate(schedule: Any) -> Any:
  step = tf.compat.v1.train.get_global_step()
  rate = schedule(step=step) if callable(schedule) else schedule
  tf.compat.v1.add_to_collection(
      hooks.LEARNING_RATE, tf.convert_to_tensor(rate, tf.float32)
  )
  return rate


def _optimizer_updates(
    gradients: list[Any], learning_rate: Any, context: StepContext
) -> list[Any]:
  """Update operations for the variables that are trained."""
  training = context.settings.training
  variables = context.graph.trainable_variables
  chosen = [
      (gradient, variable)
      for gradient, variable in zip(gradients, variables, strict=True)
      if _is_trained(variable, training.variable_filter)
  ]
  if not chosen:
    raise errors.UserError(
        f"utils.run.variable_filter {training.variable_filter!r} matches none"
        f" of the model's {len(variables)} variables, for example"
        f" {variables[0].name!r}."
    )
  if len(chosen) < len(variables):
    context.report.add(
        "trained",
        f"{len(chosen)} of {len(variables)} variables, those that match"
        f" {training.variable_filter!r}",
    )
  if isinstance(training.variable_filter, unfreezing.GradualUnfreezing):
    updates, text = unfreezing.optimizer_updates(
        chosen, learning_rate, context
    )
    context.report.add("trained", text)
    return updates
  from t5_mtf.models import adafactor  # which imports Mesh TF

  optimizer = adafactor.on_mesh(
      training.optimizer(learning_rate=learning_rate), context.settings.mesh
  )
  gradients, variables = zip(*chosen, strict=True)
  return optimizer.apply_grads(list(gradients), list(variables))


def _is_trained(variable: Any, variable_filter: Any) -> bool:
  if variable_filter is None:
    return True
  if callable(variable_filter):
    return bool(variable_filter(variable))
  return re.search(variable_filter, variable.name) is not None


def _initialize(context: StepContext) -> initialization.Plan | None:
  """Checks the checkpoint that the weights come from, and says what it gives.

  Returns:
    What an initial checkpoint gives; None for a run that continues, or starts
    at random.
  """
  settings = context.settings
  training, every = settings.training, context.graph.trainable_variables
  trained = [v for v in every if _is_trained(v, training.variable_filter)]
  variables = initialization.Variables.of_graph(
      model=[v.name for v in every],
      filtered=[v.name for v in trained] if len(trained) < len(every) else (),
      vocabulary=settings.vocabulary,
  )
  if context.resume_from:
    initialization.check_same_model(context.resume_from, variables)
    step = checkpoints.step_of(context.resume_from)
    weights = f"continued from {context.resume_from} (step {step:,})"
    context.report.add("weights", weights)
    return None
  if not training.init_checkpoint:
    context.report.add("weights", "started at random")
    return None
  plan = initialization.plan(
      training.init_checkpoint,
      variables,
      training.allow_partial_initialization,
  )
  context.report.add("weights", plan.describe())
  return plan


def _take_as_ready() -> None:
  """Has TensorFlow not look, twice, whether each variable has its first value.

  All get it at once, or from a checkpoint that `_initialize` has found to fit.
  """
  missing = tf.constant([], tf.string)
  keys = tf.compat.v1.GraphKeys
  for key in (keys.READY_OP, keys.READY_FOR_LOCAL_INIT_OP):
    tf.compat.v1.add_to_collection(key, missing)


def _account_hook(plan: initialization.Plan, model_dir: str) -> Any:
  path = os.path.join(model_dir, initialization.ACCOUNT_FILE)
  return hooks.BeginHook(lambda: files.write_atomically(path, plan.to_json()))


def _checkpoint_hooks(lowering: Any, settings: Any) -> list[Any]:
  """Mesh TF keeps slices of variables; saving and restoring goes by masters."""
  restore = mtf.MtfRestoreHook(lowering)
  saver = tf.compat.v1.train.Saver(
      tf.compat.v1.global_variables(),
      sharded=True,
      max_to_keep=settings.training.keep_checkpoint_max,
      save_relative_paths=True,
  )
  tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.SAVERS, saver)
  save = hooks.SaverHook(
      settings.model_dir,
      save_steps=settings.training.save_checkpoints_steps,
      saver=saver,
      listeners=[mtf.MtfCheckpointSaverListener(lowering)],
  )
  return [restore, save]
