from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import files


def test_lines_are_written_and_read_back(tmp_path) -> None:
  path = tmp_path / "new" / "lines"
  files.write_lines(path, ["a", "", "ü\u2028v", "two\nlines"])
  assert files.read_lines(path) == ["a", "", "ü v", "two lines"]


def test_only_line_feeds_end_lines(tmp_path) -> None:
  path = tmp_path / "lines"
  path.write_bytes("a\u2028b\r\nc\x0bd\n\n".encode())
  assert files.read_lines(path) == ["a\u2028b", "c\x0bd", ""]


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (None, errors.UserError, "was not found"),
        (b"", errors.UserError, "is empty"),
        (b"a\nb\nc\xe9\n", errors.DataError, "lines:3 is not UTF-8 .byte 0xe9"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, content, kind, message) -> None:
  path = tmp_path / "lines"
  if content is not None:
    path.write_bytes(content)
  with pytest.raises(kind, match=message):
    files.read_lines(path)


def test_remote_paths_go_through_tensorflow() -> None:
  path = "ram://files_test/folder/lines"
  assert not files.exists(path)
  files.write_lines(path, ["a", "b"])
  files.write_lines(path, ["a", "c"])
  assert files.exists(path) and files.read_lines(path) == ["a", "c"]
  with pytest.raises(errors.UserError, match="was not found"):
    files.read_lines(path + "2")
