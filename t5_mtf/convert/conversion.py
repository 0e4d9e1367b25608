"""The two conversions: to Hugging Face, and from it."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from t5_mtf import errors, gin_config
from t5_mtf.convert import (
    folders,
    gin_model,
    hf_config,
    hf_weights,
    json_files,
    mesh_checkpoint,
    names,
    tokenizer_files,
)
from t5_mtf.convert.architecture import Architecture
from t5_mtf.data import files
from t5_mtf.gin_config import OPERATIVE_CONFIG
from t5_mtf.models import checkpoints
from t5_mtf.tf_compat import tf

DTYPES = ("float32", "bfloat16")
_GENERATION = {
    "decoder_start_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 0,
}


@dataclasses.dataclass(frozen=True)
class Converted:
  """What was converted.

  Attributes:
    architecture: of the model.
    model_type: "t5" or "mt5".
    parameters: numbers in all variables.
    variables: how many variables.
    dtype: "float32" or "bfloat16".
    checkpoint: path of the Mesh TF checkpoint.
    hf_folder: the Hugging Face folder.
    vocabulary: one line.
    left_out: what one side has and the other does not need, by the line.
    notes: what else to know, by the line.
  """

  architecture: Architecture
  model_type: str
  parameters: int
  variables: int
  dtype: str
  checkpoint: str
  hf_folder: str
  vocabulary: str
  left_out: tuple[str, ...]
  notes: tuple[str, ...]

  @property
  def family(self) -> str:
    """The published family."""
    if self.model_type == "mt5":
      return "mT5"
    return self.architecture.family


def to_hf(
    checkpoint: str,
    output: str,
    vocabulary: tokenizer_files.Vocabulary | None,
    dtype: str | None = None,
    model_type: str | None = None,
    dry_run: bool = False,
) -> Converted:
  """Writes a Mesh TF checkpoint as a Hugging Face folder.

  gin must be loaded with the configuration of the checkpoint.

  Args:
    checkpoint: path of the checkpoint.
    output: a folder that does not exist or is empty.
    vocabulary: of the model; None writes no tokenizer.
    dtype: one of `DTYPES`; None keeps what the checkpoint has.
    model_type: "t5" or "mt5"; None goes by the vocabulary.
    dry_run: do all but write.

  Raises:
    UserError: gin configures a model that Hugging Face does not have.
    CheckpointError: variables are missing, left over or of other shapes.
  """
  output = folders.check_new(output)
  found = mesh_checkpoint.read(checkpoint)
  rows = _embedding_rows(found.variables, names.EMBEDDING, checkpoint)
  architecture, notes = gin_model.read(vocabulary.size if vocabulary else rows)
  if dtype:
    kind = tf.as_dtype(dtype).as_numpy_dtype
    variables = {n: v.astype(kind) for n, v in found.variables.items()}
  else:
    dtype, variables, more = _one_dtype(found.variables)
    notes += more
  tensors = names.to_hf(variables, architecture)
  model_type = _model_type(model_type, architecture, vocabulary)
  if vocabulary is None:
    notes.append(
        "no tokenizer files, since the model's configuration names no"
        " SentencePiece model; --vocabulary=FILE does"
    )
  if not dry_run:
    with folders.writing(output) as folder:
      config = hf_config.write(architecture, model_type, dtype)
      for name, content in (
          ("config.json", config),
          ("generation_config.json", _GENERATION),
      ):
        files.write_json(os.path.join(folder, name), content)
      if vocabulary:
        tokenizer_files.write(folder, vocabulary)
      hf_weights.write(os.path.join(folder, hf_weights.FILE), tensors)
  left_out = []
  if found.slots:
    left_out.append(f"{len(found.slots)} variables of the optimizer")
  if found.step is not None:
    left_out.append(f"global_step {found.step:,}")
  return Converted(
      architecture=architecture,
      model_type=model_type,
      parameters=sum(t.size for t in tensors.values()),
      variables=len(tensors),
      dtype=dtype,
      checkpoint=checkpoint,
      hf_folder=output,
      vocabulary=vocabulary.describe() if vocabulary else "none",
      left_out=tuple(left_out),
      notes=tuple(notes),
  )


def from_hf(
    folder: str,
    output: str,
    step: int = 0,
    vocabulary: tokenizer_files.Vocabulary | None = None,
    dry_run: bool = False,
) -> Converted:
  """Writes a Hugging Face folder as a model directory.

  It holds `model.ckpt-STEP`, `operative_config.gin`, and the vocabulary as
  `spiece.model`.

  Args:
    folder: with config.json and safetensors.
    output: a folder that does not exist or is empty.
    step: the checkpoint's step, from which training counts on.
    vocabulary: of the model; None takes the folder's spiece.model, if there is
      one.
    dry_run: do all but write.

  Raises:
    UserError: config.json is of a model that Mesh TF's T5 is not.
    CheckpointError: tensors are missing, left over or of other shapes.
  """
  output = folders.check_new(output)
  if not os.path.isdir(folder):
    raise errors.UserError(f"--input={folder} is not a folder.")
  config = json_files.read(os.path.join(folder, "config.json"))
  architecture, unknown = hf_config.read(config)
  notes = []
  if unknown:
    notes.append(f"unknown in config.json, not used: {', '.join(unknown)}")
  tensors, left_out, more = _read_tensors(folder, architecture)
  notes += more
  dtype, tensors, more = _one_dtype(tensors)
  notes += more
  variables = names.to_mesh(tensors, architecture)
  vocabulary = vocabulary or tokenizer_files.find(folder)
  divisor, more = _vocab_divisor(architecture.vocab_rows, vocabulary)
  notes += more
  if not dry_run:
    path = os.path.join(output, tokenizer_files.MODEL)
    named = (path, vocabulary.extra_ids) if vocabulary else None
    gin = gin_model.write(architecture, dtype, divisor, named)
    with folders.writing(output) as partial:
      mesh_checkpoint.write(partial, step, variables)
      if vocabulary:
        with open(os.path.join(partial, tokenizer_files.MODEL), "wb") as f:
          f.write(vocabulary.model)
      with open(os.path.join(partial, OPERATIVE_CONFIG), "w") as f:
        f.write(gin)
  return Converted(
      architecture=architecture,
      model_type=config["model_type"],
      parameters=sum(v.size for v in variables.values()),
      variables=len(variables),
      dtype=dtype,
      checkpoint=os.path.join(output, f"model.ckpt-{step}"),
      hf_folder=folder,
      vocabulary=vocabulary.describe() if vocabulary else "none",
      left_out=tuple(left_out),
      notes=tuple(notes),
  )


def run_vocabulary() -> tokenizer_files.Vocabulary | None:
  """The vocabulary that the loaded gin binds; None if it binds no such."""
  bound = gin_config.run_bindings().get("vocabulary")
  if bound is None:
    return None
  vocabulary = gin_config.resolve(bound)
  if isinstance(vocabulary, tuple):
    inputs, targets = vocabulary
    if inputs != targets:
      raise errors.UserError(
          f"inputs have the vocabulary {inputs!r} and targets {targets!r}."
          " Hugging Face's T5 has one for both."
      )
    vocabulary = targets
  return tokenizer_files.of_run(vocabulary)


def find_checkpoint(model_dir: str, step: int | None) -> str:
  """Returns the checkpoint of a model directory; by default the latest."""
  return checkpoints.select(model_dir, step)[0]


def _embedding_rows(arrays: Mapping[str, Any], name: str, where: str) -> int:
  if name not in arrays:
    raise errors.CheckpointError(
        f"{where} has no {name!r}: it is no T5 of encoder and decoder with one"
        " embedding. It has for example"
        f" {', '.join(sorted(arrays)[:3]) or 'nothing'}."
    )
  return arrays[name].shape[0]


def _read_tensors(
    folder: str, architecture: Architecture
) -> tuple[dict[str, Any], list[str], list[str]]:
  """Returns the tensors of a folder, the names left out, and notes."""
  tensors, left_out = names.without_copies(
      hf_weights.read(folder), architecture.tied
  )
  unscaled_embedding = not architecture.tied and names.HF_LOGITS not in tensors
  if not unscaled_embedding or names.HF_EMBEDDING not in tensors:
    return tensors, left_out, []
  tensors[names.HF_LOGITS] = tensors[names.HF_EMBEDDING]
  note = (
      "the logits' matrix is a copy of the embedding, which computes them"
      " unscaled in this folder"
  )
  return tensors, left_out, [note]


def _one_dtype(
    arrays: Mapping[str, Any],
) -> tuple[str, dict[str, Any], list[str]]:
  """Brings arrays to one type that both sides have, without loss.

  Returns:
    The type, the arrays, and a note if any was changed.
  """
  found = collections.Counter(str(a.dtype) for a in arrays.values())
  for dtype in found:
    if dtype not in (*DTYPES, "float16"):
      raise errors.CheckpointError(
          f"{found[dtype]} arrays are {dtype}; float32, bfloat16 and float16"
          " can be converted."
      )
  if len(found) == 1 and dtype in DTYPES:
    return dtype, dict(arrays), []
  types = ", ".join(f"{n} {dtype}" for dtype, n in found.items())
  widened = {name: a.astype("float32") for name, a in arrays.items()}
  return "float32", widened, [f"all made float32, without loss, of {types}"]


def _model_type(
    given: str | None,
    architecture: Architecture,
    vocabulary: tokenizer_files.Vocabulary | None,
) -> str:
  """mT5 is a T5 1.1 whose vocabulary has its own sentinels."""
  like_1_1 = architecture.gated and not architecture.tied
  if given == "mt5" and not like_1_1:
    raise errors.UserError(
        f"--model_type=mt5, but the model is {architecture.family}, not T5 1.1"
        " as mT5 is: Hugging Face would compute other logits. Leave it out."
    )
  own = vocabulary is not None and vocabulary.own_sentinels
  return given or ("mt5" if own and like_1_1 else "t5")


def _vocab_divisor(
    rows: int, vocabulary: tokenizer_files.Vocabulary | None
) -> tuple[int, list[str]]:
  """What Mesh TF must round the vocabulary's size up to, and notes."""
  usual = gin_model.VOCAB_DIVISOR
  if vocabulary is None:
    note = (
        f"the folder has no {tokenizer_files.MODEL}, so utils.run.vocabulary is"
        " left to the task; --vocabulary=FILE names one"
    )
    return (rows if rows % usual else usual), [note]
  if vocabulary.size > rows:
    raise errors.UserError(
        f"the vocabulary has {vocabulary.size:,} ids"
        f" ({vocabulary.describe()}), but the embedding only {rows:,} rows."
        " They do not belong together; --vocabulary=FILE names another."
    )
  if -(-vocabulary.size // usual) * usual == rows:
    return usual, []
  note = (
      f"the vocabulary has {vocabulary.size:,} ids, for which {rows:,} rows are"
      f" unusual; they are kept by Unitransformer.vocab_divisor = {rows}"
  )
  return rows, [note]
