"""Small raw files in the formats of GLUE and SuperGLUE, handwritten."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from tests.data.tasks.raw_files import Files, write_jsonl, write_tsv

# GLUE: name -> (folder, header, rows). The validation rows are the training
# rows in another order, the test rows lack the last column.
_GLUE: dict[str, tuple[str, tuple[str, ...], list[tuple[str, ...]]]] = {
    "sst2": (
        "SST-2",
        ("sentence", "label"),
        [("a gripping tale . ", "1"), ("dull and far too long ", "0")],
    ),
    "qqp": (
        "QQP",
        ("id", "qid1", "qid2", "question1", "question2", "is_duplicate"),
        [
            ("0", "1", "2", "How old is she?", "What is her age?", "1"),
            ("1", "3", "4", "Where is Oslo?", "Why is the sky blue?", "0"),
        ],
    ),
    "stsb": (
        "STS-B",
        ("index", "genre", "sentence1", "sentence2", "score"),
        [
            ("0", "captions", "A plane takes off.", "A plane flies.", "3.250"),
            ("1", "captions", "A man eats.", "A woman sings.", "0.500"),
        ],
    ),
    "qnli": (
        "QNLI",
        ("index", "question", "sentence", "label"),
        [
            ("0", "Who wrote it?", "Austen wrote it.", "entailment"),
            ("1", "Who wrote it?", "It is long.", "not_entailment"),
        ],
    ),
    "rte": (
        "RTE",
        ("index", "sentence1", "sentence2", "label"),
        [
            ("0", "A man sleeps on a bench.", "A man sleeps.", "entailment"),
            ("1", "A man sleeps.", "A dog barks.", "not_entailment"),
        ],
    ),
    "wnli": (
        "WNLI",
        ("index", "sentence1", "sentence2", "label"),
        [
            (
                "0",
                "The drain is clogged with hair. It has to be cleaned.",
                "The hair has to be cleaned.",
                "0",
            ),
            (
                "1",
                "The drain is clogged with hair. It has to be cleaned.",
                "The drain has to be cleaned.",
                "1",
            ),
        ],
    ),
}


def _glue_writer(name: str) -> Callable[[pathlib.Path], Files]:
  folder, header, rows = _GLUE[name]

  def write(root: pathlib.Path) -> Files:
    write_tsv(root / folder / "train.tsv", header, *rows)
    write_tsv(root / folder / "dev.tsv", header, *reversed(rows))
    write_tsv(
        root / folder / "test.tsv", header[:-1], *[row[:-1] for row in rows]
    )
    return {"": root}

  return write


def _cola(root: pathlib.Path) -> Files:
  rows = [
      ("gj04", "1", "", "The sailors rode the breeze."),
      ("gj04", "0", "*", "Breeze the rode sailors the."),
  ]
  write_tsv(root / "CoLA" / "train.tsv", *rows)
  write_tsv(root / "CoLA" / "dev.tsv", *rows)
  write_tsv(
      root / "CoLA" / "test.tsv",
      ("index", "sentence"),
      ("0", "Bill whistled past the house."),
  )
  return {"": root}


def _mrpc(root: pathlib.Path) -> Files:
  header = ("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String")
  rows = [
      ("1", "11", "12", "He paid the bill.", "The bill was paid by him."),
      ("0", "13", "14", "He paid the bill.", "She sang."),
  ]
  train = write_tsv(root / "train.txt", header, *rows)
  # The published files begin with a byte-order mark, which TFDS skips.
  train.write_bytes(b"\xef\xbb\xbf" + train.read_bytes())
  return {
      "mrpc_dev_ids": write_tsv(root / "dev_ids.tsv", ("13", "14")),
      "msr_paraphrase_train": train,
      "msr_paraphrase_test": write_tsv(root / "test.txt", header, rows[0]),
  }


def _mnli(root: pathlib.Path) -> Files:
  header = ("index", "genre", "sentence1", "sentence2", "gold_label")
  rows = [
      ("0", "fiction", "He ran home.", "He moved.", "entailment"),
      ("1", "fiction", "He ran home.", "He is fast.", "neutral"),
      ("2", "fiction", "He ran home.", "He stood still.", "contradiction"),
  ]
  for name, kept in (
      ("train", rows),
      ("dev_matched", rows[:1]),
      ("dev_mismatched", rows[1:2]),
  ):
    write_tsv(root / "MNLI" / f"{name}.tsv", header, *kept)
  for name in ("test_matched", "test_mismatched"):
    write_tsv(root / "MNLI" / f"{name}.tsv", header[:-1], rows[0][:-1])
  return {"": root}


def _ax(root: pathlib.Path) -> Files:
  return {
      "": write_tsv(
          root / "diagnostic.tsv",
          ("index", "sentence1", "sentence2"),
          ("0", "The cat sat.", "The cat did not sit."),
      )
  }


_WSC_TEXT = "The cat ate the mouse because it was hungry."


def _wsc(index: int, referent: str, label: bool) -> dict[str, Any]:
  target = {
      "span1_index": index,
      "span1_text": referent,
      "span2_index": 6,
      "span2_text": "it",
  }
  return {"text": _WSC_TEXT, "target": target, "label": label}


# SuperGLUE: configuration -> (folder, rows without `idx`).
_SUPER_GLUE: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "boolq": (
        "BoolQ",
        [
            {"question": "is it hot", "passage": "It is hot.", "label": True},
            {"question": "is it cold", "passage": "It is hot.", "label": False},
        ],
    ),
    "cb": (
        "CB",
        [
            {
                "premise": "I doubt that he came.",
                "hypothesis": "he came",
                "label": "contradiction",
            },
            {
                "premise": "I know that he came.",
                "hypothesis": "he came",
                "label": "entailment",
            },
        ],
    ),
    "copa": (
        "COPA",
        [
            {
                "premise": "The glass fell.",
                "choice1": "It broke.",
                "choice2": "It sang.",
                "question": "effect",
                "label": 0,
            },
        ],
    ),
    "rte": (
        "RTE",
        [
            {
                "premise": "A man sleeps on a bench.",
                "hypothesis": "A man sleeps.",
                "label": "entailment",
            },
        ],
    ),
    "wic": (
        "WiC",
        [
            {
                "word": "bank",
                "sentence1": "the bank of the river",
                "sentence2": "a bank with money",
                "start1": 4,
                "end1": 8,
                "start2": 2,
                "end2": 6,
                "label": False,
            },
        ],
    ),
    "wsc.fixed": (
        "WSC",
        [_wsc(0, "The cat", True), _wsc(3, "the mouse", False)],
    ),
}


def _super_glue_writer(name: str) -> Callable[[pathlib.Path], Files]:
  folder, rows = _SUPER_GLUE[name]

  def write(root: pathlib.Path) -> Files:
    rows_of = {"train": rows, "val": rows}
    rows_of["test"] = [
        {k: v for k, v in row.items() if k != "label"} for row in rows
    ]
    for split, of_split in rows_of.items():
      write_jsonl(
          root / folder / f"{split}.jsonl",
          *[{**row, "idx": i} for i, row in enumerate(of_split)],
      )
    return {"": root}

  return write


def _diagnostic_writer(
    folder: str, row: Mapping[str, Any]
) -> Callable[[pathlib.Path], Files]:
  def write(root: pathlib.Path) -> Files:
    write_jsonl(root / folder / f"{folder}.jsonl", row)
    return {"": root}

  return write


def _multirc(root: pathlib.Path) -> Files:
  def row(labelled: bool) -> dict[str, Any]:
    answers = [("To the sea.", 1), ("To bed.", 0)]
    return {
        "idx": 0,
        "passage": {
            "text": "<b>Sent 1: </b>Ann went to the sea.<br>",
            "questions": [
                {
                    "idx": 7,
                    "question": "Where did Ann go?",
                    "answers": [
                        {"idx": i, "text": text}
                        | ({"label": label} if labelled else {})
                        for i, (text, label) in enumerate(answers)
                    ],
                }
            ],
        },
    }

  for split in ("train", "val", "test"):
    write_jsonl(root / "MultiRC" / f"{split}.jsonl", row(split != "test"))
  return {"": root}


def _record(root: pathlib.Path) -> Files:
  text = "Ann met Bob in Oslo.\n@highlight\nThey talked"
  row = {
      "idx": 0,
      "passage": {
          "text": text,
          "entities": [
              {"start": 0, "end": 2},
              {"start": 8, "end": 10},
              {"start": 15, "end": 18},
          ],
      },
      "qas": [
          {
              "idx": 5,
              "query": "@placeholder and Ann talked in Oslo.",
              "answers": [{"text": "Bob", "start": 8, "end": 10}],
          }
      ],
  }
  for split in ("train", "val", "test"):
    write_jsonl(root / "ReCoRD" / f"{split}.jsonl", row)
  return {"": root}


WRITERS: dict[str, Callable[[pathlib.Path], Files]] = {
    **{f"glue/{name}": _glue_writer(name) for name in _GLUE},
    "glue/cola": _cola,
    "glue/mrpc": _mrpc,
    "glue/mnli": _mnli,
    "glue/mnli_matched": _mnli,
    "glue/mnli_mismatched": _mnli,
    "glue/ax": _ax,
    **{f"super_glue/{name}": _super_glue_writer(name) for name in _SUPER_GLUE},
    "super_glue/multirc": _multirc,
    "super_glue/record": _record,
    "super_glue/axb": _diagnostic_writer(
        "AX-b",
        {
            "sentence1": "The cat sat.",
            "sentence2": "The cat did not sit.",
            "label": "not_entailment",
            "idx": 0,
        },
    ),
    "super_glue/axg": _diagnostic_writer(
        "AX-g",
        {
            "premise": "The nurse met the man and she smiled.",
            "hypothesis": "The nurse smiled.",
            "label": "entailment",
            "idx": 0,
        },
    ),
}
