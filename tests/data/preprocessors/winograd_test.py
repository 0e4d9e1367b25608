"""Tests of the Winograd forms; golden_test.py has the published results."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import winograd

_SENTENCE = {
    "text": "The cat ate because it was hungry .",
    "span1_text": "The cat",
    "span2_text": "it",
    "span2_index": 4,
    "idx": 8,
}
_PONY = (
    "The boy continued to whip the pony , and eventually the pony threw him"
    ' over. John laughed out quite loud. "Good for him," he said. '
)
_PEBBLE = (
    "When they had eventually calmed down a bit , and had gotten home, Mr."
    " Farley put the magic pebble in an iron safe . Some day they might want"
    " to use it , but really for now, what more could they wish for?"
)


def _wsc(arguments=None, **features) -> list[dict]:
  dataset = tf.data.Dataset.from_tensors(_SENTENCE | features)
  found = preprocessors.wsc_simple(dataset, **(arguments or {}))
  return list(found.as_numpy_iterator())


def test_docstring_examples(run_examples):
  run_examples(winograd)


@pytest.mark.parametrize(("label", "kept"), [(1, 1), (-1, 1), (0, 0)])
def test_wrong_candidates_can_be_left_out(label, kept):
  only = {"correct_referent_only": True}
  assert len(_wsc(only, label=label)) == kept
  assert len(_wsc(label=label)) == 1


def test_without_a_label_it_is_0_and_cannot_be_trained_on():
  (example,) = _wsc()
  assert example["label"] == 0
  assert _wsc({"correct_referent_only": True}) == []


def test_indices_may_be_int64():
  (example,) = _wsc(span2_index=tf.constant(4, tf.int64))
  assert example["inputs"] == b"wsc: The cat ate because *it* was hungry ."


@pytest.mark.parametrize(
    ("text", "wrong_index", "pronoun", "marked"),
    [
        (_PONY, 22, "him", _PONY.replace("for him,", "for *him* ,").strip()),
        (_PEBBLE, 30, "it", _PEBBLE.replace("use it", "use *it*")),
    ],
)
def test_two_texts_with_a_wrong_index_are_known(
    text, wrong_index, pronoun, marked
):
  (example,) = _wsc(text=text, span2_text=pronoun, span2_index=wrong_index)
  assert example["inputs"].decode() == f"wsc: {marked}"


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (0, "the pronoun is the first word"),
        (3, "the word at span2_index is not span2_text"),
        (8, "span2_index is past the end"),
    ],
)
def test_an_index_without_the_pronoun_fails(index, message):
  with pytest.raises(tf.errors.InvalidArgumentError, match=message):
    _wsc(span2_index=index)


def test_the_pronoun_is_left_open_for_the_task_to_fill():
  example = {name: tf.constant(value) for name, value in _SENTENCE.items()}
  found = winograd._wsc_inputs(example)
  assert found.numpy() == b"The cat ate because X was hungry ."


@pytest.mark.parametrize(
    ("sentence", "marked"),
    [
        ("Ida thinks he is the hero.", "Ida thinks *he* is the hero."),
        ("Ida and he, he said.", "Ida and *he*, he said."),
        ("Is it he.", "Is it *he*."),
        ("Is it he? He is", "Is it he? He is"),
    ],
)
def test_the_first_whole_pronoun_is_marked(sentence, marked):
  dataset = tf.data.Dataset.from_tensors({
      "sentence": sentence, "pronoun": "he", "candidates": ["a", "b"],
      "label": 1,
  })  # fmt: skip
  found = preprocessors.definite_pronoun_resolution_simple(dataset, "say:")
  (example,) = found.as_numpy_iterator()
  assert example["inputs"].decode() == f"say: {marked}"
  assert example["targets"] == b"b"


def _wnli(premise: str, hypothesis: str) -> tf.data.Dataset:
  return preprocessors.wnli_simple(
      tf.data.Dataset.from_tensors(
          {"sentence1": premise, "sentence2": hypothesis, "idx": 0}
      )
  )


def test_wnli_is_text_that_the_tokenizer_takes():
  dataset = _wnli("Zoë saw José, he was tired.", "José was tired.")
  (example,) = dataset.as_numpy_iterator()
  assert dataset.element_spec["inputs"].shape == ()
  assert dataset.element_spec["targets"].shape == ()
  assert example["targets"].decode() == "José"
  assert example["premise"].decode() == "Zoë saw José, he was tired."
  assert example["label"] == 0


def test_a_premise_without_a_pronoun_says_so():
  with pytest.raises(
      tf.errors.InvalidArgumentError, match="'Nothing here.' has none of the"
  ):
    list(_wnli("Nothing here.", "Nothing."))
