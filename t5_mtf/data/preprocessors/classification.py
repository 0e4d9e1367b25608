"""GLUE and SuperGLUE as text: the name of the task, then each field by name.

Raffel et al. 2020, appendix D, shows the result for every task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.tf_compat import tf

# Test sets have no labels: TFDS gives -1, which becomes this.
UNKNOWN_LABEL = "<unk>"
_MULTIRC_IDS = ("paragraph", "question", "answer")


def label_text(label: tf.Tensor, label_names: Sequence[str]) -> tf.Tensor:
  """The text of a class label, `<unk>` for -1.

  Args:
    label: a scalar integer, -1 or an index of `label_names`.
    label_names: the texts of the classes.

  Returns:
    A scalar tf.string. Reading the dataset fails on any other label.
  """
  lowest = tf.constant(-1, label.dtype)
  end = tf.constant(len(label_names), label.dtype)
  message = f"the label is neither -1 nor an index of {', '.join(label_names)}"
  with tf.control_dependencies([
      tf.debugging.assert_greater_equal(label, lowest, message=message),
      tf.debugging.assert_less(label, end, message=message),
  ]):
    # -1 is the last one of the list, as in Python.
    texts = [*label_names, UNKNOWN_LABEL]
    return tf.gather(texts, label % len(texts))


def glue(
    dataset: tf.data.Dataset,
    benchmark_name: str,
    label_names: Sequence[str],
    feature_names: Sequence[str] | None = None,
    id_key: str | None = "idx",
) -> tf.data.Dataset:
  """Sentences to classify, as text, and their class as a word.

  The inputs are the benchmark's name, then `name: text` for each feature. The
  markup of MultiRC's paragraphs (`<b>`, `<br>`) is removed, and its three ids
  are kept apart, for `postprocessors.multirc`.

  Args:
    dataset: dicts with `label` (an integer, -1 where it is not known),
      tf.string features, and the id.
    benchmark_name: what the inputs begin with; `multirc` has the rules above.
    label_names: the texts of the classes, in the order of their labels.
    feature_names: the features of the inputs, in this order; by default all
      but `idx` and `label`, in alphabetical order.
    id_key: the feature that becomes `idx`; None for none.

  Returns:
    The dataset with `inputs`, `targets` and `idx` (MultiRC: `idx/paragraph`,
    `idx/question`, `idx/answer`).

  Raises:
    DataError: a feature is missing.
    UserError: no label names. An unknown label fails when it is read.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors(
  ...     {"sentence": "The book was read.", "label": 1, "idx": 7})
  >>> next(glue(dataset, "cola", ["unacceptable", "acceptable"])
  ...      .as_numpy_iterator())
  {'idx': 7, 'inputs': b'cola sentence: The book was read.',
   'targets': b'acceptable'}
  """
  if not label_names:
    raise errors.UserError(
        f"glue: the benchmark {benchmark_name!r} has no label_names. Give the"
        " texts of its classes."
    )
  multirc = benchmark_name == "multirc"
  if multirc:
    id_key = "idx"
  given = ["label", *(feature_names or ()), *([id_key] if id_key else ())]
  require_features("glue", dataset, given)
  names = feature_names or sorted(set(dataset.element_spec) - {"idx", "label"})

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    pieces = [benchmark_name]
    for name in names:
      pieces += [f"{name}:", example[name]]
    inputs = tf.strings.join(pieces, separator=" ")
    if multirc:
      inputs = tf.strings.regex_replace(inputs, "<br>", " ")
      inputs = tf.strings.regex_replace(inputs, "</?b>", "")
      ids = {f"idx/{key}": example["idx"][key] for key in _MULTIRC_IDS}
    else:
      ids = {"idx": example[id_key]} if id_key else {}
    targets = label_text(example["label"], label_names)
    return {**ids, "inputs": inputs, "targets": targets}

  return map_over_dataset(to_text)(dataset)


def stsb(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """Pairs of sentences and their similarity, a number as text.

  The similarity is rounded to the nearest 0.2, halves to the even fifth, which
  makes a regression one of 21 classes (Raffel et al. 2020, section 2.4).

  Args:
    dataset: dicts with `sentence1`, `sentence2`, `label` (a number from 0 to
      5) and `idx`.

  Returns:
    The dataset with `inputs`, `targets` and `idx`.

  Raises:
    DataError: a feature is missing.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "sentence1": "Big news.", "sentence2": "No idea.", "label": 1.66,
  ...     "idx": 3})
  >>> next(stsb(dataset).as_numpy_iterator())
  {'inputs': b'stsb sentence1: Big news. sentence2: No idea.',
   'targets': b'1.6', 'idx': 3}
  """
  require_features("stsb", dataset, ["sentence1", "sentence2", "label", "idx"])

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    inputs = tf.strings.join(
        [
            "stsb sentence1:",
            example["sentence1"],
            "sentence2:",
            example["sentence2"],
        ],
        separator=" ",
    )
    rounded = tf.round(example["label"] * 5) / 5
    targets = tf.strings.as_string(rounded, precision=1)
    return {"inputs": inputs, "targets": targets, "idx": example["idx"]}

  return map_over_dataset(to_text)(dataset)
