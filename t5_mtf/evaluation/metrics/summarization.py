r"""ROUGE: word overlap of a summary with its reference.

The recipe of both metrics: `rouge_score` without stemming, F-measure times 100.
rougeLsum takes the longest common subsequence line by line, so sentences have
to stand on lines of their own: every " . " becomes " .\n" first, which is how
sentences end in CNN/Daily Mail. rougeL, without "sum", ignores lines and gives
other numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from t5_mtf.evaluation import bootstrap, checks, parallel

_SCORE_KEYS = ("rouge1", "rouge2", "rougeLsum")
_CHUNK = 250  # examples
# The work grows with the product of the two lengths, in characters. Below this
# sum of products (about 1,500 summaries of news), worker processes take longer
# to start, 3 s, than they save.
_ALL_CORES_FROM = 200_000_000


def _chunk_of_f_measures(
    targets: Sequence[str],
    predictions: Sequence[str],
    score_keys: Sequence[str],
    scorer_options: dict[str, Any],
) -> list[list[float]]:
  from rouge_score import rouge_scorer

  scorer = rouge_scorer.RougeScorer(list(score_keys), **scorer_options)
  rows = []
  for target, prediction in zip(targets, predictions, strict=True):
    score = scorer.score(
        target=target.replace(" . ", " .\n"),
        prediction=prediction.replace(" . ", " .\n"),
    )
    rows.append([100 * score[key].fmeasure for key in score_keys])
  return rows


def _f_measures(
    name: str,
    targets: Sequence[str],
    predictions: Sequence[str],
    score_keys: Sequence[str],
    scorer_options: dict[str, Any],
) -> np.ndarray:
  """Returns percentages, shape [examples, score_keys]."""
  checks.check_pairs(name, targets, predictions)
  checks.check_texts(name, "target", targets)
  checks.check_texts(name, "prediction", predictions)
  chunks = parallel.map_chunks(
      _chunk_of_f_measures,
      [
          (targets[i : i + _CHUNK], predictions[i : i + _CHUNK], score_keys,
           scorer_options)
          for i in range(0, len(targets), _CHUNK)
      ],
      name,
      all_cores=sum(
          len(target) * len(prediction)
          for target, prediction in zip(targets, predictions, strict=True)
      )
      >= _ALL_CORES_FROM,
  )
  return np.array([row for chunk in chunks for row in chunk])


def _named(score_keys: Sequence[str], scores: np.ndarray) -> dict[str, float]:
  return dict(zip(score_keys, scores.tolist(), strict=True))


def _statistics(
    targets: Sequence[str],
    predictions: Sequence[str],
    score_keys: Sequence[str] = _SCORE_KEYS,
    **scorer_options: Any,
) -> np.ndarray:
  return _f_measures("rouge", targets, predictions, score_keys, scorer_options)


def _mean(
    sums: np.ndarray,
    examples: int,
    score_keys: Sequence[str] = _SCORE_KEYS,
    **scorer_options: Any,
) -> dict[str, float]:
  del scorer_options
  return _named(score_keys, sums / examples)


@bootstrap.function_of_sums(_statistics, _mean)
def rouge(
    targets: Sequence[str],
    predictions: Sequence[str],
    score_keys: Sequence[str] = _SCORE_KEYS,
    **scorer_options: Any,
) -> dict[str, float]:
  """ROUGE as published: the median of bootstrap means.

  The mean over examples is taken 1,000 times, each time of as many examples
  drawn with replacement, and the median of those means is returned. The draws
  are seeded, so that equal predictions get equal scores; the published code's
  are not, and its scores wander by some tenths on small sets. `rouge_mean` is
  the same without the bootstrap. Both use all cores on large sets.

  Recipe: rouge_score 0.1.2, no stemming unless asked for, F-measure, lines
  split as above.

  Args:
    targets: one reference for each example.
    predictions: one summary for each example.
    score_keys: ROUGE types known to `rouge_score`.
    **scorer_options: passed to `rouge_score.rouge_scorer.RougeScorer`, for
      example `use_stemmer=True`.

  Returns:
    One score for each of `score_keys`.

  Raises:
    DataError: no examples, lengths differ, or not texts.

  >>> rouge(["a b c d"], ["a b c x"])
  {'rouge1': 75.0, 'rouge2': 66.66666666666666, 'rougeLsum': 75.0}
  """
  scores = _f_measures(
      "rouge", targets, predictions, score_keys, scorer_options
  )
  means = bootstrap.bootstrap_means(scores)
  return _named(score_keys, np.median(means, axis=0))


@bootstrap.function_of_sums(_statistics, _mean)
def rouge_mean(
    targets: Sequence[str],
    predictions: Sequence[str],
    score_keys: Sequence[str] = _SCORE_KEYS,
    **scorer_options: Any,
) -> dict[str, float]:
  """ROUGE, the plain mean over examples; arguments as `rouge`.

  >>> rouge_mean(["a b c d", "e"], ["a b c x", "e"], score_keys=["rouge1"])
  {'rouge1': 87.5}
  """
  scores = _f_measures(
      "rouge_mean", targets, predictions, score_keys, scorer_options
  )
  return _named(score_keys, scores.mean(axis=0))
