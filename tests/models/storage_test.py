"""A model directory may be local or on a file system of TensorFlow's."""

import pytest

from t5_mtf.evaluation import files
from t5_mtf.models import storage


@pytest.fixture(params=["local", "ram://storage_test"])
def folder(request, tmp_path):
  return str(tmp_path / "f") if request.param == "local" else request.param


def test_writes_reads_appends_moves_and_removes(folder):
  path = f"{folder}/a.txt"
  assert not files.exists(path) and storage.names(folder) == []
  files.write_atomically(path, "größe\n")
  storage.append(path, "more\n")
  assert files.read_text(path) == "größe\nmore\n"
  assert storage.size_and_time(path)[0] == 13
  files.write_atomically(path, "new")
  storage.move(path, f"{folder}/b.txt")
  assert storage.names(folder) == ["b.txt"]
  assert storage.is_folder(folder)
  files.write_atomically(f"{folder}/below/c.txt", "c")
  assert storage.names(folder) == ["b.txt", "below"]
  storage.remove(f"{folder}/below")
  storage.remove(f"{folder}/b.txt")
  assert storage.names(folder) == []
