"""Tests of t5_mtf.data.vocabularies."""

from __future__ import annotations

import gc
import pickle
import random
import weakref

import gin
import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import vocabularies

_TEXTS = (
    "",
    "translate English to German: That is good.",
    "  two  spaces\tand a tab\n",
    "Fill <extra_id_0> in <extra_id_1> and<extra_id_2>.",
    "<extra_id_99>",
    "Zażółć gęślą jaźń ő { } < ~ 😀",
    "naïve façade (decomposed: é)",
)


def _decoded_in_graph(vocabulary, ids) -> str:
  return vocabulary.decode_tf(tf.constant(ids, tf.int32)).numpy().decode()


@pytest.mark.parametrize(
    "vocabulary",
    [
        data.get_default_vocabulary(),
        data.get_mini_vocabulary(),
        data.ByteVocabulary(extra_ids=100),
    ],
    ids=repr,
)
class TestBothForms:

  def test_encode_alike(self, vocabulary):
    for text in _TEXTS:
      in_graph = vocabulary.encode_tf(tf.constant(text))
      assert in_graph.dtype == tf.int32
      assert in_graph.numpy().tolist() == vocabulary.encode(text)

  def test_encode_a_vector_of_strings_alike(self, vocabulary):
    ragged = vocabulary.encode_tf(tf.constant(_TEXTS))
    assert ragged.to_list() == [vocabulary.encode(text) for text in _TEXTS]

  def test_decode_random_ids_alike(self, vocabulary):
    rng = random.Random(0)
    size = vocabulary.vocab_size
    for _ in range(50):
      # Outside ids too: below 0 and beyond the last sentinel. (Bytes that are
      # not UTF-8 have a test of their own.)
      ids = [rng.randrange(-3, size + 9) for _ in range(rng.randrange(12))]
      if isinstance(vocabulary, data.ByteVocabulary):
        ids = [i for i in ids if i < 131 or i > 258]
      assert _decoded_in_graph(vocabulary, ids) == vocabulary.decode(ids)

  def test_decode_stops_at_the_first_eos(self, vocabulary):
    ids = vocabulary.encode("good")
    ended = [*ids, vocabulary.eos_id, *ids]
    assert vocabulary.decode(ended) == "good"
    assert _decoded_in_graph(vocabulary, ended) == "good"
    assert vocabulary.decode([vocabulary.eos_id]) == ""

  def test_padding_decodes_as_nothing(self, vocabulary):
    ids = [*vocabulary.encode("good"), vocabulary.pad_id, vocabulary.pad_id]
    assert vocabulary.decode(ids) == "good"
    assert _decoded_in_graph(vocabulary, ids) == "good"

  def test_decode_a_batch(self, vocabulary):
    ids = vocabulary.encode("good")
    batch = tf.constant([ids, [vocabulary.eos_id] * len(ids)], tf.int32)
    assert vocabulary.decode_tf(batch).numpy().tolist() == [b"good", b""]
    assert vocabulary.decode_tf(batch[:, :0]).numpy().tolist() == [b"", b""]

  def test_works_in_a_dataset_of_a_graph(self, vocabulary):
    with tf.Graph().as_default():
      dataset = tf.data.Dataset.from_tensors("good").map(vocabulary.encode_tf)
      iterator = tf.compat.v1.data.make_initializable_iterator(dataset)
      ids = iterator.get_next()
      text = vocabulary.decode_tf(ids)
      with tf.compat.v1.Session() as session:
        session.run(iterator.initializer)
        found, decoded = session.run([ids, text])
    assert found.tolist() == vocabulary.encode("good")
    assert decoded == b"good"

  def test_does_not_keep_a_graph_alive(self, vocabulary):
    graph = tf.Graph()
    with graph.as_default():
      vocabulary.encode_tf(tf.constant("good"))
    kept = weakref.ref(graph)
    del graph
    gc.collect()
    assert kept() is None

  def test_special_ids(self, vocabulary):
    assert vocabulary.pad_id == 0
    assert vocabulary.eos_id == 1
    assert vocabulary.unk_id == 2
    assert vocabulary.bos_id is None
    assert vocabulary.extra_ids == 100

  def test_survives_pickling(self, vocabulary):
    copy = pickle.loads(pickle.dumps(vocabulary))
    assert copy == vocabulary
    assert hash(copy) == hash(vocabulary)
    assert copy.encode("good") == vocabulary.encode("good")


def test_default_vocabulary_is_that_of_t5():
  vocabulary = data.get_default_vocabulary()
  assert vocabulary.vocab_size == 32100
  assert vocabulary.encode("translate English to German: That is good.") == [
      13959, 1566, 12, 2968, 10, 466, 19, 207, 5,
  ]  # fmt: skip


def test_sentinels_are_the_last_ids_and_have_names():
  for vocabulary in data.get_default_vocabulary(), data.get_mini_vocabulary():
    size = vocabulary.vocab_size
    for i in (0, 1, 57, 99):
      assert vocabulary.encode(f"<extra_id_{i}>") == [size - 1 - i]
      assert vocabulary.decode([size - 1 - i]) == f"<extra_id_{i}>"


def test_text_of_known_pieces_comes_back():
  vocabulary = data.get_default_vocabulary()
  for text in ("That is good.", "Das ist gut.", "C'est la vie - 42 %"):
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_ids_outside_the_vocabulary_decode_as_unknown():
  vocabulary = data.get_default_vocabulary()
  unknown = vocabulary.decode([vocabulary.unk_id])
  assert vocabulary.decode([40000]) == unknown
  assert vocabulary.decode([-1]) == unknown


def test_byte_vocabulary_drops_bytes_that_are_not_utf8():
  vocabulary = data.ByteVocabulary()
  ids = [198, 172, 198, 100]  # an e with accent, half a letter, an a
  assert vocabulary.decode(ids) == "éa"
  assert _decoded_in_graph(vocabulary, ids) == "éa"


def test_pass_through_vocabulary_keeps_ids():
  vocabulary = data.PassThroughVocabulary(10, eos_id=3)
  assert vocabulary.encode([4, 5]) == [4, 5]
  assert vocabulary.decode([4, 3, 5]) == [4, 3]
  assert vocabulary.vocab_size == 10
  assert vocabulary.unk_id is None
  assert data.PassThroughVocabulary(10) != vocabulary


def test_equality_is_by_model_and_sentinels(tmp_path):
  default = data.get_default_vocabulary()
  copy = tmp_path / "copy.model"
  with open(default.sentencepiece_model_file, "rb") as f:
    copy.write_bytes(f.read())
  same = data.SentencePieceVocabulary(str(copy), extra_ids=100)
  assert same == default
  assert hash(same) == hash(default)
  assert data.SentencePieceVocabulary(str(copy), extra_ids=0) != default
  assert data.get_mini_vocabulary() != default
  assert data.ByteVocabulary() != default


def test_gin_sets_the_number_of_sentinels_where_none_is_given():
  gin.parse_config("vocabularies.Vocabulary.extra_ids = 7")
  assert data.ByteVocabulary().extra_ids == 7
  assert data.ByteVocabulary(extra_ids=2).extra_ids == 2


def test_missing_model_file_is_named():
  vocabulary = data.SentencePieceVocabulary("no/such.model")
  with pytest.raises(errors.DataError, match="no/such.model does not exist"):
    vocabulary.encode("a")


def test_damaged_packaged_model_is_refused(monkeypatch):
  monkeypatch.setitem(vocabularies._PACKAGED_SHA256, "t5.model", "0" * 64)
  path = data.get_default_vocabulary().sentencepiece_model_file
  with pytest.raises(errors.DataError, match="damaged"):
    data.SentencePieceVocabulary(path).encode("a")


def test_every_packaged_model_has_a_checksum():
  for vocabulary in data.get_default_vocabulary(), data.get_mini_vocabulary():
    name = vocabulary.sentencepiece_model_file.rpartition("/")[2]
    assert name in vocabularies._PACKAGED_SHA256


def test_negative_number_of_sentinels_is_refused():
  with pytest.raises(errors.UserError, match="extra_ids is -1"):
    data.ByteVocabulary(extra_ids=-1)


def _trained(folder, **kwargs):
  import sentencepiece

  prefix = folder / "trained"
  sentencepiece.SentencePieceTrainer.train(
      sentence_iterator=iter(["one two three", "four five six"] * 20),
      model_prefix=str(prefix),
      vocab_size=30,
      hard_vocab_limit=False,
      minloglevel=2,
      **kwargs,
  )
  return str(prefix)


@pytest.mark.parametrize("extra_ids", [0, 100])
@pytest.mark.parametrize("content", [b"", b"inputs\ttargets\n", b"\0\1\2" * 50])
def test_a_file_that_is_no_sentencepiece_model_is_refused(
    tmp_path, content, extra_ids
):
  path = tmp_path / "no.model"
  path.write_bytes(content)
  vocabulary = data.SentencePieceVocabulary(str(path), extra_ids)
  with pytest.raises(errors.DataError, match="no.model is not a Sentence"):
    vocabulary.encode("a")
  with pytest.raises(errors.DataError, match="no.model is not a Sentence"):
    vocabulary.encode_tf(tf.constant("a"))


def test_other_special_ids_are_refused_with_the_flags_to_train_with(tmp_path):
  path = f"{_trained(tmp_path)}.model"
  vocabulary = data.SentencePieceVocabulary(path, 100)
  match = "pad_id=-1, eos_id=2, unk_id=0 .*--pad_id=0 --eos_id=1 --unk_id=2"
  with pytest.raises(errors.DataError, match=match):
    vocabulary.encode("a")
  with pytest.raises(errors.DataError, match="trained.vocab is not a Sent"):
    data.SentencePieceVocabulary(path[:-5] + "vocab").encode("a")


def test_a_model_trained_with_these_flags_is_accepted(tmp_path):
  prefix = _trained(tmp_path, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
  vocabulary = data.SentencePieceVocabulary(f"{prefix}.model", 100)
  assert vocabulary.decode(vocabulary.encode("one two")) == "one two"


def test_sentinels_are_missing_unless_the_file_ends_in_them(tmp_path):
  mini = data.get_mini_vocabulary()
  path = mini.sentencepiece_model_file
  assert vocabularies.missing_sentinels(path) == 100
  with_them = tmp_path / "own.model"
  with_them.write_bytes(mini._model_bytes)
  assert vocabularies.missing_sentinels(str(with_them)) == 0
