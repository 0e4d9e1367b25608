"""The SuperGLUE tasks that need more than `glue`: ReCoRD and WSC by spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.data.preprocessors.classification import UNKNOWN_LABEL, label_text
from t5_mtf.tf_compat import tf


def record(dataset: tf.data.Dataset) -> tf.data.Dataset:
  r"""ReCoRD: one example for each accepted answer of a query.

  The highlights, which stand on lines of their own in the passage, become
  sentences of it. A query without answers (the test set) becomes one example
  with the targets `<unk>`. `postprocessors.record` and `deduplicate_metric`
  join the examples of a query again.

  Args:
    dataset: dicts with `query`, `entities` [any], `passage`, `answers` [any]
      and `idx`, a dict of `passage` and `query`.

  Returns:
    The dataset with `inputs`, `targets`, all `answers`, `idx/passage` and
    `idx/query`.

  Raises:
    DataError: a feature is missing.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "query": "@placeholder rang.", "entities": ["Ida", "Vell"],
  ...     "passage": "The bell broke\n@highlight\nIda was there",
  ...     "answers": ["Ida"], "idx": {"passage": 4, "query": 9}})
  >>> for name, value in next(record(dataset).as_numpy_iterator()).items():
  ...   print(name, value)
  idx/passage 4
  idx/query 9
  inputs b'record query: @placeholder rang. entities: Ida, Vell passage:
    The bell broke. Ida was there'
  targets b'Ida'
  answers [b'Ida']
  """
  names = ["query", "entities", "passage", "answers", "idx"]
  require_features("record", dataset, names)

  def by_answer(example: Mapping[str, Any]) -> tf.data.Dataset:
    passage = tf.strings.regex_replace(
        example["passage"], r"([.?!\"'])\n@highlight\n", r"\1 "
    )
    passage = tf.strings.regex_replace(passage, r"\n@highlight\n", ". ")
    inputs = tf.strings.join(
        [
            "record query:",
            example["query"],
            "entities:",
            tf.strings.reduce_join(example["entities"], separator=", "),
            "passage:",
            passage,
        ],
        separator=" ",
    )
    answers = example["answers"]
    # No answers: as many copies of the unknown one as are missing from one.
    missing = tf.maximum(1 - tf.size(answers), 0)
    targets = tf.concat([answers, tf.repeat(UNKNOWN_LABEL, missing)], 0)
    return tf.data.Dataset.from_tensor_slices(targets).map(
        lambda target: {
            "idx/passage": example["idx"]["passage"],
            "idx/query": example["idx"]["query"],
            "inputs": inputs,
            "targets": target,
            "answers": answers,
        }
    )

  return dataset.flat_map(by_answer)


def _mark_span(
    text: tf.Tensor, span: tf.Tensor, index: tf.Tensor, mark: str
) -> tf.Tensor:
  """Puts a mark around the span that begins with the index-th word.

  A text where the span is not at that place stays as it is. As published, the
  span is read as a regular expression, and as a replacement before that.
  """
  pattern = tf.strings.join(
      [r"^((?:\S+\s){", tf.strings.as_string(index), "})(W)"]
  )
  pattern = tf.strings.regex_replace(pattern, "W", span)
  return tf.strings.regex_replace(text, pattern, rf"\1{mark} \2 {mark}")


def wsc(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """WSC as classification: does the marked pronoun mean the marked noun?

  `*` stands around the noun and `#` around the pronoun. T5 was trained on
  `wsc_simple` instead (Raffel et al. 2020, section 2.4). As published, a span
  that is not found at its index stays unmarked.

  Args:
    dataset: dicts with `text`, `span1_text`, `span1_index` (counting words),
      `span2_text`, `span2_index`, `label` (-1, 0 or 1) and `idx`.

  Returns:
    The dataset with `inputs`, `targets` (`True`, `False`, `<unk>`) and `idx`.

  Raises:
    DataError: a feature is missing.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "text": "The cat saw that it rained .", "span1_text": "The cat",
  ...     "span1_index": 0, "span2_text": "it", "span2_index": 4,
  ...     "label": 0, "idx": 1})
  >>> next(wsc(dataset).as_numpy_iterator())
  {'inputs': b'wsc text: * The cat * saw that # it # rained .',
   'targets': b'False', 'idx': 1}
  """
  spans = ["span1_text", "span1_index", "span2_text", "span2_index"]
  require_features("wsc", dataset, ["text", *spans, "label", "idx"])

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    first, second = example["span1_index"], example["span2_index"]
    text = _mark_span(example["text"], example["span1_text"], first, "*")
    # The two marks around the first span count as words.
    second += 2 * tf.cast(first < second, second.dtype)
    text = _mark_span(text, example["span2_text"], second, "#")
    return {
        "inputs": tf.strings.join(["wsc text:", text], separator=" "),
        "targets": label_text(example["label"], ["False", "True"]),
        "idx": example["idx"],
    }

  return map_over_dataset(to_text)(dataset)
