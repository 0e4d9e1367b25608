"""Winograd schemas as text: name the noun that the marked pronoun stands for.

Raffel et al. 2020, section 2.4: the pronoun is between asterisks, the targets
are the noun. Three data sets come in this one form: SuperGLUE's WSC, the
Definite Pronoun Resolution data, and GLUE's WNLI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.data.preprocessors import winograd_pairs
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.tf_compat import tf

# Two texts of WSC whose index is not the pronoun's, with X in its place.
_PONY = (
    "The boy continued to whip the pony , and eventually the pony threw him"
    ' over. John laughed out quite loud. "Good for {}" he said.'
)
_PEBBLE = (
    "When they had eventually calmed down a bit , and had gotten home, Mr."
    " Farley put the magic pebble in an iron safe . Some day they might want"
    " to use {} , but really for now, what more could they wish for?"
)
_MISINDEXED = {
    _PONY.format("him,") + " ": _PONY.format("X ,"),
    _PEBBLE.format("it"): _PEBBLE.format("X"),
}


def _wsc_inputs(x: Mapping[str, Any]) -> tf.Tensor:
  """The text of a WSC example with an X in place of the pronoun.

  As published, the pronoun may be neither first nor, in effect, last: a space
  follows it there. Words are what stands between single spaces.

  Args:
    x: `text`, `span2_text` (the pronoun) and `span2_index` (its place).

  Returns:
    A scalar tf.string. Reading the dataset fails where the index is out of
    range or the word there is not the pronoun, but for two texts of the
    published data, which are known.
  """
  text = x["text"]
  index = tf.cast(x["span2_index"], tf.int32)
  words = tf.strings.split(text, sep=" ")
  with tf.control_dependencies([
      tf.debugging.assert_greater(
          index, 0, message="wsc: the pronoun is the first word"
      ),
      tf.debugging.assert_less(
          index, tf.size(words), message="wsc: span2_index is past the end"
      ),
  ]):
    index = tf.identity(index)
  known = [tf.equal(text, bad) for bad in _MISINDEXED]
  tf.debugging.Assert(
      tf.reduce_any([tf.equal(words[index], x["span2_text"]), *known]),
      ["wsc: the word at span2_index is not span2_text:", text, index],
  )
  before = tf.strings.reduce_join(words[:index], separator=" ")
  after = tf.strings.reduce_join(words[index + 1 :], separator=" ")
  marked = tf.strings.join([before, "X", after], separator=" ")
  for is_this, good in zip(known, _MISINDEXED.values(), strict=True):
    marked = tf.where(is_this, good, marked)
  return marked


def wsc_simple(
    dataset: tf.data.Dataset,
    label: str = "wsc:",
    correct_referent_only: bool = False,
) -> tf.data.Dataset:
  """SuperGLUE's WSC: the targets are the candidate noun.

  Where the candidate is the wrong one the right one is not known, so only
  examples with the right one can be trained on.

  Args:
    dataset: dicts with `text`, `span1_text` (the candidate), `span2_text` (the
      pronoun), `span2_index` (its place in words), `idx`, and `label` (1 where
      the candidate is right, 0 where not, -1 unknown) unless it is unknown.
    label: what the inputs begin with.
    correct_referent_only: leave out the examples with label 0 or without one.

  Returns:
    The dataset with `inputs`, `targets`, `label` (0 where there was none) and
    `idx`.

  Raises:
    DataError: a feature is missing. An index at which the pronoun is not
      fails when it is read.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "text": "The cat ate because it was hungry .",
  ...     "span1_text": "The cat", "span2_text": "it", "span2_index": 4,
  ...     "label": 1, "idx": 8})
  >>> next(wsc_simple(dataset).as_numpy_iterator())
  {'inputs': b'wsc: The cat ate because *it* was hungry .',
   'targets': b'The cat', 'label': 1, 'idx': 8}
  """
  names = ["text", "span1_text", "span2_text", "span2_index", "idx"]
  require_features("wsc_simple", dataset, names)

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    marked = tf.strings.join([" *", example["span2_text"], "* "])
    inputs = tf.strings.regex_replace(_wsc_inputs(example), " X ", marked)
    return {
        "inputs": tf.strings.join([label, inputs], separator=" "),
        "targets": example["span1_text"],
        "label": example.get("label", 0),
        "idx": example["idx"],
    }

  if correct_referent_only:
    dataset = dataset.filter(
        lambda example: tf.cast(example.get("label", 0), tf.bool)
    )
  return map_over_dataset(to_text)(dataset)


def definite_pronoun_resolution_simple(
    dataset: tf.data.Dataset, label: str = "wsc:"
) -> tf.data.Dataset:
  """Definite Pronoun Resolution in the form of `wsc_simple`.

  The first occurrence of the pronoun after a space and before a space, comma
  or full stop is marked. As published, none is where there is no such place,
  and the pronoun is read as a regular expression.

  Args:
    dataset: dicts with `sentence`, `pronoun`, `candidates` [2] and `label`,
      the index of the right candidate.
    label: what the inputs begin with.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    DataError: a feature is missing.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "sentence": "Ann asked Mary whether she could help.",
  ...     "pronoun": "she", "candidates": ["Ann", "Mary"], "label": 0})
  >>> next(definite_pronoun_resolution_simple(dataset).as_numpy_iterator())
  {'inputs': b'wsc: Ann asked Mary whether *she* could help.',
   'targets': b'Ann'}
  """
  names = ["sentence", "pronoun", "candidates", "label"]
  require_features("definite_pronoun_resolution_simple", dataset, names)

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    pattern = tf.strings.join([" (", example["pronoun"], r")( |\.|,)"])
    marked = tf.strings.regex_replace(
        example["sentence"], pattern, r" *\1*\2", replace_global=False
    )
    return {
        "inputs": tf.strings.join([label, marked], separator=" "),
        "targets": example["candidates"][example["label"]],
    }

  return map_over_dataset(to_text)(dataset)


def wnli_simple(
    dataset: tf.data.Dataset, label: str = "wsc:"
) -> tf.data.Dataset:
  """GLUE's WNLI in the form of `wsc_simple`.

  WNLI pairs a Winograd schema with a sentence in which the pronoun is replaced
  by a candidate noun. Which pronoun and which noun is found again by comparing
  the two (`winograd_pairs`), in Python.

  Args:
    dataset: dicts with `sentence1`, `sentence2`, `idx`, and `label` (1 where
      the candidate is right) unless it is unknown.
    label: what the inputs begin with.

  Returns:
    The dataset with `inputs`, `targets`, `premise`, `hypothesis`, `label` (0
    where there was none) and `idx`.

  Raises:
    DataError: a feature is missing. A first sentence without a pronoun fails
      when it is read.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "sentence1": "The fish ate the worm. It was tasty.",
  ...     "sentence2": "The worm was tasty.", "label": 1, "idx": 2})
  >>> example = next(wnli_simple(dataset).as_numpy_iterator())
  >>> example["inputs"], example["targets"]
  (b'wsc: The fish ate the worm. *It* was tasty.', b'The worm')
  """
  require_features("wnli_simple", dataset, ["sentence1", "sentence2", "idx"])

  def marked_and_candidate(
      premise: bytes, hypothesis: bytes
  ) -> tuple[bytes, bytes]:
    found = winograd_pairs.mark_pronoun(
        premise.decode("utf-8"), hypothesis.decode("utf-8")
    )
    return found[0].encode("utf-8"), found[1].encode("utf-8")

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    marked, candidate = tf.numpy_function(
        marked_and_candidate,
        [example["sentence1"], example["sentence2"]],
        [tf.string, tf.string],
        stateful=False,
    )
    return {
        "inputs": tf.strings.join(
            [label, tf.ensure_shape(marked, [])], separator=" "
        ),
        "targets": tf.ensure_shape(candidate, []),
        "premise": example["sentence1"],
        "hypothesis": example["sentence2"],
        "label": example.get("label", 0),
        "idx": example["idx"],
    }

  return map_over_dataset(to_text)(dataset)
