"""One decoding step: token ids in, token ids out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import gin

from t5_mtf.models import (
    beam_search,
    decode_options,
    decoder_memory,
    model_fn,
)
from t5_mtf.models.decode_options import DecodeOptions
from t5_mtf.models.model_fn import (
    StepContext,
    describe_model,
    import_features,
)
from t5_mtf.tf_compat import mtf, mtf_utils, tf


def build(features: Mapping[str, Any], context: StepContext) -> Any:
  """Builds greedy, sampled or beam decoding, as gin configures it.

  Args:
    features: `inputs`, int32 [batch, inputs length].
    context: of the step.

  Returns:
    A TPUEstimatorSpec whose predictions are those of `predictions`.
  """
  settings = context.settings
  options = decode_options.from_gin(
      settings.batch.sequence_length["targets"], settings.model_type
  )
  found, lowering = predictions(features["inputs"], context, options)
  context.report.add("model", describe_model(context))
  return tf.compat.v1.estimator.tpu.TPUEstimatorSpec(
      mode=tf.estimator.ModeKeys.PREDICT,
      predictions=found,
      scaffold_fn=lambda: scaffold(lowering),
      prediction_hooks=[mtf.MtfRestoreHook(lowering)],
  )


def predictions(
    inputs: Any, context: StepContext, options: DecodeOptions
) -> tuple[dict[str, Any], Any]:
  """Decodes a batch of the shape that `context.settings.batch` says.

  Args:
    inputs: int32 [batch, inputs length], padded with 0.
    context: of the step.
    options: of decoding, with a `max_length`.

  Returns:
    TensorFlow tensors by name, and the `mtf.Lowering`. `outputs` are int32 ids
    [batch, outputs of a row, decode length], 0 after EOS. Beam search alone
    also gives `beam_scores`, float32 [batch, outputs of a row]: what it ranks
    by, the log-likelihood over the length penalty; for a row none of whose
    beams came to an end, the log-likelihood. A place that no beam filled has a
    score below -1e6.
  """
  batch_dim = mtf.Dimension("batch", context.settings.batch.sequences)
  imported = import_features({"inputs": inputs}, context, [batch_dim])
  tensors = {"outputs": None}
  with _as_on_one_device(context), _without_recomputation(context.model):
    if options.beam_size > 1:
      tensors["outputs"], tensors["beam_scores"] = _beam_search(
          imported["inputs"], context, options
      )
    else:
      tensors["outputs"] = _sample(imported["inputs"], context, options)
  tensors = {name: mtf.anonymize(tensor) for name, tensor in tensors.items()}
  lowering = context.lower()
  found = {
      name: lowering.export_to_tf_tensor(tensor)
      for name, tensor in tensors.items()
  }
  # A language model's row has room for its inputs too.
  ids = found["outputs"][..., : options.max_length]
  found["outputs"] = mtf_utils.clean_decodes(ids)
  if options.beam_size == 1:
    found["outputs"] = found["outputs"][:, tf.newaxis]
  return {n: t[:, : options.num_outputs] for n, t in found.items()}, lowering


def _sample(inputs: Any, context: StepContext, options: DecodeOptions) -> Any:
  """Greedy decoding or sampling; returns ids [batch, length]."""
  how = {
      "temperature": options.temperature,
      "sampling_keep_top_k": options.top_k,
      "variable_dtype": mtf_utils.get_variable_dtype(),
  }
  if context.settings.model_type == "bitransformer":
    return context.model.decode(
        inputs, beam_size=1, max_decode_length=options.max_length, **how
    )
  length_dim = inputs.shape.dims[-1]
  room = mtf.pad(inputs, [0, options.max_length], length_dim.name)
  return context.model.sample_autoregressive(
      room,
      max_steps=options.max_length,
      remove_partial_sequences=True,
      **how,
  )


def _beam_search(
    inputs: Any, context: StepContext, options: DecodeOptions
) -> tuple[Any, Any]:
  """Returns ids [batch, beam, length] and scores [batch, beam], best first."""
  bound = gin.get_bindings("Bitransformer.decode")
  limits = {
      # As published, outputs are also limited by the longest input of the
      # batch: only where a config asks for it, for then an answer depends on
      # the other inputs.
      "decode_length_multiplier": 0.0,
      "decode_length_constant": float(options.max_length),
  }
  with beam_search.all_beams(stop_early=options.num_outputs == 1) as found:
    context.model.decode(
        inputs,
        variable_dtype=mtf_utils.get_variable_dtype(),
        beam_size=options.beam_size,
        alpha=options.alpha,
        temperature=0.0,
        sampling_keep_top_k=decode_options.ALL,
        max_decode_length=options.max_length,
        **{name: bound.get(name, limit) for name, limit in limits.items()},
    )
  [(beams, scores)] = found
  return beams, scores


@contextlib.contextmanager
def _as_on_one_device(context: StepContext) -> Iterator[None]:
  """Has decoders that are built meanwhile do what one CPU or GPU can."""
  if context.settings.mesh.is_one_cpu_or_gpu:
    with decoder_memory.written_in_place(), beam_search.gathered_states():
      yield
  else:
    yield


@contextlib.contextmanager
def _without_recomputation(model: Any) -> Iterator[None]:
  """Turns `LayerStack.recompute_grads` off: it is for gradients.

  What it recomputes cannot be read from outside, as decoding has to.
  """
  stacks = model_fn.stacks(model)
  before = [stack._recompute_grads for stack in stacks]
  for stack in stacks:
    stack._recompute_grads = False
  try:
    yield
  finally:
    for stack, recompute in zip(stacks, before, strict=True):
      stack._recompute_grads = recompute


def scaffold(lowering: Any) -> Any:
  """Copies master variables to their slices when a session starts."""
  init = tf.group(
      tf.compat.v1.train.Scaffold.default_local_init_op(),
      lowering.copy_masters_to_slices(),
      name="copy_masters_to_slices",
  )
  return tf.compat.v1.train.Scaffold(local_init_op=init)
