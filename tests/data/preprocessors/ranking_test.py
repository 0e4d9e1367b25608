"""Tests of ranking; golden_test.py has the published results."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import ranking

_EXAMPLE = {"q": "Q", "a": "A", "n": {"b": "B"}, "label": 1, "w": 0.5}


def _dataset(**changes) -> tf.data.Dataset:
  return tf.data.Dataset.from_tensors({**_EXAMPLE, **changes})


def _formatted(inputs, targets, dataset=None, **kwargs) -> list[tuple]:
  found = preprocessors.rank_classification_formatter(
      dataset or _dataset(), inputs, targets, **kwargs
  )
  return [
      (e["inputs"].decode(), e["targets"].decode(), bool(e["is_correct"]))
      for e in found.as_numpy_iterator()
  ]


def _ranked(**kwargs) -> tf.data.Dataset:
  return preprocessors.rank_classification(
      _dataset(),
      inputs_fn=lambda example: [example["q"], example["q"]],
      targets_fn=lambda example: ["x", "y"],
      is_correct_fn=kwargs.pop("is_correct_fn", lambda example: [0, 1]),
      **kwargs,
  )


def test_templates_of_both_go_in_pairs():
  found = _formatted(["{q}1", "{q}2"], ["{a}", "{n/b}"])
  assert found == [("Q1", "A", False), ("Q2", "B", True)]


def test_keys_may_follow_each_other():
  assert _formatted("{q}{a}{n/b}", ["x", "y"])[0][0] == "QAB"


def test_braces_in_a_text_are_no_keys():
  dataset = _dataset(q="{a} {q}")
  assert _formatted("{q} {a}", ["x", "y"], dataset)[0][0] == "{a} {q} A"


@pytest.mark.parametrize(
    ("text", "written"),
    [("a\\\\b", "a\\b"), ("a \\ b", "a "), ("a\\0", "a{q}")],
)
def test_backslashes_are_those_of_replacements_as_published(text, written):
  found = _formatted("{q}", ["x", "y"], _dataset(q=text))
  assert found[0][0] == written


def test_a_missing_label_makes_no_choice_correct():
  found = _formatted("{q}", ["x", "y"], _dataset(label=-1))
  assert [correct for *_, correct in found] == [False, False]


def test_a_label_that_is_no_choice_is_an_error():
  with pytest.raises(tf.errors.InvalidArgumentError, match="of the 2 choices"):
    _formatted("{q}", ["x", "y"], _dataset(label=2))


@pytest.mark.parametrize(
    ("template", "kind"),
    [("{n}", "dict"), ("{label}", "int32"), ("{w}", "float32")],
)
def test_a_template_wants_texts(template, kind):
  with pytest.raises(ranking.NotTextError, match=f"Got: {kind}"):
    _formatted(template, ["x", "y"])


@pytest.mark.parametrize("template", ["{n/c}", "{c}", "{q/b}"])
def test_a_template_with_an_unknown_feature_shows_those_there_are(template):
  with pytest.raises(errors.UnknownNameError, match="n/b"):
    _formatted(template, ["x", "y"])


@pytest.mark.parametrize(
    ("inputs", "targets", "kwargs", "message"),
    [
        ("{q}", "{a}", {}, "has to be a list"),
        (["{q}"], ["x", "y"], {}, "matching lengths"),
        ("{q}", [], {}, "no template"),
        ("{q}", ["x", "y"], {"mode": "test"}, "Got 'test'"),
        ("{q}", ["x", "y"], {"label_key": "a"}, "is of type string"),
        ("{q}", ["x", "y"], {"weight_key": "z"}, "needs the feature 'z'"),
    ],
)
def test_arguments_that_cannot_be_used(inputs, targets, kwargs, message):
  with pytest.raises(errors.UserError, match=message):
    _formatted(inputs, targets, **kwargs)


def test_features_to_pass_must_be_there_and_new():
  with pytest.raises(errors.UserError, match=r"\['idx'\] are made here"):
    _ranked(passthrough_feature_keys=["idx"])
  with pytest.raises(errors.DataError, match="needs the feature 'z'"):
    _ranked(passthrough_feature_keys=["z"])


def test_the_number_of_choices_must_agree():
  with pytest.raises(tf.errors.InvalidArgumentError, match="same size tensors"):
    list(_ranked(is_correct_fn=lambda example: [0, 1, 0]))


def test_an_example_without_a_correct_choice_is_not_trained_on():
  assert not list(_ranked(is_correct_fn=lambda example: [0, 0], mode="train"))


def test_the_weight_is_that_of_every_choice():
  found = _ranked(weight_fn=lambda example: example["w"], mode="fewshot_eval")
  (example,) = found.as_numpy_iterator()
  assert example["weight"].tolist() == [0.5, 0.5]


def test_docstring_examples(run_examples):
  run_examples(ranking)
