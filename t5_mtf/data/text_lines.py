"""Lines of text files, each one checked: UTF-8, without NUL characters.

A byte-order mark at the head of a file and carriage returns at the ends of its
lines are taken off, the mark with a note. What is wrong with one line is handed
to the reader of the lines, who knows whether to stop or to leave it out; what
is wrong with the file is an error at once.
"""

from __future__ import annotations

import codecs
import dataclasses
import os
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from t5_mtf import errors
from t5_mtf.data import files

_PROGRESS_AFTER = 2.0  # seconds
_PROGRESS_EVERY = 1.0
_LINES_A_LOOK = 4096  # lines between looks at the clock
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclasses.dataclass(frozen=True)
class BadLine:
  """What is wrong with a line or a row.

  Attributes:
    reason: in a few words, the same for all lines that share it.
    detail: about this one, and what to do.
  """

  reason: str
  detail: str


class TextLines:
  """The lines of one file.

  Attributes:
    path: the file.
    has_byte_order_mark: whether it began with one; known once it was read.
  """

  def __init__(self, path: str, keep_ends: bool = False):
    """Initializes the reader; the file is opened by iterating.

    Args:
      path: the file; a name that ends in .gz is decompressed.
      keep_ends: whether lines keep their ends as they are, as CSV needs it.
    """
    self.path = path
    self.has_byte_order_mark = False
    self._keep_ends = keep_ends

  def __iter__(self) -> Iterator[tuple[int, str | BadLine]]:
    """Yields the number of each line, from 1, and its text.

    Raises:
      DataError: the file cannot be read.
    """
    with files.open_binary(self.path) as f, files.reading(self.path):
      for number, raw in enumerate(self._raw_lines(f), 1):
        if not self._keep_ends:
          raw = raw.rstrip(b"\r\n")
        try:
          text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
          yield number, self._not_utf8(error)
          continue
        yield number, self._nul(text) if "\0" in text else text

  def _raw_lines(self, f: BinaryIO) -> Iterator[bytes]:
    first = f.readline()
    if first.startswith(_UTF16_MARKS):
      raise errors.DataError(
          f"{self.path} is UTF-16. Convert it: {self._iconv('UTF-16')}"
      )
    if first.startswith(codecs.BOM_UTF8):
      self.has_byte_order_mark = True
      first = first.removeprefix(codecs.BOM_UTF8)
      if not first:
        return
    if first:
      yield first
      yield from f

  def _not_utf8(self, error: UnicodeDecodeError) -> BadLine:
    byte = error.object[error.start]
    detail = f"not UTF-8 (byte {byte:#04x} at position {error.start + 1})."
    try:
      shown = error.object[max(0, error.start - 20) : error.start + 20]
      detail += (
          f" As Windows-1252 the place reads {shown.decode('cp1252')!r}; if"
          f" that is right, convert the file: {self._iconv('WINDOWS-1252')}"
      )
    except UnicodeDecodeError:
      detail += " Convert the file to UTF-8 with iconv."
    return BadLine("not UTF-8", detail)

  def _nul(self, text: str) -> BadLine:
    return BadLine(
        "NUL character",
        f"a NUL character at position {text.index(chr(0)) + 1}. Is this a"
        f" text file? If it is UTF-16, convert it: {self._iconv('UTF-16')}",
    )

  def _iconv(self, encoding: str) -> str:
    name = self.path.removesuffix(".gz")
    stem, ending = os.path.splitext(name)
    unpack = f"zcat {self.path} | " if name != self.path else ""
    source = "" if unpack else f" {name}"
    return (
        f"{unpack}iconv -f {encoding} -t UTF-8{source} > {stem}.utf8{ending}"
    )


class ReadingProgress:
  """Says on stderr how far a check is, once it takes more than two seconds.

  On a terminal it is one live line; elsewhere a line now and then.
  """

  def __init__(self, what: str, stream: TextIO | None = None):
    """Initializes the progress.

    Args:
      what: what is being done, such as "checking train.tsv".
      stream: where to write; stderr by default.
    """
    self._what = what
    self._stream = stream or sys.stderr
    self._live = self._stream.isatty()
    self._start = time.monotonic()
    self._next = self._start + _PROGRESS_AFTER
    self._shown = False

  def at(self, count: int) -> None:
    """Reports that so many rows are done; cheap to call for every row."""
    if count % _LINES_A_LOOK or time.monotonic() < self._next:
      return
    now = time.monotonic()
    seconds = now - self._start
    line = f"{self._what}: {count:,} rows in {seconds:.0f} s"
    self._stream.write(f"\r\x1b[2K{line}" if self._live else line + "\n")
    self._stream.flush()
    self._shown = True
    self._next = now + (_PROGRESS_EVERY if self._live else seconds)

  def close(self) -> None:
    """Ends the live line."""
    if self._shown and self._live:
      self._stream.write("\n")
      self._stream.flush()
