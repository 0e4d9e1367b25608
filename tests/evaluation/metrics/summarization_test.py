from __future__ import annotations

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics
from t5_mtf.evaluation.metrics import summarization

TARGETS = ["a b c d", "e f", "g h i"]
PREDICTIONS = ["a b c x", "e f", "x y z"]


def test_rouge_mean_by_hand() -> None:
  # F of unigrams: 3/4, 1, 0; of bigrams: 2/3, 1, 0.
  scores = metrics.rouge_mean(TARGETS, PREDICTIONS)
  assert scores == pytest.approx({
      "rouge1": 100 * 1.75 / 3,
      "rouge2": 100 * (5 / 3) / 3,
      "rougeLsum": 100 * 1.75 / 3,
  })


def test_rouge_is_the_same_each_time_and_leaves_numpys_random_state() -> None:
  before = np.random.get_state()[1].copy()
  first = metrics.rouge(TARGETS, PREDICTIONS)
  assert metrics.rouge(TARGETS, PREDICTIONS) == first
  assert (np.random.get_state()[1] == before).all()


def test_rouge_lies_near_the_plain_mean() -> None:
  targets, predictions = TARGETS * 40, PREDICTIONS * 40
  near = pytest.approx(metrics.rouge_mean(targets, predictions), abs=1.0)
  assert metrics.rouge(targets, predictions) == near


def test_rouge_lsum_matches_sentences_in_any_order() -> None:
  scores = metrics.rouge_mean(
      ["a b c . d e f"], ["d e f . a b c"], score_keys=["rougeLsum", "rougeL"]
  )
  assert scores == pytest.approx({"rougeLsum": 100.0, "rougeL": 50.0})


def test_stemming_is_off_unless_asked_for() -> None:
  words = ["walking"], ["walked"]
  assert metrics.rouge_mean(*words)["rouge1"] == 0.0
  assert metrics.rouge_mean(*words, use_stemmer=True)["rouge1"] == 100.0


def test_rouge_of_nothing_is_an_error() -> None:
  with pytest.raises(errors.DataError, match="rouge: 0 examples"):
    metrics.rouge([], [])


def test_rouge_names_what_is_no_text() -> None:
  with pytest.raises(errors.DataError, match="target 0 is .* bytes"):
    metrics.rouge_mean([b"a"], [b"a"])


def test_all_cores_give_the_same_scores_in_the_same_order(monkeypatch) -> None:
  targets = [f"a b {i} d" for i in range(600)]
  predictions = [f"a x {i} {i % 3}" for i in range(600)]
  alone = metrics.rouge(targets, predictions)
  monkeypatch.setattr(summarization, "_ALL_CORES_FROM", 1)
  assert metrics.rouge(targets, predictions) == alone
