"""Tests of t5_mtf.cli.file_flags: from flags to a FileSpec, and its record."""

from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.cli import file_flags, t5_mesh_transformer


def _flags(*words):
  return t5_mesh_transformer.make_parser().parse_strictly(words)


def _spec(*words, recorded=None):
  return file_flags.make_spec(_flags(*words), recorded)


def test_flags_become_a_specification(tmp_path):
  comma = tmp_path / "a,b.tsv"
  comma.write_text("x")
  spec = _spec(
      "--train_file=a.tsv,b-*.tsv",
      f"--eval_file={comma}",
      "--eval_targets=t.txt",
      "--columns=q,a",
      "--input_template=say: {q}",
      "--target_column=a",
      "--metrics=bleu,rouge",
      "--labels=x,y",
      "--bad_rows=skip",
  )
  assert spec.files == {
      "train": ("a.tsv", "b-*.tsv"),
      "validation": (str(comma),),
  }
  assert spec.targets_files == {"validation": ("t.txt",)}
  assert spec.columns == ("q", "a")
  assert spec.input_template == "say: {q}"
  assert spec.target_column == "a"
  assert spec.metrics == ("bleu", "rouge")
  assert spec.labels == ("x", "y")
  assert spec.bad_rows == "skip"


def test_an_objective_reads_the_column_text():
  spec = _spec("--train_file=a.jsonl", "--objective=bert")
  assert spec.unsupervised and spec.target_column == "text"
  assert spec.used_columns == ["text"]
  spec = _spec("--train_file=a.txt", "--objective=bert",
               "--text_separator=blank_line")
  assert spec.blank_lines


@pytest.mark.parametrize(
    "flag",
    ["metrics=bleu", "labels=a", "train_targets=t", "input_template={a}"],
)
def test_an_objective_has_no_targets(flag):
  with pytest.raises(errors.UserError, match="pre-trains on texts"):
    _spec("--train_file=a.txt", "--objective=bert", f"--{flag}")


def test_a_misspelt_separator_has_a_nearest_name():
  with pytest.raises(errors.UnknownNameError, match="'blank_line'"):
    _spec("--train_file=a.txt", "--text_separator=blank_lin")


def test_a_record_serves_later_commands_which_may_differ(tmp_path):
  spec = _spec(
      "--train_file=a.tsv",
      "--validation_fraction=0.1",
      "--input_template=say: {q}",
      "--labels=x,y",
  )
  assert file_flags.read_record(str(tmp_path)) is None
  file_flags.recorder(str(tmp_path), spec, "t5")()
  record = file_flags.read_record(str(tmp_path))
  assert record["vocabulary"] == "t5"
  later = _spec("--eval_file=b.tsv", "--metrics=bleu", recorded=record["spec"])
  assert later.files == {"validation": ("b.tsv",)}
  assert later.validation_fraction == 0
  assert later.input_template == "say: {q}"
  assert later.labels == ("x", "y")
  assert later.metrics == ("bleu",)


def test_a_damaged_record_is_an_error(tmp_path):
  (tmp_path / file_flags.RECORD).write_text("{")
  with pytest.raises(errors.DataError, match="is damaged"):
    file_flags.read_record(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "q\tother\none\tx\ntwo\ty\n"),
        ("a.csv", 'other,q\nx,"one"\ny,two\n'),
        ("a.jsonl", '{"q": "one"}\n{"q": "two", "other": 1}\n'),
    ],
)
def test_rows_to_answer_go_through_the_template(tmp_path, name, content):
  (tmp_path / name).write_text(content)
  spec = _spec("--eval_file=b.tsv", "--input_template=say: {q}!")
  path = tmp_path / "texts"
  file_flags.input_writer(spec, f"{tmp_path}/{name}", str(path))()
  assert path.read_text() == "say: one!\nsay: two!\n"


def test_a_line_break_in_a_row_to_answer_becomes_a_space(tmp_path):
  (tmp_path / "a.csv").write_text('inputs\n"one\r\ntwo"\n')
  path = tmp_path / "texts"
  spec = _spec("--eval_file=b.tsv")
  file_flags.input_writer(spec, f"{tmp_path}/a.csv", str(path))()
  assert path.read_text() == "one two\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text\na\n", "unknown column of .*'inputs'"),
        ("inputs\n", "no rows"),
        ("inputs\na\tb\n", r"a\.tsv:2: 2 fields"),
    ],
)
def test_rows_that_cannot_be_answered_are_an_error(tmp_path, content, message):
  (tmp_path / "a.tsv").write_text(content)
  spec = _spec("--eval_file=b.tsv")
  with pytest.raises(errors.UserError, match=message):
    file_flags.input_writer(spec, f"{tmp_path}/a.tsv", "unused")
