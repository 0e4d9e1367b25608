from __future__ import annotations

import pickle

import gin
import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import vocabularies
from t5_mtf.data.tasks import multilingual_features
from t5_mtf.data.vocabularies import DEFAULT_EXTRA_IDS

_SPAN = "Thank you <extra_id_0> me to your party <extra_id_1> week."


@pytest.fixture
def mt5_file(shared_dir):
  path = shared_dir / "data" / "vocabs" / "mt5" / "spiece.model"
  if not path.is_file():
    pytest.skip("needs mT5's vocabulary in the folder `shared`")
  return str(path)


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
  monkeypatch.delenv(
      multilingual_features.ENVIRONMENT_VARIABLE, raising=False
  )


def _small_file() -> str:
  return data.get_mini_vocabulary().sentencepiece_model_file


def test_gin_wins_over_the_environment_and_that_over_the_published_place(
    monkeypatch,
):
  assert multilingual_features.mt5_vocabulary() == (
      "gs://t5-data/vocabs/mc4.250000.100extra/sentencepiece.model",
      0,
  )
  monkeypatch.setenv("MT5_VOCABULARY_FILE", "/from/environment")
  assert multilingual_features.mt5_vocabulary()[0] == "/from/environment"
  gin.parse_config("mt5_vocabulary.file = '/from/gin'")
  assert multilingual_features.mt5_vocabulary()[0] == "/from/gin"


def test_a_missing_file_says_what_to_bind():
  gin.parse_config("mt5_vocabulary.file = '/nowhere/mt5.model'")
  vocabulary = multilingual_features.MT5Vocabulary()
  for use in (lambda v: v.encode("a"), lambda v: v.encode_tf("a")):
    with pytest.raises(errors.DataError) as error:
      use(vocabulary)
    message = str(error.value)
    assert "/nowhere/mt5.model does not exist" in message
    assert "--gin_param=\"mt5_vocabulary.file = '" in message
    assert "MT5_VOCABULARY_FILE" in message


def test_an_unreachable_place_is_a_clear_error_too(monkeypatch):
  def unreachable(path):
    raise tf.errors.FailedPreconditionError(None, None, "no host name\nmore")

  monkeypatch.setattr(vocabularies.files, "exists", unreachable)
  with pytest.raises(errors.DataError, match=r"cannot be reached \(no host na"):
    _ = multilingual_features.MT5Vocabulary().vocab_size


def test_a_file_without_sentinels_is_refused_until_they_are_added():
  gin.parse_config(f"mt5_vocabulary.file = '{_small_file()}'")
  vocabulary = multilingual_features.MT5Vocabulary()
  for _ in range(2):
    with pytest.raises(errors.DataError, match="extra_ids = 100"):
      _ = vocabulary.vocab_size
  gin.parse_config("mt5_vocabulary.extra_ids = 100")
  own = multilingual_features.MT5Vocabulary()
  assert own.vocab_size == data.get_mini_vocabulary().vocab_size
  assert own.encode(_SPAN) == data.get_mini_vocabulary().encode(_SPAN)
  assert own == data.get_mini_vocabulary()


def test_a_copy_in_another_process_needs_no_gin():
  gin.parse_config([
      f"mt5_vocabulary.file = '{_small_file()}'",
      "mt5_vocabulary.extra_ids = 100",
  ])
  pickled = pickle.dumps(multilingual_features.MT5Vocabulary())
  gin.clear_config()
  copy = pickle.loads(pickled)
  assert copy.encode(_SPAN) == data.get_mini_vocabulary().encode(_SPAN)


def test_the_published_vocabulary_has_its_sentinels_inside(mt5_file):
  gin.parse_config(f"mt5_vocabulary.file = '{mt5_file}'")
  vocabulary = multilingual_features.MT5Vocabulary()
  assert vocabulary.vocab_size == 250000 + DEFAULT_EXTRA_IDS
  assert (vocabulary.pad_id, vocabulary.eos_id, vocabulary.unk_id) == (0, 1, 2)
  last = vocabulary.vocab_size - 1
  assert vocabulary.decode([last, last - 99]) == "<extra_id_0> <extra_id_99>"
  ids = vocabulary.encode(_SPAN)
  assert ids.count(last) == ids.count(last - 1) == 1
  assert vocabulary.encode_tf(_SPAN).numpy().tolist() == ids
  for text in ("Ελλάδα και Ρώμη", "奥斯陆是挪威的首都", "हिन्दी में लिखना"):
    ids = vocabulary.encode(text)
    assert vocabulary.unk_id not in ids
    assert vocabulary.decode(ids) == text


def test_bytes_have_no_sentinels_of_their_own():
  features = multilingual_features.byt5_features()
  vocabulary = features["targets"].vocabulary
  assert vocabulary.vocab_size == 3 + 256
  assert not features["inputs"].required
  text = "奥斯陆 Oslo"
  assert vocabulary.decode(vocabulary.encode(text)) == text
