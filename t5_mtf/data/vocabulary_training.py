"""Trains SentencePiece vocabularies of T5's form, and checks them.

A unigram model with T5's special ids: padding 0, end of sequence 1, unknown 2,
no beginning of sequence (Raffel et al. 2020, section 2.2.1: 32,000 pieces of
English, German, French and Romanian). The sentinels are no part of the file:
`SentencePieceVocabulary(file, extra_ids=100)` adds them at the end.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.data import files, tables

SPECIAL_IDS = {"pad": 0, "eos": 1, "unk": 2, "bos": -1}
_CHECKED_LINES = 2000
# SentencePiece leaves out longer lines without a word; ours are all taken.
_MAX_BYTES = 2**30


def train(
    lines: Iterable[str],
    vocab_size: int,
    byte_fallback: bool = False,
    character_coverage: float = 1.0,
    num_threads: int = 4,
    **options: Any,
) -> bytes:
  """Trains a model; the same lines and arguments give the same bytes.

  Args:
    lines: texts; each is one sentence to SentencePiece, however long.
    vocab_size: number of pieces, the special ones included.
    byte_fallback: spell characters that are no piece as bytes, which take 256
      pieces, so that nothing is unknown.
    character_coverage: the share of the characters of the text that become
      pieces; the rarest are left out.
    num_threads: of the training; it enters the result.
    **options: further ones of SentencePieceTrainer, such as split_digits.

  Returns:
    The serialized model.

  Raises:
    DataError: there is no text.
    UserError: the text does not give a vocabulary of that size.
  """
  import sentencepiece

  model = io.BytesIO()
  # Held in memory, as SentencePiece does: it passes over errors of an iterator.
  sentences = [line for line in lines if line.strip()]
  if not sentences:  # SentencePiece would end the process
    raise errors.DataError("there is no text to train a vocabulary on.")
  try:
    sentencepiece.SentencePieceTrainer.train(
        **{
            "sentence_iterator": iter(sentences),
            "model_writer": model,
            "model_type": "unigram",
            "vocab_size": vocab_size,
            # A model records what it was given, so False is not given.
            **({"byte_fallback": True} if byte_fallback else {}),
            "character_coverage": character_coverage,
            "num_threads": num_threads,
            "max_sentence_length": _MAX_BYTES,
            "minloglevel": 2,
            **{f"{name}_id": i for name, i in SPECIAL_IDS.items()},
            **options,
        }
    )
  except RuntimeError as error:
    raise _explained(str(error), vocab_size, len(sentences)) from error
  return model.getvalue()


def _explained(
    message: str, vocab_size: int, lines: int
) -> errors.UserError:
  """SentencePiece's refusal, with what to do."""
  if most := re.search(r"value <= (\d+)", message):
    return errors.UserError(
        f"{lines:,} lines of text give at most {int(most[1]):,} pieces, but"
        f" vocab_size is {vocab_size:,}. Lower it, or give more text."
    )
  if least := re.search(r"required_chars\. \d+ vs (\d+)", message):
    return errors.UserError(
        f"vocab_size is {vocab_size:,}, but the characters of the text and the"
        f" special pieces alone are {int(least[1]):,}. Raise it, or lower"
        " character_coverage, which leaves out the rarest characters."
    )
  return errors.UserError(f"SentencePiece cannot train on this text: {message}")


@dataclasses.dataclass(frozen=True)
class Text:
  """Files of text to train on, read and checked as `tables` describes.

  Attributes:
    paths: text files or tables.
    columns: the columns of tables to take; None is all.
    file_format: one of `tables.FORMATS`; by default by the files' names.
  """

  paths: tuple[str, ...]
  columns: tuple[str, ...] | None = None
  file_format: str | None = None

  def lines(
      self, progress: Callable[[int], None] = lambda count: None
  ) -> Iterator[str]:
    """Yields the lines that are not empty.

    Args:
      progress: called with the number of rows so far.

    Raises:
      DataError: a row is malformed; file and line are named.
      UnknownNameError: a file has no column of a given name.
    """
    count = itertools.count(1)
    for path in self.paths:
      table = tables.Table(path, file_format=self.file_format)
      for column in self.columns or ():
        if column not in table.columns:
          raise errors.unknown_name(f"column of {path}", column, table.columns)
      order = [table.columns.index(c) for c in self.columns or table.columns]
      for row in table.rows():
        for i in order:
          # A text of several lines is several sentences.
          yield from filter(None, map(str.strip, row[i].splitlines()))
        progress(next(count))


def sample(lines: Iterable[str], most: int) -> list[str]:
  """All lines, or `most` of them drawn at random; always the same ones.

  >>> sample(["a", "b"], 3)
  ['a', 'b']
  >>> len(sample(map(str, range(100)), 10))
  10
  """
  rng = random.Random(0)
  kept: list[str] = []
  for count, line in enumerate(lines):
    if count < most:
      kept.append(line)
    elif (place := rng.randrange(count + 1)) < most:
      kept[place] = line
  return kept


@dataclasses.dataclass(frozen=True)
class Check:
  """What a trained model does with text.

  Attributes:
    pieces: number of pieces of the model.
    sha256: of the model.
    lines: number of lines that were encoded.
    tokens: ids of these lines.
    characters: characters of these lines.
    unknown: ids of these lines that are unknown.
    restored: lines that decode to the same text, spaces and Unicode
      normalized as the model does.
  """

  pieces: int
  sha256: str
  lines: int
  tokens: int
  characters: int
  unknown: int
  restored: int


def check(model: bytes, lines: Iterable[str]) -> Check:
  """Checks a model's special ids, and tries it on text.

  Args:
    model: the serialized model.
    lines: texts, of which the first 2,000 are used.

  Returns:
    What was found.

  Raises:
    UserError: the special ids are not T5's.
  """
  import sentencepiece

  processor = sentencepiece.SentencePieceProcessor(model_proto=model)
  found = {name: getattr(processor, f"{name}_id")() for name in SPECIAL_IDS}
  if found != SPECIAL_IDS:
    raise errors.UserError(
        f"the special ids are {found}, but must be {SPECIAL_IDS}. Train the"
        " model with these (t5_mtf vocab train does)."
    )
  tokens = characters = unknown = restored = count = 0
  for line in itertools.islice(lines, _CHECKED_LINES):
    ids = processor.encode(line)
    count += 1
    tokens += len(ids)
    characters += len(line)
    unknown += ids.count(processor.unk_id())
    restored += processor.decode(ids) == processor.normalize(line).replace(
        "\u2581", " "
    ).strip(" ")
  return Check(
      processor.vocab_size(),
      hashlib.sha256(model).hexdigest(),
      count,
      tokens,
      characters,
      unknown,
      restored,
  )


@dataclasses.dataclass(frozen=True)
class Traits:
  """What a model file is.

  Attributes:
    kind: unigram, bpe, word or char.
    normalizer: name of the rules by which text is normalized.
    byte_fallback: whether unknown characters are spelled as bytes.
    special: name of a special piece -> its id; -1 is none.
    sha256: of the file.
  """

  kind: str
  normalizer: str
  byte_fallback: bool
  special: Mapping[str, int]
  sha256: str


def traits(vocabulary: Any) -> Traits:
  """Reads what the model file of a `SentencePieceVocabulary` says of itself.

  Raises:
    DataError: it is no SentencePiece model.
  """
  from google.protobuf.message import DecodeError
  from sentencepiece import sentencepiece_model_pb2

  with files.open_binary(vocabulary.sentencepiece_model_file) as f:
    serialized = f.read()
  try:
    model = sentencepiece_model_pb2.ModelProto.FromString(serialized)
  except DecodeError as error:
    raise errors.DataError(
        f"{vocabulary.sentencepiece_model_file} is not a SentencePiece model."
    ) from error
  spec = model.trainer_spec
  special = {name: getattr(spec, f"{name}_id") for name in SPECIAL_IDS}
  return Traits(
      spec.ModelType.Name(spec.model_type).lower(),
      model.normalizer_spec.name,
      spec.byte_fallback,
      special,
      hashlib.sha256(serialized).hexdigest(),
  )


@dataclasses.dataclass(frozen=True)
class Piece:
  """One piece of a tokenized text.

  Attributes:
    id: its id.
    piece: as the vocabulary writes it; "\u2581" stands for a space.
    unknown: whether the vocabulary does not have it.
  """

  id: int
  piece: str
  unknown: bool


def pieces(vocabulary: Any, text: str) -> list[Piece]:
  """Tokenizes a text and names every piece; unknown ones keep their text.

  >>> from t5_mtf import data
  >>> [(p.piece, p.unknown) for p in pieces(
  ...     data.get_default_vocabulary(), "tea { <extra_id_0>")]
  [('▁tea', False), ('▁', False), ('{', True), ('▁<extra_id_0>', False)]

  Args:
    vocabulary: a `SentencePieceVocabulary`.
    text: the text.
  """
  encoded = vocabulary._processor.encode(text, out_type="immutable_proto")
  return [
      Piece(p.id, p.piece, p.id == vocabulary.unk_id) for p in encoded.pieces
  ]
