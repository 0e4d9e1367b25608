"""Writes small text files, for the data sets of the tests."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

# Part of a URL -> the local file or folder that answers it.
Files = Mapping[str, pathlib.Path]


def write_lines(path: pathlib.Path, lines: Sequence[str]) -> pathlib.Path:
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
  return path


def write_tsv(path: pathlib.Path, *rows: Sequence[str]) -> pathlib.Path:
  return write_lines(path, ["\t".join(row) for row in rows])


def write_jsonl(path: pathlib.Path, *rows: Mapping[str, Any]) -> pathlib.Path:
  return write_lines(path, [json.dumps(row) for row in rows])
