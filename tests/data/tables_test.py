"""Tests of t5_mtf.data.tables."""

from __future__ import annotations

import doctest
import gzip

import pytest

from t5_mtf import errors
from t5_mtf.data import tables
from t5_mtf.data.text_lines import BadLine


def _table(tmp_path, name, text, **kwargs) -> tables.Table:
  path = tmp_path / name
  path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
  return tables.Table(str(path), **kwargs)


def test_examples_of_the_documentation():
  assert doctest.testmod(tables).failed == 0


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
        ("a.csv", b"a,b\n1,\xff\n", r"a\.csv:2: not UTF-8"),
        ("a.tsv", "a\ta\n", r"a\.tsv:1: the columns"),
        ("a.tsv", "", "a.tsv is empty"),
        ("a.csv", "", "a.csv is empty"),
        ("a.jsonl", "", "a.jsonl is empty"),
        ("a.tsv", "a\tb\n1\t\0\n", r"a\.tsv:2: a NUL character"),
        ("a.csv", "a,b\n1,\0\n", r"a\.csv:2: a NUL character"),
        ("a.txt", "one\n\0\n", r"a\.txt:2: a NUL character"),
        ("a.csv", 'a,b\n1,2\n3,"4\n5,6\n', r"row begins in line 3.*closed"),
        ("a.csv", 'a,b\n1,2"3" 4\n"1"2,3\n', r"a\.csv:3: not CSV"),
        ("a.json", '[\n{"a": 1}\n]\n', r"a\.json:1: not JSON .*jq -c"),
    ],
)
def test_malformed_row_is_named_by_file_and_line(tmp_path, name, text, message):
  with pytest.raises(errors.DataError, match=message):
    _table(tmp_path, name, text).num_rows()


def test_texts_are_lines_that_are_not_empty(tmp_path):
  table = _table(tmp_path, "a.txt", "one\r\n\n  \ntwo\n")
  assert table.columns == ("text",)
  assert list(table.rows()) == [("one",), ("two",)]
  assert table.report.lines("a.txt") == ["a.txt: 2 empty lines left out"]


def test_texts_can_be_blocks_between_empty_lines(tmp_path):
  text = "\none\nmore\n\n\ntwo"
  table = _table(tmp_path, "a.txt", text, blank_lines=True)
  assert list(table.rows()) == [("one\nmore",), ("two",)]


_MIXED = {
    "a.tsv": b"a\tb\n1\t2\n3\n4\t\xff\n5\t6\t7\n8\t9\n",
    "a.csv": b'a,b\n1,2\n3\n4,\xff\n5,6,7\n8,9\n"1"0,"11\n',
    "a.jsonl": b'{"a":1,"b":2}\n{"a":3}\n\xff\n5\n{"a":8,"b":9}\n',
}


@pytest.mark.parametrize("name", _MIXED)
def test_bad_rows_are_skipped_and_counted_if_that_is_chosen(tmp_path, name):
  table = _table(tmp_path, name, _MIXED[name], bad_rows="skip")
  assert list(table.rows()) == [("1", "2"), ("8", "9")]
  assert table.num_rows() == 2
  found = "\n".join(table.report.lines(name))
  assert f"{name}: 1 of " in found and "SKIPPED: not UTF-8" in found
  skipped = table.report.skipped
  assert skipped.total() == (4 if name == "a.csv" else 3)
  first = table.report.first["not UTF-8"]
  line = {"a.tsv": 4, "a.csv": 4, "a.jsonl": 3}[name]
  assert f"{name}:{line}: not UTF-8" in first


def test_a_byte_order_mark_is_noted(tmp_path):
  table = _table(tmp_path, "a.tsv", "\ufeffa\n1\n")
  assert table.report.lines("a.tsv") == [
      "a.tsv: begins with a byte-order mark, which is left out"
  ]


def test_a_rule_changes_refuses_and_leaves_out_rows(tmp_path):
  def rule(row):
    if row["a"] == "bad":
      return BadLine("bad", "it is bad.")
    return None if row["a"] == "other" else {**row, "a": row["a"].upper()}

  text = "a\nx\nother\nbad\ny\n"
  with pytest.raises(errors.DataError, match=r"a\.tsv:4: it is bad\."):
    _table(tmp_path, "a.tsv", text, rule=rule).num_rows()
  table = _table(tmp_path, "a.tsv", text, rule=rule, bad_rows="skip")
  assert list(table.rows()) == [("X",), ("Y",)]
  report = table.report
  assert (report.rows, report.left_out, report.skipped["bad"]) == (2, 1, 1)


def _pair(tmp_path, inputs, targets, **kwargs):
  for name, text in (("a.en", inputs), ("a.de", targets)):
    (tmp_path / name).write_bytes(text)
  return tables.PairedText(
      str(tmp_path / "a.en"), str(tmp_path / "a.de"), **kwargs
  )


def test_pairs_belong_together_line_by_line(tmp_path):
  table = _pair(tmp_path, b"one\ttab\ntwo\r\n", b"eins\nzwei\n")
  assert table.columns == ("inputs", "targets")
  assert list(table.rows()) == [("one\ttab", "eins"), ("two", "zwei")]


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (b"1\n2\n3\n", b"1\n", r"a\.de:2: the file ends after 1 lines.*has 3"),
        (b"1\n", b"1\n2\n", r"a\.en:2: the file ends after 1 lines.*has 2"),
        (b"1\n2\n", b"1\n\xff\n", r"a\.en:2: its target in .*a\.de: not UTF"),
        (b"1\n\xff\n", b"1\n2\n", r"a\.en:2: not UTF-8"),
        (b"1\n\n", b"1\n\n", r"a\.en:2: empty in both"),
    ],
)
def test_pairs_that_do_not_belong_together_are_an_error(
    tmp_path, inputs, targets, message
):
  with pytest.raises(errors.DataError, match=message):
    _pair(tmp_path, inputs, targets).num_rows()


def test_bad_pairs_are_skipped_but_not_missing_lines(tmp_path):
  table = _pair(tmp_path, b"1\n2\n", b"1\n\xff\n", bad_rows="skip")
  assert list(table.rows()) == [("1", "1")]
  with pytest.raises(errors.DataError, match="ends after"):
    _pair(tmp_path, b"1\n2\n", b"1\n", bad_rows="skip").num_rows()


def test_unknown_way_with_bad_rows_is_refused(tmp_path):
  with pytest.raises(errors.UnknownNameError, match="'skip'"):
    _table(tmp_path, "a.tsv", "", bad_rows="skpi")


def test_unknown_format_names_the_known_ones(tmp_path):
  with pytest.raises(errors.UserError, match=r"\['tsv', 'csv', 'jsonl', "):
    _table(tmp_path, "a.parquet", "")
  with pytest.raises(errors.UnknownNameError, match="'tsv'"):
    _table(tmp_path, "a.tsv", "", file_format="tvs")
