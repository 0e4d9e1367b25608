"""One scoring step: token ids in, the log-likelihood of each target out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf.models import token_loss
from t5_mtf.models.model_fn import (
    StepContext,
    describe_model,
    import_features,
    segments_without_padding,
)
from t5_mtf.models.predict_step import scaffold
from t5_mtf.tf_compat import mtf, mtf_transformer, mtf_utils, tf


def build(features: Mapping[str, Any], context: StepContext) -> Any:
  """Builds the published scoring of targets, given inputs.

  Args:
    features: see `predictions`.
    context: of the step.

  Returns:
    A TPUEstimatorSpec with those predictions.
  """
  found, lowering = predictions(features, context)
  context.report.add("model", describe_model(context))
  return tf.compat.v1.estimator.tpu.TPUEstimatorSpec(
      mode=tf.estimator.ModeKeys.PREDICT,
      predictions=found,
      scaffold_fn=lambda: scaffold(lowering),
      prediction_hooks=[mtf.MtfRestoreHook(lowering)],
  )


def predictions(
    features: Mapping[str, Any], context: StepContext
) -> tuple[dict[str, Any], Any]:
  """Scores a batch of the shape that `context.settings.batch` says.

  Args:
    features: `inputs` and `targets`, int32 [batch, length], padded with 0; a
      language model may have targets alone. Negative targets are read, but not
      scored.
    context: of the step.

  Returns:
    TensorFlow tensors by name, one value for each row, and the `mtf.Lowering`.
    `scores` are the sums over tokens of the natural logarithm of their
    probabilities, float32; `tokens` how many tokens that were, int32.
  """
  batch_dim = mtf.Dimension("batch", context.settings.batch.sequences)
  imported = import_features(features, context, [batch_dim])
  scores, tokens = log_likelihoods(imported, context)
  scores, tokens = mtf.anonymize(scores), mtf.anonymize(tokens)
  lowering = context.lower()
  found = {
      "scores": lowering.export_to_tf_tensor(scores),
      "tokens": lowering.export_to_tf_tensor(tokens),
  }
  return found, lowering


def log_likelihoods(
    features: Mapping[str, Any], context: StepContext
) -> tuple[Any, Any]:
  """Scores the targets of a batch on the mesh.

  Args:
    features: mtf tensors [batch, length], see `build`.
    context: of the step.

  Returns:
    mtf tensors [batch]: float32 log-likelihoods, and int32 numbers of tokens.
  """
  model_type, segments = context.settings.model_type, {}
  if model_type == "bitransformer":
    inputs, targets = features["inputs"], features["targets"]
    counted = mtf.greater(targets, 0)
  else:
    if "inputs" in features:
      # Mesh TF joins them itself: [inputs, EOS, targets, EOS].
      features = mtf_utils._dynamic_text2self(dict(features))
    targets = features["targets"]
    inputs = mtf_transformer.autoregressive_inputs(targets)
    segments["sequence_id"] = segments_without_padding(context.model, targets)
    counted = mtf.greater(targets, 0)
    if model_type == "delimited_lm":
      is_input = mtf_transformer.delimited_lm_inputs_mask(targets)
      counted = mtf.logical_and(counted, mtf.logical_not(is_input))
  logits, _ = context.model.call_simple(
      inputs=inputs,
      targets=targets,
      compute_loss=False,
      mode=tf.estimator.ModeKeys.EVAL,
      variable_dtype=mtf_utils.get_variable_dtype(),
      **segments,
  )
  decoder = getattr(context.model, "decoder", context.model)
  logits, vocab_dim = mtf.cast(logits, tf.float32), logits.shape.dims[-1]
  if token_loss.is_whole(vocab_dim, decoder):
    losses = token_loss.cross_entropy(
        logits, mtf.maximum(targets, 0), vocab_dim
    )
  else:
    losses = mtf.layers.softmax_cross_entropy_with_logits(
        logits, targets, vocab_dim
    )
  length_dim = targets.shape.dims[-1]
  scores = -mtf.reduce_sum(
      losses * mtf.cast(counted, tf.float32), reduced_dim=length_dim
  )
  tokens = mtf.reduce_sum(mtf.to_int32(counted), reduced_dim=length_dim)
  return scores, tokens


def behind_inputs(
    inputs: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[list[int]]:
  """Targets of a language model behind inputs, which are not scored.

  >>> behind_inputs([[5, 6]], [[7, 1]])
  [[-5, -6, 7, 1]]
  """
  return [
      [*(-i for i in before), *row]
      for before, row in zip(inputs, targets, strict=True)
  ]
