"""Text in, text out: examples of the mini suite by templates."""

from __future__ import annotations

import re

from t5_mtf.data.mapping import unconverted
from t5_mtf.tf_compat import tf


def fill_templates(
    dataset: tf.data.Dataset, inputs: str, targets: str
) -> tf.data.Dataset:
  """Writes `inputs` and `targets` by templates; other features stay.

  This is the text-to-text format (Raffel et al. 2020, section 2.4): a prefix
  that names the task, then the fields of the example with their names.

  Args:
    dataset: examples with scalar tf.string features.
    inputs: template of the inputs; `{name}` is replaced by that feature.
    targets: template of the targets.

  Returns:
    The dataset with `inputs` and `targets`, scalar tf.string.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({"en": "hours", "de": "Stunden"})
  >>> dataset = fill_templates(dataset, "translate: {en}", "{de}")
  >>> example = next(iter(dataset))
  >>> example["inputs"].numpy(), example["targets"].numpy()
  (b'translate: hours', b'Stunden')
  """

  def fill(template: str, example: dict[str, tf.Tensor]) -> tf.Tensor:
    # Odd positions of the split are the names between braces.
    pieces = re.split(r"\{(\w+)\}", template)
    pieces[1::2] = [example[name] for name in pieces[1::2]]
    return tf.strings.join(pieces)

  return dataset.map(
      unconverted(
          lambda example: {
              **example,
              "inputs": fill(inputs, example),
              "targets": fill(targets, example),
          }
      )
  )


def listed_answers(
    dataset: tf.data.Dataset, key: str = "answer"
) -> tf.data.Dataset:
  """Adds `answers`, the one answer as a list, for `postprocessors.qa`.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({"answer": "Nairobi"})
  >>> next(iter(listed_answers(dataset)))["answers"].numpy().tolist()
  [b'Nairobi']
  """
  return dataset.map(
      unconverted(lambda example: {**example, "answers": [example[key]]})
  )


def lines_as_targets(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """Lines of text as `targets` with empty `inputs`, for span corruption.

  >>> from t5_mtf.tf_compat import tf
  >>> example = next(iter(lines_as_targets(tf.data.Dataset.from_tensors("A."))))
  >>> example["inputs"].numpy(), example["targets"].numpy()
  (b'', b'A.')
  """
  return dataset.map(
      unconverted(lambda line: {"inputs": "", "targets": line})
  )
