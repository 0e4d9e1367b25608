"""Small files of raw text, and the making of corpora from them."""

from __future__ import annotations

import gzip

import pytest

from t5_mtf.data.corpus.corpus_build import CorpusBuild
from t5_mtf.data.corpus.settings import CorpusSettings


@pytest.fixture
def write_file(tmp_path):
  """Writes a file, compressed if its name says so; returns its path."""

  def write(name: str, content: bytes | str) -> str:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return str(path)

  return write


@pytest.fixture
def make_corpus(tmp_path):
  """Makes a corpus on Beam; returns its statistics."""

  def make(inputs, folder="corpus", **settings):
    from t5_mtf.data.corpus import pipeline

    num_shards = settings.pop("num_shards", 2)
    build = CorpusBuild(
        inputs, str(tmp_path / folder), CorpusSettings(**settings), num_shards
    )
    return pipeline.run(build, say=lambda line: None)

  return make
