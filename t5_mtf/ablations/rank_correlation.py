"""Whether two columns of scores put the rows of a table in the same order.

With the three to six rows of most tables little can be said, so each number
comes with what it can carry: an exact p, the smallest p that so many rows can
give, and how well the paper would agree with a second run of itself.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Sequence

import numpy as np

from t5_mtf import errors
from t5_mtf.ablations import table_view
from t5_mtf.evaluation import comparison

MEAN = "mean of the columns"
FEWEST_ROWS = 3
_EXACT_TO = 8  # rows; 8! orders are listed, of more rows some are drawn
_ORDERS = 5_000
_DRAWS = 2_000
_CONFIDENCE = 0.95
_DECIMALS = 6  # scores that differ by less are tied


@dataclasses.dataclass(frozen=True)
class RankCorrelation:
  """How far two orders of the same rows agree.

  Attributes:
    column: what was compared.
    rows: number of rows.
    same: pairs of rows that are in the same order in both.
    opposite: pairs in opposite orders; the others are tied in one.
    tau: Kendall's tau-b, from -1 to 1; NaN where all rows are tied in one.
    rho: Spearman's rank correlation, the same.
    p: two-sided: the share of all orders of the rows with a tau as far from 0;
      NaN without tau.
    smallest_p: that of the best agreement these rows could have.
    exact: whether all orders were listed, not a sample drawn.
    interval: ends of the middle 95 % of tau where scores are drawn anew, ours
      and the published ones, from normal distributions with their deviations;
      None where ours are not known.
    rerun: mean tau of the published scores with those of a second run of the
      same, by the published deviation; None where that is not known.
  """

  column: str
  rows: int
  same: int
  opposite: int
  tau: float
  rho: float
  p: float
  smallest_p: float
  exact: bool
  interval: tuple[float, float] | None = None
  rerun: float | None = None


def correlate(
    column: str,
    ours: Sequence[float],
    published: Sequence[float],
    errors_of_ours: Sequence[float] | None = None,
    published_deviation: float | None = None,
    seed: int = 0,
) -> RankCorrelation:
  """Compares two orders of the same rows.

  >>> found = correlate("EnDe", [1.0, 2.0, 3.0, 4.0], [10.0, 30.0, 20.0, 40.0])
  >>> found.same, found.opposite, round(found.tau, 2), round(found.p, 3)
  (5, 1, 0.67, 0.333)

  Args:
    column: what is compared.
    ours: our score of each row.
    published: the paper's score of each row.
    errors_of_ours: standard error of each of ours.
    published_deviation: standard deviation of each published score.
    seed: of what is drawn.

  Raises:
    UserError: there are fewer than three rows, or not as many in both.
  """
  a, b = (np.round(np.array(v, float), _DECIMALS) for v in (ours, published))
  if len(a) != len(b) or len(a) < FEWEST_ROWS:
    raise errors.UserError(
        f"{column}: {len(a)} and {len(b)} scores cannot be compared by rank."
        f" Give {FEWEST_ROWS} rows or more, the same in both."
    )
  rng = np.random.default_rng(seed)
  products = _signs(a) * _signs(b)
  tau = float(_tau(a, b))
  p, smallest, exact = _p_values(a, b, rng)
  drawn = None
  if errors_of_ours is not None and not math.isnan(tau):
    size = (_DRAWS, len(a))
    taus = _tau(
        a + rng.normal(size=size) * np.array(errors_of_ours),
        b + rng.normal(size=size) * (published_deviation or 0.0),
    )
    ends = (1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2
    found = np.nanquantile(taus, ends, method="nearest")
    drawn = (float(found[0]), float(found[1]))
  return RankCorrelation(
      column=column,
      rows=len(a),
      same=int((products > 0).sum()),
      opposite=int((products < 0).sum()),
      tau=tau,
      rho=_rho(a, b),
      p=p,
      smallest_p=smallest,
      exact=exact,
      interval=drawn,
      rerun=_rerun(b, published_deviation, rng),
  )


def _signs(values: np.ndarray) -> np.ndarray:
  """Order of each pair of rows, shape [..., rows] to [..., pairs]."""
  first, second = np.triu_indices(values.shape[-1], 1)
  return np.sign(values[..., first] - values[..., second])


def _tau(a: np.ndarray, b: np.ndarray) -> np.ndarray:
  """Kendall's tau-b of shapes [..., rows]; NaN where all are tied."""
  a, b = _signs(a), _signs(b)
  pairs = (a != 0).sum(-1) * (b != 0).sum(-1)
  with np.errstate(invalid="ignore", divide="ignore"):
    return (a * b).sum(-1) / np.sqrt(pairs)


def _rho(a: np.ndarray, b: np.ndarray) -> float:
  # The sum of a row's orders is its mean rank, but for scale and origin.
  a, b = (np.sign(v[:, None] - v[None, :]).sum(1) for v in (a, b))
  norm = math.sqrt((a * a).sum() * (b * b).sum())
  return float((a * b).sum() / norm) if norm else math.nan


def _p_values(
    a: np.ndarray, b: np.ndarray, rng: np.random.Generator
) -> tuple[float, float, bool]:
  """The p of these orders, the smallest there can be, and if they are exact."""
  rows = len(a)
  exact = rows <= _EXACT_TO
  if exact:
    orders = np.array(list(itertools.permutations(range(rows))))
  else:
    drawn = [rng.permutation(rows) for _ in range(_ORDERS - 1)]
    orders = np.array([np.arange(rows), *drawn])
  taus = np.abs(_tau(a[orders], b))
  found = float(np.abs(_tau(a, b)))
  if math.isnan(found):
    return math.nan, 1.0, exact
  best = float(np.abs(_tau(np.sort(a), np.sort(b)))) if exact else taus.max()
  p, smallest = (float((taus >= t - 1e-9).mean()) for t in (found, best))
  return p, smallest, exact


def _rerun(
    published: np.ndarray, deviation: float | None, rng: np.random.Generator
) -> float | None:
  if deviation is None:
    return None
  # Between two runs there is the noise of both.
  noise = rng.normal(size=(_DRAWS, len(published))) * deviation * math.sqrt(2)
  return float(np.nanmean(_tau(published + noise, published)))


def of_view(view: table_view.TableView) -> list[RankCorrelation]:
  """Compares our order of the rows with the paper's, by column and by mean.

  A column is compared over the rows that have both scores, the mean over those
  columns that have both in every row. What has fewer than three rows is left
  out.
  """
  found = []
  for i, column in enumerate(view.columns):
    cells = [row.cells[i] for row in view.rows]
    cells = [c for c in cells if c.seeds and c.published is not None]
    if len(cells) >= FEWEST_ROWS:
      found.append(
          correlate(
              column.own.name,
              [c.mean for c in cells],
              [c.published for c in cells],
              _errors(column.deviation, [len(c.seeds) for c in cells]),
              column.published_deviation,
          )
      )
  mean = _of_means(view)
  return [*found, mean] if mean else found


def columns_of_mean(view: table_view.TableView) -> list[int]:
  """Indices of the columns that have both scores in every row."""
  return [
      i
      for i in range(len(view.columns))
      if all(
          set(row.cells[i].seeds) == set(row.seeds)
          and row.cells[i].published is not None
          for row in view.rows
      )
  ]


def _of_means(view: table_view.TableView) -> RankCorrelation | None:
  whole = columns_of_mean(view)
  if len(whole) < 2 or len(view.rows) < FEWEST_ROWS:
    return None
  by_seed = [
      [statistics.fmean(row.cells[i].seeds[s] for i in whole)
       for s in row.seeds]
      for row in view.rows
  ]  # fmt: skip
  repeated = [
      (len(means) - 1, statistics.stdev(means))
      for means in by_seed
      if len(means) > 1
  ]
  pooled = comparison.pooled_deviation(repeated) if repeated else None
  published = [view.columns[i].published_deviation for i in whole]
  return correlate(
      MEAN,
      [statistics.fmean(means) for means in by_seed],
      [statistics.fmean(row.cells[i].published for i in whole)
       for row in view.rows],
      _errors(pooled, [len(means) for means in by_seed]),
      None if None in published else math.hypot(*published) / len(whole),
  )  # fmt: skip


def _errors(
    deviation: float | None, seeds: Sequence[int]
) -> list[float] | None:
  if deviation is None:
    return None
  return [deviation / math.sqrt(n) for n in seeds]


def meaning(found: Sequence[RankCorrelation]) -> list[str]:
  """Says in sentences what the correlations can and cannot carry."""
  if not found:
    return [
        f"Fewer than {FEWEST_ROWS} rows have scores of ours and of the paper:"
        " there is no order to compare."
    ]
  rows = max(c.rows for c in found)
  smallest = min(c.smallest_p for c in found if c.rows == rows)
  sentences = [
      "Tau is Kendall's tau-b: 1 for the same order, 0 for none in common, −1"
      " for the reverse. Rho is Spearman's rank correlation.",
      f"p is two-sided and exact: the share of all {math.factorial(rows):,}"
      f" orders of {rows} rows whose tau is as far from 0."
      if all(c.exact for c in found)
      else f"p is two-sided: the share, of {_ORDERS:,} orders of {rows} rows"
      " drawn at random, whose tau is as far from 0.",
  ]
  if smallest >= 0.05:
    sentences.append(
        f"With {rows} rows even the best agreement has p = {smallest:.2g}:"
        " no order of theirs can be told from chance at 5 %."
    )
  else:
    below = [c.column for c in found if c.p < 0.05]
    one_in = f"{len(found) * 0.05:.2g}"
    sentences.append(
        f"{len(below)} of {len(found)} have p below 0.05"
        + (f" ({', '.join(below)})" if below else "")
        + f"; by chance alone {one_in} of so many would. The smallest possible"
        f" p is {smallest:.2g}. The columns share their pre-trained models and"
        " so are not independent."
    )
  if any(c.interval for c in found):
    sentences.append(
        "The range is the middle 95 % of tau where every score is drawn anew"
        " from a normal distribution: ours with their pooled deviation over"
        " seeds, the paper's with that of its table 1."
    )
  else:
    sentences.append(
        "One seed says nothing of the noise in our scores, so there is no range"
        " of tau."
    )
  if any(c.rerun is not None for c in found):
    sentences.append(
        "Rerun is the mean tau of the paper with a second run of itself, by its"
        " own deviation: more than that cannot be expected of ours."
    )
  undefined = [c.column for c in found if math.isnan(c.tau)]
  if undefined:
    sentences.append(
        f"Without tau, because all rows are equal: {', '.join(undefined)}."
    )
  return sentences
