"""What the commands that look at registered tasks and mixtures share."""

from __future__ import annotations

import argparse
import fnmatch
import os
from collections.abc import Iterable, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console

DEFAULT_LENGTH = 512


def add_flags(parser: argparse.ArgumentParser) -> None:
  """Adds the flags that say where tasks and their data are."""
  add = parser.add_argument
  add("--module_import", action="append", default=[], metavar="MODULE",
      help="a Python module to import first, for Tasks of your own")
  add("--tfds_data_dir", metavar="DIR",
      help="folder of data sets prepared by TensorFlow Datasets")
  add("--dry_run", action="store_true",
      help="check the names and flags, and stop")


def prepare(flags: argparse.Namespace) -> None:
  """Imports the user's modules and sets the folder of TFDS."""
  from t5_mtf import data
  from t5_mtf.cli import t5_mesh_transformer

  console.quiet_tensorflow()
  for module in flags.module_import:
    t5_mesh_transformer.import_module(module)
  if flags.tfds_data_dir:
    data.set_tfds_data_dir_override(flags.tfds_data_dir)


def add_length_flag(parser: argparse.ArgumentParser, use: str) -> None:
  """Adds --sequence_length."""
  parser.add_argument(
      "--sequence_length", metavar="inputs=512,targets=114",
      help=f"maximum numbers of ids, {use} (default 512 each, as published)")


def lengths(text: str | None, features: Iterable[str]) -> dict[str, int]:
  """Reads --sequence_length.

  >>> lengths("inputs=64", ["inputs", "targets"])
  {'inputs': 64, 'targets': 512}

  Args:
    text: pairs of feature and length, or None.
    features: the features that there are.

  Returns:
    Feature -> length; those that are not named have 512.

  Raises:
    UserError: it is not of that form, or names another feature.
  """
  features = list(features)
  found = dict.fromkeys(features, DEFAULT_LENGTH)
  for pair in (text or "").split(",") if text else ():
    name, _, number = (part.strip() for part in pair.partition("="))
    if name not in features:
      raise errors.unknown_name("feature in --sequence_length", name, features)
    if not number.isdecimal() or int(number) < 1:
      raise errors.UserError(
          f"--sequence_length has {pair!r}, but must be pairs of a feature and"
          " a number above 0: --sequence_length=inputs=512,targets=114."
      )
    found[name] = int(number)
  return found


def matching(kind: str, pattern: str | None, names: Sequence[str]) -> list[str]:
  """The names that a pattern matches: a glob, or else a part of the name.

  >>> names = ["mini_glue", "mini_squad", "squad_v010"]
  >>> matching("task", "squad", names), matching("task", "squad*", names)
  (['mini_squad', 'squad_v010'], ['squad_v010'])

  Raises:
    UnknownNameError: it matches none; the message has the nearest names.
  """
  if not pattern:
    return list(names)
  if set("*?[") & set(pattern):
    found = [name for name in names if fnmatch.fnmatchcase(name, pattern)]
  else:
    found = [name for name in names if pattern.lower() in name.lower()]
  if not found:
    # A word is compared with the words of the names, too.
    words = {word for name in names for word in name.split("_")}
    by_name = errors.nearest(pattern, names)
    known = words if errors.nearest(pattern, words) and not by_name else names
    raise errors.unknown_name(
        kind, pattern, known, f"`t5_mtf {kind}s` lists all {len(names)}."
    )
  return found


def vocabulary(name: str, extra_ids: int | None = None) -> Any:
  """The vocabulary t5 or mini, or that of a SentencePiece model file.

  Args:
    name: t5, mini or a path.
    extra_ids: number of sentinels; 100 by default.

  Raises:
    UserError: it is neither.
  """
  from t5_mtf import data

  packaged = {
      "t5": data.get_default_vocabulary,
      "mini": data.get_mini_vocabulary,
  }
  count = data.DEFAULT_EXTRA_IDS if extra_ids is None else extra_ids
  if name in packaged:
    found = packaged[name]()
    if count == found.extra_ids:
      return found
    name = found.sentencepiece_model_file
  elif not os.path.isfile(name) and "://" not in name:
    raise errors.unknown_name(
        "vocabulary", name, packaged, "Or give a SentencePiece model file."
    )
  return data.SentencePieceVocabulary(name, count)


def words_of(
    flags: argparse.Namespace, command: str
) -> tuple[bool, str | None]:
  """Reads `[PATTERN]` or `show NAME`.

  Returns:
    Whether to show one, and the pattern or name.

  Raises:
    UserError: there are more words, or there is no name.
  """
  show = flags.words[:1] == ["show"]
  rest = flags.words[1:] if show else flags.words
  if len(rest) > 1 or (show and not rest):
    raise errors.UserError(
        f"`t5_mtf {command} {' '.join(flags.words)}` was given, but must be"
        f" `t5_mtf {command} [PATTERN]` or `t5_mtf {command} show NAME`."
        " Quote a pattern, or the shell may replace it by names of files."
    )
  return show, rest[0] if rest else None
