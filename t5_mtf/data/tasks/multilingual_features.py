"""The features of multilingual tasks: mT5's vocabulary, and ByT5's bytes.

mT5's vocabulary of 250,000 pieces and 100 sentinels (Xue et al. 2021, section
3.2) is not part of the package. Where its file is, is asked at the first use:
first the gin binding `mt5_vocabulary.file`, then the environment variable
MT5_VOCABULARY_FILE, then the place where it was published.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data import files
from t5_mtf.data.features import Feature
from t5_mtf.data.vocabularies import ByteVocabulary, SentencePieceVocabulary
from t5_mtf.tf_compat import tf

PUBLISHED_FILE = "gs://t5-data/vocabs/mc4.250000.100extra/sentencepiece.model"
ENVIRONMENT_VARIABLE = "MT5_VOCABULARY_FILE"

_FIRST_SENTINEL = "\u2581<extra_id_0>"


@gin.configurable(module="t5_mtf.data.tasks.multilingual_features")
def mt5_vocabulary(
    file: str | None = None, extra_ids: int = 0
) -> tuple[str, int]:
  """Where the vocabulary of the mT5 tasks is, for gin to bind.

  Args:
    file: path of the SentencePiece model. By default the environment variable
      MT5_VOCABULARY_FILE, or else the published place.
    extra_ids: sentinels to add at its end: 0 for the published file, which
      holds its 100; 100 for a vocabulary of your own.

  Returns:
    The path and the number.
  """
  file = file or os.environ.get(ENVIRONMENT_VARIABLE) or PUBLISHED_FILE
  return file, extra_ids


class MT5Vocabulary(SentencePieceVocabulary):
  """The vocabulary that `mt5_vocabulary` names when it is first used."""

  def __init__(self, **settled: Any):
    """Initializes the vocabulary.

    Args:
      **settled: attributes that shall not be asked for (when unpickled).
    """
    super().__init__("", 0)
    del self.sentencepiece_model_file, self.extra_ids
    self.__dict__.update(settled)

  @functools.cached_property
  def sentencepiece_model_file(self) -> str:
    return mt5_vocabulary()[0]

  @functools.cached_property
  def extra_ids(self) -> int:
    return mt5_vocabulary()[1]

  @functools.cached_property
  def _model_bytes(self) -> bytes:
    path = self.sentencepiece_model_file
    reason = _why_missing(path)
    if reason:
      raise errors.DataError(
          f"mT5's vocabulary {path} {reason}. It is not part of the package:"
          " download the published file"
          f" {PUBLISHED_FILE} once, and give the path of your copy, with"
          " --gin_param=\"mt5_vocabulary.file = '/data/mt5.model'\" or in the"
          f" environment variable {ENVIRONMENT_VARIABLE}. The tasks whose"
          " names begin with byt5_ need no file."
      )
    serialized = SentencePieceVocabulary._model_bytes.func(self)
    last = _last_piece(serialized)
    if last != _FIRST_SENTINEL:
      raise errors.DataError(
          f"the vocabulary {path} has no sentinels: its last piece is {last!r},"
          f" not {_FIRST_SENTINEL!r}. The published file of mT5 has 100; for a"
          " vocabulary of your own bind mt5_vocabulary.extra_ids = 100."
      )
    return serialized

  def __getstate__(self) -> dict[str, Any]:
    return {
        "sentencepiece_model_file": self.sentencepiece_model_file,
        "extra_ids": self.extra_ids,
    }


def _why_missing(path: str) -> str | None:
  try:
    return None if files.exists(path) else "does not exist"
  except Exception as error:
    if not isinstance(error, tf.errors.OpError):
      raise
    return f"cannot be reached ({error.message.splitlines()[0]})"


def _last_piece(serialized: bytes) -> str:
  from sentencepiece import sentencepiece_model_pb2

  model = sentencepiece_model_pb2.ModelProto.FromString(serialized)
  return model.pieces[-1].piece


@functools.cache
def mt5_features() -> dict[str, Feature]:
  """`inputs` and `targets` with mT5's vocabulary, which is not yet read."""
  return _features(MT5Vocabulary())


@functools.cache
def byt5_features() -> dict[str, Feature]:
  """`inputs` and `targets` as UTF-8 bytes.

  As in ByT5 (Xue et al. 2022, arXiv 2105.13626, section 3.1) there are no ids
  for sentinels: span corruption takes those of the last bytes, 258 downwards,
  the highest of which no UTF-8 text has.
  """
  return _features(ByteVocabulary(extra_ids=0))


def _features(vocabulary: Any) -> dict[str, Feature]:
  return {
      "inputs": Feature(vocabulary, add_eos=True, required=False),
      "targets": Feature(vocabulary, add_eos=True),
  }
