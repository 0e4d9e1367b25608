"""Tables in text files, checked row by row.

* `tsv`: fields are separated by tabs. There is no quoting, so every character
  but tab and newline stands for itself, quotes too.
* `csv`: RFC 4180. A field in double quotes may hold commas, newlines, and
  double quotes, which are doubled.
* `jsonl`: one JSON object a line. A value that is not a string is written as
  JSON (3, true, [1, 2]); null is an error.
* `text`: one column, "text": every line that is not empty is a row; or every
  block of lines between empty lines, if `blank_lines` separate the rows.

Text is UTF-8; a byte-order mark and carriage returns at the ends of lines are
taken off. The first row of a TSV or CSV file names the columns, unless they are
given. Empty lines are errors, except in `text`, where they are counted.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import functools
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import text_lines
from t5_mtf.data.text_lines import BadLine

FORMATS = ("tsv", "csv", "jsonl", "text")
BAD_ROWS = ("error", "skip")
_ENDINGS = {"json": "jsonl", "ndjson": "jsonl", "txt": "text"}

# A parsed row or what is wrong with it, by the number of its (last) line.
_Record = tuple[int, list[str] | BadLine]

# From column -> field to the same, possibly changed; to what is wrong with it;
# or to None for a row that is to be left out although nothing is.
RowRule = Callable[[Mapping[str, str]], Mapping[str, str] | BadLine | None]


@dataclasses.dataclass
class ReadReport:
  """What reading a whole table found.

  Attributes:
    rows: number of rows that are used.
    left_out: number of good rows that the table's rule left out.
    skipped: reason -> number of rows that were left out for it.
    first: reason -> place and detail of its first row.
    notes: what else was found and dealt with, such as a byte-order mark.
  """

  rows: int = 0
  left_out: int = 0
  skipped: collections.Counter[str] = dataclasses.field(
      default_factory=collections.Counter
  )
  first: dict[str, str] = dataclasses.field(default_factory=dict)
  notes: list[str] = dataclasses.field(default_factory=list)

  def lines(self, path: str) -> list[str]:
    """The findings about the file `path`, for people; often none."""
    found = [f"{path}: {note}" for note in self.notes]
    for reason, count in self.skipped.most_common():
      of = self.rows + self.left_out + self.skipped.total()
      found.append(
          f"{path}: {count:,} of {of:,} rows SKIPPED: {reason}; the first is"
          f" {self.first[reason]}"
      )
    return found


class Table:
  """One file of rows with named columns.

  Attributes:
    path: the file.
    file_format: one of `FORMATS`.
  """

  def __init__(
      self,
      path: str,
      columns: Sequence[str] | None = None,
      file_format: str | None = None,
      bad_rows: str = "error",
      rule: RowRule | None = None,
      blank_lines: bool = False,
  ):
    """Initializes the table.

    Args:
      path: the file; a name that ends in .gz is decompressed.
      columns: names of the columns, when the file has no header row; for
        JSONL the keys to take.
      file_format: one of `FORMATS`; by default the ending of the name.
      bad_rows: "error" raises at the first malformed row; "skip" leaves such
        rows out and counts them in `report`.
      rule: decides about every well-formed row; see `RowRule`.
      blank_lines: whether empty lines separate the rows of a `text` file.
    """
    self.path = path
    self.file_format = format_of(path, file_format)
    for kind, value, known in (
        ("file format", self.file_format, FORMATS),
        ("value of bad_rows", bad_rows, BAD_ROWS),
    ):
      if value not in known:
        raise errors.unknown_name(kind, value, known)
    self._given_columns = tuple(columns) if columns else None
    self._skips = bad_rows == "skip"
    self._rule = rule
    self._blank_lines = blank_lines
    self._empty_lines = 0

  @functools.cached_property
  def columns(self) -> tuple[str, ...]:
    """Names of the columns.

    Raises:
      DataError: the file is empty, or a name is empty or there twice.
    """
    if self.file_format == "text":
      columns = self._given_columns or ("text",)
    else:
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
    yield from self._rows(ReadReport())

  def num_rows(self) -> int:
    """Number of rows; the first call checks every one of them."""
    return self.report.rows

  @functools.cached_property
  def report(self) -> ReadReport:
    """What a pass over the whole file found; made at the first use."""
    report = ReadReport()
    progress = text_lines.ReadingProgress(f"checking {self.path}")
    self._empty_lines = 0
    for _ in self._rows(report):
      report.rows += 1
      progress.at(report.rows)
    progress.close()
    if self._lines.has_byte_order_mark:
      report.notes.append("begins with a byte-order mark, which is left out")
    if self._empty_lines:
      report.notes.append(f"{self._empty_lines:,} empty lines left out")
    return report

  @functools.cached_property
  def _lines(self) -> text_lines.TextLines:
    return text_lines.TextLines(self.path, self.file_format == "csv")

  def _rows(self, report: ReadReport) -> Iterator[tuple[str, ...]]:
    columns = self.columns
    for line, fields in self._records_of(columns):
      bad = fields if isinstance(fields, BadLine) else None
      if bad is None and len(fields) != len(columns):
        bad = self._wrong_number(fields)
      if bad is None and self._rule:
        row = dict(zip(columns, fields, strict=True))
        ruled = self._rule(row)
        if ruled is None:
          report.left_out += 1
          continue
        if isinstance(ruled, BadLine):
          bad = ruled
        elif ruled is not row:
          fields = [ruled[column] for column in columns]
      if bad is None:
        yield tuple(fields)
      elif self._skips:
        report.skipped[bad.reason] += 1
        report.first.setdefault(
            bad.reason, f"{self.path}:{line}: {bad.detail}"
        )
      else:
        raise errors.DataError(f"{self.path}:{line}: {bad.detail}")

  def _wrong_number(self, fields: Sequence[str]) -> BadLine:
    return BadLine(
        "wrong number of fields",
        f"{len(fields)} fields, but there are {len(self.columns)} columns"
        f" ({', '.join(self.columns)}). The row: {list(fields)!r:.200}",
    )

  def _first_row(self) -> tuple[str, ...]:
    for line, record in (
        self._objects() if self.file_format == "jsonl" else self._records()
    ):
      if isinstance(record, BadLine):
        if self.file_format == "jsonl" and self._skips:
          continue  # counted with the other rows
        raise errors.DataError(f"{self.path}:{line}: {record.detail}")
      return tuple(record)
    raise errors.DataError(f"{self.path} is empty.")

  def _records_of(self, columns: Sequence[str]) -> Iterator[_Record]:
    """Yields the records but the header, each with the fields of a row."""
    if self.file_format == "jsonl":
      for line, values in self._objects():
        if not isinstance(values, BadLine):
          values = self._fields(values, columns)
        yield line, values
    else:
      has_header = self.file_format != "text" and not self._given_columns
      yield from itertools.islice(self._records(), int(has_header), None)

  def _records(self) -> Iterator[_Record]:
    """Yields the number of a record's last line, and its fields."""
    if self.file_format == "csv":
      yield from self._csv_records()
    elif self.file_format == "text":
      yield from self._texts()
    else:
      for number, line in self._lines:
        yield number, line if isinstance(line, BadLine) else line.split("\t")

  def _csv_records(self) -> Iterator[_Record]:
    reader = csv.reader(map(_text_of, self._lines), strict=True)
    while True:
      start = reader.line_num + 1
      try:
        fields = next(reader)
      except StopIteration:
        return
      except _BadLineError as error:
        yield reader.line_num + 1, error.args[0]
        continue
      except csv.Error as error:
        detail = f"not CSV ({error}); the row begins in line {start}."
        if "end of data" in str(error) or "field limit" in str(error):
          detail += " Is a double quote not closed, or not doubled?"
        yield reader.line_num, BadLine("not CSV", detail)
        continue
      yield reader.line_num, fields

  def _texts(self) -> Iterator[_Record]:
    """Yields lines that are not empty, or blocks of them."""
    block: list[str] = []
    number = 0
    for number, line in self._lines:
      if isinstance(line, BadLine):
        yield number, line
      elif line.strip():
        if self._blank_lines:
          block.append(line)
        else:
          yield number, [line]
      elif block:
        yield number - 1, ["\n".join(block)]
        block = []
      elif not self._blank_lines:
        self._empty_lines += 1
    if block:
      yield number, ["\n".join(block)]

  def _objects(self) -> Iterator[tuple[int, dict[str, Any] | BadLine]]:
    for line, text in self._lines:
      yield line, text if isinstance(text, BadLine) else self._object(text)

  def _object(self, text: str) -> dict[str, Any] | BadLine:
    try:
      values = json.loads(text)
    except json.JSONDecodeError as e:
      detail = f"not JSON ({e.msg} at column {e.colno}): {text!r:.200}"
      if text.startswith("["):
        detail += (
            ". JSON Lines has one object a line; a file that is one array"
            f" becomes that with: jq -c '.[]' {self.path}"
        )
      return BadLine("not JSON", detail)
    if not isinstance(values, dict):
      return BadLine("not a JSON object", f"not a JSON object: {text!r:.200}")
    return values

  def _fields(
      self, values: Mapping[str, Any], columns: Sequence[str]
  ) -> list[str] | BadLine:
    missing = [column for column in columns if column not in values]
    if missing and self._given_columns:
      return BadLine(
          "missing key", f"no key {missing[0]!r}; the keys are {list(values)}."
      )
    if missing or set(values) - set(columns) and not self._given_columns:
      return BadLine(
          "other keys",
          f"the keys are {list(values)}, but {list(columns)} are expected."
          " Give `columns` to take only keys that every object has.",
      )
    for column in columns:
      if values[column] is None:
        return BadLine(
            "null",
            f"the value of {column!r} is null. Write an empty string if that"
            " is meant.",
        )
    return [_as_text(values[column]) for column in columns]


class PairedText(Table):
  """Two text files, of inputs and of targets, line by line.

  Its columns are "inputs" and "targets". A line that is empty in both is an
  error, as is a file with more lines than the other.
  """

  def __init__(
      self,
      path: str,
      targets_path: str,
      bad_rows: str = "error",
      rule: RowRule | None = None,
  ):
    """Initializes the pair.

    Args:
      path: the file of inputs, one a line.
      targets_path: the file of their targets.
      bad_rows: see `Table`.
      rule: see `Table`.
    """
    super().__init__(path, ("inputs", "targets"), "tsv", bad_rows, rule)
    self.targets_path = targets_path

  def _records(self) -> Iterator[_Record]:
    targets = text_lines.TextLines(self.targets_path)
    for ours, theirs in itertools.zip_longest(self._lines, targets):
      if ours is None or theirs is None:
        raise self._unequal(ours is None)
      number, text = ours
      _, target = theirs
      if isinstance(text, BadLine):
        yield number, text
      elif isinstance(target, BadLine):
        detail = f"its target in {self.targets_path}: {target.detail}"
        yield number, BadLine(target.reason, detail)
      elif not text and not target:
        yield number, BadLine("empty line", "empty in both files.")
      else:
        yield number, [text, target]

  def _unequal(self, ours_is_shorter: bool) -> errors.DataError:
    count = {p: _count(p) for p in (self.path, self.targets_path)}
    short, long = self.path, self.targets_path
    if not ours_is_shorter:
      short, long = long, short
    return errors.DataError(
        f"{short}:{count[short] + 1}: the file ends after {count[short]:,}"
        f" lines, but {long} has {count[long]:,}. Line by line they must"
        " belong together; look for a line that was lost or broken in two."
    )


class _BadLineError(Exception):
  """Carries a BadLine through the CSV reader, which then begins a new row."""


def _text_of(numbered: tuple[int, str | BadLine]) -> str:
  _, text = numbered
  if isinstance(text, BadLine):
    raise _BadLineError(text)
  return text


def _count(path: str) -> int:
  return sum(1 for _ in text_lines.TextLines(path))


def _as_text(value: Any) -> str:
  if isinstance(value, str):
    return value
  return json.dumps(value, ensure_ascii=False)


def format_of(path: str, given: str | None = None) -> str:
  """The format of a file: the one given, else that of the name's ending.

  >>> format_of("c4-train.00000-of-01024.json.gz")
  'jsonl'

  Raises:
    UserError: the name does not tell it.
  """
  if given:
    return given
  ending = path.removesuffix(".gz").rpartition(".")[2].lower()
  ending = _ENDINGS.get(ending, ending)
  if ending not in FORMATS:
    raise errors.UserError(
        f"the format of {path} cannot be told from its name (.tsv, .csv,"
        " .jsonl or .txt, also with .gz). Give file_format, one of"
        f" {list(FORMATS)}."
    )
  return ending
