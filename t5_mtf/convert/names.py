"""What Mesh TF's variables are called at Hugging Face, and how they lie.

Mesh TF multiplies by [in, out] matrices, PyTorch by [out, in]: matrices are
transposed. Heads lie side by side in both. The embedding is [vocab, d_model] in
both. The relative position bias of a stack, which all its blocks share, is kept
in its first block.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.convert.architecture import Architecture

EMBEDDING = "shared/embedding"
HF_EMBEDDING = "shared.weight"
HF_LOGITS = "lm_head.weight"

# The layers of a block, in order.
_LAYERS = {
    "encoder": ("SelfAttention", "DenseReluDense"),
    "decoder": ("SelfAttention", "EncDecAttention", "DenseReluDense"),
}
# Rows: Mesh TF's name below a layer, Hugging Face's, dimensions in Mesh TF.
_ATTENTION = (
    ("q", "q.weight", ("d_model", "heads*d_kv")),
    ("k", "k.weight", ("d_model", "heads*d_kv")),
    ("v", "v.weight", ("d_model", "heads*d_kv")),
    ("o", "o.weight", ("heads*d_kv", "d_model")),
)
_BIAS = (
    "relative_attention_bias",
    "relative_attention_bias.weight",
    ("heads", "buckets"),
)
_OUT = ("wo/kernel", "wo.weight", ("d_ff", "d_model"))
_RELU = (("wi/kernel", "wi.weight", ("d_model", "d_ff")), _OUT)
_GATED_GELU = (
    ("wi_0/kernel", "wi_0.weight", ("d_model", "d_ff")),
    ("wi_1/kernel", "wi_1.weight", ("d_model", "d_ff")),
    _OUT,
)

# Names of the norm of a layer and of a stack; the later ones are those that
# published checkpoints of 1.0 have (Mesh TF's "legacy" layer stack).
NORMS = (("rms_norm", "rms_norm"), ("layer_norm", "final_layer_norm"))

_COPIES_OF_EMBEDDING = (
    "encoder.embed_tokens.weight",
    "decoder.embed_tokens.weight",
)
# In old files; no version of Transformers reads it.
_UNUSED = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias"
_SHOWN = 5  # names in a message


@dataclasses.dataclass(frozen=True)
class Pair:
  """One array under its two names.

  Attributes:
    mesh: name of the Mesh TF variable.
    hf: name of the Hugging Face tensor.
    mesh_shape: its shape in Mesh TF.
    transposed: whether Hugging Face has it transposed.
  """

  mesh: str
  hf: str
  mesh_shape: tuple[int, ...]
  transposed: bool

  @property
  def hf_shape(self) -> tuple[int, ...]:
    """Its shape at Hugging Face."""
    return self.mesh_shape[::-1] if self.transposed else self.mesh_shape


def pairs(
    architecture: Architecture, norms: tuple[str, str] = NORMS[0]
) -> list[Pair]:
  """Returns all arrays of a model.

  >>> tiny = Architecture(256, 32, 64, 8, 4, 2, 2)
  >>> len(pairs(tiny)), pairs(tiny)[1].mesh
  (47, 'encoder/block_000/layer_000/SelfAttention/q')

  Args:
    architecture: of the model.
    norms: Mesh TF's names of the norms, one of `NORMS`.
  """
  rows = [(EMBEDDING, HF_EMBEDDING, ("vocab", "d_model"))]
  for stack, blocks in (
      ("encoder", architecture.encoder_layers),
      ("decoder", architecture.decoder_layers),
  ):
    for block in range(blocks):
      rows += _block(stack, block, architecture.gated, norms[0])
    rows.append((
        f"{stack}/{norms[1]}/scale",
        f"{stack}.final_layer_norm.weight",
        ("d_model",),
    ))
  if not architecture.tied:
    rows.append(("decoder/logits/kernel", HF_LOGITS, ("d_model", "vocab")))
  return [
      Pair(
          mesh,
          hf,
          tuple(architecture.size_of(d) for d in dims),
          transposed=len(dims) == 2 and mesh != EMBEDDING,
      )
      for mesh, hf, dims in rows
  ]


def _block(
    stack: str, block: int, gated: bool, norm: str
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
  for i, layer in enumerate(_LAYERS[stack]):
    mesh = f"{stack}/block_{block:03d}/layer_{i:03d}"
    hf = f"{stack}.block.{block}.layer.{i}"
    rows = _ATTENTION
    if layer == "DenseReluDense":
      rows = _GATED_GELU if gated else _RELU
    elif layer == "SelfAttention" and block == 0:
      rows = (*_ATTENTION, _BIAS)
    for mesh_name, hf_name, dims in rows:
      yield f"{mesh}/{layer}/{mesh_name}", f"{hf}.{layer}.{hf_name}", dims
    yield f"{mesh}/{norm}/scale", f"{hf}.layer_norm.weight", ("d_model",)


def to_hf(
    variables: Mapping[str, Any], architecture: Architecture
) -> dict[str, Any]:
  """Renames and transposes the variables of a model.

  Args:
    variables: name -> array; no optimizer slots.
    architecture: of the model.

  Raises:
    CheckpointError: a variable is missing, left over or of another shape.
  """
  legacy = any(name.endswith("/layer_norm/scale") for name in variables)
  table = pairs(architecture, NORMS[legacy])
  expected = {pair.mesh: pair.mesh_shape for pair in table}
  _check("Mesh TF variables", variables, expected)
  return {pair.hf: _turned(variables[pair.mesh], pair) for pair in table}


def to_mesh(
    tensors: Mapping[str, Any], architecture: Architecture
) -> dict[str, Any]:
  """Renames and transposes the tensors of a model; norms are `rms_norm`.

  Args:
    tensors: name -> array, see `without_copies`.
    architecture: of the model.

  Raises:
    CheckpointError: a tensor is missing, left over or of another shape.
  """
  table = pairs(architecture)
  expected = {pair.hf: pair.hf_shape for pair in table}
  _check("Hugging Face tensors", tensors, expected)
  return {pair.mesh: _turned(tensors[pair.hf], pair) for pair in table}


def without_copies(
    tensors: Mapping[str, Any], tied: bool
) -> tuple[dict[str, Any], list[str]]:
  """Leaves out what a Hugging Face file holds more than once.

  Args:
    tensors: name -> array.
    tied: whether the logits are computed with the embedding.

  Returns:
    The tensors, and the names that were left out.

  Raises:
    CheckpointError: what should be a copy of the embedding differs from it.
  """
  kept, left_out = dict(tensors), []
  copies = (*_COPIES_OF_EMBEDDING, *([HF_LOGITS] if tied else []))
  for name in copies:
    if name not in kept:
      continue
    copy = kept.pop(name)
    embedding = kept.setdefault(HF_EMBEDDING, copy)
    if copy.shape != embedding.shape or copy.tobytes() != embedding.tobytes():
      raise errors.CheckpointError(
          f"{name} differs from {HF_EMBEDDING}, but one embedding serves all in"
          " this model, as its config.json has it (tie_word_embeddings,"
          " scale_decoder_outputs)."
      )
    left_out.append(name)
  if kept.pop(f"{_UNUSED}.weight", None) is not None:
    left_out.append(f"{_UNUSED}.weight")
  return kept, left_out


def _turned(array: Any, pair: Pair) -> Any:
  return array.T.copy() if pair.transposed else array


def _check(
    what: str, found: Mapping[str, Any], expected: Mapping[str, tuple[int, ...]]
) -> None:
  missing = [name for name in expected if name not in found]
  left_over = sorted(name for name in found if name not in expected)
  reshaped = [
      f"{name} is {list(found[name].shape)}, not {list(shape)}"
      for name, shape in expected.items()
      if name in found and tuple(found[name].shape) != shape
  ]
  parts = [
      f"{label}: {_some(names)}."
      for label, names in (
          ("missing", missing),
          ("without a place", left_over),
          ("of another shape", reshaped),
      )
      if names
  ]
  if parts:
    raise errors.CheckpointError(
        f"the {what} are not those of the configuration ({len(expected)}"
        f" expected, {len(found)} found). {' '.join(parts)} Convert with the"
        " configuration and the vocabulary that belong to the weights."
    )


def _some(names: Iterable[str]) -> str:
  names = list(names)
  more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
  return ", ".join(names[:_SHOWN]) + more
