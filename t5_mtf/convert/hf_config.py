"""Hugging Face's config.json, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.convert.architecture import MAX_DISTANCE, Architecture

_CLASSES = {
    "t5": "T5ForConditionalGeneration",
    "mt5": "MT5ForConditionalGeneration",
}
_FEED_FORWARD = {"relu": False, "gated-gelu": True}  # value -> gated
_DEFAULT_FEED_FORWARD = {"t5": "relu", "mt5": "gated-gelu"}
# Attributes that Mesh TF has no choice about.
_REQUIRED = {
    "is_encoder_decoder": True,
    "relative_attention_max_distance": MAX_DISTANCE,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "decoder_start_token_id": 0,
}
_SIZES = ("vocab_size", "d_model", "d_ff", "d_kv", "num_heads", "num_layers")
_READ = {
    *_REQUIRED,
    *_SIZES,
    "num_decoder_layers",
    "relative_attention_num_buckets",
    "dropout_rate",
    "layer_norm_epsilon",
    "feed_forward_proj",
    "tie_word_embeddings",
    "scale_decoder_outputs",
    "model_type",
}
# Of no effect on the weights and on what is computed with them.
_WITHOUT_EFFECT = {
    "_name_or_path",
    "architectures",
    "bos_token_id",
    "classifier_dropout",
    "dense_act_fn",
    "dtype",
    "gradient_checkpointing",
    "initializer_factor",
    "is_decoder",
    "is_gated_act",
    "n_positions",
    "output_past",
    "task_specific_params",
    "tokenizer_class",
    "torch_dtype",
    "transformers_version",
    "use_cache",
}


def read(config: Mapping[str, Any]) -> tuple[Architecture, list[str]]:
  """Reads a config.json of T5 1.0, T5 1.1 or mT5.

  Args:
    config: the parsed file.

  Returns:
    The architecture, and the names of attributes that are not known here.

  Raises:
    UserError: an attribute is missing, or has a value that Mesh TF's T5 has
      no counterpart for.
  """
  model_type = config.get("model_type")
  if model_type not in _CLASSES:
    raise errors.unknown_name("model_type of config.json", model_type or "",
                              _CLASSES)  # fmt: skip
  for name, value in _REQUIRED.items():
    if config.get(name, value) not in (value, None):
      raise errors.UserError(
          f"config.json has {name} {config[name]!r}, but Mesh TF's T5 is made"
          f" for {value!r} only."
      )
  sizes = {name: _size(config, name) for name in _SIZES}
  if sizes["num_heads"] == 1:
    raise errors.UserError(
        "config.json has num_heads 1, for which Mesh TF has no relative"
        " position biases. 2 or more can be converted."
    )
  projection = config.get("feed_forward_proj")
  projection = projection or _DEFAULT_FEED_FORWARD[model_type]
  if projection not in _FEED_FORWARD:
    raise errors.unknown_name(
        "feed_forward_proj of config.json", projection, _FEED_FORWARD
    )
  layers = config.get("num_decoder_layers") or sizes["num_layers"]
  architecture = Architecture(
      vocab_rows=sizes["vocab_size"],
      d_model=sizes["d_model"],
      d_ff=sizes["d_ff"],
      d_kv=sizes["d_kv"],
      num_heads=sizes["num_heads"],
      encoder_layers=sizes["num_layers"],
      decoder_layers=layers,
      num_buckets=config.get("relative_attention_num_buckets", 32),
      gated=_FEED_FORWARD[projection],
      tied=_scales_logits(config),
      epsilon=config.get("layer_norm_epsilon", 1e-6),
      dropout_rate=config.get("dropout_rate", 0.1),
  )
  return architecture, sorted(set(config) - _READ - _WITHOUT_EFFECT)


def _size(config: Mapping[str, Any], name: str) -> int:
  value = config.get(name)
  if not isinstance(value, int) or value < 1:
    raise errors.UserError(
        f"config.json has {name} {value!r}, but it must be a number above 0."
    )
  return value


def _scales_logits(config: Mapping[str, Any]) -> bool:
  """Whether the last hidden states are scaled by d_model**-0.5.

  That is what 1.0 does and 1.1 and mT5 do not. Transformers went by
  tie_word_embeddings until version 5, and by scale_decoder_outputs since.
  """
  if config["model_type"] == "mt5":
    return False
  if "scale_decoder_outputs" in config:
    return bool(config["scale_decoder_outputs"])
  return config.get("tie_word_embeddings") is not False


def write(
    architecture: Architecture, model_type: str, dtype: str
) -> dict[str, Any]:
  """Returns the config.json of a model, for Transformers 4 and 5.

  Args:
    architecture: of the model.
    model_type: "t5" or "mt5".
    dtype: "float32" or "bfloat16".
  """
  projections = {gated: name for name, gated in _FEED_FORWARD.items()}
  return {
      "architectures": [_CLASSES[model_type]],
      "model_type": model_type,
      "vocab_size": architecture.vocab_rows,
      "d_model": architecture.d_model,
      "d_ff": architecture.d_ff,
      "d_kv": architecture.d_kv,
      "num_heads": architecture.num_heads,
      "num_layers": architecture.encoder_layers,
      "num_decoder_layers": architecture.decoder_layers,
      "relative_attention_num_buckets": architecture.num_buckets,
      "feed_forward_proj": projections[architecture.gated],
      "tie_word_embeddings": architecture.tied,
      "layer_norm_epsilon": architecture.epsilon,
      "dropout_rate": architecture.dropout_rate,
      "initializer_factor": 1.0,
      "use_cache": True,
      "torch_dtype": dtype,
      **_REQUIRED,
  }
