from __future__ import annotations

import pickle

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics


def test_squad_takes_the_best_of_all_gold_answers() -> None:
  scores = metrics.squad([["1731", "in 1731"], ["a bell"]], ["1731.", "bells"])
  assert scores == {"em": 50.0, "f1": 50.0}


def test_squad_takes_one_text_for_the_only_gold_answer() -> None:
  assert metrics.squad(["1731"], ["1731."]) == {"em": 100.0, "f1": 100.0}
  assert metrics.squad(["1731"], ["1"]) == {"em": 0.0, "f1": 0.0}


def test_trivia_qa_splits_words_at_underscores_and_hyphens() -> None:
  scores = metrics.trivia_qa([["well known"]], ["Well-known"])
  assert scores == {"em": 100.0, "f1": 100.0}
  assert metrics.squad([["well known"]], ["Well-known"])["em"] == 0.0


CONTEXT = "She rang a bell, hourly - at St. Mary's."


def test_span_squad_counts_words_and_not_punctuation() -> None:
  targets = [{"context": CONTEXT, "answers": ["hourly at St"]}]
  scores = metrics.span_squad(targets, ["start:4 end:6"])
  assert scores == {"em": 100.0, "f1": 100.0}


@pytest.mark.parametrize(
    "prediction", ["", "a bell", "start:x end:y", "start:3", "start:4 end:3"]
)
def test_a_prediction_that_is_no_span_is_an_empty_answer(
    prediction: str,
) -> None:
  targets = [{"context": CONTEXT, "answers": ["a bell"]}]
  assert metrics.span_squad(targets, [prediction]) == {"em": 0.0, "f1": 0.0}


def test_span_squad_says_what_its_targets_are() -> None:
  with pytest.raises(errors.DataError, match='"answers" and "context"'):
    metrics.span_squad([["a bell"]], ["start:2 end:3"])


def test_coqa_f1_is_100_where_both_are_empty_and_squads_is_0() -> None:
  assert metrics.coqa_f1([["the"]], [""]) == {"f1": 100.0}
  assert metrics.squad([["the"]], [""]) == {"em": 100.0, "f1": 0.0}


def test_coqa_f1_by_hand() -> None:
  # Best answer shares one of its two words with the prediction's one.
  assert metrics.coqa_f1([["a b c", "b c"]], ["c d"]) == {"f1": 50.0}


def test_parts_of_a_sharded_squad_merge_to_the_score_of_the_whole() -> None:
  targets = [["1731"], ["a bell", "bell"], ["Marta Osk"], ["horn"], ["x y z"]]
  predictions = ["1731", "the bells", "Marta", "horn", "z"]
  parts = [
      metrics.ShardedSquad.from_model_output(targets[i:j], predictions[i:j])
      for i, j in [(0, 1), (1, 4), (4, 4), (4, 5)]
  ]
  merged = metrics.ShardedSquad.empty()
  for part in reversed(parts):
    merged = merged.merge(pickle.loads(pickle.dumps(part)))
  whole = metrics.squad(targets, predictions)
  assert merged.compute() == pytest.approx(whole)
  assert merged.count == 5


def test_a_sharded_squad_of_nothing_has_no_score() -> None:
  with pytest.raises(errors.DataError, match="no questions"):
    metrics.ShardedSquad.empty().compute()


def test_bytes_are_named_and_not_scored() -> None:
  with pytest.raises(errors.DataError, match="prediction 0 .* Decode it"):
    metrics.squad([["1731"]], [b"1731"])
  with pytest.raises(errors.DataError, match="question 0, gold answer 0"):
    metrics.squad([[b"1731"]], ["1731"])
