"""The tokenizer of a Hugging Face folder, as SentencePiece model and JSON."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from t5_mtf import data
from t5_mtf.convert import json_files
from t5_mtf.data import files, vocabularies

MODEL = "spiece.model"
CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS = "special_tokens_map.json"

_TOKENS = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


@dataclasses.dataclass(frozen=True)
class Vocabulary:
  """A SentencePiece model, and the sentinels beyond its pieces.

  Attributes:
    model: the bytes of the file.
    extra_ids: sentinels to add at its end.
    pieces: of the file.
    own_sentinels: whether the file ends in sentinels, as mT5's does.
  """

  model: bytes
  extra_ids: int
  pieces: int
  own_sentinels: bool

  @property
  def size(self) -> int:
    """Number of ids."""
    return self.pieces + self.extra_ids

  def describe(self) -> str:
    """One line."""
    inside = "its own" if self.own_sentinels else f"{self.extra_ids} more"
    return f"{self.pieces:,} pieces, {inside} as sentinels"


def load(path: str, extra_ids: int | None = None) -> Vocabulary:
  """Reads a SentencePiece model file.

  Args:
    path: of the file.
    extra_ids: sentinels to add; None for 100, or 0 if the file has its own.

  Raises:
    DataError: it is no SentencePiece model with T5's special ids.
  """
  pieces = data.SentencePieceVocabulary(path, 0).vocab_size
  missing = vocabularies.missing_sentinels(path)
  extra_ids = missing if extra_ids is None else extra_ids
  with files.open_binary(path) as f:
    return Vocabulary(f.read(), extra_ids, pieces, own_sentinels=not missing)


def of_run(vocabulary: Any) -> Vocabulary | None:
  """The vocabulary of a run, as files need it; None if it is no such model."""
  if not isinstance(vocabulary, data.SentencePieceVocabulary):
    return None
  path, extra_ids = vocabulary.sentencepiece_model_file, vocabulary.extra_ids
  default = data.get_default_vocabulary()
  if vocabulary.fingerprint == default.fingerprint:
    # The path may be the published place, which the package stands for.
    path, extra_ids = default.sentencepiece_model_file, default.extra_ids
  return load(path, extra_ids)


def find(folder: str) -> Vocabulary | None:
  """The vocabulary of a Hugging Face folder; None if it has no spiece.model.

  Raises:
    DataError: tokenizer_config.json cannot be read.
  """
  path = os.path.join(folder, MODEL)
  if not os.path.isfile(path):
    return None
  return load(path, _extra_ids(os.path.join(folder, CONFIG)))


def write(folder: str, vocabulary: Vocabulary) -> None:
  """Writes what Hugging Face's T5Tokenizer reads."""
  tokens: dict[str, Any] = dict(_TOKENS)
  if vocabulary.extra_ids:
    tokens["additional_special_tokens"] = [
        f"<extra_id_{i}>" for i in range(vocabulary.extra_ids)
    ]
  config = {
      "tokenizer_class": "T5Tokenizer",
      "extra_ids": vocabulary.extra_ids,
      **tokens,
  }
  with open(os.path.join(folder, MODEL), "wb") as f:
    f.write(vocabulary.model)
  files.write_json(os.path.join(folder, CONFIG), config)
  files.write_json(os.path.join(folder, SPECIAL_TOKENS), tokens)


def _extra_ids(path: str) -> int | None:
  if not os.path.isfile(path):
    return None
  found = json_files.read(path).get("extra_ids")
  return found if isinstance(found, int) else None
