"""Tests of t5_mtf.data.vocabulary_training."""

from __future__ import annotations

import doctest
import gzip

import pytest

from t5_mtf import data, errors
from t5_mtf.data import vocabulary_training
from t5_mtf.data.embedded import files

_SIZE = 300


@pytest.fixture(name="lines", scope="module")
def fixture_lines():
  rows = files.read_rows("austen", "validation")
  return [next(iter(row.values())) for row in rows][:150]


@pytest.fixture(name="model", scope="module")
def fixture_model(lines):
  return vocabulary_training.train(lines, _SIZE)


def test_doctests():
  assert doctest.testmod(vocabulary_training).failed == 0


def test_a_trained_model_is_a_vocabulary_of_t5s_form(model, lines, tmp_path):
  path = tmp_path / "small.model"
  path.write_bytes(model)
  vocabulary = data.SentencePieceVocabulary(str(path), 100)
  assert vocabulary.vocab_size == _SIZE + 100
  assert (vocabulary.pad_id, vocabulary.eos_id, vocabulary.unk_id) == (0, 1, 2)
  assert vocabulary.bos_id is None
  text = " ".join(lines[0].split())
  assert vocabulary.decode(vocabulary.encode(text)) == text


def test_the_check_counts_what_the_model_restores(model, lines):
  found = vocabulary_training.check(model, lines)
  assert found.pieces == _SIZE
  assert found.lines == found.restored == len(lines)
  assert found.unknown == 0
  strange = vocabulary_training.check(model, ["茶"])
  assert (strange.unknown, strange.restored) == (1, 0)


def test_the_same_text_gives_the_same_model(model, lines):
  assert vocabulary_training.train(lines, _SIZE) == model


def test_with_byte_fallback_nothing_is_unknown(lines):
  model = vocabulary_training.train(lines, 600, byte_fallback=True)
  found = vocabulary_training.check(model, ["茶 {ő}"])
  assert (found.unknown, found.restored) == (0, 1)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (100_000, "give at most .* pieces, but vocab_size is 100,000"),
        (10, "vocab_size is 10, but the characters .* alone are"),
    ],
)
def test_a_size_that_the_text_does_not_give_is_an_error(lines, size, message):
  with pytest.raises(errors.UserError, match=message):
    vocabulary_training.train(lines, size)


@pytest.mark.parametrize("lines", [[], ["", " "]])
def test_no_text_is_an_error(lines):
  with pytest.raises(errors.DataError, match="no text"):
    vocabulary_training.train(lines, 100)


def test_very_long_lines_are_not_left_out(lines):
  text = " ".join(lines)
  model = vocabulary_training.train([text, "short"], _SIZE)
  assert vocabulary_training.check(model, [text]).restored == 1


def test_text_is_read_from_tables_and_compressed_files(tmp_path):
  (tmp_path / "a.tsv").write_text("x\ty\none\ttwo\nthree\tfour\n")
  with gzip.open(tmp_path / "b.txt.gz", "wt") as f:
    f.write("five\n\nsix\n")
  paths = (str(tmp_path / "a.tsv"), str(tmp_path / "b.txt.gz"))
  text = vocabulary_training.Text(paths)
  assert list(text.lines()) == ["one", "two", "three", "four", "five", "six"]
  column = vocabulary_training.Text(paths[:1], ("y",))
  assert list(column.lines()) == ["two", "four"]
  with pytest.raises(errors.UnknownNameError, match="column of"):
    list(vocabulary_training.Text(paths[:1], ("z",)).lines())


def test_other_special_ids_are_found(lines):
  model = vocabulary_training.train(lines, _SIZE, unk_id=0, pad_id=2)
  with pytest.raises(errors.UserError, match="special ids are"):
    vocabulary_training.check(model, lines)


def test_a_file_that_is_no_model_is_an_error(tmp_path):
  path = tmp_path / "text.model"
  path.write_text("text")
  vocabulary = data.SentencePieceVocabulary(str(path), 0)
  with pytest.raises(errors.DataError, match="not a SentencePiece model"):
    vocabulary_training.traits(vocabulary)
