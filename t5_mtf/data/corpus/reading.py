"""Pages of local files: WET and WARC, JSON lines, and plain text.

What cannot be used is counted, with the first place of each kind; a file that
breaks off keeps the pages before the break.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from typing import BinaryIO

from t5_mtf import errors
from t5_mtf.data import files, text_lines
from t5_mtf.data.corpus import html_text
from t5_mtf.data.corpus.tally import (
    FILE_BROKEN,
    PAGES_READ,
    RECORD_SKIPPED,
    Tally,
)

_ENDINGS = {
    "wet": "warc",
    "warc": "warc",
    "jsonl": "jsonl",
    "json": "jsonl",
    "ndjson": "jsonl",
    "txt": "text",
}
# WET files hold the texts of pages as `conversion`, WARC files what servers
# answered as `response`; the other types hold no page.
_PAGE_TYPES = ("conversion", "response")
_VERSION = b"WARC/1."


@dataclasses.dataclass(frozen=True)
class Page:
  """A page, with the fields of C4 and those that its making needs.

  The names are those of `PageFeatures` in TensorFlow Datasets' `c4_utils`,
  whose functions take either.

  Attributes:
    url: where it is from; for text without one, the file and a number.
    text: its text, lines separated by newlines.
    timestamp: when it was crawled, in ISO 8601.
    content_type: MIME type.
    content_length: in bytes, before it was cleaned.
    normalized_url: the URL as pages are compared by it.
    language: code of its language, if that was checked.
  """

  url: str
  text: str
  timestamp: str = ""
  content_type: str = ""
  content_length: str = ""
  normalized_url: str = ""
  language: str | None = None


def format_of(path: str, given: str | None = None) -> str:
  """The format of a file: the one given, else that of the name's ending.

  >>> format_of("CC-MAIN-20190418101243-00000.warc.wet.gz")
  'warc'

  Raises:
    UserError: the name does not tell it.
  """
  if given:
    return given
  ending = path.removesuffix(".gz").rpartition(".")[2].lower()
  if ending not in _ENDINGS:
    raise errors.UserError(
        f"what is in {path} cannot be told from its name (.warc.wet, .wet,"
        " .warc, .jsonl, .json or .txt, also with .gz). Give --input_format:"
        " warc, jsonl or text."
    )
  return _ENDINGS[ending]


def read_pages(
    path: str,
    tally: Tally,
    input_format: str | None = None,
    text_separator: str = "file",
) -> Iterator[Page]:
  """Yields the pages of a file.

  Args:
    path: the file; a name that ends in .gz is decompressed.
    tally: counts pages, and what is skipped and why.
    input_format: "warc", "jsonl" or "text"; by default the name's ending.
    text_separator: what ends a page of a text file: "file", "blank_line" or
      "line".

  Raises:
    UserError: the format cannot be told from the name.
  """
  readers = {
      "warc": lambda: _warc_pages(path, tally),
      "jsonl": lambda: _jsonl_pages(path, tally),
      "text": lambda: _text_pages(path, text_separator, tally),
  }
  pages = readers[format_of(path, input_format)]()
  try:
    for page in pages:
      if not page.text.strip():
        tally.add(RECORD_SKIPPED + "no text", place=page.url)
        continue
      tally.add(PAGES_READ)
      yield page
  except errors.DataError as error:
    tally.add(FILE_BROKEN + "pages behind the place are lost", place=str(error))


@dataclasses.dataclass
class _Record:
  """A WARC record: where it starts, its headers, and its content."""

  number: int
  headers: dict[str, str]
  content: list[bytes]


def _warc_pages(path: str, tally: Tally) -> Iterator[Page]:
  with files.open_binary(path) as f, files.reading(path):
    for record in _warc_records(f, path, tally):
      page = _page_of_record(record, f"{path} record {record.number}", tally)
      if page:
        yield page


def _warc_records(f: BinaryIO, path: str, tally: Tally) -> Iterator[_Record]:
  """Yields records; a version line begins the next one, as TFDS reads them.

  Content-Length is not relied on: tools that edit WET files leave it wrong.
  """
  number = 0
  record: _Record | None = None
  in_headers = False
  for line in f:
    if line.startswith(_VERSION) and line[len(_VERSION) :].strip().isdigit():
      if record:
        yield record
      number += 1
      record, in_headers = _Record(number, {}, []), True
    elif record is None:
      if line.strip():
        tally.add(
            RECORD_SKIPPED + "bytes before the first WARC record", place=path
        )
        record = _Record(0, {"warc-type": "none"}, [])
    elif not in_headers:
      if record.headers.get("warc-type", "conversion") in _PAGE_TYPES:
        record.content.append(line)
    elif line.strip():
      name, _, value = line.decode("utf-8", "replace").partition(":")
      record.headers.setdefault(name.strip().lower(), value.strip())
    else:
      in_headers = False
  if record:
    yield record


def _page_of_record(record: _Record, place: str, tally: Tally) -> Page | None:
  headers = record.headers
  # Files made by hand may leave the type out.
  kind = headers.get("warc-type", "conversion")
  if kind not in _PAGE_TYPES:
    if kind != "none":
      tally.add(RECORD_SKIPPED + f"type {kind}, which is no page")
    return None
  for header, what in (
      ("warc-target-uri", "no URL"),
      ("warc-date", "no date"),
  ):
    if not headers.get(header):
      tally.add(RECORD_SKIPPED + what, place=place)
      return None
  content_type = headers.get("content-type", "")
  try:
    if kind == "response":
      text, content_type = html_text.text_of_response(b"".join(record.content))
    else:
      text = b"".join(record.content).decode("utf-8")
  except UnicodeDecodeError:
    tally.add(RECORD_SKIPPED + "not UTF-8", place=place)
    return None
  except ValueError as error:
    tally.add(RECORD_SKIPPED + str(error), place=place)
    return None
  lines = filter(None, (line.strip() for line in text.split("\n")))
  return Page(
      headers["warc-target-uri"].strip("<>"),
      "\n".join(lines),
      headers["warc-date"],
      content_type,
      headers.get("content-length", ""),
  )


def _jsonl_pages(path: str, tally: Tally) -> Iterator[Page]:
  for number, line in text_lines.TextLines(path):
    place = f"{path}:{number}"
    if isinstance(line, text_lines.BadLine):
      tally.add(RECORD_SKIPPED + line.reason, place=place)
      continue
    if not line.strip():
      tally.add(RECORD_SKIPPED + "empty line", place=place)
      continue
    try:
      row = json.loads(line)
    except json.JSONDecodeError:
      tally.add(RECORD_SKIPPED + "not JSON", place=place)
      continue
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
      tally.add(RECORD_SKIPPED + "no text under the key text", place=place)
      continue
    text = row["text"].encode("utf-8", "replace")  # of lone surrogates
    yield Page(
        str(row.get("url") or _made_up_url(path, number)),
        text.decode("utf-8"),
        str(row.get("timestamp") or ""),
        str(row.get("content-type") or "text/plain"),
        str(row.get("content-length") or len(text)),
    )


def _text_pages(path: str, separator: str, tally: Tally) -> Iterator[Page]:
  lines: list[str] = []
  number = 0
  reader = text_lines.TextLines(path)
  for at, line in reader:
    if isinstance(line, text_lines.BadLine):
      tally.add(RECORD_SKIPPED + f"line, {line.reason}", place=f"{path}:{at}")
      continue
    is_end = separator == "blank_line" and not line.strip()
    if not is_end:
      lines.append(line)
    if (is_end and lines) or separator == "line":
      number += 1
      yield from _text_page(path, number, lines)
      lines = []
  if separator == "file":
    yield _page_of_text(path, None, "\n".join(lines))
  else:
    yield from _text_page(path, number + 1, lines)


def _text_page(path: str, number: int, lines: list[str]) -> Iterator[Page]:
  text = "\n".join(lines)
  if text.strip():
    yield _page_of_text(path, number, text)


def _page_of_text(path: str, number: int | None, text: str) -> Page:
  return Page(
      _made_up_url(path, number),
      text,
      content_type="text/plain",
      content_length=str(len(text.encode("utf-8"))),
  )


def _made_up_url(path: str, number: int | None) -> str:
  """Names a page that has no URL."""
  if not files.is_remote(path):
    path = "file://" + os.path.abspath(path)
  return path if number is None else f"{path}#{number}"
