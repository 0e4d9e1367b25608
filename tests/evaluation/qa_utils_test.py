from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import qa_utils


def test_squad_deletes_punctuation_where_trivia_qa_blanks_it() -> None:
  assert qa_utils.normalize_squad("The U.S.A.") == "usa"
  assert qa_utils.normalize_trivia_qa("The U.S.A.") == "u s"


def test_articles_inside_words_stay() -> None:
  assert qa_utils.normalize_squad("an anthem, the theatre") == "anthem theatre"


def test_f1_counts_repeated_words_as_often_as_both_have_them() -> None:
  # Shared: "a" once; 2 * 1 / (2 + 3).
  assert qa_utils.qa_metrics([["x y"]], ["x x z"])["f1"] == pytest.approx(40.0)


def test_exact_match_and_f1_may_come_from_different_gold_answers() -> None:
  scores = qa_utils.qa_metrics([["", "x"]], [""])
  assert scores == {"em": 100.0, "f1": 0.0}


@pytest.mark.parametrize("target", [[], [3]])
def test_gold_answers_must_be_texts(target: object) -> None:
  with pytest.raises(errors.DataError, match="question 0"):
    qa_utils.qa_metrics([target], ["one answer"])
