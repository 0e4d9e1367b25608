from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics


def test_squad_takes_the_best_of_all_gold_answers() -> None:
  scores = metrics.squad([["1731", "in 1731"], ["a bell"]], ["1731.", "bells"])
  assert scores == {"em": 50.0, "f1": 50.0}


def test_squad_says_so_when_a_target_is_one_text() -> None:
  with pytest.raises(errors.DataError, match="every gold answer"):
    metrics.squad(["1731"], ["1731"])


def test_trivia_qa_splits_words_at_underscores_and_hyphens() -> None:
  scores = metrics.trivia_qa([["well known"]], ["Well-known"])
  assert scores == {"em": 100.0, "f1": 100.0}
  assert metrics.squad([["well known"]], ["Well-known"])["em"] == 0.0
