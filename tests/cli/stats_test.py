"""Tests of `t5_mtf stats`."""

from __future__ import annotations

import doctest
import gzip
import json

import pytest

from t5_mtf import data
from t5_mtf.cli import stats, t5_mtf


def _json(capsys, *argv):
  assert t5_mtf.main(["stats", *argv, "--json"]) == 0
  return json.loads(capsys.readouterr().out)


@pytest.fixture(name="table")
def fixture_table(tmp_path):
  path = tmp_path / "reviews.tsv"
  path.write_text(
      "text\tlabel\nI {like} ő\tgood\n" + "plain words\tbad\n" * 9,
      encoding="utf-8",
  )
  return str(path)


def test_doctests():
  assert doctest.testmod(stats).failed == 0


def test_every_column_of_a_file_is_measured(capsys, table):
  found = _json(capsys, table, "--sequence_length=text=4")
  assert found["whole"]
  assert found["examples"] == 10
  vocabulary = data.get_default_vocabulary()
  texts = ("I {like} ő", "plain words")
  lengths = [len(vocabulary.encode(text)) + 1 for text in texts]
  text = found["features"]["text"]
  assert text["percentiles"]["100"] == max(lengths)
  assert text["tokens"] == lengths[0] + 9 * lengths[1]
  assert text["longer_than"]["4"] == 0.1
  assert text["longer_than"]["64"] == 0
  assert text["unknown_characters"] == {"{": 1, "}": 1, "ő": 1}
  assert text["unknown_examples"] == 1
  assert found["features"]["label"]["unknown"] == 0
  assert found["rows"]["padded"]["rows"] == 10
  assert found["rows"]["packed"]["rows"] == 10


def test_a_template_measures_what_a_model_would_be_given(capsys, table):
  found = _json(
      capsys, table, "--input_template=review: {text}",
      "--target_column=label", "--vocabulary=mini", "--max_examples=4",
  )  # fmt: skip
  assert not found["whole"]
  assert set(found["features"]) == {"inputs", "targets"}
  vocabulary = data.get_mini_vocabulary()
  text = found["features"]["inputs"]
  assert text["percentiles"]["50"] == (
      len(vocabulary.encode("review: plain words")) + 1
  )


def test_a_person_reads_percentiles_rows_and_characters(capsys, table):
  assert t5_mtf.main(["stats", table]) == 0
  out = capsys.readouterr().out
  assert "10 examples (all of them)" in out
  assert "U+0151 LATIN SMALL LETTER O WITH DOUBLE ACUTE" in out
  assert "label: none" in out
  assert "--byte_fallback" in out


def test_a_task_is_measured_and_charted(capsys, tmp_path):
  page = tmp_path / "page.html"
  status = t5_mtf.main([
      "stats", "mini_squad", "--max_examples=50", f"--chart={page}",
      "--sequence_length=inputs=40,targets=8",
  ])  # fmt: skip
  assert status == 0
  assert "50 examples (the first; --whole reads all)" in capsys.readouterr().out
  html = page.read_text(encoding="utf-8")
  assert html.count("<svg") == 2
  assert "http" not in html.replace("http://www.w3.org", "")
  expected = data.length_statistics(
      data.TaskRegistry.get("mini_squad"), max_examples=50
  )["inputs"]
  found = _json(capsys, "mini_squad", "--max_examples=50")
  assert found["features"]["inputs"]["mean"] == pytest.approx(expected.mean)


def test_pairs_of_text_files_and_gz(capsys, tmp_path):
  with gzip.open(tmp_path / "in.txt.gz", "wt") as f:
    f.write("one\ntwo words\n")
  (tmp_path / "out.txt").write_text("eins\nzwei\n")
  found = _json(
      capsys, str(tmp_path / "in.txt.gz"), f"--targets={tmp_path / 'out.txt'}"
  )
  assert found["examples"] == 2
  assert set(found["features"]) == {"inputs", "targets"}


def test_malformed_rows_are_errors_or_counted(capsys, tmp_path):
  path = tmp_path / "bad.tsv"
  path.write_text("a\tb\n1\t2\n3\n")
  assert t5_mtf.main(["stats", str(path)]) == 1
  assert f"{path}:3:" in capsys.readouterr().err
  assert t5_mtf.main(["stats", str(path), "--bad_rows=skip"]) == 0
  captured = capsys.readouterr()
  assert "1 of 2 rows SKIPPED" in captured.err
  assert "1 examples" in captured.out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["mini_sqad"], "Did you mean 'mini_squad'"),
        (["no/such/file.tsv"], "no file matches"),
        (["mini_all", "--whole"], "sampled without end"),
        (["mini_squad", "--columns=a"], "--columns is for files"),
        (["mini_squad", "--max_examples=0"], "1 or more"),
        (["mini_squad", "--sequence_length=x=1"], "unknown feature"),
    ],
)
def test_wrong_use_says_what_is_right(capsys, argv, message):
  assert t5_mtf.main(["stats", *argv]) == 1
  assert message in capsys.readouterr().err
