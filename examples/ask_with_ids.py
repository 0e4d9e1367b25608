"""Asks and scores with an exported model's token ids; needs TensorFlow alone.

    python ask_with_ids.py EXPORT/STEP/ids 31 8 1 , 12 7 1

Rows of ids are separated by commas; each ends in EOS, which is 1. Prints the
ids of each answer and its log-likelihood.
"""

import sys

import tensorflow as tf


def main(folder: str, words: list[str]) -> None:
  """Prints one line for each row."""
  rows = [row.split() for row in " ".join(words).split(",")]
  ids = tf.ragged.constant([[int(i) for i in row] for row in rows], tf.int32)
  model = tf.saved_model.load(folder)
  inputs = ids.to_tensor()  # padded with 0
  answers = model.signatures["predict_ids"](ids=inputs)["outputs"]
  scores = model.signatures["score_ids"](inputs=inputs, targets=answers)
  for answer, score in zip(
      answers.numpy().tolist(), scores["scores"].numpy(), strict=True
  ):
    shown = " ".join(str(i) for i in answer if i)
    print(f"{score:.4f}\t{shown}")


if __name__ == "__main__":
  if len(sys.argv) < 3:
    sys.exit(__doc__)
  main(sys.argv[1], sys.argv[2:])
