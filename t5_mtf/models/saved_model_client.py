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
  answer = model.signatures["serving_default"]
  answers = []
  for text in texts:
    outputs = answer(input=tf.constant([text]))["outputs"].numpy()
    answers.append(outputs[0].decode("utf-8"))
  return answers


if __name__ == "__main__":
  questions = sys.argv[1:] or sys.stdin.read().splitlines()
  for line in ask(os.path.dirname(os.path.abspath(__file__)), questions):
    print(line)
