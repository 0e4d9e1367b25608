"""Trains the vocabulary of the mini suite on the embedded train splits.

  python -m t5_mtf.data.embedded.train_vocabulary [--output FILE]

A unigram SentencePiece model like T5's own (pad 0, end of sequence 1, unknown
2, no beginning of sequence). With the 100 sentinels it has 3,072 ids: small
enough that a model of 128 dimensions is not mostly embedding (the table is
0.4 million parameters) and learns every piece in minutes, large enough that
common English words stay whole; and a multiple of 128, so Mesh TensorFlow pads
nothing. Digits are pieces of their own, so that numbers can be copied.
"""

from __future__ import annotations

import argparse
import pathlib

from t5_mtf.data import vocabulary_training
from t5_mtf.data.embedded import files
from t5_mtf.data.embedded.builders import splits

NUM_PIECES = 3072 - 100
_DEFAULT_OUTPUT = files.ROOT.parent / "vocabs" / "mini.model"
# Columns that hold text; prefixes and templates of the tasks are added below.
_TEXT_COLUMNS = {
    "austen": ("text",),
    "kjv": ("text",),
    "acl": ("text",),
    "rating": ("sentence",),
    "cnndm": ("article", "highlights"),
    "squad": ("question", "context"),
    "boolq": ("passage", "question"),
    "ende": ("en", "de"),
    "enfr": ("fr",),
    "enro": ("ro",),
}
# The translation pairs are short; repeated, their words weigh like prose.
_REPEATS = {"ende": 5, "enfr": 5, "enro": 5}
_MAX_CHARACTERS = 500_000  # of each dataset, so that prose does not crowd out
# Words that tasks put around the text, often enough to become whole pieces.
_TASK_WORDS = (
    "question: context: passage: sentence: sentence1: sentence2: premise: "
    "choice1: choice2: summarize: translate English to German: "
    "translate English to French: translate English to Romanian: mini_glue "
    "mini_sglue sentiment rating acceptability adjacent boolq copa acceptable "
    "unacceptable not_adjacent positive negative True False choice1 choice2"
)


def training_lines() -> list[str]:
  """The text that the vocabulary is trained on, from train splits only."""
  lines = [_TASK_WORDS] * 2000
  for dataset, columns in _TEXT_COLUMNS.items():
    # Sorted, so that the order of the files does not matter.
    rows = sorted(
        files.read_rows(dataset, "train"), key=lambda r: tuple(r.values())
    )
    splits.rng("vocabulary", dataset).shuffle(rows)
    characters = 0
    for row in rows:
      if characters > _MAX_CHARACTERS:
        break
      texts = [row[c] for c in columns]
      characters += sum(map(len, texts))
      lines.extend(texts * _REPEATS.get(dataset, 1))
  return lines


def train() -> bytes:
  """The serialized SentencePiece model, the same at every call."""
  return vocabulary_training.train(
      training_lines(),
      NUM_PIECES,
      num_threads=1,
      split_digits=True,
      max_sentence_length=20_000,
  )


def main() -> None:
  """Reads the flags and writes the files."""
  parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
  parser.add_argument("--output", type=pathlib.Path, default=_DEFAULT_OUTPUT)
  args = parser.parse_args()
  args.output.parent.mkdir(parents=True, exist_ok=True)
  args.output.write_bytes(train())


if __name__ == "__main__":
  main()
