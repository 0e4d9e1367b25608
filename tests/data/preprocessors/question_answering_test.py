"""Tests of questions and answers; golden_test.py has the published results."""

from __future__ import annotations

import string

import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import question_answering


def _squad(answers: list[str], context: str = "a b c") -> tf.data.Dataset:
  example = {
      "id": "i7", "question": "q", "context": context,
      "answers": {"text": tf.constant(answers, tf.string)},
  }  # fmt: skip
  return tf.data.Dataset.from_tensors(example)


def _trivia(aliases: list[str], **contexts: list[str]) -> tf.data.Dataset:
  example = {"question": "q", "answer": {"normalized_aliases": aliases}}
  for key, texts in contexts.items():
    field = "wiki_context" if key == "entity_pages" else "search_context"
    example[key] = {field: texts}
  return tf.data.Dataset.from_tensors(example)


def _inputs_and_targets(dataset: tf.data.Dataset) -> list[tuple[str, str]]:
  return [
      (e["inputs"].decode(), e["targets"].decode())
      for e in dataset.as_numpy_iterator()
  ]


def _truncated(inputs, targets, length: int, count: int = 1) -> list[list[int]]:
  dataset = tf.data.Dataset.from_tensors({
      "inputs": tf.constant(inputs, tf.int32),
      "targets": tf.constant(targets, tf.int32),
  })
  with data.map_seed_manager(1):
    found = preprocessors.trivia_qa_truncate_inputs(
        dataset.repeat(count), None, {"inputs": length}
    )
  return [e["inputs"].tolist() for e in found.as_numpy_iterator()]


@pytest.mark.parametrize("mark", string.punctuation)
def test_ascii_punctuation_stands_apart(mark):
  padded = preprocessors._pad_punctuation(f"x{mark}y").numpy().decode()
  assert padded == f"x {mark} y"


def test_a_question_without_an_answer_is_named_when_it_is_read():
  with pytest.raises(tf.errors.InvalidArgumentError, match=r"id is\] \[i7\]"):
    list(preprocessors.squad(_squad([])))


def test_missing_features_are_named():
  dataset = tf.data.Dataset.from_tensors({"id": "", "question": ""})
  with pytest.raises(errors.DataError, match="'context', 'answers'"):
    preprocessors.squad_span_space_tokenized(dataset)
  with pytest.raises(errors.DataError, match="'answer'"):
    preprocessors.trivia_qa(dataset)
  with pytest.raises(errors.DataError, match="no text to find answers in"):
    preprocessors.trivia_qa(_trivia(["a"]))


def test_an_answer_at_the_very_end_is_found_only_when_asked_for():
  def spans(**kwargs):
    found = preprocessors.squad_span_space_tokenized(_squad(["b c"]), **kwargs)
    return [e["targets"] for e in found.as_numpy_iterator()]

  assert spans() == []
  assert spans(match_at_end=True) == [b"start: 1 end: 2"]


def test_the_first_occurrence_is_the_span():
  span = preprocessors._span_answer("a b a b c", "a b")
  assert span.numpy() == b"start: 0 end: 1"


def test_an_answer_longer_than_the_context_is_not_found():
  assert preprocessors._span_answer("a", "a b c").numpy() == b""


def test_each_text_with_each_alias_in_it_is_an_example():
  found = preprocessors.trivia_qa(
      _trivia(
          ["one", "two"],
          entity_pages=["One two", "neither"],
          search_results=["TWO"],
      )
  )
  assert _inputs_and_targets(found) == [
      ("question: q context: One two", "one"),
      ("question: q context: One two", "two"),
      ("question: q context: TWO", "two"),
  ]


def test_aliases_are_regular_expressions_as_published_or_literal():
  dataset = _trivia(["a.c", "d)"], entity_pages=["a,c d)"])
  found = preprocessors.trivia_qa(dataset, literal_answers=True)
  assert [targets for _, targets in _inputs_and_targets(found)] == ["d ) "]
  with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid pattern"):
    list(preprocessors.trivia_qa(dataset))


def test_every_part_that_holds_the_answer_is_taken():
  parts = _truncated(range(10), [5, 6], length=4, count=100)
  assert {tuple(part) for part in parts} == {
      (3, 4, 5, 6), (4, 5, 6, 7), (5, 6, 7, 8),
  }  # fmt: skip


def test_inputs_that_fit_stay_and_long_ones_without_the_answer_go():
  assert _truncated([1, 2, 3], [9], length=3) == [[1, 2, 3]]
  assert _truncated([1, 2, 3, 4], [9], length=3) == []


@pytest.mark.parametrize("answer", [[], [1, 2, 3]])
def test_an_answer_that_cannot_be_kept_whole_is_an_error(answer):
  with pytest.raises(tf.errors.InvalidArgumentError, match="is not 1 to"):
    _truncated([1, 2, 3, 4], answer, length=2)


def test_truncation_needs_a_length():
  dataset = tf.data.Dataset.from_tensors({"inputs": [1], "targets": [1]})
  with pytest.raises(errors.UserError, match="maximum length of 'inputs'"):
    preprocessors.trivia_qa_truncate_inputs(dataset, None, {"targets": 3})


def test_docstring_examples(run_examples):
  run_examples(question_answering)
