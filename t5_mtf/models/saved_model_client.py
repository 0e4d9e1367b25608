"""Asks an exported model; needs only TensorFlow and tensorflow-text.

python ask.py 'translate English to German: Good morning.'
python ask.py < file_with_one_text_a_line
"""

import os
import sys

import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the tokenizer's operations


def ask(folder: str, texts: list[str]) -> list[str]:
  """Returns the answer of the SavedModel in `folder` to each text."""
  model = tf.saved_model.load(folder)
  answers = model.signatures["serving_default"](input=tf.constant(texts))
  for text, truncated in zip(texts, answers["truncated"].numpy(), strict=True):
    if truncated:
      print(f"longer than the model reads, and CUT: {text}", file=sys.stderr)
  return [answer.decode("utf-8") for answer in answers["outputs"].numpy()]


if __name__ == "__main__":
  questions = sys.argv[1:] or sys.stdin.read().splitlines()
  if not questions:
    sys.exit("no text was given")
  for line in ask(os.path.dirname(os.path.abspath(__file__)), questions):
    print(line)
