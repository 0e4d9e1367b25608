"""Answer normalization and scores for question answering.

Exact match and word F1 as the SQuAD 1.1 and TriviaQA evaluations define them:
both sides are normalized, and of several gold answers the best one counts.
"""

from __future__ import annotations

import collections
import re
import string
from collections.abc import Callable, Sequence

import numpy as np

from t5_mtf import errors
from t5_mtf.evaluation import checks

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)
# TriviaQA also takes typographic quotes and accents used as apostrophes.
_BLANK_PUNCTUATION = str.maketrans(
    {character: " " for character in string.punctuation + "‘’´`"}
)


def _normalize(answer: str, punctuation: dict[int, str | int | None]) -> str:
  text = answer.lower().translate(punctuation)
  return " ".join(_ARTICLES.sub(" ", text).split())


def normalize_squad(answer: str) -> str:
  """Normalizes an answer as the SQuAD 1.1 evaluation does.

  Lower case; ASCII punctuation deleted; then the words a, an and the removed;
  runs of white space become one space.

  >>> normalize_squad("The  team's  well-known U.S.A. captain")
  'teams wellknown usa captain'
  """
  return _normalize(answer, _DELETE_PUNCTUATION)


def normalize_trivia_qa(answer: str) -> str:
  """Normalizes an answer as the TriviaQA evaluation does.

  As `normalize_squad`, but punctuation (and the quotes ‘ ’ ´ `) becomes a space
  instead of nothing, so that it separates words.

  >>> normalize_trivia_qa("The  team's  well_known U.S.A. captain")
  'team s well known u s captain'
  """
  return _normalize(answer, _BLANK_PUNCTUATION)


def _word_f1(target: str, prediction: str) -> float:
  """F1 of the two bags of words; 0 when they share none (both empty too)."""
  target_words, predicted_words = target.split(), prediction.split()
  shared = collections.Counter(target_words) & collections.Counter(
      predicted_words
  )
  return (
      2 * shared.total() / (len(target_words) + len(predicted_words))
      if shared
      else 0.0
  )


def qa_metrics(
    targets: Sequence[Sequence[str]], predictions: Sequence[str]
) -> dict[str, float]:
  """Scores answers that are normalized already.

  Args:
    targets: for each question, all its gold answers.
    predictions: for each question, the answer given.

  Returns:
    `em`, the percentage of predictions equal to a gold answer, and `f1`, the
    mean over questions of the best word F1 with a gold answer, times 100.

  Raises:
    DataError: no questions, lengths differ, or a question's gold answers are
      no non-empty list.

  >>> qa_metrics([["three winters", "three"], ["bell"]], ["three", "big bell"])
  {'em': 50.0, 'f1': 83.33333333333333}
  """
  return _percentages(example_scores("qa_metrics", targets, predictions))


def normalized_qa_metrics(
    metric: str,
    targets: Sequence[Sequence[str]],
    predictions: Sequence[str],
    normalize: Callable[[str], str],
) -> dict[str, float]:
  """`qa_metrics` of answers put through `normalize` first.

  Args:
    metric: name of the metric, for messages.
    targets: for each question, all its gold answers.
    predictions: for each question, the answer given.
    normalize: what makes answers comparable.
  """
  return _percentages(example_scores(metric, targets, predictions, normalize))


def example_scores(
    metric: str,
    targets: Sequence[Sequence[str]],
    predictions: Sequence[str],
    normalize: Callable[[str], str] = str,
) -> tuple[list[bool], list[float]]:
  """Returns each question's exact match and its best word F1, from 0 to 1.

  A target that is a text by itself is the only gold answer of its question, as
  in the task `squad_v010`; the published code takes it for a list of letters.

  Arguments and errors as `normalized_qa_metrics`.
  """
  checks.check_pairs(metric, targets, predictions)
  checks.check_texts(metric, "prediction", predictions)
  targets = [[t] if isinstance(t, str) else t for t in targets]
  check_answers(metric, targets)
  exact, f1 = [], []
  for answers, prediction in zip(targets, predictions, strict=True):
    normal = [normalize(answer) for answer in answers]
    predicted = normalize(prediction)
    exact.append(predicted in normal)
    f1.append(max(_word_f1(answer, predicted) for answer in normal))
  return exact, f1


def _percentages(
    scores: tuple[list[bool], list[float]],
) -> dict[str, float]:
  exact, f1 = scores
  return {"em": float(100 * np.mean(exact)), "f1": float(100 * np.mean(f1))}


def check_answers(metric: str, targets: Sequence[Sequence[str]]) -> None:
  """Checks that each target is a non-empty list of texts.

  Raises:
    DataError: one is not.
  """
  for index, answers in enumerate(targets):
    if isinstance(answers, (str, bytes)) or not len(answers):
      raise errors.DataError(
          f"{metric}: question {index}: its target is {answers!r}, not a"
          " non-empty list of gold answers. Give every gold answer of the"
          " question, as a list even when there is one; scoring against one"
          " answer of several gives scores that are too low."
      )
    checks.check_texts(metric, f"question {index}, gold answer", answers)
