"""How a model's outputs are chosen: greedily, by sampling or by beam search.

Greedy unless something else is asked for, in evaluation, prediction and export
alike. The options are read from the names that published configs bind:
`Bitransformer.decode` for encoder-decoders,
`Unitransformer.sample_autoregressive` for language models, and
`decode_from_file.repeats` for the number of outputs of an input.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import gin

from t5_mtf import errors

ALL = -1  # top_k: sample from the whole vocabulary, as published
_DECODE = "Bitransformer.decode"
_SAMPLE = "Unitransformer.sample_autoregressive"
_GIN_NAMES = {
    "beam_size": "beam_size",
    "alpha": "alpha",
    "temperature": "temperature",
    "top_k": "sampling_keep_top_k",
    "max_length": "max_decode_length",
}
_LANGUAGE_MODEL_NAMES = {
    "temperature": "temperature",
    "top_k": "sampling_keep_top_k",
    "max_length": "max_steps",
}


@dataclasses.dataclass(frozen=True)
class DecodeOptions:
  """Options of decoding, checked when they are made.

  Attributes:
    beam_size: number of beams; 1 is greedy decoding, or sampling.
    alpha: of the length penalty of beam search, ((5 + length) / 6) ** alpha
      (Wu et al. 2016, equation 14).
    temperature: 0 takes the likeliest token; above 0 one is drawn.
    top_k: draw from so many of the likeliest tokens; -1 from all.
    num_outputs: outputs of each input, the best first of beam search.
    max_length: of an output in tokens, its EOS included; None for the length
      of the task's targets.

  Raises:
    UserError: a value, or two together, cannot be used.
  """

  beam_size: int = 1
  alpha: float = 0.6
  temperature: float = 0.0
  top_k: int = ALL
  num_outputs: int = 1
  max_length: int | None = None

  def __post_init__(self) -> None:
    for name in ("beam_size", "num_outputs", "max_length"):
      value = getattr(self, name)
      if value is not None and not _is_count(value):
        raise errors.UserError(
            f"{name} is {value!r}, but must be a whole number from 1 on."
        )
    for name in ("alpha", "temperature"):
      value = getattr(self, name)
      if not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise errors.UserError(
            f"{name} is {value!r}, but must be a number from 0 on."
        )
    if self.top_k != ALL and not _is_count(self.top_k):
      raise errors.UserError(
          f"top_k is {self.top_k!r}, but must be a whole number from 1 on, or"
          " -1 for the whole vocabulary."
      )
    self._check_together()

  def _check_together(self) -> None:
    if self.beam_size > 1 and self.temperature:
      raise errors.UserError(
          f"beam_size {self.beam_size} and temperature {self.temperature} do"
          " not go together: beam search does not sample. Set temperature to 0"
          " for beam search, or beam_size to 1 for sampling."
      )
    if self.top_k != ALL and not self.temperature:
      raise errors.UserError(
          f"top_k {self.top_k} is for sampling, but temperature is 0. Set"
          " temperature above 0, or leave top_k out."
      )
    if self.num_outputs > self.beam_size > 1:
      raise errors.UserError(
          f"num_outputs is {self.num_outputs}, but beam search with beam_size"
          f" {self.beam_size} finds {self.beam_size}. Set beam_size to"
          f" {self.num_outputs} or more."
      )
    if self.num_outputs > 1 and self.beam_size == 1 and not self.temperature:
      raise errors.UserError(
          f"num_outputs is {self.num_outputs}, but greedy decoding finds one"
          " output. Set beam_size for the best ones, or temperature for drawn"
          " ones."
      )

  def check_vocabulary(self, size: int) -> None:
    """Raises UserError if top_k or beam_size does not fit a vocabulary."""
    for name, limit in (("top_k", size - 1), ("beam_size", size // 2)):
      if getattr(self, name) > limit:
        raise errors.UserError(
            f"{name} is {getattr(self, name)}, but with a vocabulary of"
            f" {size:,} pieces it can be {limit:,} at most."
        )

  @property
  def is_sampling(self) -> bool:
    """Whether tokens are drawn at random."""
    return self.temperature > 0

  def with_max_length(self, targets_length: int) -> DecodeOptions:
    """The options with `max_length` filled in."""
    if self.max_length is not None:
      return self
    return dataclasses.replace(self, max_length=targets_length)

  def published(self) -> dict[str, Any]:
    """The options by their published names, for result files."""
    named = {name: getattr(self, own) for own, name in _GIN_NAMES.items()}
    return {**named, "num_outputs": self.num_outputs}

  def describe(self) -> str:
    """The options in a few words."""
    if self.beam_size > 1:
      how = f"beam {self.beam_size}, alpha {self.alpha}"
    elif self.is_sampling:
      how = f"sampled at temperature {self.temperature}"
      how += f" from the top {self.top_k}" if self.top_k != ALL else ""
    else:
      how = "greedy"
    several = f", {self.num_outputs} outputs" if self.num_outputs > 1 else ""
    return f"{how}{several}, up to {self.max_length} tokens"


def from_gin(
    targets_length: int,
    model_type: str = "bitransformer",
    changes: Mapping[str, Any] | None = None,
) -> DecodeOptions:
  """Reads the options that gin binds.

  Args:
    targets_length: the task's own length; it limits decoding unless a
      `max_decode_length` is bound, which counts as it is, as published.
    model_type: of the model; a language model samples or decodes greedily.
    changes: options that win over gin's, by our names.

  Raises:
    UserError: the options cannot be used.
  """
  is_encoder_decoder = model_type == "bitransformer"
  bound = gin.get_bindings(_DECODE if is_encoder_decoder else _SAMPLE)
  names = _GIN_NAMES if is_encoder_decoder else _LANGUAGE_MODEL_NAMES
  found = {
      own: bound[gin_name]
      for own, gin_name in names.items()
      if bound.get(gin_name) is not None
  }
  repeats = gin.get_bindings("decode_from_file").get("repeats")
  if repeats is not None:
    found["num_outputs"] = repeats
  found |= changes or {}
  if not is_encoder_decoder and found.get("beam_size", 1) != 1:
    raise errors.UserError(
        f"beam_size is {found['beam_size']}, but a language model"
        f" ({model_type}) decodes greedily or by sampling. Leave beam_size out."
    )
  return DecodeOptions(**found).with_max_length(targets_length)


def _is_count(value: Any) -> bool:
  return isinstance(value, int) and not isinstance(value, bool) and value >= 1
