"""`t5_mtf predict`: loads a model once, and answers texts."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console

_DESCRIPTION = """\
Answers texts with a model that was trained here, loading it once. Texts are one
a line; a line of the answer for each:

  t5_mtf predict --model_dir=my_model --interactive
  t5_mtf predict --model_dir=my_model < questions.txt > answers.txt
  t5_mtf predict --model_dir=my_model --input_file=questions.txt \\
    --output_file=answers.txt --beam_size=4 --num_outputs=4

With --num_outputs each answer is a line of JSON: the text, and all outputs with
their scores (log-likelihoods). Beside an output file, OUTPUT.json says how it
was made.
"""
_OPTIONS = ("beam_size", "alpha", "temperature", "top_k", "num_outputs")


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "predict",
      help="answer texts with a model that stays loaded",
      description=_DESCRIPTION,
  )
  add = parser.add_argument
  add("--model_dir", required=True, metavar="DIR",
      help="checkpoints and operative_config.gin")
  add("--checkpoint_step", type=int, metavar="N",
      help="the step to answer with (default: the latest)")
  add("--interactive", action="store_true",
      help="answer each line as it comes, until the end of the input")
  add("--input_file", metavar="FILE",
      help="texts to answer, one a line (default: the standard input)")
  add("--output_file", metavar="FILE",
      help="a new file for the answers (default: the standard output)")
  add("--batch_size", type=int, default=32, metavar="N",
      help="most texts that are computed together (default 32)")
  add("--beam_size", type=int, metavar="N", help="beams (default 1: greedy)")
  add("--alpha", type=float, metavar="R",
      help="length penalty of beam search (default 0.6)")
  add("--temperature", type=float, metavar="R",
      help="above 0 tokens are drawn (default 0: the likeliest)")
  add("--top_k", type=int, metavar="N",
      help="draw from so many of the likeliest tokens (default: all)")
  add("--num_outputs", type=int, metavar="N",
      help="outputs of each text, with their scores (default 1)")
  add("--max_decode_length", type=int, metavar="N",
      help="tokens of an answer at most (default: the targets length)")
  add("--gin_param", action="append", default=[], metavar="'NAME = VALUE'",
      help="a gin binding over the model's operative config; may be repeated")
  add("--module_import", action="append", default=[], metavar="MODULE",
      help="a Python module to import first, for Tasks of your own")
  add("--dry_run", action="store_true", help="check the flags, and stop")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Answers; returns the exit status."""
  from t5_mtf.models import decode_options

  changes = {name: getattr(flags, name) for name in _OPTIONS}
  changes["max_length"] = flags.max_decode_length
  changes = {name: v for name, v in changes.items() if v is not None}
  decode_options.DecodeOptions(**changes)  # an error now, not after loading
  _check_flags(flags)
  if flags.dry_run:
    print(f"would answer with {flags.model_dir}")
    return 0
  texts = _read(flags)
  console.quiet_tensorflow()
  started = time.monotonic()
  # The standard output is for answers alone.
  with contextlib.redirect_stdout(sys.stderr):
    predictor = _load(flags, changes)
    seconds = time.monotonic() - started
    print(
        f"loaded {predictor.checkpoint} in {seconds:.1f}s"
        f" ({predictor.options.describe()})",
        flush=True,
    )
  with predictor:
    if texts is None:
      return _interact(predictor)
    return _answer(predictor, texts, flags)


def _check_flags(flags: argparse.Namespace) -> None:
  if flags.interactive and (flags.input_file or flags.output_file):
    raise errors.UserError(
        "--interactive reads the terminal and answers there; leave --input_file"
        " and --output_file out, or leave it out."
    )
  if flags.batch_size < 1:
    raise errors.UserError(
        f"--batch_size is {flags.batch_size}, but must be 1 or more."
    )
  if flags.output_file and os.path.exists(flags.output_file):
    raise errors.UserError(
        f"{flags.output_file} is there already. Nothing was overwritten: remove"
        " it, or give another --output_file."
    )


def _read(flags: argparse.Namespace) -> list[str] | None:
  """The texts to answer; None to answer each line as it comes.

  Raises:
    UserError: there are none, or they are not UTF-8.
  """
  if flags.interactive or (not flags.input_file and sys.stdin.isatty()):
    return None
  from t5_mtf.evaluation import files

  if flags.input_file:
    return files.read_lines(flags.input_file)
  try:
    text = sys.stdin.buffer.read().decode("utf-8")
  except UnicodeDecodeError as error:
    raise errors.DataError("the standard input is not UTF-8.") from error
  if not text:
    raise errors.UserError(
        "the standard input is empty. Pipe texts in, one a line, or give"
        " --input_file or --interactive."
    )
  return [
      line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")
  ]


def _load(flags: argparse.Namespace, changes: dict[str, Any]) -> Any:
  from t5_mtf.cli import file_flags, short_form, t5_mesh_transformer
  from t5_mtf.models import checkpoints, predictor

  for module in flags.module_import:
    t5_mesh_transformer.import_module(module)
  record = file_flags.read_record(flags.model_dir)
  vocabulary = record and short_form.find_vocabulary(
      record["vocabulary"], checkpoints.find(flags.model_dir)
  )
  return predictor.Predictor(
      flags.model_dir,
      "latest" if flags.checkpoint_step is None else flags.checkpoint_step,
      changes,
      flags.batch_size,
      flags.gin_param,
      vocabulary,
  )


def _interact(predictor: Any) -> int:
  """Answers each line as it comes."""
  prompt = sys.stdin.isatty()
  if prompt:
    print("one text a line; Ctrl-D ends", file=sys.stderr)
  while True:
    if prompt:
      print("> ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.buffer.readline()
    if not line:
      return 0
    text = line.decode("utf-8", errors="replace").rstrip("\r\n")
    started = time.monotonic()
    decoded = predictor.decode([text])
    seconds = time.monotonic() - started
    for written in _lines(predictor, [text], decoded):
      _write_out(written)
    cut = ", the text was CUT" if decoded.truncated_inputs else ""
    print(f"  ({seconds:.2f}s{cut})", file=sys.stderr, flush=True)


def _answer(
    predictor: Any, texts: list[str], flags: argparse.Namespace
) -> int:
  """Answers all texts, and says how many were cut."""
  from t5_mtf.evaluation import files
  from t5_mtf.models import resident

  started = time.monotonic()
  decoded = predictor.decode(texts)
  seconds = time.monotonic() - started
  lines = _lines(predictor, texts, decoded)
  if flags.output_file:
    files.write_lines(flags.output_file, lines)
    made = {
        "checkpoint": predictor.checkpoint,
        "decoding": predictor.options.published(),
        "inputs_length": resident.inputs_length(predictor.settings),
        "inputs": len(texts),
        "truncated_inputs": decoded.truncated_inputs,
        "unfinished_outputs": decoded.unfinished_outputs,
    }
    files.write_atomically(
        f"{flags.output_file}.json", json.dumps(made, indent=2) + "\n"
    )
  else:
    for line in lines:
      _write_out(line)
  text = f"{len(texts):,} texts answered in {seconds:.1f}s"
  if decoded.truncated_inputs:
    text += (
        f"; {decoded.truncated_inputs:,} of them were CUT to"
        f" {resident.inputs_length(predictor.settings)} tokens"
    )
  if decoded.unfinished_outputs:
    text += f"; {decoded.unfinished_outputs:,} outputs end at the length limit"
  print(text, file=sys.stderr)
  return 0


def _lines(predictor: Any, texts: list[str], decoded: Any) -> list[str]:
  """A line for each text: its answer, or all of them as JSON."""
  if predictor.options.num_outputs == 1:
    return list(decoded.outputs)
  return [
      json.dumps(
          {
              "input": text,
              "outputs": [vars(answer) for answer in answers],
          },
          ensure_ascii=False,
      )
      for text, answers in zip(texts, decoded.every, strict=True)
  ]


def _write_out(text: str) -> None:
  """Writes a line as UTF-8, whatever the terminal's locale."""
  line = " ".join(text.splitlines()) + "\n"
  sys.stdout.flush()
  sys.stdout.buffer.write(line.encode("utf-8"))
  sys.stdout.buffer.flush()
