"""The files that the GLUE and SuperGLUE servers score: their formats, writing.

A submission is a zip with one file a data set at its top. GLUE's are tables
(`index<TAB>prediction`), SuperGLUE's are JSON lines (`{"idx": 0, "label":
...}`). Names, headers and label texts are those that the servers state and
that jiant, the benchmarks' own toolkit, writes. The numbers of rows are those
of the published test sets. `submission_checks` checks what was written.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import files

HEADER = "index\tprediction"
LOWEST, HIGHEST = 0.0, 5.0  # similarities of STS-B

# What a file holds for each index.
LABEL = "label"
NUMBER = "number"
TEXT = "text"
NESTED = "nested"  # a label for each answer, by passage and question

_NUMBER_DEFAULT = 2.5  # the middle of STS-B's scale
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the same predictions, the same bytes


@dataclasses.dataclass(frozen=True)
class Format:
  """One file of a submission.

  Attributes:
    name: its name.
    rows: predictions of the published test set; answers for MultiRC.
    labels: what the server wants for each class, in the order of the class ids
      of TensorFlow Datasets; none for numbers and texts.
    default: the class that stands for a prediction that is no label: the most
      frequent one of the training set, the first where they are balanced.
    kind: LABEL, NUMBER, TEXT or NESTED.
    passages: of MultiRC's test set.
    questions: of MultiRC's test set.
  """

  name: str
  rows: int
  labels: tuple[str | int, ...] = ()
  default: int = 0
  kind: str = LABEL
  passages: int = 0
  questions: int = 0

  @property
  def is_table(self) -> bool:
    """Whether it is a table of GLUE; else it has JSON lines."""
    return self.name.endswith(".tsv")

  @property
  def numbered(self) -> bool:
    """Whether the indices are the numbers of the rows, from 0."""
    return self.kind in (LABEL, NUMBER)


@dataclasses.dataclass(frozen=True)
class File:
  """A file of a submission, ready to be written.

  Attributes:
    format: its format.
    content: its text.
    replaced: how many predictions were no label (or number) and got `default`.
    default: what they got, in words; empty for texts.
    clipped: how many numbers were outside of the scale and set to its end.
  """

  format: Format
  content: str
  replaced: int = 0
  default: str = ""
  clipped: int = 0


_BINARY = ("0", "1")
_NLI = ("entailment", "neutral", "contradiction")
_ENTAILMENT = ("entailment", "not_entailment")
_TRUTH = ("false", "true")

# Benchmark -> its files, in the order of the servers' tables.
BENCHMARKS: Mapping[str, tuple[Format, ...]] = {
    "glue": (
        Format("CoLA.tsv", 1_063, _BINARY, default=1),
        Format("SST-2.tsv", 1_821, _BINARY, default=1),
        Format("MRPC.tsv", 1_725, _BINARY, default=1),
        Format("STS-B.tsv", 1_379, kind=NUMBER),
        Format("QQP.tsv", 390_965, _BINARY),
        Format("MNLI-m.tsv", 9_796, _NLI),
        Format("MNLI-mm.tsv", 9_847, _NLI),
        Format("QNLI.tsv", 5_463, _ENTAILMENT),
        Format("RTE.tsv", 3_000, _ENTAILMENT),
        Format("WNLI.tsv", 146, _BINARY),
        Format("AX.tsv", 1_104, _NLI),
    ),
    "super_glue": (
        Format("BoolQ.jsonl", 3_245, _TRUTH, default=1),
        Format(
            "CB.jsonl", 250, ("entailment", "contradiction", "neutral"), 1
        ),
        Format("COPA.jsonl", 500, (0, 1)),
        Format(
            "MultiRC.jsonl", 9_693, (0, 1), 0, NESTED,
            passages=166, questions=1_800,
        ),
        Format("ReCoRD.jsonl", 10_000, kind=TEXT),
        Format("RTE.jsonl", 3_000, _ENTAILMENT),
        Format("WiC.jsonl", 1_400, _TRUTH),
        Format("WSC.jsonl", 146, ("False", "True")),
        Format("AX-b.jsonl", 1_104, _ENTAILMENT),
        Format("AX-g.jsonl", 356, _ENTAILMENT),
    ),
}  # fmt: skip


def formats(benchmark: str) -> tuple[Format, ...]:
  """The files of a benchmark.

  Raises:
    UnknownNameError: there is no such benchmark.

  >>> [f.name for f in formats("glue") if f.labels == ("0", "1")]
  ['CoLA.tsv', 'SST-2.tsv', 'MRPC.tsv', 'QQP.tsv', 'WNLI.tsv']
  """
  if benchmark not in BENCHMARKS:
    raise errors.unknown_name("benchmark", benchmark, BENCHMARKS)
  return BENCHMARKS[benchmark]


def build(
    file_format: Format,
    indices: Sequence[int] | Sequence[tuple[int, int, int]],
    predictions: Sequence[int] | Sequence[float] | Sequence[str],
) -> File:
  """Makes a file of predictions, in the order of the indices.

  The servers refuse gaps, so a prediction that is no label gets the format's
  default, and one that is no number the middle of the scale; they are counted.

  Args:
    file_format: the file's format.
    indices: the server's index of each prediction; (passage, question, answer)
      for MultiRC.
    predictions: class ids, -1 for a text that is no label; numbers, NaN for a
      text that is none; or texts. As the task's postprocessor gives them.

  Returns:
    The file.

  Raises:
    DataError: indices and predictions differ in number, or an index comes
      twice.

  >>> cola = formats("glue")[0]
  >>> file = build(cola, [1, 0, 2], [0, 1, -1])
  >>> file.content.split()
  ['index', 'prediction', '0', '1', '1', '0', '2', '1']
  >>> file.replaced, file.default
  (1, "'1'")
  """
  if len(indices) != len(predictions):
    raise errors.DataError(
        f"{file_format.name}: {len(indices):,} indices, but"
        f" {len(predictions):,} predictions."
    )
  by_index = dict(zip(indices, predictions, strict=True))
  if len(by_index) < len(indices):
    seen: set[Any] = set()
    twice = next(i for i in indices if i in seen or seen.add(i))
    raise errors.DataError(f"{file_format.name}: index {twice} comes twice.")
  by_index = dict(sorted(by_index.items()))
  if file_format.kind == TEXT:
    values, replaced, clipped = by_index, 0, 0
  elif file_format.kind == NUMBER:
    values, replaced, clipped = _numbers(by_index)
  else:
    classes = file_format.labels
    valid = {i: p for i, p in by_index.items() if 0 <= p < len(classes)}
    values = {
        i: classes[valid.get(i, file_format.default)] for i in by_index
    }
    replaced, clipped = len(by_index) - len(valid), 0
  return File(
      file_format,
      _content(file_format, values),
      replaced,
      _default_text(file_format),
      clipped,
  )


def _numbers(
    by_index: Mapping[Any, float],
) -> tuple[dict[Any, str], int, int]:
  """Numbers of the scale as text; how many were none, how many outside."""
  values, replaced, clipped = {}, 0, 0
  for index, number in by_index.items():
    if not math.isfinite(number):
      replaced += 1
      number = _NUMBER_DEFAULT
    inside = min(max(number, LOWEST), HIGHEST)
    clipped += inside != number
    values[index] = f"{inside:.3f}"
  return values, replaced, clipped


def _default_text(file_format: Format) -> str:
  if file_format.kind == TEXT:
    return ""
  if file_format.kind == NUMBER:
    return str(_NUMBER_DEFAULT)
  return repr(file_format.labels[file_format.default])


def _content(file_format: Format, values: Mapping[Any, Any]) -> str:
  if file_format.is_table:
    return "".join(
        [f"{HEADER}\n", *(f"{i}\t{value}\n" for i, value in values.items())]
    )
  if file_format.kind == NESTED:
    rows = _nested(values)
  else:
    rows = [{"idx": i, "label": value} for i, value in values.items()]
  return "".join(json.dumps(r) + "\n" for r in rows)


def _nested(
    values: Mapping[tuple[int, int, int], Any],
) -> list[dict[str, Any]]:
  """MultiRC's rows: a passage with its questions with their answers."""
  passages: dict[int, dict[int, list[dict[str, Any]]]] = {}
  for (passage, question, answer), label in values.items():
    questions = passages.setdefault(passage, {})
    questions.setdefault(question, []).append({"idx": answer, "label": label})
  return [
      {
          "idx": passage,
          "passage": {
              "questions": [
                  {"idx": question, "answers": answers}
                  for question, answers in questions.items()
              ]
          },
      }
      for passage, questions in passages.items()
  ]


def write(folder: str, submission: Sequence[File]) -> list[str]:
  """Writes the files into a folder; returns their paths."""
  paths = []
  for file in submission:
    paths.append(os.path.join(folder, file.format.name))
    files.write_atomically(paths[-1], file.content)
  return paths


def write_zip(path: str, submission: Sequence[File]) -> None:
  """Writes the archive for the server, with the files at its top."""
  content = io.BytesIO()
  with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
    for file in submission:
      info = zipfile.ZipInfo(file.format.name, _ZIP_TIME)
      info.compress_type = zipfile.ZIP_DEFLATED
      info.external_attr = 0o644 << 16
      archive.writestr(info, file.content)
  files.write_atomically(path, content.getvalue())
