"""Logits of our model for given inputs and targets, to compare with others'."""

from __future__ import annotations

from typing import Any

from t5_mtf import data
from t5_mtf.models import model_fn
from t5_mtf.models import settings as run_settings
from t5_mtf.tf_compat import mtf, mtf_utils, tf


def teacher_forced(
    checkpoint: str, vocab_rows: int, dtype: str, inputs: Any, targets: Any
) -> Any:
  """Computes the logits of the targets, on the CPU.

  The model is the one that the loaded gin configures.

  Args:
    checkpoint: path of its checkpoint.
    vocab_rows: rows of its embedding.
    dtype: type to round its variables to first; that which they have, or
      "bfloat16".
    inputs: int32 [batch, inputs length], padded with 0.
    targets: int32 [batch, targets length], padded with 0.

  Returns:
    float32 [batch, targets length, vocab_rows]: at each position the logits of
    the target, given all targets before it.
  """
  vocabulary = data.PassThroughVocabulary(vocab_rows, eos_id=1)
  settings = run_settings.from_gin(
      "",
      mode="train",
      vocabulary=vocabulary,
      batch_size=len(inputs),
      sequence_length={
          "inputs": inputs.shape[1],
          "targets": targets.shape[1],
      },
      mesh_shape=[],
      mesh_devices=["cpu:0"],
  )
  with tf.Graph().as_default():
    logits, lowering, masters = _build(settings, inputs, targets)
    with tf.compat.v1.Session() as session:
      tf.compat.v1.train.Saver(masters).restore(session, checkpoint)
      for master in masters:
        own = master.dtype.base_dtype
        if own != dtype:
          value = session.run(master)
          value = value.astype(tf.as_dtype(dtype).as_numpy_dtype)
          master.load(value.astype(own.as_numpy_dtype), session)
      session.run(lowering.copy_masters_to_slices())
      return session.run(logits)


def _build(settings: Any, inputs: Any, targets: Any) -> tuple[Any, Any, Any]:
  """Returns the logits, their lowering, and the model's variables."""
  graph = mtf.Graph()
  mesh = mtf.Mesh(graph, "t5_mtf")
  tf.compat.v1.train.get_or_create_global_step()
  imported = {
      name: mtf.import_fully_replicated(
          mesh,
          tf.constant(ids, tf.int32),
          mtf.Shape([
              mtf.Dimension("batch", ids.shape[0]),
              mtf.Dimension("length", ids.shape[1]),
          ]),
          name=name,
      )
      for name, ids in (("inputs", inputs), ("targets", targets))
  }
  model = model_fn.build_model(settings)
  logits, _ = model.call_simple(
      **imported,
      compute_loss=False,
      mode=tf.estimator.ModeKeys.EVAL,
      variable_dtype=mtf_utils.get_variable_dtype(),
  )
  implementation = mtf.placement_mesh_impl.PlacementMeshImpl(
      settings.mesh.shape, settings.mesh.layout, list(settings.mesh.devices)
  )
  lowering = mtf.Lowering(
      graph, {mesh: implementation}, autostack=settings.autostack
  )
  exported = tf.cast(lowering.export_to_tf_tensor(logits), tf.float32)
  names = {v.name for v in graph.trainable_variables}
  every = tf.compat.v1.global_variables()
  return exported, lowering, [v for v in every if v.op.name in names]
