"""One decoding step: token ids in, token ids out; text at export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gin

from t5_mtf.models.model_fn import (
    StepContext,
    describe_model,
    import_features,
)
from t5_mtf.tf_compat import mtf, mtf_utils, tf

EXAMPLES = "num_examples"  # an exported model's number of real rows
_DECODE = "Bitransformer.decode"


def build(features: Mapping[str, Any], context: StepContext) -> Any:
  """Builds greedy, sampled or beam decoding, as gin configures it.

  Args:
    features: `inputs`, int32 [batch, inputs length]. At export also
      `num_examples`, the number of rows that are not padding.
    context: of the step.

  Returns:
    A TPUEstimatorSpec whose predictions are `outputs`, int32 [batch, decode
    length], cut after EOS; at export `inputs` and `outputs` are text.
  """
  settings = context.settings
  batch_dim = mtf.Dimension("batch", settings.batch.sequences)
  imported = import_features(
      {"inputs": features["inputs"]}, context, [batch_dim]
  )
  outputs = mtf.anonymize(_decode(imported["inputs"], context))
  lowering = context.lower()
  ids = mtf_utils.clean_decodes(lowering.export_to_tf_tensor(outputs))
  predictions = {"outputs": ids}
  if EXAMPLES in features:
    count = features[EXAMPLES]
    inputs_vocabulary, targets_vocabulary = settings.vocabulary
    inputs = features["inputs"][:count]
    predictions = {
        "inputs": inputs_vocabulary.decode_tf(inputs),
        "outputs": targets_vocabulary.decode_tf(ids[:count]),
    }
  context.report.add("model", describe_model(context))
  return tf.compat.v1.estimator.tpu.TPUEstimatorSpec(
      mode=tf.estimator.ModeKeys.PREDICT,
      predictions=predictions,
      scaffold_fn=lambda: _scaffold(lowering),
      prediction_hooks=[mtf.MtfRestoreHook(lowering)],
  )


def decode_options(targets_length: int) -> dict[str, Any]:
  """The decoding options in force, by their published names.

  Args:
    targets_length: the task's own length, which limits decoding unless
      `Bitransformer.decode.max_decode_length` is bound.
  """
  options = {
      "beam_size": 1,
      "alpha": 0.6,
      "temperature": 0.0,
      "sampling_keep_top_k": -1,
      "max_decode_length": targets_length,
  }
  bound = gin.get_bindings(_DECODE)
  return {
      name: default if bound.get(name) is None else bound[name]
      for name, default in options.items()
  }


def _decode(inputs: Any, context: StepContext) -> Any:
  settings = context.settings
  targets_length = settings.batch.sequence_length["targets"]
  variable_dtype = mtf_utils.get_variable_dtype()
  if settings.model_type == "bitransformer":
    return context.model.decode(
        inputs,
        variable_dtype=variable_dtype,
        **decode_options(targets_length),
    )
  room = mtf.pad(inputs, [0, targets_length], inputs.shape.dims[-1].name)
  return context.model.sample_autoregressive(
      room, variable_dtype=variable_dtype, remove_partial_sequences=True
  )


def _scaffold(lowering: Any) -> Any:
  """Copies master variables to their slices when a session starts.

  A served model has no hooks: its initialisation is the local init op.
  """
  init = tf.group(
      tf.compat.v1.train.Scaffold.default_local_init_op(),
      lowering.copy_masters_to_slices(),
      name="copy_masters_to_slices",
  )
  return tf.compat.v1.train.Scaffold(local_init_op=init)
