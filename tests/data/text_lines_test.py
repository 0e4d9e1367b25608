"""Tests of t5_mtf.data.text_lines."""

from __future__ import annotations

import gzip
import io
import re

import pytest

from t5_mtf import errors
from t5_mtf.data import text_lines


def _lines(tmp_path, raw, name="a.txt", **kwargs):
  path = tmp_path / name
  path.write_bytes(raw)
  return text_lines.TextLines(str(path), **kwargs)


def test_lines_lose_their_ends_and_the_byte_order_mark(tmp_path):
  lines = _lines(tmp_path, b"\xef\xbb\xbfone\r\ntwo\n\nfour")
  assert list(lines) == [(1, "one"), (2, "two"), (3, ""), (4, "four")]
  assert lines.has_byte_order_mark


def test_ends_can_be_kept(tmp_path):
  lines = _lines(tmp_path, b"one\r\ntwo\n", keep_ends=True)
  assert [text for _, text in lines] == ["one\r\n", "two\n"]
  assert not lines.has_byte_order_mark


def test_a_file_of_a_byte_order_mark_alone_has_no_lines(tmp_path):
  assert not list(_lines(tmp_path, b"\xef\xbb\xbf"))


def test_a_line_that_is_not_utf8_says_how_to_convert_the_file(tmp_path):
  (_, good), (number, bad) = _lines(tmp_path, b"good\ncaf\xe9 noir\n")
  assert good == "good"
  assert (number, bad.reason) == (2, "not UTF-8")
  assert "byte 0xe9 at position 4" in bad.detail
  assert "'café noir'" in bad.detail
  assert re.search(
      r"iconv -f WINDOWS-1252 -t UTF-8 \S+a.txt > \S+a.utf8.txt", bad.detail
  )


def test_the_conversion_of_a_compressed_file_unpacks_it(tmp_path):
  [(_, bad)] = _lines(tmp_path, gzip.compress(b"\xe9\n"), "a.tsv.gz")
  assert re.search(
      r"zcat \S+a.tsv.gz \| iconv -f WINDOWS-1252 -t UTF-8 > \S+a.utf8.tsv",
      bad.detail,
  )


def test_bytes_of_no_known_encoding_do_not_suggest_one(tmp_path):
  [(_, bad)] = _lines(tmp_path, b"\x81\x8d\n")
  assert bad.reason == "not UTF-8" and "1252" not in bad.detail


def test_a_nul_is_a_bad_line(tmp_path):
  [(_, bad)] = _lines(tmp_path, b"ab\0c\n")
  assert bad.reason == "NUL character"
  assert "position 3" in bad.detail


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_recognized_by_its_mark(tmp_path, encoding):
  with pytest.raises(errors.DataError, match="UTF-16.*iconv -f UTF-16"):
    list(_lines(tmp_path, "\ufeffa\n".encode(encoding)))


class _Terminal(io.StringIO):
  def isatty(self):
    return True


@pytest.mark.parametrize("stream", [io.StringIO(), _Terminal()])
def test_progress_is_silent_at_first_and_then_speaks(monkeypatch, stream):
  monkeypatch.setattr(text_lines, "_PROGRESS_AFTER", 1000)
  progress = text_lines.ReadingProgress("checking a.tsv", stream)
  for count in range(1, 10_000):
    progress.at(count)
  assert not stream.getvalue()
  monkeypatch.setattr(text_lines, "_PROGRESS_AFTER", 0)
  progress = text_lines.ReadingProgress("checking a.tsv", stream)
  for count in range(1, 10_000):
    progress.at(count)
  progress.close()
  assert "checking a.tsv: 4,096 rows in 0 s" in stream.getvalue()
  assert ("\r" in stream.getvalue()) == stream.isatty()
  assert stream.getvalue().endswith("\n")
