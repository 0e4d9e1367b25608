"""How far a score can be trusted: over examples, and over training runs."""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from t5_mtf import errors
from t5_mtf.evaluation import checks, parallel

Metric = Callable[[Sequence[Any], Sequence[Any]], Mapping[str, float]]

_BLOCK = 25  # samples with one stream of random numbers
# Below this many draws, worker processes take longer to start than they save.
_ALL_CORES_FROM = 2_000_000
_ALL_CORES_FROM_FOR_MEANS = 50_000_000


@dataclasses.dataclass(frozen=True)
class Interval:
  """A score with its confidence interval.

  Attributes:
    score: of all examples.
    low: lower end of the interval.
    high: upper end.
  """

  score: float
  low: float
  high: float


@dataclasses.dataclass(frozen=True)
class RunStatistics:
  """A score over several training runs.

  Attributes:
    mean: of the runs' scores.
    standard_deviation: of the sample, with runs - 1 in the denominator; NaN for
      one run.
    runs: number of runs.
  """

  mean: float
  standard_deviation: float
  runs: int


@dataclasses.dataclass(frozen=True)
class Sums:
  """How a metric is computed from sums over examples, which makes it fast.

  Attributes:
    statistics: `fn(targets, predictions, **options)`, an array [examples, n].
    scores: `fn(sums, examples, **options)`: the scores by name, of the sums [n]
      of the statistics of so many examples.
  """

  statistics: Callable[..., np.ndarray]
  scores: Callable[..., Mapping[str, float]]


def function_of_sums(
    statistics: Callable[..., np.ndarray],
    scores: Callable[..., Mapping[str, float]],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
  """Decorates a metric with its `Sums`, for `confidence_interval`."""

  def decorate(metric_fn: Callable[..., Any]) -> Callable[..., Any]:
    metric_fn.sums = Sums(statistics, scores)
    return metric_fn

  return decorate


def mean_of_examples(*names: str) -> Callable[..., Callable[..., Any]]:
  """Decorates a metric that is the mean of its examples' scores.

  Args:
    *names: of the scores.
  """

  def decorate(metric_fn: Callable[..., Any]) -> Callable[..., Any]:

    def statistics(
        targets: Sequence[Any], predictions: Sequence[Any]
    ) -> np.ndarray:
      found = [
          metric_fn([target], [prediction])
          for target, prediction in zip(targets, predictions, strict=True)
      ]
      return np.array([[scores[name] for name in names] for scores in found])

    def scores(sums: np.ndarray, examples: int) -> dict[str, float]:
      return dict(zip(names, (sums / examples).tolist(), strict=True))

    return function_of_sums(statistics, scores)(metric_fn)

  return decorate


def _blocks(
    samples: int, seed: int
) -> list[tuple[int, np.random.SeedSequence]]:
  """Splits samples into blocks that draw independently of each other."""
  starts = range(0, samples, _BLOCK)
  seeds = np.random.SeedSequence(seed).spawn(len(starts))
  return [
      (min(_BLOCK, samples - start), block_seed)
      for start, block_seed in zip(starts, seeds, strict=True)
  ]


def _block_of_means(
    scores: np.ndarray, samples: int, seed: np.random.SeedSequence
) -> np.ndarray:
  random = np.random.default_rng(seed)
  examples = len(scores)
  means = []
  for _ in range(samples):
    drawn = random.integers(examples, size=examples)
    # Counting is faster than collecting the drawn scores.
    counts = np.bincount(drawn, minlength=examples)
    means.append(counts @ scores / examples)
  return np.array(means)


def bootstrap_means(
    scores: np.ndarray, samples: int = 1000, seed: int = 0
) -> np.ndarray:
  """Returns the means of bootstrap samples of the examples' scores.

  Each sample has as many examples as there are, drawn with replacement. The
  same seed gives the same draws, on any number of cores.

  Args:
    scores: shape [examples, names].
    samples: how many samples to draw.
    seed: of the random draws.

  Returns:
    Shape [samples, names].

  >>> bootstrap_means(np.array([[1.0], [1.0]]), samples=2).tolist()
  [[1.0], [1.0]]
  """
  blocks = parallel.map_chunks(
      _block_of_means,
      [(scores, *block) for block in _blocks(samples, seed)],
      "bootstrap",
      all_cores=len(scores) * samples >= _ALL_CORES_FROM_FOR_MEANS,
  )
  return np.concatenate(blocks)


def _block_of_scores(
    metric_fn: Metric,
    targets: Sequence[Any],
    predictions: Sequence[Any],
    members: Sequence[Sequence[int]],
    group_key: str | None,
    block: tuple[int, np.random.SeedSequence],
) -> list[Mapping[str, float]]:
  samples, seed = block
  random = np.random.default_rng(seed)
  scores = []
  for _ in range(samples):
    sample_targets, sample_predictions = [], []
    drawn = random.integers(len(members), size=len(members)).tolist()
    for draw, group in enumerate(drawn):
      for index in members[group]:
        target = targets[index]
        if group_key is not None:
          # A group drawn twice is two groups.
          target = {**target, group_key: (draw, target[group_key])}
        sample_targets.append(target)
        sample_predictions.append(predictions[index])
    scores.append(metric_fn(sample_targets, sample_predictions))
  return scores


def _members(targets: Sequence[Any], group_key: str | None) -> list[list[int]]:
  if group_key is None:
    return [[index] for index in range(len(targets))]
  groups = collections.defaultdict(list)
  for index, target in enumerate(targets):
    if not isinstance(target, Mapping) or group_key not in target:
      raise errors.DataError(
          f"bootstrap: target {index} is {target!r}, without {group_key!r}."
          " Give the key of the group, or no key for examples by themselves."
      )
    groups[target[group_key]].append(index)
  return list(groups.values())


def confidence_interval(
    metric_fn: Metric,
    targets: Sequence[Any],
    predictions: Sequence[Any],
    *,
    confidence: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
    group_key: str | None = None,
) -> dict[str, Interval]:
  """Returns each score of a metric with its bootstrap confidence interval.

  The percentile interval (Efron 1979): the metric is computed on `samples`
  samples, each of as many examples drawn with replacement, and the interval
  leaves out the same share of samples at both ends. It says how much the score
  would vary with other evaluation examples, not with other training runs; for
  those see `across_runs`. Takes little longer than the metric itself where that
  is made of sums over examples, see `Sums`; else `samples` times as long, on
  all cores where that pays.

  Args:
    metric_fn: a metric.
    targets: one target for each example.
    predictions: one prediction, or score, for each example.
    confidence: the share of samples inside the interval.
    samples: how many samples to draw.
    seed: of the random draws; the same seed gives the same interval.
    group_key: key, in a target, of its group, for metrics of groups: whole
      groups are drawn, and a group drawn twice counts as two.

  Returns:
    For each score its interval; NaN ends where the metric is NaN on a sample.

  Raises:
    DataError: no examples, lengths differ, or a target without `group_key`.
    UserError: `confidence` is not between 0 and 1, or `samples` is below 2.

  >>> from t5_mtf.evaluation.metrics import accuracy
  >>> found = confidence_interval(accuracy, [1] * 100, [1] * 80 + [0] * 20)
  >>> found["accuracy"]
  Interval(score=80.0, low=72.0, high=88.0)
  """
  checks.check_pairs("bootstrap", targets, predictions)
  _check_settings(confidence, samples)
  whole = metric_fn(targets, predictions)

  def intervals(drawn: Sequence[Mapping[str, float]]) -> dict[str, Interval]:
    return {
        name: _interval(score, [scores[name] for scores in drawn], confidence)
        for name, score in whole.items()
    }

  if group_key is None and hasattr(_unwrapped(metric_fn), "sums"):
    return intervals(
        _drawn_from_sums(metric_fn, targets, predictions, samples, seed)
    )
  members = _members(targets, group_key)
  blocks = parallel.map_chunks(
      _block_of_scores,
      [
          (metric_fn, targets, predictions, members, group_key, block)
          for block in _blocks(samples, seed)
      ],
      "bootstrap",
      all_cores=len(targets) * samples >= _ALL_CORES_FROM,
  )
  return intervals([scores for block in blocks for scores in block])


def _unwrapped(metric_fn: Metric) -> Callable[..., Any]:
  partial = isinstance(metric_fn, functools.partial)
  return _unwrapped(metric_fn.func) if partial else metric_fn


def _drawn_from_sums(
    metric_fn: Metric,
    targets: Sequence[Any],
    predictions: Sequence[Any],
    samples: int,
    seed: int,
) -> list[Mapping[str, float]]:
  """The scores of each sample, the same as by calling the metric on it."""
  options = getattr(metric_fn, "keywords", {})
  sums = _unwrapped(metric_fn).sums
  statistics = sums.statistics(targets, predictions, **options)
  means = bootstrap_means(statistics, samples, seed)
  examples = len(targets)
  return [sums.scores(row * examples, examples, **options) for row in means]


def mean_interval(
    scores: Sequence[float],
    *,
    confidence: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
) -> Interval:
  """Returns the mean of the examples' scores with its confidence interval.

  As `confidence_interval` of the metric that is this mean, but fast.

  Raises:
    DataError: no scores, or one is no number.
    UserError: `confidence` is not between 0 and 1, or `samples` is below 2.

  >>> mean_interval([100.0] * 80 + [0.0] * 20)
  Interval(score=80.0, low=72.0, high=88.0)
  """
  _check_settings(confidence, samples)
  array = checks.numbers("bootstrap", "score", scores)
  if not array.size:
    raise errors.DataError("bootstrap: no scores. Give one for each example.")
  means = bootstrap_means(array[:, np.newaxis], samples, seed)
  return _interval(array.mean(), means[:, 0], confidence)


def _check_settings(confidence: float, samples: int) -> None:
  if not 0 < confidence < 1:
    raise errors.UserError(
        f"bootstrap: confidence {confidence} is not between 0 and 1. For the"
        " usual interval give 0.95."
    )
  if samples < 2:
    raise errors.UserError(
        f"bootstrap: {samples} samples give no interval. 1000 are usual."
    )


def _interval(
    score: float, drawn: Sequence[float], confidence: float
) -> Interval:
  low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
  return Interval(float(score), float(low), float(high))


def across_runs(
    runs: Sequence[Mapping[str, float]],
) -> dict[str, RunStatistics]:
  """Returns the mean and standard deviation of each score across runs.

  As the baseline of Raffel et al. 2020, Table 1: the same training from
  scratch several times, with other random seeds.

  Args:
    runs: for each run its scores by name, the same names in all.

  Raises:
    DataError: no runs, or a score is missing from one.

  >>> across_runs([{"em": 80.0}, {"em": 81.0}, {"em": 82.0}])["em"]
  RunStatistics(mean=81.0, standard_deviation=1.0, runs=3)
  """
  if not runs:
    raise errors.DataError("across_runs: no runs. Give each run's scores.")
  for index, scores in enumerate(runs):
    if missing := runs[0].keys() ^ scores.keys():
      raise errors.DataError(
          f"across_runs: run {index} and run 0 do not have the same scores:"
          f" {', '.join(sorted(missing))}. Evaluate all runs on the same tasks."
      )
  columns = {name: [float(run[name]) for run in runs] for name in runs[0]}
  return {
      name: RunStatistics(
          mean=statistics.fmean(column),
          standard_deviation=(
              float(np.std(column, ddof=1)) if len(runs) > 1 else math.nan
          ),
          runs=len(runs),
      )
      for name, column in columns.items()
  }
