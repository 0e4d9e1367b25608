"""Tables in text files: TSV, CSV and JSON lines, checked row by row.

* `tsv`: fields are separated by tabs. There is no quoting, so every character
  but tab and newline stands for itself.
* `csv`: RFC 4180. A field in double quotes may hold commas, newlines, and
  double quotes, which are doubled.
* `jsonl`: one JSON object a line. A value that is not a string is written as
  JSON (3, true, [1, 2]); null is an error.

Text is UTF-8. The first row of a TSV or CSV file names the columns, unless
they are given. Empty lines are errors.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import json
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from t5_mtf import errors
from t5_mtf.data import files

FORMATS = ("tsv", "csv", "jsonl")
_ROWS_A_BLOCK = 256


class Table:
  """One file of rows with named columns.

  Attributes:
    path: the file.
    file_format: "tsv", "csv" or "jsonl".
  """

  def __init__(
      self,
      path: str,
      columns: Sequence[str] | None = None,
      file_format: str | None = None,
  ):
    """Initializes the table.

    Args:
      path: the file; a name that ends in .gz is decompressed.
      columns: names of the columns, when the file has no header row; for
        JSONL the keys to take.
      file_format: one of `FORMATS`; by default the ending of the name.
    """
    self.path = path
    self.file_format = file_format or _format_of(path)
    if self.file_format not in FORMATS:
      raise errors.unknown_name("file format", self.file_format, FORMATS)
    self._given_columns = tuple(columns) if columns else None

  @functools.cached_property
  def columns(self) -> tuple[str, ...]:
    """Names of the columns.

    Raises:
      DataError: the file is empty, or a name is empty or there twice.
    """
    columns = self._given_columns or self._first_row()
    if len(set(columns)) < len(columns) or "" in columns:
      raise errors.DataError(
          f"{self.path}:1: the columns {list(columns)} are not distinct and"
          " non-empty names. Give `columns` if the file has no header row."
      )
    return columns

  def rows(self) -> Iterator[tuple[str, ...]]:
    """Yields the rows, fields in the order of `columns`.

    Raises:
      DataError: a row is malformed; the message names file and line.
    """
    columns = self.columns
    if self.file_format == "jsonl":
      yield from self._objects(columns)
      return
    skip = 0 if self._given_columns else 1
    for number, (line, fields) in enumerate(self._records()):
      if number < skip:
        continue
      if len(fields) != len(columns):
        raise errors.DataError(
            f"{self.path}:{line}: {len(fields)} fields, but there are"
            f" {len(columns)} columns ({', '.join(columns)})."
            f" The row: {fields!r:.200}"
        )
      yield tuple(fields)

  def blocks(self, columns: Sequence[str]) -> Iterator[list[list[str]]]:
    """Yields lists of up to 256 rows, fields in the order of `columns`."""
    order = [self.columns.index(column) for column in columns]
    block = []
    for row in self.rows():
      block.append([row[i] for i in order])
      if len(block) == _ROWS_A_BLOCK:
        yield block
        block = []
    if block:
      yield block

  def num_rows(self) -> int:
    """Number of rows; the first call checks every one of them."""
    return self._num_rows

  @functools.cached_property
  def _num_rows(self) -> int:
    return sum(1 for _ in self.rows())

  def _first_row(self) -> tuple[str, ...]:
    if self.file_format == "jsonl":
      for line, text in self._lines():
        return tuple(self._object(line, text))
    else:
      for _, fields in self._records():
        return tuple(fields)
    raise errors.DataError(f"{self.path} is empty.")

  def _lines(self) -> Iterator[tuple[int, str]]:
    """Yields line number and line, without the line ending."""
    with files.open_binary(self.path) as f:
      for number, raw in enumerate(_without_bom(f), 1):
        try:
          yield number, raw.rstrip(b"\r\n").decode("utf-8")
        except UnicodeDecodeError as e:
          raise errors.DataError(
              f"{self.path}:{number}: not UTF-8 ({e.reason} at byte {e.start}"
              " of the line). Convert the file, for example with iconv."
          ) from e

  def _records(self) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of a record's last line, and its fields."""
    if self.file_format == "tsv":
      for number, line in self._lines():
        yield number, line.split("\t")
      return
    with files.open_binary(self.path) as f:
      reader = csv.reader(
          io.TextIOWrapper(f, encoding="utf-8-sig", newline=""), strict=True
      )
      while True:
        try:
          fields = next(reader)
        except StopIteration:
          return
        except (csv.Error, UnicodeDecodeError) as e:
          raise errors.DataError(
              f"{self.path}:{reader.line_num + 1}: not CSV in UTF-8: {e}."
          ) from e
        yield reader.line_num, fields

  def _objects(self, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for line, text in self._lines():
      values = self._object(line, text)
      missing = [column for column in columns if column not in values]
      extra = [] if self._given_columns else set(values) - set(columns)
      if missing or extra:
        raise errors.DataError(
            f"{self.path}:{line}: the keys are {list(values)}, but"
            f" {list(columns)} are expected. Give `columns` to take only"
            " keys that every object has."
        )
      yield tuple(self._text(line, c, values[c]) for c in columns)

  def _object(self, line: int, text: str) -> dict[str, object]:
    try:
      values = json.loads(text)
    except json.JSONDecodeError as e:
      raise errors.DataError(
          f"{self.path}:{line}: not JSON ({e.msg} at column {e.colno}):"
          f" {text!r:.200}"
      ) from e
    if not isinstance(values, dict):
      raise errors.DataError(
          f"{self.path}:{line}: not a JSON object: {text!r:.200}"
      )
    return values

  def _text(self, line: int, column: str, value: object) -> str:
    if value is None:
      raise errors.DataError(
          f"{self.path}:{line}: the value of {column!r} is null. Write an"
          " empty string if that is meant."
      )
    if isinstance(value, str):
      return value
    return json.dumps(value, ensure_ascii=False)


def _format_of(path: str) -> str:
  ending = path.removesuffix(".gz").rpartition(".")[2].lower()
  if ending not in FORMATS:
    raise errors.UserError(
        f"the format of {path} cannot be told from its name (.tsv, .csv or"
        f" .jsonl, also with .gz). Give file_format, one of {list(FORMATS)}."
    )
  return ending


def _without_bom(f: BinaryIO) -> Iterator[bytes]:
  for number, line in enumerate(f):
    yield line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
