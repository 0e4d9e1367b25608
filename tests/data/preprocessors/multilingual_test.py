from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import multilingual


def test_examples(run_examples):
  run_examples(multilingual)


def _xnli(languages: list[str], label: int = 0) -> tf.data.Dataset:
  return tf.data.Dataset.from_tensors({
      "premise": {"de": "Eins.", "en": "One.", "zh": "一。"},
      "hypothesis": {
          "language": tf.constant(languages, tf.string),
          "translation": tf.constant([f"{k}!" for k in languages], tf.string),
      },
      "label": label,
  })


def test_xnli_gives_an_example_for_each_language_that_is_there():
  dataset = _xnli(["de", "zh"]).concatenate(_xnli([])).concatenate(
      _xnli(["de", "en", "zh"], label=1)
  )
  found = multilingual.process_xnli(dataset, ["zh", "en"])
  assert [
      (e["inputs"].decode(), e["targets"].decode())
      for e in found.as_numpy_iterator()
  ] == [
      ("xnli: premise: 一。 hypothesis: zh!", "0"),
      ("xnli: premise: 一。 hypothesis: zh!", "1"),
      ("xnli: premise: One. hypothesis: en!", "1"),
  ]


def test_xnli_names_a_language_that_it_does_not_have():
  with pytest.raises(errors.UnknownNameError, match="'zn'.*zh"):
    multilingual.process_xnli(_xnli(["de"]), ["zn"])


@pytest.mark.parametrize(
    "text",
    [
        "Where (old) men's clubs are: 3,5 $ & more?",
        "plain words",
        "dug in 1731",
    ],
)
def test_ascii_is_spaced_as_in_squad(text):
  raw = tf.data.Dataset.from_tensors({
      "id": "1",
      "question": text,
      "context": text,
      "answers": {"text": [text, "b."]},
  })
  ours = next(multilingual.xquad(raw).as_numpy_iterator())
  squad = next(preprocessors.squad(raw).as_numpy_iterator())
  assert set(ours) == set(squad)
  for key in ("inputs", "targets", "context", "question"):
    assert ours[key] == squad[key]
  assert list(ours["answers"]) == list(squad["answers"])


def test_letters_and_accents_of_other_scripts_stay_together():
  raw = tf.data.Dataset.from_tensors({
      "id": "1",
      "question": "हिन्दी में क्या है؟",
      "context": "ไทย、中文。",
      "answers": {"text": ["中文"]},
  })
  inputs = next(multilingual.xquad(raw).as_numpy_iterator())["inputs"].decode()
  assert inputs == "question: हिन्दी में क्या है ؟ context: ไทย 、 中文 。 "


def test_a_question_without_an_answer_is_named():
  raw = tf.data.Dataset.from_tensors({
      "id": "q17",
      "question": "?",
      "context": "x",
      "answers": {"text": tf.constant([], tf.string)},
  })
  with pytest.raises(tf.errors.InvalidArgumentError, match="q17"):
    list(multilingual.xquad(raw))


@pytest.mark.parametrize(
    "step",
    [
        multilingual.process_mnli,
        multilingual.xquad,
        multilingual.wikiann,
        lambda d: multilingual.process_xnli(d, ["en"]),
        lambda d: multilingual.filter_tydiqa_by_language(d, "english"),
    ],
)
def test_a_missing_feature_is_named(step):
  with pytest.raises(errors.DataError, match="the examples have 'text'"):
    step(tf.data.Dataset.from_tensors({"text": "a"}))
