"""Metrics of answers to questions that have one or more gold answers."""

from __future__ import annotations

from collections.abc import Sequence

from t5_mtf.evaluation import qa_utils


def squad(
    targets: Sequence[Sequence[str]], predictions: Sequence[str]
) -> dict[str, float]:
  """Exact match and word F1 of SQuAD 1.1, as percentages.

  Both sides go through `qa_utils.normalize_squad`; of a question's gold answers
  the best counts, for each of the two scores by itself.

  Args:
    targets: for each question, all its gold answers.
    predictions: for each question, the answer given.

  Returns:
    `em` and `f1`.

  Raises:
    DataError: no questions, lengths differ, or gold answers are no list.

  >>> squad([["the old tram depot", "tram depot"]], ["Tram depot."])
  {'em': 100.0, 'f1': 100.0}
  """
  return qa_utils.normalized_qa_metrics(
      targets, predictions, qa_utils.normalize_squad
  )


def trivia_qa(
    targets: Sequence[Sequence[str]], predictions: Sequence[str]
) -> dict[str, float]:
  """Exact match and word F1 of TriviaQA, as percentages.

  As `squad`, with `qa_utils.normalize_trivia_qa`.

  >>> trivia_qa([["la sierra", "en la sierra"]], ["en_la_sierra"])
  {'em': 100.0, 'f1': 100.0}
  """
  return qa_utils.normalized_qa_metrics(
      targets, predictions, qa_utils.normalize_trivia_qa
  )
