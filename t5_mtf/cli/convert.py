"""`t5_mtf convert`: Mesh TF checkpoints to Hugging Face's folders, and back."""

from __future__ import annotations

import argparse
import os
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console, terminal

_EXAMPLES = """\
examples:
  t5_mtf convert to-hf --model_dir=finetuned --output=finetuned_hf
  t5_mtf convert from-hf --input=t5-small --output=small
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "convert",
      help="checkpoints to Hugging Face's safetensors, and back",
      description=(
          "Converts T5 1.0, T5 1.1 and mT5 between Mesh TF checkpoints and"
          " Hugging Face's\nfolders. Every variable has its place on the other"
          " side, or nothing is written."
      ),
      epilog=_EXAMPLES,
  )
  actions = parser.add_subparsers(
      title="actions", dest="action", metavar="ACTION", required=True,
      parser_class=console.Parser,
  )  # fmt: skip
  _add_to_hf(actions)
  _add_from_hf(actions)
  return parser


def _add_to_hf(actions: Any) -> None:
  parser = actions.add_parser(
      "to-hf",
      help="a model directory to safetensors, config.json and tokenizer files",
      description=(
          "Converts a checkpoint with the operative_config.gin beside it."
      ),
  )
  add = parser.add_argument
  add("--model_dir", required=True, metavar="DIR",
      help="holds the checkpoint and operative_config.gin")
  add("--checkpoint_step", type=int, metavar="N",
      help="step of the checkpoint (default: the latest)")
  add("--output", required=True, metavar="DIR", help="a new folder")
  add("--dtype", choices=("float32", "bfloat16"),
      help="round or widen the weights (default: as they are)")
  add("--model_type", choices=("t5", "mt5"),
      help="of config.json (default: mt5 if the vocabulary has its own"
      " sentinels, as mT5's)")
  add("--gin_param", action="append", default=[], metavar="'NAME = VALUE'",
      help="a gin binding beyond operative_config.gin; may be repeated")
  add("--module_import", action="append", default=[], metavar="MODULE",
      help="a Python module to import first, for Tasks of your own")
  _add_common(add)


def _add_from_hf(actions: Any) -> None:
  parser = actions.add_parser(
      "from-hf",
      help="a Hugging Face folder to a model directory",
      description=(
          "Writes model.ckpt-STEP, operative_config.gin and spiece.model."
      ),
  )
  add = parser.add_argument
  add("--input", required=True, metavar="DIR",
      help="holds config.json, safetensors and spiece.model")
  add("--output", required=True, metavar="MODEL_DIR", help="a new folder")
  add("--step", type=int, default=0, metavar="N",
      help="step of the checkpoint, from which training counts on (default 0)")
  _add_common(add)


def _add_common(add: Any) -> None:
  add("--vocabulary", metavar="NAME", help="t5, mini, or a SentencePiece model"
      " file (default: the model's own)")
  add("--peer_python", metavar="PATH", help="a Python with Transformers and"
      " PyTorch, to compare logits with (default: this one, if it has them)")
  add("--dry_run", action="store_true",
      help="read and check everything, write nothing")


def run(flags: argparse.Namespace) -> int:
  """Converts; returns the exit status."""
  console.quiet_tensorflow()
  from t5_mtf.convert import comparison

  peer = comparison.find_peer(flags.peer_python)
  to_hf = flags.action == "to-hf"
  converted = _to_hf(flags) if to_hf else _from_hf(flags)
  _print_account(converted)
  if flags.dry_run:
    print("dry run: everything fits, nothing was written")
    return 0
  output = converted.hf_folder
  if not to_hf:
    output = os.path.dirname(converted.checkpoint)
    _load_gin(output)
  print(terminal.labelled("output", output), flush=True)
  if peer is None:
    text = (
        "NOT compared: this Python has no Transformers and PyTorch."
        " --peer_python=PATH names one that has."
    )
    print(terminal.labelled("logits", text))
    return 0
  found = comparison.compare(
      converted.checkpoint,
      converted.architecture.vocab_rows,
      converted.dtype,
      converted.hf_folder,
      peer,
  )
  print(terminal.labelled("logits", found.describe()))
  if not found.equal:
    raise errors.CheckpointError(
        f"the logits differ by more than {comparison.TOLERANCE:g} of the"
        f" largest: the models are not the same. Do not use {output}."
    )
  return 0


def _to_hf(flags: argparse.Namespace) -> Any:
  from t5_mtf.cli import t5_mesh_transformer
  from t5_mtf.convert import conversion

  for module in flags.module_import:
    t5_mesh_transformer.import_module(module)
  checkpoint = conversion.find_checkpoint(
      flags.model_dir, flags.checkpoint_step
  )
  _load_gin(flags.model_dir, flags.gin_param)
  vocabulary = _named_vocabulary(flags.vocabulary)
  return conversion.to_hf(
      checkpoint,
      flags.output,
      vocabulary or _vocabulary_in_training(flags.model_dir, checkpoint),
      flags.dtype,
      flags.model_type,
      flags.dry_run,
  )


def _from_hf(flags: argparse.Namespace) -> Any:
  from t5_mtf.convert import conversion

  if flags.step < 0:
    raise errors.UserError(f"--step is {flags.step}, but must be 0 or more.")
  return conversion.from_hf(
      flags.input,
      flags.output,
      flags.step,
      _named_vocabulary(flags.vocabulary),
      flags.dry_run,
  )


def _load_gin(model_dir: str, bindings: Any = ()) -> None:
  from t5_mtf.cli import t5_mesh_transformer

  path = os.path.join(model_dir, "operative_config.gin")
  t5_mesh_transformer.load_gin([path], bindings)


def _named_vocabulary(name: str | None) -> Any:
  if name is None:
    return None
  from t5_mtf.cli import registered
  from t5_mtf.convert import tokenizer_files

  return tokenizer_files.load(
      registered.vocabulary(name).sentencepiece_model_file
  )


def _vocabulary_in_training(model_dir: str, checkpoint: str) -> Any:
  """The vocabulary that a model was trained with; None if gin names none."""
  from t5_mtf.cli import file_flags, short_form
  from t5_mtf.convert import conversion, tokenizer_files

  record = file_flags.read_record(model_dir)
  if record is None:
    return conversion.run_vocabulary()
  # Trained on files of the user's: gin names a task that only training knew.
  return tokenizer_files.of_run(
      short_form.find_vocabulary(record["vocabulary"], checkpoint)
  )


def _print_account(converted: Any) -> None:
  rows = [
      ("family", converted.family),
      (
          "variables",
          f"{converted.variables} of {converted.variables},"
          f" {converted.parameters:,} parameters, {converted.dtype}",
      ),
      (
          "vocabulary",
          f"{converted.vocabulary};"
          f" {converted.architecture.vocab_rows:,} rows",
      ),
      *(("left out", text) for text in converted.left_out),
      *(("note", text) for text in converted.notes),
  ]
  for label, text in rows:
    print(terminal.labelled(label, text))
