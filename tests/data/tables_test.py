"""Tests of t5_mtf.data.tables."""

from __future__ import annotations

import gzip

import pytest

from t5_mtf import errors
from t5_mtf.data import tables


def _table(tmp_path, name, text, **kwargs) -> tables.Table:
  path = tmp_path / name
  path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
  return tables.Table(str(path), **kwargs)


def test_tsv_has_a_header_and_no_quoting(tmp_path):
  table = _table(tmp_path, "a.tsv", 'a\tb\n"x\ty, z"\n\té\n')
  assert table.columns == ("a", "b")
  assert list(table.rows()) == [('"x', 'y, z"'), ("", "é")]
  assert table.num_rows() == 2


def test_csv_quotes_as_rfc_4180(tmp_path):
  table = _table(tmp_path, "a.csv", 'a,b\r\n"x, ""y""","two\nlines"\r\n1,2\r\n')
  assert list(table.rows()) == [('x, "y"', "two\nlines"), ("1", "2")]


def test_jsonl_writes_other_values_as_json(tmp_path):
  text = '{"a": "x", "b": 3}\n{"b": [1], "a": ""}\n'
  table = _table(tmp_path, "a.jsonl", text)
  assert table.columns == ("a", "b")
  assert list(table.rows()) == [("x", "3"), ("", "[1]")]


def test_given_columns_stand_for_the_header(tmp_path):
  table = _table(tmp_path, "a.tsv", "1\t2\n", columns=["a", "b"])
  assert list(table.rows()) == [("1", "2")]


def test_given_columns_select_keys(tmp_path):
  text = '{"a": "x", "b": 3}\n{"a": "y"}\n'
  table = _table(tmp_path, "a.jsonl", text, columns=["a"])
  assert list(table.rows()) == [("x",), ("y",)]


def test_gz_and_byte_order_mark_and_crlf(tmp_path):
  packed = gzip.compress("\ufeffa\tb\r\n1\t2\r\n".encode())
  table = _table(tmp_path, "a.tsv.gz", packed)
  assert table.columns == ("a", "b")
  assert list(table.rows()) == [("1", "2")]


def test_file_format_can_be_given(tmp_path):
  table = _table(tmp_path, "a.txt", "a,b\n1,2\n", file_format="csv")
  assert list(table.rows()) == [("1", "2")]


def test_blocks_reorder_columns(tmp_path):
  text = "a\tb\n" + "".join(f"{i}\t{-i}\n" for i in range(300))
  blocks = list(_table(tmp_path, "a.tsv", text).blocks(["b", "a"]))
  assert [len(block) for block in blocks] == [256, 44]
  assert blocks[0][1] == ["-1", "1"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.tsv", "a\tb\n1\t2\n3\n", r"a\.tsv:3: 1 fields, but there are 2"),
        ("a.tsv", "a\tb\n1\t2\n\n3\t4\n", r"a\.tsv:3: 1 fields"),
        ("a.csv", 'a,b\n"x\ny",2\n3\n', r"a\.csv:4: 1 fields"),
        ("a.csv", 'a,b\n"x,2\n', r"a\.csv:\d+: not CSV"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', r"a\.jsonl:2: not JSON"),
        ("a.jsonl", '{"a": 1}\n[1]\n', r"a\.jsonl:2: not a JSON object"),
        ("a.jsonl", '{"a": 1}\n{"b": 1}\n', r"a\.jsonl:2: the keys are"),
        ("a.jsonl", '{"a": null}\n', r"a\.jsonl:1: the value of 'a' is null"),
        ("a.tsv", b"a\tb\n1\t\xff\n", r"a\.tsv:2: not UTF-8"),
        ("a.csv", b"a,b\n1,\xff\n", r"a\.csv:\d: not CSV in UTF-8"),
        ("a.tsv", "a\ta\n", r"a\.tsv:1: the columns"),
        ("a.tsv", "", "a.tsv is empty"),
    ],
)
def test_malformed_row_is_named_by_file_and_line(tmp_path, name, text, message):
  with pytest.raises(errors.DataError, match=message):
    _table(tmp_path, name, text).num_rows()


def test_unknown_format_names_the_known_ones(tmp_path):
  with pytest.raises(errors.UserError, match=r"\['tsv', 'csv', 'jsonl'\]"):
    _table(tmp_path, "a.parquet", "")
  with pytest.raises(errors.UnknownNameError, match="'tsv'"):
    _table(tmp_path, "a.tsv", "", file_format="tvs")
