"""`t5_mtf vocab`: train a SentencePiece vocabulary, or look at one."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console, registered, terminal

_HEARTBEAT = 15.0  # seconds between signs of life while a model is trained
_MAX_LINES = 5_000_000
_EXAMPLES = """\
examples:
  t5_mtf vocab train --input 'corpus/*.txt.gz' --vocab_size=8000 \\
    --output=my.model
  t5_mtf vocab show my.model --text='a text with {braces}'
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "vocab",
      help="train a SentencePiece vocabulary, or look at one",
      description="Trains SentencePiece vocabularies, and looks at them.",
      epilog=_EXAMPLES,
  )
  actions = parser.add_subparsers(
      title="actions", dest="action", metavar="ACTION", required=True,
      parser_class=console.Parser,
  )  # fmt: skip
  _add_train(actions)
  _add_show(actions)
  return parser


def _add_train(actions: Any) -> None:
  parser = actions.add_parser(
      "train",
      help="train a unigram model with T5's special ids",
      description=(
          "Trains a SentencePiece unigram model with T5's special ids (pad 0,"
          " eos 1,\nunk 2, no beginning of sequence). Every line of text is a"
          " sentence."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("--input", nargs="+", required=True, metavar="FILE",
      help="txt, tsv, csv or jsonl (also .gz); globs in quotes")
  add("--vocab_size", type=int, required=True, metavar="N",
      help="pieces of the model, the 3 special ones included; the 100 sentinels"
      " come on top")
  add("--output", required=True, metavar="FILE.model", help="the model file")
  add("--columns", metavar="A,B", help="columns of tables (default: all)")
  add("--file_format", metavar="NAME", help="tsv, csv, jsonl or text (default:"
      " by the ending of the name)")
  add("--byte_fallback", action="store_true",
      help="spell unknown characters as bytes: nothing is unknown, for 256"
      " pieces")
  add("--character_coverage", type=float, default=1.0, metavar="SHARE",
      help="share of the characters that become pieces (default 1; 0.9995 for"
      " Chinese or Japanese)")
  add("--split_digits", action="store_true", help="digits are single pieces")
  add("--max_lines", type=int, default=_MAX_LINES, metavar="N",
      help="train on so many lines, drawn at random if there are more (default"
      f" {_MAX_LINES:,})")
  add("--overwrite", action="store_true", help="replace the output file")
  add("--dry_run", action="store_true", help="check the flags, and stop")


def _add_show(actions: Any) -> None:
  parser = actions.add_parser(
      "show",
      help="size and special ids, and how a text is tokenized",
      description="Shows a vocabulary, and how it tokenizes a text.",
  )
  add = parser.add_argument
  add("model", metavar="MODEL",
      help="t5, mini, or a SentencePiece model file")
  add("--text", metavar="TEXT", help="a text to tokenize")
  add("--extra_ids", type=int, metavar="N", help="sentinels (default 100)")
  add("--dry_run", action="store_true", help="check the flags, and stop")


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  if flags.action == "show":
    return _show(flags)
  return _train(flags)


def _train(flags: argparse.Namespace) -> int:
  from t5_mtf.data import files, vocabulary_training
  from t5_mtf.evaluation import files as result_files

  _check(flags)
  paths = files.expand(flags.input)
  if flags.dry_run:
    return 0
  text = vocabulary_training.Text(
      tuple(paths),
      tuple(flags.columns.split(",")) if flags.columns else None,
      flags.file_format,
  )
  started = time.monotonic()
  options = {
      "vocab_size": flags.vocab_size,
      "byte_fallback": flags.byte_fallback,
      "character_coverage": flags.character_coverage,
  }
  if flags.split_digits:
    options["split_digits"] = True
  model = _train_in_a_process(text, flags.max_lines, options)
  found = vocabulary_training.check(model, text.lines())
  result_files.write_atomically(flags.output, model)
  seconds = time.monotonic() - started
  print(f"{flags.output}: {found.pieces:,} pieces, in {seconds:.0f} s")
  print(_check_lines(found))
  print(_next_steps(flags.output, found.pieces))
  return 0


def _check(flags: argparse.Namespace) -> None:
  if not flags.output.endswith(".model"):
    raise errors.UserError(
        f"--output is {flags.output!r}, but must end in .model:"
        f" --output={flags.output}.model"
    )
  if os.path.exists(flags.output) and not flags.overwrite:
    raise errors.UserError(
        f"{flags.output} exists, and models that were trained with it need it."
        " Choose another name, or add --overwrite."
    )
  if not 0 < flags.character_coverage <= 1:
    raise errors.UserError(
        f"--character_coverage is {flags.character_coverage}, but must be above"
        " 0 and at most 1."
    )
  for flag, least in (("vocab_size", 4), ("max_lines", 1)):
    if getattr(flags, flag) < least:
      raise errors.UserError(
          f"--{flag} is {getattr(flags, flag)}, but must be {least} or more."
      )


def _train_in_a_process(
    text: Any, max_lines: int, options: Mapping[str, Any]
) -> bytes:
  """Trains in a process of its own: SentencePiece cannot be interrupted."""
  context = multiprocessing.get_context("spawn")
  receiver, sender = context.Pipe(duplex=False)
  process = context.Process(
      target=_worker, args=(sender, text, max_lines, options)
  )
  started = time.monotonic()
  process.start()
  sender.close()
  try:
    while not receiver.poll(_HEARTBEAT):
      seconds = time.monotonic() - started
      print(f"  working, {seconds:.0f} s", file=sys.stderr, flush=True)
    result = receiver.recv()
  except EOFError as error:
    raise errors.UserError(
        "the process that trains ended without a word, probably for lack of"
        " memory. Lower --max_lines."
    ) from error
  finally:
    process.kill()
    process.join()
  if isinstance(result, Exception):
    raise result
  return result


def _worker(
    sender: Any, text: Any, max_lines: int, options: Mapping[str, Any]
) -> None:
  from t5_mtf.data import text_lines, vocabulary_training

  progress = text_lines.ReadingProgress("reading the text")
  try:
    lines = vocabulary_training.sample(text.lines(progress.at), max_lines)
    progress.close()
    said = f"training on {len(lines):,} lines"
    if len(lines) == max_lines:
      said += " drawn at random"
    print(said, file=sys.stderr, flush=True)
    sender.send(vocabulary_training.train(lines, **options))
  except (errors.UserError, OSError) as error:
    sender.send(error)
  except KeyboardInterrupt:
    pass  # the parent says so


def _check_lines(found: Any) -> str:
  """What the check of a trained model found."""
  unknown = found.unknown / max(1, found.tokens)
  rows = (
      ("special ids", "pad 0, eos 1, unk 2, no beginning of sequence"),
      ("sha256", found.sha256),
      (
          "check",
          f"the first {found.lines:,} lines: {found.tokens:,} ids,"
          f" {found.characters / max(1, found.tokens):.2f} characters each;"
          f" {unknown:.3%} unknown; {found.restored:,} lines decode to"
          " themselves",
      ),
  )
  return "\n".join(terminal.labelled(*row) for row in rows)


def _next_steps(path: str, size: int) -> str:
  total = size + 100
  rows = -(-total // 128) * 128
  return "\n".join([
      "",
      f"With 100 sentinels it has {total:,} ids; the model's embedding then has"
      f" {rows:,} rows.",
      "",
      "Next, for a file of your own:",
      f"  t5_mesh_transformer --vocabulary={path} --train_file=...",
      "or for a Task of your own, in Python:",
      f'  data.Feature(data.SentencePieceVocabulary("{path}", extra_ids=100))',
      "In gin nothing else has to be bound: with dataset.gin a run takes the",
      "vocabulary of its task,",
      "  MIXTURE_NAME = 'the_task'",
      "  utils.run.vocabulary = @mesh_transformer.get_vocabulary()",
  ])


def _show(flags: argparse.Namespace) -> int:
  if flags.extra_ids is not None and flags.extra_ids < 0:
    raise errors.UserError(
        f"--extra_ids is {flags.extra_ids}, but must be 0 or more."
    )
  if flags.dry_run:
    return 0
  vocabulary = registered.vocabulary(flags.model, flags.extra_ids)
  print("\n".join(_description(vocabulary)))
  if flags.text is not None:
    print()
    print("\n".join(_tokenized(vocabulary, flags.text)))
  return 0


def _description(vocabulary: Any) -> list[str]:
  """Size, special ids and traits of a vocabulary."""
  from t5_mtf.data import vocabulary_training

  traits = vocabulary_training.traits(vocabulary)
  size = vocabulary.vocab_size
  extra = vocabulary.extra_ids
  sentinels = "none"
  if extra:
    sentinels = (
        f"{extra}: <extra_id_0> is {size - 1:,}, <extra_id_{extra - 1}> is"
        f" {size - extra:,}"
    )
  rows = (
      ("file", vocabulary.sentencepiece_model_file),
      ("sha256", traits.sha256),
      ("kind", f"{traits.kind}, normalized by {traits.normalizer}"),
      ("size", f"{size:,} ids: {size - extra:,} pieces and {extra} sentinels"),
      ("special ids", ", ".join(f"{k} {v}" for k, v in traits.special.items())),
      ("sentinels", sentinels),
      (
          "unknown",
          "characters are spelled as bytes"
          if traits.byte_fallback
          else "characters become the unknown id (no byte fallback)",
      ),
  )
  return [terminal.labelled(*row) for row in rows]


def _tokenized(vocabulary: Any, text: str) -> list[str]:
  """The pieces of a text; unknown ones are in double angle brackets."""
  from t5_mtf.data import vocabulary_training

  pieces = vocabulary_training.pieces(vocabulary, text)
  shown = [f"<<{p.piece}>>" if p.unknown else p.piece for p in pieces]
  unknown = sum(p.unknown for p in pieces)
  ids = [p.id for p in pieces]
  lines = [
      terminal.labelled("text", terminal.visible(text)),
      terminal.labelled("pieces", " ".join(shown)),
      terminal.labelled("ids", " ".join(map(str, ids))),
      terminal.labelled("back", vocabulary.decode(ids)),
      terminal.labelled("length", f"{len(ids):,} ids, EOS not counted"),
  ]
  if unknown:
    lines.append(
        terminal.labelled("unknown", f"{unknown:,} pieces, marked <<so>>")
    )
  return lines
