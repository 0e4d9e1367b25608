"""Metrics of answers to questions that have one or more gold answers."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from t5_mtf import errors
from t5_mtf.evaluation import bootstrap, checks, qa_utils


@bootstrap.mean_of_examples("em", "f1")
def squad(
    targets: Sequence[Sequence[str]], predictions: Sequence[str]
) -> dict[str, float]:
  """Exact match and word F1 of SQuAD 1.1, as percentages.

  Both sides go through `qa_utils.normalize_squad`; of a question's gold answers
  the best counts, for each of the two scores by itself.

  Args:
    targets: for each question, all its gold answers; or one text, if there is
      one (scores against one answer of several are too low).
    predictions: for each question, the answer given.

  Returns:
    `em` and `f1`.

  Raises:
    DataError: no questions, lengths differ, or gold answers are no texts.

  >>> squad([["the old tram depot", "tram depot"]], ["Tram depot."])
  {'em': 100.0, 'f1': 100.0}
  """
  return qa_utils.normalized_qa_metrics(
      "squad", targets, predictions, qa_utils.normalize_squad
  )


@bootstrap.mean_of_examples("em", "f1")
def trivia_qa(
    targets: Sequence[Sequence[str]], predictions: Sequence[str]
) -> dict[str, float]:
  """Exact match and word F1 of TriviaQA, as percentages.

  As `squad`, with `qa_utils.normalize_trivia_qa`.

  >>> trivia_qa([["la sierra", "en la sierra"]], ["en_la_sierra"])
  {'em': 100.0, 'f1': 100.0}
  """
  return qa_utils.normalized_qa_metrics(
      "trivia_qa", targets, predictions, qa_utils.normalize_trivia_qa
  )


def _words_of_span(context: str, span: str) -> str:
  """Returns the words of `context` that `span` numbers, "" for none.

  Words are runs of letters, digits and underscores, in both. The second and
  the fourth word of `span` are the numbers of the first and last word, from 0.
  """
  words = re.findall(r"\w+", span)
  try:
    first, last = int(words[1]), int(words[3])
  except (IndexError, ValueError):
    return ""
  return " ".join(re.findall(r"\w+", context)[first : last + 1])


@bootstrap.mean_of_examples("em", "f1")
def span_squad(
    targets: Sequence[Mapping[str, Any]], predictions: Sequence[str]
) -> dict[str, float]:
  """`squad` of answers that are given as word numbers in the context.

  Args:
    targets: for each question a dictionary with its "context" and all its gold
      "answers".
    predictions: for each question a text such as "start:2 end:3", the numbers
      from 0 of the answer's first and last word in the context. Any other text
      is an empty answer.

  Returns:
    `em` and `f1`.

  Raises:
    DataError: no questions, lengths differ, or a target is not made so.

  >>> target = {"context": "She rang a bell, hourly.", "answers": ["a bell"]}
  >>> span_squad([target], ["start:3 end:3"])
  {'em': 100.0, 'f1': 100.0}
  """
  checks.check_pairs("span_squad", targets, predictions)
  checks.check_texts("span_squad", "prediction", predictions)
  for index, target in enumerate(targets):
    if not isinstance(target, Mapping) or not {"answers", "context"} <= set(
        target
    ):
      raise errors.DataError(
          f"span_squad: target {index} is {target!r}, not a dictionary with"
          ' "answers" and "context". Use the postprocessor span_qa.'
      )
  return squad(
      [target["answers"] for target in targets],
      [
          _words_of_span(target["context"], prediction)
          for target, prediction in zip(targets, predictions, strict=True)
      ],
  )


def _coqa_tokenize(inp: str) -> list[str]:
  """Words of an answer, normalized as CoQA does; that is as SQuAD does."""
  return qa_utils.normalize_squad(inp).split()


def _sequence_f1(
    target_tokens: Sequence[str], prediction_tokens: Sequence[str]
) -> float:
  """F1 of the two bags of words; 1 when both are empty."""
  if not target_tokens and not prediction_tokens:
    return 1.0
  shared = collections.Counter(target_tokens) & collections.Counter(
      prediction_tokens
  )
  return 2 * shared.total() / (len(target_tokens) + len(prediction_tokens))


@bootstrap.mean_of_examples("f1")
def coqa_f1(
    targets: Sequence[Sequence[str]], predictions: Sequence[str]
) -> dict[str, float]:
  """Word F1 of CoQA (Reddy et al. 2019), as a percentage.

  As the F1 of `squad`, but an empty answer is right where a gold answer is
  empty after normalization. The best gold answer counts, as published; CoQA's
  own program averages over the gold answers, leaving one out at a time.

  Args:
    targets: for each question, all its gold answers.
    predictions: for each question, the answer given.

  Returns:
    `f1`.

  Raises:
    DataError: no questions, lengths differ, or gold answers are no list.

  >>> coqa_f1([["jump the box", "climb box"], [""]], ["Jump box.", "the"])
  {'f1': 100.0}
  """
  checks.check_pairs("coqa_f1", targets, predictions)
  checks.check_texts("coqa_f1", "prediction", predictions)
  qa_utils.check_answers("coqa_f1", targets)
  best = []
  for answers, prediction in zip(targets, predictions, strict=True):
    words = _coqa_tokenize(prediction)
    best.append(max(_sequence_f1(_coqa_tokenize(a), words) for a in answers))
  return {"f1": float(100 * np.mean(best))}


@dataclasses.dataclass(frozen=True)
class ShardedSquad:
  """`squad` of predictions that come in parts, from several hosts or batches.

  Holds sums, so parts merge in any order and the scores are those of `squad` on
  all predictions at once. Plain Python: it can be pickled and sent.

  Attributes:
    em: the number of exact matches.
    f1: the sum of the questions' word F1, each from 0 to 1.
    count: the number of questions.

  >>> first = ShardedSquad.from_model_output([["Vell"]], ["Vell."])
  >>> second = ShardedSquad.from_model_output([["a bell"]], ["a horn"])
  >>> first.merge(second).compute()
  {'em': 50.0, 'f1': 50.0}
  """

  em: float = 0.0
  f1: float = 0.0
  count: int = 0

  @classmethod
  def empty(cls) -> ShardedSquad:
    """Returns the accumulator of no questions, where merging starts."""
    return cls()

  @classmethod
  def from_model_output(
      cls, targets: Sequence[Sequence[str]], predictions: Sequence[str]
  ) -> ShardedSquad:
    """Returns the accumulator of one part; arguments as `squad`, or empty."""
    if not len(targets) and not len(predictions):
      return cls()
    em, f1 = qa_utils.example_scores(
        "ShardedSquad", targets, predictions, qa_utils.normalize_squad
    )
    return cls(em=float(sum(em)), f1=float(sum(f1)), count=len(em))

  def merge(self, other: ShardedSquad) -> ShardedSquad:
    """Returns the accumulator of both parts."""
    return ShardedSquad(
        self.em + other.em, self.f1 + other.f1, self.count + other.count
    )

  def compute(self) -> dict[str, float]:
    """Returns `em` and `f1`, percentages.

    Raises:
      DataError: there were no questions.
    """
    if not self.count:
      raise errors.DataError(
          "ShardedSquad: no questions. Merge the parts before computing, and"
          " check that the evaluated split is not empty."
      )
    return {
        "em": 100 * self.em / self.count,
        "f1": 100 * self.f1 / self.count,
    }
