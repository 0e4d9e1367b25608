"""The same sources give the same files, byte for byte."""

import hashlib

import pytest

from t5_mtf import errors
from t5_mtf.data.embedded import build, files, train_vocabulary

MODEL = files.ROOT.parent / "vocabs" / "mini.model"


def _skip_unless_same_babel():
  babel = pytest.importorskip(
      "babel", reason="Babel is a build-time dependency"
  )
  wanted = files.read_manifest()["babel"]
  if babel.__version__ != wanted:
    pytest.skip(f"files were built with Babel {wanted}")


@pytest.mark.slow
def test_rebuilding_gives_the_shipped_files(tmp_path, shared_dir):
  _skip_unless_same_babel()
  build.build(shared_dir / "data" / "embedded", tmp_path)
  assert files.read_manifest(tmp_path) == files.read_manifest()
  for name, entry in files.read_manifest()["files"].items():
    content = (tmp_path / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]


@pytest.mark.slow
def test_training_the_vocabulary_again_gives_the_shipped_model():
  assert train_vocabulary.train() == MODEL.read_bytes()


def test_a_missing_source_is_named(tmp_path):
  with pytest.raises(errors.DataError, match="austen/emma.txt"):
    build.build(tmp_path, tmp_path)


def test_the_vocabulary_has_the_special_ids_of_t5():
  import sentencepiece

  model = sentencepiece.SentencePieceProcessor(str(MODEL))
  assert model.get_piece_size() == train_vocabulary.NUM_PIECES
  assert (model.pad_id(), model.eos_id(), model.unk_id()) == (0, 1, 2)
  assert model.bos_id() == -1
  assert model.encode("<pad> 1935")[-4:] == model.encode("1935")[-4:]


@pytest.mark.parametrize(
    "dataset", ["sentiment", "squad", "ende", "enfr", "enro", "kjv"]
)
def test_the_vocabulary_writes_validation_text_without_unknowns(dataset):
  import sentencepiece

  model = sentencepiece.SentencePieceProcessor(str(MODEL))
  for row in files.read_rows(dataset, "validation"):
    for text in row.values():
      assert model.unk_id() not in model.encode(text)
