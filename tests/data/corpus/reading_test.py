"""Tests of t5_mtf.data.corpus.reading."""

from __future__ import annotations

import doctest
import gzip
import json

import pytest

from t5_mtf import errors
from t5_mtf.data.corpus import reading
from t5_mtf.data.corpus.tally import Tally
from tests.data.corpus.raw_text import wet_record


def _read(path, **kwargs):
  tally = Tally()
  return list(reading.read_pages(path, tally, **kwargs)), tally


def test_examples_of_the_documentation():
  assert doctest.testmod(reading).failed == 0


def test_wet_record_becomes_a_page_with_the_fields_of_c4(write_file):
  text = " One line. \r\n\r\nWARC stands at the start of this one.\r\n"
  content = wet_record(None, "software: x", kind="warcinfo")
  content += wet_record("http://a.org/é", text)
  for name in ("a.warc.wet.gz", "a.wet"):
    (page,), tally = _read(write_file(name, content))
    assert page == reading.Page(
        "http://a.org/é",
        "One line.\nWARC stands at the start of this one.",
        "2019-04-18T10:12:43Z",
        "text/plain",
        str(len(text)),
    )
    assert tally.counts == {
        "pages read": 1,
        "record skipped: type warcinfo, which is no page": 1,
    }


def test_wet_is_read_as_tensorflow_datasets_reads_it(write_file):
  from tensorflow_datasets.text import c4_utils

  content = wet_record(None, "software: x", kind="warcinfo")
  content += wet_record("http://a.org", "One.\n\n  Two.\u2028Still two.\n")
  content += wet_record("http://www.b.org/?utm_x=1", "Three.", "2020-01-01")
  path = write_file("a.warc.wet.gz", content)
  theirs = c4_utils.split_wet_file(path, lambda name, count=1: None)
  fields = ("url", "text", "timestamp", "content_type", "content_length")
  expected = [[getattr(page, f) for f in fields] for page in theirs]
  assert len(expected) == 2
  assert [
      [getattr(page, f) for f in fields] for page in _read(path)[0]
  ] == expected


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (wet_record(None, "A."), "no URL"),
        (wet_record("http://a.org", "A.", date=None), "no date"),
        (wet_record("http://a.org", b"A\xff."), "not UTF-8"),
        (wet_record("http://a.org", " \r\n"), "no text"),
    ],
)
def test_unusable_wet_record_is_counted_with_its_place(
    write_file, record, reason
):
  good = wet_record("http://good.org", "B.")
  path = write_file("a.wet", good + record + good)
  pages, tally = _read(path)
  assert [page.text for page in pages] == ["B.", "B."]
  assert tally.counts[f"record skipped: {reason}"] == 1
  (place,) = tally.first.values()
  assert place in (f"{path} record 2", "http://a.org")


def test_what_is_before_the_first_warc_record_is_counted(write_file):
  pages, tally = _read(
      write_file("a.wet", b"<html>\nx\n" + wet_record("http://a.org", "A."))
  )
  assert len(pages) == 1
  name = "record skipped: bytes before the first WARC record"
  assert tally.counts[name] == 1


def test_broken_gzip_keeps_the_pages_before_and_is_counted(tmp_path):
  path = tmp_path / "a.warc.wet.gz"
  first = gzip.compress(wet_record("http://a.org", "A.") + b"WARC/1.0\r\n")
  second = gzip.compress(wet_record("http://b.org", "B.") * 1000)
  path.write_bytes(first + second[: len(second) // 2])
  pages, tally = _read(str(path))
  assert pages[0].text == "A."
  assert len(pages) < 1001
  ((name, place),) = [
      (n, p) for n, p in tally.first.items() if n.startswith("file broken: ")
  ]
  assert tally.counts[name] == 1
  assert f"{path} ends in the middle" in place


def test_jsonl_rows_need_a_text_and_may_have_the_rest(write_file):
  rows = [
      {"text": "A.", "url": "http://a.org", "timestamp": "2020"},
      {"text": "Bé."},
  ]
  lines = [json.dumps(row).encode("utf-8") for row in rows]
  lines += [b"{", b'{"url": "x"}', b'"text"', b'{"text": "\xff"}', b""]
  path = write_file("a.jsonl.gz", b"\n".join(lines) + b"\n")
  (first, second), tally = _read(path)
  assert (first.url, first.timestamp) == ("http://a.org", "2020")
  assert second.url == f"file://{path}#2"
  assert second.content_length == "4"
  assert tally.starting("record skipped: ") == {
      "no text under the key text": 2,
      "not JSON": 1,
      "not UTF-8": 1,
      "empty line": 1,
  }
  assert tally.first["record skipped: not JSON"] == f"{path}:3"


@pytest.mark.parametrize(
    ("separator", "texts"),
    [
        ("file", ["A.\nB.\n\n\nC."]),
        ("blank_line", ["A.\nB.", "C."]),
        ("line", ["A.", "B.", "C."]),
    ],
)
def test_text_separator_says_what_a_page_is(write_file, separator, texts):
  path = write_file("a.txt", "A.\nB.\n\n\nC.\n")
  pages, _ = _read(path, text_separator=separator)
  assert [page.text for page in pages] == texts
  assert len({page.url for page in pages}) == len(texts)


def test_line_of_a_text_that_is_not_utf8_is_left_out_and_counted(write_file):
  path = write_file("a.txt", b"A.\n\xff\nB.\n")
  (page,), tally = _read(path)
  assert page.text == "A.\nB."
  assert tally.first == {"record skipped: line, not UTF-8": f"{path}:2"}


def test_unknown_ending_is_an_error_that_names_the_flag():
  with pytest.raises(errors.UserError, match="--input_format"):
    reading.format_of("crawl.html")


def test_warc_of_responses_gives_the_text_of_html(write_file):
  html = "<html><body><p>Tea &amp; milk.</p><script>x</script></body></html>"
  head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
  missing = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\nNo."
  content = wet_record("http://a.org", head + html, kind="response")
  content += wet_record("http://a.org", "GET /", kind="request")
  content += wet_record("<http://b.org>", missing, kind="response")
  (page,), tally = _read(write_file("a.warc.gz", content))
  assert (page.text, page.content_type) == ("Tea & milk.", "text/html")
  assert tally.starting("record skipped: ") == {
      "type request, which is no page": 1,
      "HTTP status other than 200": 1,
  }
