"""Tests of record and wsc; golden_test.py has the published results."""

from __future__ import annotations

import tensorflow as tf

from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import super_glue

_QUERY = {
    "query": "@placeholder rang.",
    "entities": ["Ida", "Bo"],
    "passage": 'All\n@highlight\n"Yes!"\n@highlight\nNo?\n@highlight\nEnd',
    "answers": ["Ida", "Bo"],
    "idx": {"passage": 4, "query": 9},
}
_SENTENCE = {
    "text": "The cat saw that it rained .",
    "span1_text": "The cat",
    "span1_index": 0,
    "span2_text": "it",
    "span2_index": 4,
    "label": 1,
    "idx": 1,
}


def _wsc(**features) -> bytes:
  dataset = tf.data.Dataset.from_tensors(_SENTENCE | features)
  (example,) = preprocessors.wsc(dataset).as_numpy_iterator()
  return example["inputs"].removeprefix(b"wsc text: ")


def test_docstring_examples(run_examples):
  run_examples(super_glue)


def test_each_answer_of_a_query_is_an_example():
  dataset = tf.data.Dataset.from_tensors(_QUERY)
  found = list(preprocessors.record(dataset).as_numpy_iterator())
  assert [e["targets"] for e in found] == [b"Ida", b"Bo"]
  assert [e["answers"].tolist() for e in found] == [[b"Ida", b"Bo"]] * 2
  assert {e["idx/query"] for e in found} == {9}


def test_highlights_become_sentences_with_one_full_stop():
  dataset = tf.data.Dataset.from_tensors(_QUERY)
  example = next(preprocessors.record(dataset).as_numpy_iterator())
  assert example["inputs"].endswith(b'passage: All. "Yes!" No? End')


def test_a_query_without_answers_stays_as_one_example():
  none = tf.constant([], tf.string)
  dataset = tf.data.Dataset.from_tensors(_QUERY | {"answers": none})
  (example,) = preprocessors.record(dataset).as_numpy_iterator()
  assert example["targets"] == b"<unk>"
  assert example["answers"].tolist() == []


def test_record_keeps_text_scalar_for_the_tokenizer():
  dataset = preprocessors.record(tf.data.Dataset.from_tensors(_QUERY))
  spec = dataset.element_spec
  assert spec["inputs"].shape == spec["targets"].shape == ()


def test_the_pronoun_may_come_first():
  found = _wsc(
      text="When it slept the cat purred .",
      span1_text="the cat",
      span1_index=3,
      span2_index=1,
  )
  assert found == b"When # it # slept * the cat * purred ."


def test_a_span_that_is_not_at_its_index_stays_unmarked():
  assert _wsc(span2_index=3) == b"* The cat * saw that it rained ."
