"""Sentences on which differences to the baseline ours and the paper's share.

A difference counts as clear where it exceeds two standard deviations of a run,
the rule by which the paper prints bold (section 3.1.5): ours by the deviation
pooled over the table's rows, the paper's by that of its table 1.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from t5_mtf.ablations import table_view, wording

_DEVIATIONS = 2
_PAPER_RUNS = 10  # of the baseline, in table 1


@dataclasses.dataclass(frozen=True)
class Difference:
  """The difference of a row to the baseline in one column.

  Attributes:
    row: name of the row.
    column: heading of the column.
    own: ours.
    published: the paper's.
    own_is_clear: whether ours exceeds two deviations; None where there is no
      deviation, or it is 0.
    published_is_clear: whether the paper's does; None the same.
    by_chance: probability that ours would, without any true difference; None
      the same.
  """

  row: str
  column: str
  own: float
  published: float
  own_is_clear: bool | None
  published_is_clear: bool | None
  by_chance: float | None

  @property
  def has_same_sign(self) -> bool | None:
    """Whether both have one sign; None where one is 0."""
    product = self.own * self.published
    return product > 0 if product else None

  def __str__(self) -> str:
    return (
        f"{self.column} {wording.signed(self.own)} (paper"
        f" {wording.signed(self.published)})"
    )


def differences(view: table_view.TableView) -> list[Difference]:
  """Returns every difference that is known of both, by row and column."""
  return [
      _difference(row, i, view)
      for row in view.differing_rows()
      for i, cell in enumerate(row.cells)
      if cell.difference is not None and cell.published_difference is not None
  ]


def _difference(
    row: table_view.Row, index: int, view: table_view.TableView
) -> Difference:
  cell, column = row.cells[index], view.columns[index]
  beside = view.baseline.cells[index]
  by_chance = None
  if column.deviation:
    runs = 1 / len(cell.seeds) + 1 / len(beside.seeds)
    by_chance = chance(runs, column.freedom)
  return Difference(
      row=row.name,
      column=column.own.name,
      own=cell.difference,
      published=cell.published_difference,
      own_is_clear=_exceeds(cell.difference, column.deviation),
      published_is_clear=_exceeds(
          cell.published_difference, column.published_deviation
      ),
      by_chance=by_chance,
  )


def _exceeds(difference: float, deviation: float | None) -> bool | None:
  if not deviation:  # 0, of equal scores, says nothing of the noise either
    return None
  return abs(difference) > _DEVIATIONS * deviation


def chance(variance: float, freedom: int) -> float:
  """Returns how often a difference exceeds two deviations by chance.

  >>> round(chance(1 / 2 + 1 / 2, 4), 3)
  0.116

  Args:
    variance: of the difference, in variances of a run: the sum of 1 / runs.
    freedom: degrees of freedom of the deviation.
  """
  from scipy import special

  return float(
      2 * special.stdtr(freedom, -_DEVIATIONS / math.sqrt(variance))
  )


def sentences(view: table_view.TableView) -> list[str]:
  """Says where ours and the paper's differences agree, and where not."""
  found = differences(view)
  if view.baseline is None:
    return [
        f"{wording.table_title(view.paper.name)} has no result of the baseline,"
        " and no table with the same settings beside it has one: differences"
        " are left out."
    ]
  if not found:
    return ["No difference to the baseline is known of both."]
  agree = [d for d in found if d.has_same_sign]
  oppose = [d for d in found if d.has_same_sign is False]
  zero = len(found) - len(agree) - len(oppose)
  of_zero = f"; {zero} {'is' if zero == 1 else 'are'} 0 in one of them"
  out = [
      f"Of {len(found)} differences to the baseline, {len(agree)} have the same"
      f" sign as the paper's and {len(oppose)} the opposite"
      + (of_zero if zero else "")
      + ". By chance half would; and they are not independent: they share the"
      " baseline's runs and each row's pre-training.",
      f"Opposite: {_by_row(oppose, lambda d: d.column)}.",
  ]
  judged = [
      d for d in found
      if d.own_is_clear is not None and d.published_is_clear is not None
  ]  # fmt: skip
  if not judged:
    return [
        *out,
        "Which of ours exceed the noise is not known: that takes two seeds of"
        " some row.",
    ]
  unknown = len(found) - len(judged)
  if unknown:
    out.append(
        f"Of {unknown} of them it is not known whether they exceed the noise."
    )
  return [*out, *_judged(judged, view)]


def _judged(
    found: Sequence[Difference], view: table_view.TableView
) -> list[str]:
  """Says which differences are clear, in which."""
  own = [d for d in found if d.own_is_clear]
  published = [d for d in found if d.published_is_clear]
  both = [d for d in own if d.published_is_clear]
  freedom = sorted({c.freedom for c in view.columns if c.deviation})
  expected = sum(d.by_chance for d in found)
  paper_rate = chance(1 + 1 / _PAPER_RUNS, _PAPER_RUNS - 1)
  out = [
      f"Two standard deviations of a run are exceeded by {len(own)} of ours and"
      f" by {len(published)} of the paper's. By chance alone, with no true"
      f" difference at all, about {expected:.1f} of ours would be (deviations"
      f" with {wording.listing(map(str, freedom), 'or')} degrees of freedom)"
      f" and {paper_rate * len(found):.1f} of the paper's."
  ]
  groups = [
      ("In both, with the same sign", [d for d in both if d.has_same_sign]),
      ("In both, with opposite signs",
       [d for d in both if d.has_same_sign is False]),
      ("In the paper's only", [d for d in published if not d.own_is_clear]),
      ("In ours only", [d for d in own if not d.published_is_clear]),
  ]  # fmt: skip
  for what, those in groups:
    how_many = f" ({len(those)})" if those else ""
    out.append(f"{what}{how_many}: {_by_row(those, str)}.")
  return out


def _by_row(
    found: Sequence[Difference], told: Callable[[Difference], str]
) -> str:
  return "; ".join(
      f"{row}: {', '.join(told(d) for d in found if d.row == row)}"
      for row in dict.fromkeys(d.row for d in found)
  ) or "none"
