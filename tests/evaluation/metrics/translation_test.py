from __future__ import annotations

import math

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics

REFERENCES = [
    ["the cat sat on the mat", "a cat was sitting on the mat"],
    ["it rained all day long", "rain fell the whole day"],
    ["he left very early today", "today he left early in the morning"],
]
FIRST = [texts[0] for texts in REFERENCES]


def test_bleu_by_hand() -> None:
  # Precisions 5/6, 3/5, 2/4, 1/3; lengths equal.
  scores = metrics.bleu(["the cat sat on the mat"], ["the cat sat on a mat"])
  by_hand = (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** (1 / 4)
  assert scores == {"bleu": pytest.approx(100 * by_hand)}


def test_brevity_penalty_by_hand() -> None:
  scores = metrics.bleu(["a b c d e f"], ["a b c d"])
  assert scores["bleu"] == pytest.approx(100 * math.exp(1 - 6 / 4))


def test_perfect_predictions_score_100_with_several_references() -> None:
  for references in zip(*REFERENCES, strict=True):
    scores = metrics.bleu(REFERENCES, list(references))
    assert scores["bleu"] == pytest.approx(100.0)


def test_the_published_reading_of_several_references_is_kept_by_a_flag() -> (
    None
):
  scores = metrics.bleu(REFERENCES, FIRST, published_references=True)
  assert scores["bleu"] == pytest.approx(59.00468726392806)


def test_examples_may_have_different_numbers_of_references() -> None:
  references = [["a b c d e"], ["x y z v w", "k l m n o"]]
  scores = metrics.bleu(references, ["a b c d e", "k l m n o"])
  assert scores["bleu"] == pytest.approx(100.0)


@pytest.mark.parametrize("targets", [[], [[]]])
def test_no_examples_and_no_references_are_errors(targets: list) -> None:
  with pytest.raises(errors.DataError, match="bleu"):
    metrics.bleu(targets, ["a"] * len(targets))


def test_a_tokenizer_that_would_download_is_refused() -> None:
  with pytest.raises(errors.UnknownNameError, match="intl"):
    metrics.bleu(["a"], ["a"], tokenizer="flores200")
