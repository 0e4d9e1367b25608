"""Tests of translation; golden_test.py has the published results."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import translation


def _several(languages: list[str]) -> tf.data.Dataset:
  return tf.data.Dataset.from_tensors({
      "translations": {
          "language": languages,
          "translation": [f"{number}" for number in range(len(languages))],
      }
  })


def test_unknown_language_is_named_when_the_pipeline_is_built():
  dataset = tf.data.Dataset.from_tensors({"en": "A.", "xx": "B."})
  with pytest.raises(errors.UnknownNameError, match="'xx'"):
    preprocessors.translate(dataset, "en", "xx")


def test_missing_language_is_named():
  dataset = tf.data.Dataset.from_tensors({"en": "A.", "de": "B."})
  with pytest.raises(errors.DataError, match="needs the feature 'fr'"):
    preprocessors.translate(dataset, "en", "fr")


def test_an_example_without_one_of_the_languages_is_dropped():
  dataset = _several(["en", "de"]).concatenate(_several(["en", "fr"]))
  found = preprocessors.multi_translate(dataset, "en", "fr")
  assert list(found.as_numpy_iterator()) == [
      {"inputs": b"translate English to French: 0", "targets": b"1"}
  ]


def test_the_first_of_two_translations_is_taken():
  dataset = _several(["de", "en", "de"])
  found = preprocessors.multi_translate(dataset, "en", "de")
  assert next(found.as_numpy_iterator())["targets"] == b"0"


def test_every_ideograph_becomes_a_word():
  ideographs = "".join(map(chr, range(0x4E00, 0x4E40)))
  dataset = tf.data.Dataset.from_tensors({"text": ideographs})
  found = preprocessors.pad_nonspaced_languages(dataset)
  text = next(found.as_numpy_iterator())["text"].decode()
  assert text.split(" ") == ["", *ideographs, ""]


@pytest.mark.parametrize("text", ["한국어", "हिन्दी", "العربية", "a,b"])
def test_scripts_with_spaces_stay(text):
  dataset = tf.data.Dataset.from_tensors({"text": text})
  found = preprocessors.pad_nonspaced_languages(dataset)
  assert next(found.as_numpy_iterator())["text"].decode() == text


def test_docstring_examples(run_examples):
  run_examples(translation)
