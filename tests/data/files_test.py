"""Tests of t5_mtf.data.files."""

from __future__ import annotations

import doctest
import gzip

import pytest

from t5_mtf import errors
from t5_mtf.data import files


def test_examples_of_the_documentation():
  assert doctest.testmod(files).failed == 0


def test_files_are_expanded_sorted_and_once(tmp_path):
  for name in ("b.tsv", "a.tsv", "c[1].tsv", "d.csv"):
    (tmp_path / name).write_text("x")
  found = files.expand([f"{tmp_path}/*.tsv", f"{tmp_path}/c[1].tsv"])
  names = [path.rpartition("/")[2] for path in found]
  assert names == ["a.tsv", "b.tsv", "c[1].tsv"]


def test_a_pattern_without_files_is_an_error(tmp_path):
  with pytest.raises(errors.DataError, match=r"no file matches .*no\.tsv"):
    files.expand(f"{tmp_path}/no.tsv")


@pytest.mark.parametrize("use", [files.expand, files.open_binary])
def test_a_folder_is_an_error_that_names_a_pattern(tmp_path, use):
  with pytest.raises(errors.DataError, match=r"is a folder.*/\*\.tsv"):
    use(str(tmp_path))


def test_a_missing_file_is_named(tmp_path):
  with pytest.raises(errors.DataError, match=r"no\.tsv' was not found"):
    files.open_binary(f"{tmp_path}/no.tsv")


def test_an_unreadable_file_is_named_with_the_reason():
  # Not with a real file: a test may run as root, who can read all.
  refused = pytest.raises(errors.DataError, match="a.tsv cannot be read: Perm")
  with refused, files.reading("a.tsv"):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[: len(raw) // 2], "ends in the middle"),
        (lambda raw: b"plain text\n", "not a sound gzip file"),
        (lambda raw: raw[:-8] + b"\0" * 8, "not a sound gzip file"),
    ],
)
def test_a_damaged_gzip_file_is_an_error(tmp_path, damage, message):
  path = tmp_path / "a.tsv.gz"
  path.write_bytes(damage(gzip.compress(bytes(range(256)) * 100)))
  with pytest.raises(errors.DataError, match=f"a.tsv.gz .*{message}.*gzip -t"):
    with files.open_binary(str(path)) as f, files.reading(str(path)):
      f.read()


def test_json_is_written_whole_and_leaves_nothing_else(tmp_path):
  path = tmp_path / "stats.json"
  files.write_json(str(path), {"b": "ä", "a": 1})
  files.write_json(str(path), {"b": "ü", "a": 2}, sort_keys=True)
  assert path.read_text(encoding="utf-8") == '{\n  "a": 2,\n  "b": "ü"\n}\n'
  assert [found.name for found in tmp_path.iterdir()] == ["stats.json"]
