"""The few shapes of batches that a model is built for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

_SHORTEST = 16  # tokens


@dataclasses.dataclass(frozen=True)
class Shapes:
  """The shapes that a model is built for, each rising.

  Attributes:
    rows: numbers of rows of a batch.
    lengths: lengths of a sequence in tokens.
  """

  rows: tuple[int, ...]
  lengths: tuple[int, ...]

  @classmethod
  def up_to(cls, most_rows: int, length: int, ratio: int = 2) -> Shapes:
    """Shapes up to the largest: lengths grow by `ratio`, rows by 4.

    >>> Shapes.up_to(20, 100)
    Shapes(rows=(1, 5, 20), lengths=(16, 32, 64, 100))
    """
    lengths = [length]
    while lengths[0] > _SHORTEST:
      lengths.insert(0, _SHORTEST * ratio ** _power(lengths[0] - 1, ratio))
    sizes = [most_rows]
    while sizes[0] > 1 and sizes[0] % 4 == 0:
      sizes.insert(0, sizes[0] // 4)
    return cls(tuple(sorted({1, *sizes})), tuple(lengths))


def _power(length: int, ratio: int) -> int:
  """The largest n for which _SHORTEST * ratio ** n <= length."""
  n = 0
  while _SHORTEST * ratio ** (n + 1) <= length:
    n += 1
  return n


def smallest(sizes: Sequence[int], needed: int) -> int:
  """The first of rising sizes that is large enough, else the last rounded up.

  Only targets can be longer than the last: they share the inputs' lengths.
  """
  for size in sizes:
    if size >= needed:
      return size
  return -(-needed // sizes[-1]) * sizes[-1]
