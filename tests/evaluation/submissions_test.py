"""Submissions have the servers' form, and every departure from it is named."""

from __future__ import annotations

import json
import math
import random
import zipfile

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import submission_checks, submissions

FORMATS = {
    file_format.name: file_format
    for formats in submissions.BENCHMARKS.values()
    for file_format in formats
}


def _indices(file_format):
  """Indices of a whole test set."""
  if file_format.kind != submissions.NESTED:
    return list(range(file_format.rows))
  questions, passages = file_format.questions, file_format.passages
  return [
      (i % questions * passages // questions, i % questions, i)
      for i in range(file_format.rows)
  ]


def _predictions(file_format, generator):
  if file_format.kind == submissions.NUMBER:
    return [generator.uniform(0, 5) for _ in range(file_format.rows)]
  if file_format.kind == submissions.TEXT:
    return [f"name {i}\u2028" for i in range(file_format.rows)]
  classes = len(file_format.labels)
  return [generator.randrange(classes) for _ in range(file_format.rows)]


def _whole(file_format):
  """A file of the published size, from predictions in no order."""
  generator = random.Random(0)
  indices = _indices(file_format)
  generator.shuffle(indices)
  return submissions.build(
      file_format, indices, _predictions(file_format, generator)
  )


@pytest.fixture(scope="module", name="whole")
def fixture_whole(tmp_path_factory):
  """Benchmark -> a folder with a whole submission."""
  folders = {}
  for benchmark in submissions.BENCHMARKS:
    folders[benchmark] = tmp_path_factory.mktemp(benchmark)
    files = [_whole(f) for f in submissions.formats(benchmark)]
    submissions.write(str(folders[benchmark]), files)
    submissions.write_zip(f"{folders[benchmark]}.zip", files)
  return folders


@pytest.mark.parametrize("benchmark", ["glue", "super_glue"])
def test_a_whole_submission_passes_as_a_folder_and_as_a_zip(whole, benchmark):
  folder = whole[benchmark]
  assert submission_checks.check(str(folder), benchmark) == []
  assert submission_checks.check(f"{folder}.zip", benchmark) == []
  with zipfile.ZipFile(f"{folder}.zip") as archive:
    assert archive.namelist() == [
        f.name for f in submissions.formats(benchmark)
    ]


def test_line_ends_of_windows_and_of_csv_writers_pass(whole):
  content = (whole["glue"] / "CoLA.tsv").read_bytes()
  content = content.replace(b"\n", b"\r\n")
  assert submission_checks.check_content(FORMATS["CoLA.tsv"], content) == []


def test_the_published_file_of_each_kind(whole):
  rte = submissions.build(FORMATS["RTE.tsv"], [1, 0], [1, 0])
  assert rte.content == (
      "index\tprediction\n0\tentailment\n1\tnot_entailment\n"
  )
  stsb = submissions.build(FORMATS["STS-B.tsv"], [0], [3.8])
  assert stsb.content == "index\tprediction\n0\t3.800\n"
  for name, prediction, line in (
      ("BoolQ.jsonl", 1, '{"idx": 0, "label": "true"}'),
      ("CB.jsonl", 2, '{"idx": 0, "label": "neutral"}'),
      ("COPA.jsonl", 1, '{"idx": 0, "label": 1}'),
      ("WiC.jsonl", 0, '{"idx": 0, "label": "false"}'),
      ("WSC.jsonl", 1, '{"idx": 0, "label": "True"}'),
      ("ReCoRD.jsonl", "Ida", '{"idx": 0, "label": "Ida"}'),
  ):
    file = submissions.build(FORMATS[name], [0], [prediction])
    assert file.content == f"{line}\n"
  multirc = submissions.build(
      FORMATS["MultiRC.jsonl"],
      [(4, 9, 20), (3, 7, 15), (3, 8, 16), (3, 7, 14)],
      [1, 0, 1, 1],
  )
  assert [json.loads(line) for line in multirc.content.splitlines()] == [
      {
          "idx": 3,
          "passage": {
              "questions": [
                  {
                      "idx": 7,
                      "answers": [
                          {"idx": 14, "label": 1},
                          {"idx": 15, "label": 0},
                      ],
                  },
                  {"idx": 8, "answers": [{"idx": 16, "label": 1}]},
              ]
          },
      },
      {
          "idx": 4,
          "passage": {
              "questions": [{"idx": 9, "answers": [{"idx": 20, "label": 1}]}]
          },
      },
  ]


def test_what_is_no_label_or_no_number_is_replaced_and_counted():
  file = submissions.build(FORMATS["CB.jsonl"], [0, 1, 2], [-1, 0, -1])
  assert file.replaced == 2
  assert file.content.count('"contradiction"') == 2
  assert file.default == "'contradiction'"
  file = submissions.build(
      FORMATS["STS-B.tsv"], range(5), [math.nan, 7.0, -0.5, 5.0, math.inf]
  )
  assert (file.replaced, file.clipped) == (2, 2)
  values = [row.split("\t")[1] for row in file.content.splitlines()[1:]]
  assert values == ["2.500", "5.000", "0.000", "5.000", "2.500"]


def test_indices_must_be_unique_and_as_many_as_predictions():
  with pytest.raises(errors.DataError, match=r"CB\.jsonl: index 4 comes twice"):
    submissions.build(FORMATS["CB.jsonl"], [4, 3, 4], [0, 0, 0])
  with pytest.raises(errors.DataError, match="2 indices, but 1 predictions"):
    submissions.build(FORMATS["CB.jsonl"], [4, 3], [0])


def _edited(whole, name, old, new, count=1):
  benchmark = "glue" if name.endswith("tsv") else "super_glue"
  text = (whole[benchmark] / name).read_text(encoding="utf-8")
  assert old in text
  return submission_checks.check_content(
      FORMATS[name], text.replace(old, new, count).encode("utf-8")
  )


@pytest.mark.parametrize(
    ("name", "old", "new", "lines"),
    [
        (
            "CoLA.tsv", "index\tprediction", "id\tlabel",
            [
                "CoLA.tsv: line 1: the header must be 'index\\tprediction', but"
                " is 'id\\tlabel'",
            ],
        ),
        (
            "CoLA.tsv", "\n7\t", "\n7 ",
            [
                "CoLA.tsv: line 9: must be an index, a tab and a prediction,"
                " but is '7 ",
                "CoLA.tsv: 1,062 predictions, but the test set has 1,063",
                "CoLA.tsv: index 7 is missing",
            ],
        ),
        (
            "CoLA.tsv", "\n7\t", "\n7.0\t",
            [
                "CoLA.tsv: line 9: the index must be a whole number, but is"
                " '7.0'",
                "CoLA.tsv: 1,062 predictions",
                "CoLA.tsv: index 7 is missing",
            ],
        ),
        (
            "CoLA.tsv", "\n7\t", "\n6\t",
            [
                "CoLA.tsv: index 6 is there twice",
                "CoLA.tsv: index 7 is missing",
            ],
        ),
        (
            "CoLA.tsv", "\n1062\t", "\n1063\t",
            [
                "CoLA.tsv: index 1063 is not in the test set",
                "CoLA.tsv: index 1062 is missing",
            ],
        ),
        (
            "CoLA.tsv", "\n0\t", "\n1063\t1\n0\t",
            [
                "CoLA.tsv: 1,064 predictions, but the test set has 1,063",
                "CoLA.tsv: index 1063 is not in the test set",
            ],
        ),
        (
            "MNLI-m.tsv", "\tcontradiction", "\tContradiction",
            [
                "the label must be 'entailment', 'neutral' or 'contradiction',"
                " but is 'Contradiction'",
            ],
        ),
        (
            "STS-B.tsv", "\n3\t", "\n3\t1",
            ["STS-B.tsv: line 5: the prediction must be a number from 0 to 5"],
        ),
        (
            "COPA.jsonl", '"label": 1', '"label": "choice2"',
            ["the label must be 0 or 1, but is 'choice2'"],
        ),
        (
            "COPA.jsonl", '"label": 1', '"label": true',
            ["the label must be 0 or 1, but is True"],
        ),
        (
            "BoolQ.jsonl", '"true"', "true",
            ["the label must be 'false' or 'true', but is True"],
        ),
        (
            "WSC.jsonl", '"True"', '"true"',
            ["the label must be 'False' or 'True', but is 'true'"],
        ),
        (
            "ReCoRD.jsonl", '"name 5\\u2028"', "5",
            [": the label must be a text, but is 5"],
        ),
        (
            "WiC.jsonl", '{"idx": 3', '{"index": 3',
            [
                'WiC.jsonl: line 4: must be {"idx": ..., "label": ...}, but is',
                "WiC.jsonl: 1,399 predictions",
                "WiC.jsonl: index 3 is missing",
            ],
        ),
        (
            "WiC.jsonl", '{"idx": 3', '{"idx": "3"',
            [
                "WiC.jsonl: line 4: idx must be a whole number, but is '3'",
                "WiC.jsonl: 1,399 predictions",
                "WiC.jsonl: index 3 is missing",
            ],
        ),
        (
            "ReCoRD.jsonl", '{"idx": 3,', '{"idx": 3',
            [
                "ReCoRD.jsonl: line 4: must be a JSON object, but is",
                "ReCoRD.jsonl: 9,999 predictions",
            ],
        ),
        (
            "ReCoRD.jsonl", '{"idx": 3,', '{"idx": 2,',
            ["ReCoRD.jsonl: index 2 is there twice"],
        ),
        (
            "MultiRC.jsonl", '"answers"', '"answer"',
            [
                'MultiRC.jsonl: line 1: must be {"idx": ..., "passage": ',
                "predictions, but the test set has 9,693",
                "MultiRC.jsonl: 165 passages, but the test set has 166",
                "questions, but the test set has 1,800",
            ],
        ),
        (
            "MultiRC.jsonl", '"idx": 1800, "label"', '"idx": 0, "label"',
            ["MultiRC.jsonl: index (0, 0, 0) is there twice"],
        ),
    ],
)  # fmt: skip
def test_each_departure_is_a_line(whole, name, old, new, lines):
  found = _edited(whole, name, old, new)
  assert len(found) == len(lines), found
  for line, expected in zip(found, lines, strict=True):
    assert expected in line


def test_many_faults_of_one_kind_are_one_line(whole):
  [line] = _edited(whole, "SST-2.tsv", "\t1\n", "\tpositive\n", -1)
  assert "but is 'positive' (and " in line
  [line] = _edited(whole, "QNLI.tsv", "_", "-", -1)
  assert line.endswith(" more)")


def test_bytes_that_are_no_text_are_named():
  assert submission_checks.check_content(FORMATS["AX.tsv"], b"\xff") == [
      "AX.tsv: is not UTF-8"
  ]


def test_an_empty_file_has_no_header_and_no_rows():
  assert submission_checks.check_content(FORMATS["WNLI.tsv"], b"") == [
      "WNLI.tsv: line 1: the header must be 'index\\tprediction', but is ''",
      "WNLI.tsv: 0 predictions, but the test set has 146",
      "WNLI.tsv: 146 indices are missing: 0, 1, 2, ...",
  ]


def test_missing_and_misnamed_files_are_named(whole, tmp_path):
  for path in whole["super_glue"].iterdir():
    name = "boolq.jsonl" if path.name == "BoolQ.jsonl" else path.name
    if name != "AX-g.jsonl":
      (tmp_path / name).write_bytes(path.read_bytes())
  assert submission_checks.check(str(tmp_path), "super_glue") == [
      "boolq.jsonl: no file of super_glue; is it BoolQ.jsonl?",
      "BoolQ.jsonl: missing",
      "AX-g.jsonl: missing",
  ]


def test_files_in_a_folder_of_the_zip_are_named(whole, tmp_path):
  path = tmp_path / "nested.zip"
  with zipfile.ZipFile(path, "w") as archive:
    for file in sorted(whole["super_glue"].iterdir()):
      archive.write(file, f"mine/{file.name}")
      archive.writestr(f"__MACOSX/mine/._{file.name}", "")
  found = submission_checks.check(str(path), "super_glue")
  assert len(found) == 10
  assert found[0] == (
      "mine/AX-b.jsonl: is in a folder of the archive, but must be at its top"
  )


def test_what_is_neither_a_folder_nor_a_zip_is_refused(tmp_path):
  with pytest.raises(errors.UserError, match="no folder and no zip"):
    submission_checks.check(str(tmp_path / "none"), "glue")
  (tmp_path / "text").write_text("text")
  with pytest.raises(errors.UserError, match="neither a folder nor a zip"):
    submission_checks.check(str(tmp_path / "text"), "glue")
  with pytest.raises(errors.UnknownNameError, match="'super_glue'"):
    submission_checks.check(str(tmp_path), "superglue")


def test_the_same_predictions_give_the_same_zip(tmp_path):
  files = [_whole(f) for f in submissions.formats("super_glue")]
  for name in ("one.zip", "two.zip"):
    submissions.write_zip(str(tmp_path / name), files)
  one, two = (tmp_path / n for n in ("one.zip", "two.zip"))
  assert one.read_bytes() == two.read_bytes()
