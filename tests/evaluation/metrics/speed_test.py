"""No metric's time grows faster than the number of predictions."""

from __future__ import annotations

import random
import time

import pytest

from t5_mtf.evaluation import metrics

SMALL, LARGE = 200, 2000
# Ten times as many; a quadratic metric takes a hundred times as long.
MAX_GROWTH = 35


def _cases(examples: int) -> dict[str, tuple]:
  rng = random.Random(0)
  labels = [rng.randint(0, 1) for _ in range(examples)]
  numbers = [rng.random() for _ in range(examples)]
  texts = [" ".join(rng.choices("abcdefgh", k=8)) for _ in range(examples)]
  grouped = [{"group": i // 4, "value": v} for i, v in enumerate(labels)]
  values = [{"value": v} for v in reversed(labels)]
  choices = [((i // 2, i % 2), i % 4 < 2, 1.0, 5) for i in range(examples)]
  spans = [{"context": text, "answers": [text]} for text in texts]
  by_kind = {
      (tuple(labels), tuple(labels[::-1])): (
          metrics.accuracy,
          metrics.sequence_accuracy,
          metrics.all_match,
          metrics.f1_score_with_invalid,
          metrics.mean_multiclass_f1(2),
      ),
      (tuple(labels), tuple(numbers)): (
          metrics.auc,
          metrics.score_auc,
          metrics.pearson_corrcoef,
          metrics.spearman_corrcoef,
      ),
      (tuple(texts), tuple(texts[::-1])): (
          metrics.bleu,
          metrics.edit_distance,
          metrics.unigram_accuracy,
          metrics.rouge_mean,
      ),
  }
  cases = {
      metric.__name__: (metric, *pair)
      for pair, found in by_kind.items()
      for metric in found
  }
  gold = [[text] for text in texts]
  for metric in (metrics.squad, metrics.trivia_qa, metrics.coqa_f1):
    cases[metric.__name__] = (metric, gold, texts[::-1])
  return cases | {
      "span_squad": (metrics.span_squad, spans, ["start:1 end:2"] * examples),
      "perplexity": (metrics.perplexity, [5] * examples, numbers),
      "rank_classification": (metrics.rank_classification, choices, numbers),
      "mean_group_metric": (
          metrics.mean_group_metric(metrics.accuracy),
          grouped,
          values,
      ),
      "deduplicate_metric": (
          metrics.deduplicate_metric(metrics.accuracy),
          grouped,
          values,
      ),
      "multirc": (metrics.multirc_f1_over_all_answers, grouped, values),
  }


@pytest.fixture(scope="module")
def cases() -> tuple[dict[str, tuple], dict[str, tuple]]:
  return _cases(SMALL), _cases(LARGE)


def _seconds(metric, targets, predictions) -> float:
  metric(targets[:10], predictions[:10])
  found = []
  for _ in range(2):
    start = time.process_time()
    metric(targets, predictions)
    found.append(time.process_time() - start)
  return min(found)


@pytest.mark.parametrize("name", sorted(_cases(10)))
def test_time_grows_with_the_number_of_predictions(cases, name: str) -> None:
  small, large = (_seconds(*found[name]) for found in cases)
  assert large < MAX_GROWTH * max(small, 1e-4)
