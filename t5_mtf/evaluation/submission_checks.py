"""Checks a submission to GLUE or SuperGLUE before the server sees it."""

from __future__ import annotations

import collections
import json
import math
import os
import zipfile
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import submissions
from t5_mtf.evaluation.submissions import NESTED, NUMBER, TEXT, Format

_SHOWN = 3  # indices that are named
_SHOWN_CHARACTERS = 100  # of what is wrong


class _Findings:
  """Counts what is wrong with a file; each kind of fault becomes a line."""

  def __init__(self, name: str):
    self._name = name
    self._first: dict[str, str] = {}
    self._counts: collections.Counter[str] = collections.Counter()

  def add(self, fault: str, line: int, found: Any = None) -> None:
    """Counts a fault; the first of its kind is shown, with what was found."""
    text = "" if found is None else repr(found)
    if len(text) > _SHOWN_CHARACTERS:
      text = f"{text[:_SHOWN_CHARACTERS]}..."
    but = f", but is {text}" if text else ""
    self._first.setdefault(fault, f"line {line}: {fault}{but}")
    self._counts[fault] += 1

  def lines(self) -> list[str]:
    """A line for each kind of fault."""
    lines = []
    for fault, first in self._first.items():
      others = self._counts[fault] - 1
      more = f" (and {others:,} more)" if others else ""
      lines.append(f"{self._name}: {first}{more}")
    return lines


def check(path: str, benchmark: str) -> list[str]:
  """Checks a folder or a zip against the server's stated format.

  Looked for are missing and unknown files, a wrong header, malformed rows,
  labels that are none of the server's, numbers outside of its scale, indices
  that are missing, unknown or double, and a wrong number of rows.

  Args:
    path: a folder, or a zip archive.
    benchmark: glue or super_glue.

  Returns:
    A line for each kind of fault in each file; none if all is well.

  Raises:
    UserError: there is neither a folder nor an archive at `path`.
    UnknownNameError: there is no such benchmark.
  """
  wanted = submissions.formats(benchmark)
  contents, lines = _read(path)
  known = {file_format.name for file_format in wanted}
  for name in sorted(set(contents) - known):
    close = errors.nearest(name, known - set(contents))
    guess = f"; is it {' or '.join(close)}?" if close else ""
    lines.append(f"{name}: no file of {benchmark}{guess}")
  for file_format in wanted:
    if file_format.name not in contents:
      lines.append(f"{file_format.name}: missing")
    else:
      lines += check_content(file_format, contents[file_format.name])
  return lines


def _read(path: str) -> tuple[dict[str, bytes], list[str]]:
  """Contents of the tables and JSON lines by name; faults of the archive."""
  contents, lines = {}, []
  if os.path.isdir(path):
    for name in sorted(os.listdir(path)):
      if name.endswith((".tsv", ".jsonl")):
        with open(os.path.join(path, name), "rb") as f:
          contents[name] = f.read()
    return contents, lines
  if not os.path.isfile(path):
    raise errors.UserError(f"there is no folder and no zip archive {path!r}.")
  if not zipfile.is_zipfile(path):
    raise errors.UserError(f"{path!r} is neither a folder nor a zip archive.")
  with zipfile.ZipFile(path) as archive:
    for name in archive.namelist():
      if not name.endswith((".tsv", ".jsonl")) or name.startswith("__MACOSX"):
        continue
      folder, _, base = name.rpartition("/")
      if folder:
        lines.append(
            f"{name}: is in a folder of the archive, but must be at its top"
        )
      if base in contents:
        lines.append(f"{name}: is in the archive twice")
      contents[base] = archive.read(name)
  return contents, lines


def check_content(file_format: Format, content: bytes) -> list[str]:
  """Checks the bytes of one file; returns a line for each kind of fault.

  >>> rte = submissions.formats("super_glue")[5]
  >>> for line in check_content(  # doctest: +NORMALIZE_WHITESPACE
  ...     rte, b'{"idx": 0, "label": "yes"}'):
  ...   print(line)
  RTE.jsonl: line 1: the label must be 'entailment' or 'not_entailment',
    but is 'yes'
  RTE.jsonl: 1 prediction, but the test set has 3,000
  RTE.jsonl: 2,999 indices are missing: 1, 2, 3, ...
  """
  findings = _Findings(file_format.name)
  try:
    lines = content.decode("utf-8").split("\n")
  except UnicodeDecodeError:
    return [f"{file_format.name}: is not UTF-8"]
  lines = [line.removesuffix("\r") for line in lines]
  if lines[-1] == "":
    lines.pop()
  if file_format.is_table:
    pairs = _table_pairs(lines, findings)
  elif file_format.kind == NESTED:
    pairs = _nested_pairs(lines, findings)
  else:
    pairs = _json_pairs(lines, findings)
  counts: collections.Counter[Hashable] = collections.Counter()
  for line, index, value in pairs:
    counts[index] += 1
    fault = _fault_of(file_format, value)
    if fault:
      findings.add(fault, line, value)
  return findings.lines() + list(_faults_of_indices(file_format, counts))


def _table_pairs(
    lines: list[str], findings: _Findings
) -> Iterator[tuple[int, int, str]]:
  """Yields place, index and prediction of the rows that are well formed."""
  header = lines[0] if lines else ""
  if header != submissions.HEADER:
    findings.add(f"the header must be {submissions.HEADER!r}", 1, header)
  for number, line in enumerate(lines[1:], 2):
    cells = line.split("\t")
    if len(cells) != 2:
      findings.add("must be an index, a tab and a prediction", number, line)
    elif not (cells[0].isascii() and cells[0].isdecimal()):
      findings.add("the index must be a whole number", number, cells[0])
    else:
      yield number, int(cells[0]), cells[1]


def _objects(
    lines: list[str], findings: _Findings
) -> Iterator[tuple[int, dict[str, Any]]]:
  for number, line in enumerate(lines, 1):
    try:
      row = json.loads(line)
    except json.JSONDecodeError:
      row = None
    if isinstance(row, dict):
      yield number, row
    else:
      findings.add("must be a JSON object", number, line)


def _json_pairs(
    lines: list[str], findings: _Findings
) -> Iterator[tuple[int, int, Any]]:
  for number, row in _objects(lines, findings):
    if set(row) != {"idx", "label"}:
      findings.add('must be {"idx": ..., "label": ...}', number, row)
    elif type(row["idx"]) is not int:
      findings.add("idx must be a whole number", number, row["idx"])
    else:
      yield number, row["idx"], row["label"]


def _nested_pairs(
    lines: list[str], findings: _Findings
) -> Iterator[tuple[int, tuple[int, int, int], Any]]:
  for number, row in _objects(lines, findings):
    try:
      found = [
          ((row["idx"], question["idx"], answer["idx"]), answer["label"])
          for question in row["passage"]["questions"]
          for answer in question["answers"]
      ]
    except (KeyError, TypeError):
      found = [((None, None, None), None)]
    if any(type(i) is not int for ids, _ in found for i in ids):
      findings.add(
          'must be {"idx": ..., "passage": {"questions": [{"idx": ...,'
          ' "answers": [{"idx": ..., "label": ...}]}]}}',
          number,
      )
      continue
    for ids, label in found:
      yield number, ids, label


def _fault_of(file_format: Format, value: Any) -> str | None:
  """What is wrong with a prediction."""
  if file_format.kind == TEXT:
    return None if isinstance(value, str) else "the label must be a text"
  if file_format.kind == NUMBER:
    low, high = submissions.LOWEST, submissions.HIGHEST
    try:
      number = float(value)
    except ValueError:
      number = math.nan
    if low <= number <= high:
      return None
    return f"the prediction must be a number from {low:g} to {high:g}"
  # 1 is neither True nor "1" nor 1.0 for the server.
  if any(
      type(label) is type(value) and label == value
      for label in file_format.labels
  ):
    return None
  *others, last = map(repr, file_format.labels)
  allowed = f"{', '.join(others)} or {last}"
  return f"the label must be {allowed}"


def _faults_of_indices(
    file_format: Format, counts: Mapping[Any, int]
) -> Iterator[str]:
  name = file_format.name
  total = sum(counts.values())
  if total != file_format.rows:
    yield (
        f"{name}: {total:,} prediction{'s' * (total != 1)}, but the test set"
        f" has {file_format.rows:,}"
    )
  twice = [index for index, count in counts.items() if count > 1]
  yield from _named(name, twice, "there twice")
  if file_format.numbered:
    expected = range(file_format.rows)
    yield from _named(
        name, [i for i in counts if i not in expected], "not in the test set"
    )
    missing = [i for i in expected if i not in counts]
    yield from _named(name, missing, "missing")
  if file_format.kind == NESTED:
    for what, found, rows in (
        ("passages", {i[0] for i in counts}, file_format.passages),
        ("questions", {i[:2] for i in counts}, file_format.questions),
    ):
      if len(found) != rows:
        yield f"{name}: {len(found):,} {what}, but the test set has {rows:,}"


def _named(name: str, indices: list[Any], what: str) -> Iterator[str]:
  if not indices:
    return
  shown = ", ".join(map(str, indices[:_SHOWN]))
  shown += ", ..." if len(indices) > _SHOWN else ""
  if len(indices) == 1:
    yield f"{name}: index {shown} is {what}"
  else:
    yield f"{name}: {len(indices):,} indices are {what}: {shown}"
