"""The multilingual data sets that mT5 is fine-tuned on, as text.

Xue et al. 2021 ("mT5", arXiv 2010.11934), section 4.1. Names and formats are
those of google-research/multilingual-t5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.data.preprocessors.question_answering import questions
from t5_mtf.tf_compat import tf

# Between the entities of a sentence; t5_mtf.evaluation splits there.
SPAN_DELIMITER = " $$ "


def _nli(premise: Any, hypothesis: Any, label: Any) -> dict[str, tf.Tensor]:
  inputs = tf.strings.join(
      ["xnli: premise: ", premise, " hypothesis: ", hypothesis]
  )
  return {"inputs": inputs, "targets": tf.strings.as_string(label)}


def process_mnli(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """MultiNLI in the format of XNLI, whose training data it is.

  >>> dataset = tf.data.Dataset.from_tensors(
  ...     {"premise": "He ran home.", "hypothesis": "He moved.", "label": 0})
  >>> next(process_mnli(dataset).as_numpy_iterator())
  {'inputs': b'xnli: premise: He ran home. hypothesis: He moved.',
   'targets': b'0'}

  Args:
    dataset: dicts of `premise`, `hypothesis` (tf.string) and `label` (0
      entailment, 1 neutral, 2 contradiction).

  Returns:
    The dataset with `inputs` and `targets`, the label's number as text.

  Raises:
    DataError: a feature is missing.
  """
  require_features("process_mnli", dataset, ["premise", "hypothesis", "label"])
  return map_over_dataset(
      lambda e: _nli(e["premise"], e["hypothesis"], e["label"])
  )(dataset)


def process_xnli(
    dataset: tf.data.Dataset, target_languages: Sequence[str]
) -> tf.data.Dataset:
  """XNLI (Conneau et al. 2018): one example a language.

  A pair that is not there in one of the languages gives no example for it.

  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "premise": {"de": "Er lief.", "en": "He ran."}, "label": 2,
  ...     "hypothesis": {"language": ["de", "en"],
  ...                    "translation": ["Er stand.", "He stood."]}})
  >>> for example in process_xnli(dataset, ["de"]).as_numpy_iterator():
  ...   print(example["inputs"], example["targets"])
  b'xnli: premise: Er lief. hypothesis: Er stand.' b'2'

  Args:
    dataset: dicts of `premise` (language -> text), `hypothesis` (`language`
      and `translation`, tf.string [translations]) and `label`.
    target_languages: the languages to keep, in this order.

  Returns:
    The dataset with `inputs` and `targets`, as `process_mnli`.

  Raises:
    DataError: a feature is missing.
    UnknownNameError: the examples do not have one of the languages.
  """
  require_features("process_xnli", dataset, ["premise", "hypothesis", "label"])
  known = dataset.element_spec["premise"]
  for language in target_languages:
    if language not in known:
      raise errors.unknown_name(
          "language", language, known, "process_xnli needs its premises."
      )

  def pairs(example: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    premises = tf.stack([example["premise"][key] for key in target_languages])
    hypothesis = example["hypothesis"]
    wanted = tf.constant(list(target_languages))[:, None]
    found = tf.where(wanted == hypothesis["language"][None, :])
    return _nli(
        tf.gather(premises, found[:, 0]),
        tf.gather(hypothesis["translation"], found[:, 1]),
        tf.fill(tf.shape(found)[:1], example["label"]),
    )

  return map_over_dataset(pairs)(dataset).unbatch()


def _pad_punctuation(text: Any) -> tf.Tensor:
  """Spaces around what is no letter, accent, digit or `_` of any script.

  >>> _pad_punctuation("¿Dónde?").numpy().decode()
  ' ¿ Dónde ? '
  """
  text = tf.strings.regex_replace(text, r"([^_\s\p{N}\p{L}\p{M}])", r" \1 ")
  return tf.strings.regex_replace(text, r"\s+", " ")


def xquad(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """Questions in the form of SQuAD, in any language.

  As `preprocessors.squad`, but the punctuation of every script stands apart
  from words, not that of ASCII alone.

  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "id": "7", "context": "它挖于1731年。", "question": "何时？",
  ...     "answers": {"text": ["1731年"]}})
  >>> example = next(xquad(dataset).as_numpy_iterator())
  >>> print(example["inputs"].decode(), "|", example["targets"].decode())
  question: 何时 ？ context: 它挖于1731年 。  | 1731年

  Args:
    dataset: dicts with `id`, `question`, `context` and `answers`, a dict of
      `text`, tf.string [answers].

  Returns:
    The dataset with `inputs` and `targets` (the first answer), and `id`,
    `context`, `question` and `answers` for the metric.

  Raises:
    DataError: a feature is missing. A question without an answer fails when it
      is read.
  """
  return questions(dataset, "xquad", _pad_punctuation, include_context=True)


def filter_tydiqa_by_language(
    dataset: tf.data.Dataset, lang: str
) -> tf.data.Dataset:
  """The examples of TyDi QA in one language, which their ids begin with.

  >>> dataset = tf.data.Dataset.from_tensor_slices(
  ...     {"id": ["english-12-0", "finnish-7-0"]})
  >>> list(filter_tydiqa_by_language(dataset, "finnish").as_numpy_iterator())
  [{'id': b'finnish-7-0'}]

  Args:
    dataset: dicts with `id`, a scalar tf.string.
    lang: the English name of the language, in lower case.

  Returns:
    The dataset without the other examples.

  Raises:
    DataError: the examples have no `id`.
  """
  require_features("filter_tydiqa_by_language", dataset, ["id"])
  return dataset.filter(
      lambda e: tf.strings.regex_full_match(e["id"], f"{lang}-.*")
  )


def wikiann(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """WikiANN (Pan et al. 2017): the entities of a sentence and their kinds.

  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "tokens": ["Rick", "left", "Bern"],
  ...     "spans": ["PER: Rick", "LOC: Bern"]})
  >>> next(wikiann(dataset).as_numpy_iterator())
  {'inputs': b'tag: Rick left Bern', 'targets': b'PER: Rick $$ LOC: Bern'}

  Args:
    dataset: dicts of `tokens` and `spans`, tf.string [tokens] and [entities];
      a sentence without entities has the one span `None`.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    DataError: a feature is missing.
  """
  require_features("wikiann", dataset, ["tokens", "spans"])

  def to_text(example: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    tokens = tf.strings.reduce_join(example["tokens"], separator=" ")
    return {
        "inputs": tf.strings.join(["tag: ", tokens]),
        "targets": tf.strings.reduce_join(
            example["spans"], separator=SPAN_DELIMITER
        ),
    }

  return map_over_dataset(to_text)(dataset)
