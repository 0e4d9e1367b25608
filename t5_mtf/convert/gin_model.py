"""A T5 as gin configures it: read from the model that is built, and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from t5_mtf import errors, gin_config
from t5_mtf.convert.architecture import Architecture
from t5_mtf.tf_compat import mtf_transformer, mtf_utils

VOCAB_DIVISOR = 128  # embeddings have a multiple of so many rows, as published

_LAYERS = {
    "encoder": ["SelfAttention", "DenseReluDense"],
    "decoder": ["SelfAttention", "EncDecAttention", "DenseReluDense"],
}
# What Hugging Face's T5 has no other choice about: attribute -> value.
_STACK = {
    "positional_embedding": False,
    "ensemble_dim": None,
    "input_full_attention": False,
}
_ATTENTION = {
    "num_memory_heads": 0,
    "shared_kv": False,
    "attention_func": None,
    "attention_kwargs": {},
    "combine_dims": True,
    "keep_query_heads_dims": False,
    "fold_scaling_into_initializer": True,
    "hyperprompt_length_encoder": None,
    "hyperprompt_length_decoder": None,
}
_LAYER = {
    "SelfAttention": {**_ATTENTION, "relative_attention_type": "bias_shared"},
    "EncDecAttention": {**_ATTENTION, "relative_attention_type": None},
    "DenseReluDense": {"use_bias": False},
}
# The second of each are Mesh TF's "legacy" ones, which published checkpoints of
# 1.0 have: the same under other names.
_SUBLAYERS = {
    "_sublayers_initial": (["dropout"], ["legacy_dropout"]),
    "_sublayers_per_layer": (
        ["rms_norm", "call_layer", "dropout", "residual"],
        ["legacy_rms_norm", "call_layer", "legacy_dropout", "residual"],
    ),
    "_sublayers_final": (
        ["rms_norm", "dropout"],
        ["legacy_final_rms_norm", "legacy_dropout"],
    ),
}
_ACTIVATIONS = {"relu": False, "gelu,linear": True}  # value -> gated
_EMBEDDINGS = ("VocabEmbedding", "GatherVocabEmbedding")


def read(vocab_size: int) -> tuple[Architecture, list[str]]:
  """Reads the architecture of the model that the loaded gin configures.

  Args:
    vocab_size: ids of the vocabulary, before they are rounded up.

  Returns:
    The architecture, and notes on what Hugging Face cannot express and does
    not change logits.

  Raises:
    UserError: the model is no T5 that Hugging Face has; says in what.
  """
  model_type = gin_config.resolve(
      gin_config.run_bindings().get("model_type", "bitransformer")
  )
  _require("utils.run.model_type", model_type, "bitransformer")
  model = mtf_utils.build_model(
      model_type, input_vocab_size=vocab_size, output_vocab_size=vocab_size
  )
  _require("the model's class", type(model).__name__, "Bitransformer")
  _require("Bitransformer.shared_embedding", model.shared_embedding, True)
  _check_embedding()
  layers = [
      layer
      for name in _LAYERS
      for layer in _checked_layers(name, getattr(model, name))
  ]
  found = {
      (a.num_heads, a.key_value_size)
      for a in layers
      if hasattr(a, "key_value_size")
  }
  (num_heads, d_kv) = _single("number or size of heads", found)
  d_ff = _single(
      "hidden_size", {x.hidden_size for x in layers if hasattr(x, "use_bias")}
  )
  buckets = {
      layer.relative_attention_num_buckets
      for layer in layers
      if type(layer).__name__ == "SelfAttention"
  }
  rate, notes = _dropout(model, layers)
  architecture = Architecture(
      vocab_rows=model.decoder.output_vocab_dim.size,
      d_model=model.decoder.model_dim.size,
      d_ff=d_ff,
      d_kv=d_kv,
      num_heads=num_heads,
      encoder_layers=_count(model.encoder),
      decoder_layers=_count(model.decoder),
      num_buckets=_single("relative_attention_num_buckets", buckets),
      gated=_single("activation", {_gated(x) for x in layers} - {None}),
      tied=model.decoder.shared_embedding_and_softmax_weights,
      epsilon=gin_config.bound("sublayer_rms_norm", "epsilon") or 1e-6,
      dropout_rate=rate,
  )
  return architecture, notes


def write(
    architecture: Architecture,
    dtype: str,
    vocab_divisor: int = VOCAB_DIVISOR,
    vocabulary: tuple[str, int] | None = None,
) -> str:
  """Returns the gin file of a model: for training, evaluation and decoding.

  Args:
    architecture: of the model.
    dtype: of the checkpoint's variables, "float32" or "bfloat16".
    vocab_divisor: the embedding's rows are the vocabulary's size, rounded up
      to a multiple of it.
    vocabulary: path of the SentencePiece model and number of sentinels to add
      to it; None leaves it to the task.
  """
  a = architecture
  lines = [
      "# Converted from Hugging Face by `t5_mtf convert from-hf`.",
      "",
      "import t5.models.mesh_transformer",
      "",
      f"d_model = {a.d_model}",
      f"d_ff = {a.d_ff}",
      f"num_heads = {a.num_heads}",
      f"d_kv = {a.d_kv}",
      f"num_layers = {a.encoder_layers}",
      f"decoder/transformer.make_layer_stack.num_layers = {a.decoder_layers}",
      f"dropout_rate = {a.dropout_rate!r}",
      "",
      "transformer.Unitransformer.positional_embedding = False",
      "transformer_layers.SelfAttention.relative_attention_type ="
      " 'bias_shared'",
      "transformer_layers.SelfAttention.relative_attention_num_buckets ="
      f" {a.num_buckets}",
      "DenseReluDense.activation ="
      + (" ['gelu', 'linear']" if a.gated else " 'relu'"),
      f"Unitransformer.shared_embedding_and_softmax_weights = {a.tied}",
      f"Unitransformer.vocab_divisor = {vocab_divisor}",
      f"sublayer_rms_norm.epsilon = {a.epsilon!r}",
      "",
      f"utils.get_variable_dtype.master_dtype = {dtype!r}",
      "",
      "utils.run.model_type = 'bitransformer'",
      "utils.run.sequence_length = {'inputs': 512, 'targets': 512}",
  ]
  if vocabulary:
    path, extra_ids = vocabulary
    lines += [
        "",
        f"sentencepiece_vocabulary.file = {path!r}",
        f"sentencepiece_vocabulary.extra_ids = {extra_ids}",
        "utils.run.vocabulary = @sentencepiece_vocabulary()",
    ]
  return "\n".join(lines) + "\n"


def _checked_layers(name: str, stack: Any) -> Iterator[Any]:
  """Yields the layers of the encoder or decoder."""
  _require(f"make_bitransformer.{name}_name", stack.name, name)
  _check_attributes(f"{name}/Unitransformer", stack, _STACK)
  layer_stack = stack.layer_stack
  _require(f"{name}'s layer stack", type(layer_stack).__name__, "LayerStack")
  for attribute, allowed in _SUBLAYERS.items():
    found = [
        f.__name__.removeprefix("sublayer_")
        for f in getattr(layer_stack, attribute) or ()
    ]
    if found not in allowed:
      _require(f"{name}/LayerStack.{attribute[1:]}", found, allowed[0])
  for i, layer in enumerate(layer_stack.layers):
    wanted = _LAYERS[name][i % len(_LAYERS[name])]
    kind = type(layer).__name__
    _require(f"layer {i} of the {name}", kind, wanted)
    _check_attributes(f"{name}/{kind}", layer, _LAYER[kind])
    yield layer


def _count(stack: Any) -> int:
  return len(stack.layer_stack.layers) // len(_LAYERS[stack.name])


def _check_attributes(
    where: str, thing: Any, wanted: Mapping[str, Any]
) -> None:
  for attribute, value in wanted.items():
    _require(f"{where}.{attribute}", getattr(thing, attribute), value)


def _check_embedding() -> None:
  cls = mtf_transformer.get_vocab_embedding_cls()
  if cls.__name__ not in _EMBEDDINGS:
    _require("get_vocab_embedding_cls.cls", cls.__name__, _EMBEDDINGS[0])
  parameter = "scale_variable_like_classifier_weights"
  for name in ("transformer.VocabEmbedding", _EMBEDDINGS[1]):
    scaled = bool(gin_config.bound(name, parameter))
    _require(f"VocabEmbedding.{parameter}", scaled, False)


def _gated(layer: Any) -> bool | None:
  """Whether a feed-forward layer is gated; None for other layers."""
  activation = getattr(layer, "activation", None)
  if activation is None:
    return None
  name = activation if isinstance(activation, str) else ",".join(activation)
  if name not in _ACTIVATIONS:
    raise errors.unknown_name(
        "DenseReluDense.activation for Hugging Face", name, _ACTIVATIONS
    )
  return _ACTIVATIONS[name]


def _dropout(model: Any, layers: list[Any]) -> tuple[float, list[str]]:
  """The one rate of Hugging Face's, and a note if there are several."""
  rates = {layer.dropout_rate for layer in layers}
  for name in _LAYERS:
    legacy = getattr(getattr(model, name).layer_stack, "dropout_rate", None)
    bound = gin_config.bound(f"{name}/sublayer_dropout", "dropout_rate")
    rates.add((bound or 0.0) if legacy is None else legacy)
  rate = max(rates)
  if len(rates) == 1:
    return rate, []
  return rate, [
      f"dropout rates are {sorted(rates)}; Hugging Face has one, {rate}"
  ]


def _single(what: str, values: set[Any]) -> Any:
  if len(values) != 1:
    raise errors.UserError(
        f"the layers of the model differ in {what}: {sorted(values)}."
        " Hugging Face's T5 has one for all."
    )
  return values.pop()


def _require(what: str, found: Any, wanted: Any) -> None:
  if found != wanted:
    raise errors.UserError(
        f"{what} is {found!r}, but Hugging Face's T5 has only {wanted!r}: this"
        " model cannot be converted."
    )
