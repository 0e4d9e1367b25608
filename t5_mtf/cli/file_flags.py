"""Flags for files of a person's own, and what they say about the rows."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from t5_mtf import errors

# What a training run writes into its model directory, for later commands.
RECORD = "file_task.json"

_TABLES = (".tsv", ".csv", ".jsonl", ".json", ".ndjson")
# Flag -> field of FileSpec; the others take more than a copy.
_COPIED = ("input_template", "target_column", "file_format", "bad_rows")
_LISTS = ("columns", "labels", "metrics")
_SPEC_FLAGS = (*_COPIED, *_LISTS, "validation_fraction", "text_separator")


def add_flags(parser: argparse.ArgumentParser) -> None:
  """Adds the flags to the parser."""
  group = parser.add_argument_group(
      "files of your own",
      "tsv, csv, jsonl or text files (also .gz), a pattern such as"
      " 'train-*.tsv', or\nseveral with commas; a header row names the columns"
      " inputs and targets, or\nelse the flags below say how a row is read",
  )
  add = group.add_argument
  add("--train_file", metavar="FILES", help="rows to train on")
  add("--eval_file", metavar="FILES", help="rows to evaluate on, after training"
      " or alone")
  add("--train_targets", metavar="FILES", help="the targets of --train_file,"
      " line by line; both are then plain text")
  add("--eval_targets", metavar="FILES", help="the same for --eval_file")
  add("--validation_fraction", type=float, metavar="R", help="evaluate on this"
      " share of the rows of --train_file, and do not train on it")
  add("--columns", metavar="A,B", help="the columns, for files without a"
      " header row")
  add("--file_format", metavar="NAME", help="tsv, csv, jsonl or text (default:"
      " by the ending of the name)")
  add("--input_template", metavar="TEXT", help="the model's input, columns in"
      " braces (default '{inputs}'); for example 'review: {text}'")
  add("--target_column", metavar="NAME", help="the column to answer (default"
      " targets; with --objective the text, default text)")
  add("--metrics", metavar="A,B", help="accuracy (the default: the share of"
      " exact matches), bleu, rouge, squad, f1_score_with_invalid, ...")
  add("--labels", metavar="A,B", help="the only targets there may be")
  add("--bad_rows", metavar="WHAT", help="error (the default: stop at the first"
      " malformed row) or skip (leave them out, and say how many)")
  add("--objective", metavar="NAME", help="pre-train on the texts of"
      " --train_file: span_corruption, prefix_lm, bert, mass, deshuffling, or"
      " a file of gin/objectives")
  add("--text_separator", metavar="WHAT", help="what ends a text of a .txt"
      " file: line (the default) or blank_line")


def make_spec(
    flags: argparse.Namespace, recorded: dict[str, Any] | None = None
) -> Any:
  """Makes the `FileSpec` that the flags describe.

  Args:
    flags: of the command.
    recorded: what an earlier run was given, where the flags say nothing.

  Returns:
    The specification; it has the splits whose files the flags name.
  """
  from t5_mtf.data import file_task

  fields = dict(recorded or {})
  fields["files"], fields["targets_files"] = {}, {}
  fields["validation_fraction"] = flags.validation_fraction or 0.0
  for split, name, targets in (
      ("train", flags.train_file, flags.train_targets),
      ("validation", flags.eval_file, flags.eval_targets),
  ):
    if name:
      fields["files"][split] = _patterns(name)
    if targets:
      fields["targets_files"][split] = _patterns(targets)
  for flag in _COPIED:
    if getattr(flags, flag) is not None:
      fields[flag] = getattr(flags, flag)
  for flag in _LISTS:
    if getattr(flags, flag):
      fields[flag] = tuple(getattr(flags, flag).split(","))
  if flags.objective:
    _check_objective_flags(flags)
    fields.update(unsupervised=True, metrics=())
    fields["target_column"] = flags.target_column or "text"
  if flags.text_separator:
    fields["blank_lines"] = _is_blank_line(flags.text_separator)
  fields = {k: tuple(v) if isinstance(v, list) else v
            for k, v in fields.items()}
  return file_task.FileSpec(**fields)


def given(flags: argparse.Namespace) -> list[str]:
  """The flags about rows that were given, apart from the files' own."""
  return [f for f in _SPEC_FLAGS if getattr(flags, f) is not None]


def recorder(
    model_dir: str, spec: Any, vocabulary: str | None
) -> Callable[[], None]:
  """Returns what records how rows were read, for later commands."""

  def record() -> None:
    from t5_mtf.evaluation import files

    fields = dataclasses.asdict(spec)
    for field in ("files", "targets_files", "validation_fraction"):
      del fields[field]
    os.makedirs(model_dir, exist_ok=True)
    text = json.dumps({"vocabulary": vocabulary, "spec": fields}, indent=2)
    files.write_atomically(os.path.join(model_dir, RECORD), text + "\n")

  return record


def read_record(model_dir: str) -> dict[str, Any] | None:
  """Reads what `recorder` wrote; None if there is nothing."""
  path = os.path.join(model_dir, RECORD)
  if not os.path.exists(path):
    return None
  with open(path, encoding="utf-8") as f:
    try:
      record = json.load(f)
      return {"vocabulary": record["vocabulary"], "spec": record["spec"]}
    except (ValueError, KeyError, TypeError) as error:
      raise errors.DataError(
          f"{path} is damaged ({error}). Delete it, and give all flags again."
      ) from error


def is_table(path: str) -> bool:
  """Whether a file of inputs holds rows rather than texts."""
  return path.removesuffix(".gz").endswith(_TABLES)


def input_writer(spec: Any, source: str, target: str) -> Callable[[], None]:
  """Checks a table of rows to answer; returns what writes them as texts.

  Each row goes through the input template to one line; a line break in a field
  becomes a space. Rows need no target.
  """
  from t5_mtf.data import file_task, tables

  columns = file_task.template_columns(spec.input_template)
  is_jsonl = tables.format_of(source, spec.file_format) == "jsonl"
  table = tables.Table(
      source, columns if is_jsonl else spec.columns, spec.file_format
  )
  for name in columns:
    if name not in table.columns:
      raise errors.unknown_name(f"column of {source}", name, table.columns)
  if not table.num_rows():
    raise errors.DataError(f"{source}: no rows.")

  def write() -> None:
    from t5_mtf.evaluation import files

    texts = []
    for row in table.rows():
      fields = dict(zip(table.columns, row, strict=True))
      text = spec.input_template.format(**fields)
      texts.append(" ".join(text.splitlines()) + "\n")
    files.write_atomically(target, "".join(texts))

  return write


def _patterns(text: str) -> tuple[str, ...]:
  """A file, or several with commas; a name that holds a comma is a name."""
  return (text,) if os.path.exists(text) else tuple(text.split(","))


def _check_objective_flags(flags: argparse.Namespace) -> None:
  for flag in ("input_template", "metrics", "labels", "train_targets"):
    if getattr(flags, flag):
      raise errors.UserError(
          f"--{flag} is for inputs and targets, but --objective pre-trains on"
          " texts. Give one of the two."
      )


def _is_blank_line(separator: str) -> bool:
  known: Sequence[str] = ("line", "blank_line")
  if separator not in known:
    raise errors.unknown_name("value of text_separator", separator, known)
  return separator == "blank_line"
