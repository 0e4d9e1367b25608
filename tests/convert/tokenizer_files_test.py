"""The vocabulary's file is copied, and its sentinels counted."""

import json
import pathlib

import pytest

from t5_mtf import data, errors
from t5_mtf.convert import tokenizer_files
from tests.convert import tiny_models


def test_sentinels_are_added_unless_the_file_has_its_own(tmp_path):
  plain = tokenizer_files.load(tiny_models.vocabulary_file("T5 1.0", tmp_path))
  own = tokenizer_files.load(tiny_models.vocabulary_file("mT5", tmp_path))
  assert (plain.extra_ids, plain.own_sentinels) == (100, False)
  assert (own.extra_ids, own.own_sentinels) == (0, True)
  assert own.size == plain.size == data.get_mini_vocabulary().vocab_size


@pytest.mark.parametrize("extra_ids", [None, 0, 7])
def test_what_is_written_is_found_again(tmp_path, extra_ids):
  path = tiny_models.vocabulary_file("T5 1.0", tmp_path)
  vocabulary = tokenizer_files.load(path, extra_ids)
  tokenizer_files.write(str(tmp_path), vocabulary)
  assert tokenizer_files.find(str(tmp_path)) == vocabulary
  copied = (tmp_path / "spiece.model").read_bytes()
  assert copied == pathlib.Path(path).read_bytes()
  config = json.loads((tmp_path / "tokenizer_config.json").read_text())
  assert config["tokenizer_class"] == "T5Tokenizer"
  assert len(config.get("additional_special_tokens", [])) == (
      config["extra_ids"]
  )


def test_a_published_place_is_the_packaged_file():
  published = data.SentencePieceVocabulary(
      "gs://t5-data/vocabs/cc_all.32000.100extra/sentencepiece.model", 0
  )
  found = tokenizer_files.of_run(published)
  packaged = data.get_default_vocabulary()
  assert found == tokenizer_files.load(packaged.sentencepiece_model_file)
  assert found.describe() == "32,000 pieces, 100 more as sentinels"


def test_there_is_none_for_bytes_and_for_a_folder_without_one(tmp_path):
  assert tokenizer_files.of_run(data.ByteVocabulary()) is None
  assert tokenizer_files.find(str(tmp_path)) is None


def test_a_damaged_tokenizer_config_is_an_error(tmp_path):
  path = tiny_models.vocabulary_file("T5 1.0", tmp_path)
  tokenizer_files.write(str(tmp_path), tokenizer_files.load(path))
  (tmp_path / "tokenizer_config.json").write_text("{")
  with pytest.raises(errors.DataError, match="tokenizer_config.json cannot"):
    tokenizer_files.find(str(tmp_path))
