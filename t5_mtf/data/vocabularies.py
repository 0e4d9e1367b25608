"""Vocabularies: text to ids and back, in Python and in a TensorFlow graph.

The two forms of each vocabulary agree: `encode` with `encode_tf`, `decode`
with `decode_tf`. Decoding stops at the first EOS, and an id outside the
vocabulary decodes as the unknown piece.

The sentinels of the pre-training objectives are the *last* ids: `<extra_id_0>`
is `vocab_size - 1`, `<extra_id_1>` is `vocab_size - 2`, and so on
(Raffel et al. 2020, section 3.1.4).
"""

from __future__ import annotations

import abc
import functools
import hashlib
import importlib.resources
import os
from collections.abc import Iterable, Sequence
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data import files
from t5_mtf.tf_compat import tf, tf_text

# The number of sentinels of every published T5 vocabulary.
DEFAULT_EXTRA_IDS = 100

_PACKAGED_SHA256 = {
    "t5.model": (
        "d60acb128cf7b7f2536e8f38a5b18a05535c9e14c7a355904270e15b0945ea86"
    ),
    "mini.model": (
        "9a787d745231bc136c506bcecb7fd6886cd7b253d86b6ad0fca17d7b8054a770"
    ),
}


# T5's vocabulary where it was published -> the sentinels in the model file
# itself. It is read from the package, so that tasks which name these places
# need no network.
_PUBLISHED_T5_MODELS = {
    "gs://t5-data/vocabs/cc_all.32000/sentencepiece.model": 0,
    "gs://t5-data/vocabs/cc_all.32000.100extra/sentencepiece.model": (
        DEFAULT_EXTRA_IDS
    ),
}


# Published objectives bind `vocabularies.Vocabulary.extra_ids`; the name has
# to exist, and the value serves wherever `extra_ids` is left out.
@gin.configurable("Vocabulary", module="t5.data.vocabularies")
def _default_extra_ids(extra_ids: int = 0) -> int:
  return extra_ids


class Vocabulary(abc.ABC):
  """Base class: a tokenizer with fixed ids for padding, EOS and unknown.

  A subclass implements `_encode`, `_decode` (ids have no EOS and are all
  inside the vocabulary), `_encode_tf` and `_decode_tf`, and the properties.
  """

  def __init__(self, extra_ids: int | None = None):
    """Initializes the vocabulary.

    Args:
      extra_ids: number of sentinels; when left out, the gin binding
        `vocabularies.Vocabulary.extra_ids`, else 0.
    """
    self.extra_ids = _default_extra_ids() if extra_ids is None else extra_ids
    if self.extra_ids < 0:
      raise errors.UserError(
          f"extra_ids is {self.extra_ids}, but must be 0 or more."
      )

  @property
  @abc.abstractmethod
  def vocab_size(self) -> int:
    """Number of ids, sentinels included."""

  @property
  def pad_id(self) -> int:
    """Id of padding: 0 in every T5 vocabulary."""
    return 0

  @property
  @abc.abstractmethod
  def eos_id(self) -> int | None:
    """Id that ends a sequence; None when there is none."""

  @property
  @abc.abstractmethod
  def unk_id(self) -> int | None:
    """Id of what the vocabulary cannot express; None when there is none."""

  @property
  def bos_id(self) -> int | None:
    """Id that begins a sequence; T5 has none."""
    return None

  @abc.abstractmethod
  def encode(self, text: str) -> list[int]:
    """Returns the ids of `text`, without EOS."""

  @abc.abstractmethod
  def decode(self, ids: Iterable[int]) -> str:
    """Returns the text of `ids` up to the first EOS."""

  @abc.abstractmethod
  def encode_tf(self, text: Any) -> Any:
    """`encode` as TensorFlow ops: a tf.string scalar to int32 ids [length].

    A vector of strings gives a tf.RaggedTensor.
    """

  @abc.abstractmethod
  def decode_tf(self, ids: Any) -> Any:
    """`decode` as TensorFlow ops: int ids [..., length] to tf.string [...]."""

  @property
  def fingerprint(self) -> str:
    """Tells vocabularies apart that do not give the same ids."""
    return repr(self)

  def _before_eos(self, ids: Iterable[int]) -> list[int]:
    ids = [int(i) for i in ids]
    return ids[: ids.index(self.eos_id)] if self.eos_id in ids else ids

  def _padded_after_eos_tf(self, ids: Any) -> Any:
    """Replaces the first EOS and all that follows by padding."""
    seen = tf.cumsum(tf.cast(tf.equal(ids, self.eos_id), tf.int32), axis=-1)
    return tf.where(seen > 0, tf.constant(self.pad_id, ids.dtype), ids)


class SentencePieceVocabulary(Vocabulary):
  """A SentencePiece model, with `extra_ids` sentinel pieces at its end.

  The sentinels are pieces of their own: "<extra_id_0>" after white space is
  encoded as one id, and each decodes as its name.
  """

  def __init__(
      self, sentencepiece_model_file: str, extra_ids: int | None = None
  ):
    """Initializes the vocabulary; the file is read at the first use.

    Args:
      sentencepiece_model_file: path of the `.model` file.
      extra_ids: number of sentinels, see `Vocabulary`.
    """
    super().__init__(extra_ids)
    self.sentencepiece_model_file = os.fspath(sentencepiece_model_file)
    self._eager_tokenizer = None

  @functools.cached_property
  def _model_bytes(self) -> bytes:
    """The serialized model, sentinels included."""
    return _with_sentinels(
        _read_model(self.sentencepiece_model_file), self.extra_ids
    )

  @functools.cached_property
  def _processor(self) -> Any:
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(
        model_proto=self._model_bytes
    )
    _check_special_ids(processor, self.sentencepiece_model_file)
    return processor

  @property
  def _tokenizer(self) -> Any:
    """The in-graph tokenizer, one for each outermost graph (or eager)."""
    with tf.init_scope():
      if tf.executing_eagerly():
        if self._eager_tokenizer is None:
          self._eager_tokenizer = tf_text.SentencepieceTokenizer(
              model=self._model_bytes
          )
        return self._eager_tokenizer
      # A tokenizer refers to its graph: kept anywhere else it would keep that.
      # Collections whose keys are no strings are not exported.
      graph = tf.compat.v1.get_default_graph()
      kept = graph.get_collection_ref(("t5_mtf_tokenizer", self))
      if not kept:
        kept.append(tf_text.SentencepieceTokenizer(model=self._model_bytes))
      return kept[0]

  @property
  def vocab_size(self) -> int:
    return self._processor.vocab_size()

  @property
  def pad_id(self) -> int:
    return max(0, self._processor.pad_id())

  @property
  def eos_id(self) -> int | None:
    return self._processor.eos_id()

  @property
  def unk_id(self) -> int | None:
    return self._processor.unk_id()

  @property
  def bos_id(self) -> int | None:
    bos_id = self._processor.bos_id()
    return bos_id if bos_id >= 0 else None

  @property
  def fingerprint(self) -> str:
    return hashlib.sha256(self._model_bytes).hexdigest()

  def encode(self, text: str) -> list[int]:
    return self._processor.encode(text)

  def decode(self, ids: Iterable[int]) -> str:
    size = self.vocab_size
    inside = [
        i if 0 <= i < size else self.unk_id for i in self._before_eos(ids)
    ]
    return self._processor.decode(inside)

  def encode_tf(self, text: Any) -> Any:
    return self._tokenizer.tokenize(text)

  def decode_tf(self, ids: Any) -> Any:
    ids = tf.cast(ids, tf.int32)
    inside = tf.logical_and(ids >= 0, ids < self.vocab_size)
    ids = tf.where(inside, ids, self.unk_id)
    ids = self._padded_after_eos_tf(ids)
    # The tokenizer takes at most two dimensions.
    shape = tf.shape(ids)
    flat = tf.reshape(ids, tf.stack([tf.reduce_prod(shape[:-1]), shape[-1]]))
    return tf.reshape(self._tokenizer.detokenize(flat), shape[:-1])

  def __eq__(self, other: object) -> bool:
    if not isinstance(other, SentencePieceVocabulary):
      return NotImplemented
    return self.extra_ids == other.extra_ids and (
        self.sentencepiece_model_file == other.sentencepiece_model_file
        or self._model_bytes == other._model_bytes
    )

  def __hash__(self) -> int:
    return hash((type(self).__name__, self.extra_ids))

  def __repr__(self) -> str:
    name = os.path.basename(self.sentencepiece_model_file)
    return f"SentencePieceVocabulary({name!r}, extra_ids={self.extra_ids})"

  def __getstate__(self) -> dict[str, Any]:
    kept = ("extra_ids", "sentencepiece_model_file")
    return {key: self.__dict__[key] for key in kept}

  def __setstate__(self, state: dict[str, Any]) -> None:
    self.__init__(**state)


class ByteVocabulary(Vocabulary):
  """UTF-8 bytes: 0 padding, 1 EOS, 2 unknown, byte b is id b + 3.

  Sentinels follow the bytes; they encode no text and decode as nothing, as
  do the special ids and bytes that are not valid UTF-8.
  """

  _NUM_SPECIAL = 3

  @property
  def _first_extra_id(self) -> int:
    return self._NUM_SPECIAL + 256

  @property
  def vocab_size(self) -> int:
    return self._first_extra_id + self.extra_ids

  @property
  def eos_id(self) -> int | None:
    return 1

  @property
  def unk_id(self) -> int | None:
    return 2

  def encode(self, text: str) -> list[int]:
    return [b + self._NUM_SPECIAL for b in text.encode("utf-8")]

  def decode(self, ids: Iterable[int]) -> str:
    as_bytes = bytes(
        i - self._NUM_SPECIAL
        for i in self._before_eos(ids)
        if self._NUM_SPECIAL <= i < self._first_extra_id
    )
    return as_bytes.decode("utf-8", errors="ignore")

  def encode_tf(self, text: Any) -> Any:
    text = tf.convert_to_tensor(text)
    if text.shape.rank == 0:
      codes = tf.io.decode_raw(text, tf.uint8)
    else:
      characters = tf.strings.bytes_split(text)
      codes = characters.with_flat_values(
          tf.io.decode_raw(characters.flat_values, tf.uint8)[:, 0]
      )
    return tf.cast(codes, tf.int32) + self._NUM_SPECIAL

  def decode_tf(self, ids: Any) -> Any:
    ids = self._padded_after_eos_tf(tf.cast(ids, tf.int32))
    is_byte = tf.logical_and(
        ids >= self._NUM_SPECIAL, ids < self._first_extra_id
    )
    characters = tf.constant([bytes([b]) for b in range(256)])
    picked = tf.gather(
        characters, tf.clip_by_value(ids - self._NUM_SPECIAL, 0, 255)
    )
    joined = tf.strings.reduce_join(tf.where(is_byte, picked, ""), axis=-1)
    return tf.strings.unicode_transcode(
        joined, "UTF-8", "UTF-8", errors="ignore"
    )

  def __eq__(self, other: object) -> bool:
    if not isinstance(other, ByteVocabulary):
      return NotImplemented
    return self.extra_ids == other.extra_ids

  def __hash__(self) -> int:
    return hash((type(self).__name__, self.extra_ids))

  def __repr__(self) -> str:
    return f"ByteVocabulary(extra_ids={self.extra_ids})"


class PassThroughVocabulary(Vocabulary):
  """Ids that are ids already: encoding and decoding change nothing."""

  def __init__(self, size: int, eos_id: int | None = None):
    """Initializes the vocabulary.

    Args:
      size: number of ids.
      eos_id: the id that ends a sequence, if there is one.
    """
    super().__init__(extra_ids=0)
    self._size = size
    self._eos_id = eos_id

  @property
  def vocab_size(self) -> int:
    return self._size

  @property
  def eos_id(self) -> int | None:
    return self._eos_id

  @property
  def unk_id(self) -> int | None:
    return None

  def encode(self, text: Sequence[int]) -> list[int]:
    return list(text)

  def decode(self, ids: Iterable[int]) -> list[int]:
    """Returns `ids` up to the first EOS, which is kept, as published."""
    ids = list(ids)
    if self._eos_id in ids:
      return ids[: ids.index(self._eos_id) + 1]
    return ids

  def encode_tf(self, text: Any) -> Any:
    return text

  def decode_tf(self, ids: Any) -> Any:
    return ids

  def __eq__(self, other: object) -> bool:
    if not isinstance(other, PassThroughVocabulary):
      return NotImplemented
    return (self._size, self._eos_id) == (other._size, other._eos_id)

  def __hash__(self) -> int:
    return hash((type(self).__name__, self._size, self._eos_id))

  def __repr__(self) -> str:
    return f"PassThroughVocabulary({self._size}, eos_id={self._eos_id})"


def get_default_vocabulary() -> SentencePieceVocabulary:
  """T5's vocabulary: 32,000 pieces and 100 sentinels, from the package.

  The file's sha256 is checked when it is first read.
  """
  return _packaged_vocabulary("t5.model")


def get_mini_vocabulary() -> SentencePieceVocabulary:
  """The small vocabulary of the mini suite, with 100 sentinels."""
  return _packaged_vocabulary("mini.model")


@functools.cache
def _packaged_vocabulary(name: str) -> SentencePieceVocabulary:
  folder = importlib.resources.files("t5_mtf.data") / "vocabs"
  return SentencePieceVocabulary(str(folder / name), DEFAULT_EXTRA_IDS)


def missing_sentinels(path: str) -> int:
  """How many sentinels a SentencePiece model needs: none if it ends in them.

  mT5's published model has its own 100; T5's has none.
  """
  bare = SentencePieceVocabulary(path, 0)
  own = bare.decode([bare.vocab_size - 1]).strip() == "<extra_id_0>"
  return 0 if own else DEFAULT_EXTRA_IDS


def _with_sentinels(serialized: bytes, extra_ids: int) -> bytes:
  """A serialized model with `extra_ids` sentinel pieces at its end."""
  if not extra_ids:
    return serialized
  from sentencepiece import sentencepiece_model_pb2

  model = sentencepiece_model_pb2.ModelProto.FromString(serialized)
  for i in reversed(range(extra_ids)):
    model.pieces.add(
        piece=f"\u2581<extra_id_{i}>",
        score=0.0,
        type=sentencepiece_model_pb2.ModelProto.SentencePiece.USER_DEFINED,
    )
  return model.SerializeToString()


def _read_model(path: str) -> bytes:
  """Reads a model file; those of the package must be the published bytes."""
  if path in _PUBLISHED_T5_MODELS:
    packaged = _packaged_vocabulary("t5.model").sentencepiece_model_file
    return _with_sentinels(_read_model(packaged), _PUBLISHED_T5_MODELS[path])
  if not files.exists(path):
    raise errors.DataError(
        f"the SentencePiece model {path} does not exist. Put the file there,"
        " or give the path of another `.model` file."
    )
  with files.open_binary(path) as f:
    serialized = f.read()
  folder = str(importlib.resources.files("t5_mtf.data") / "vocabs")
  if os.path.dirname(path) == folder:
    expected = _PACKAGED_SHA256.get(os.path.basename(path))
    found = hashlib.sha256(serialized).hexdigest()
    if expected and found != expected:
      raise errors.DataError(
          f"the packaged vocabulary {path} is damaged: its sha256 is {found},"
          f" not {expected}. Install the package again."
      )
  if not _is_model(serialized):
    raise errors.DataError(
        f"{path} is not a SentencePiece model. Give the `.model` file (not the"
        " `.vocab` beside it)."
    )
  return serialized


def _is_model(serialized: bytes) -> bool:
  from google.protobuf import message
  from sentencepiece import sentencepiece_model_pb2

  try:
    model = sentencepiece_model_pb2.ModelProto.FromString(serialized)
  except message.DecodeError:
    return False
  return bool(model.pieces)


def _check_special_ids(processor: Any, path: str) -> None:
  """T5's model and data rely on the ids of padding, EOS and unknown."""
  found = (processor.pad_id(), processor.eos_id(), processor.unk_id())
  if found != (0, 1, 2):
    raise errors.DataError(
        f"the SentencePiece model {path} has pad_id={found[0]},"
        f" eos_id={found[1]}, unk_id={found[2]} (-1: none), but T5 needs 0, 1"
        " and 2. Train it again with --pad_id=0 --eos_id=1 --unk_id=2"
        " --bos_id=-1."
    )
