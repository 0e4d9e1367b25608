"""How the reports write numbers, names and lists."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from t5_mtf.evaluation import benchmarks

NONE = "\N{EN DASH}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
STAR = "\N{BLACK STAR}"
_UNITS = (
    (1e21, "Z"), (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")
)  # fmt: skip


def number(value: float | None, decimals: int = 2) -> str:
  """Writes a score; a dash where there is none.

  >>> number(83.281), number(-0.5), number(None)
  ('83.28', '−0.50', '–')
  """
  if value is None or math.isnan(value):
    return NONE
  return f"{value + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def signed(value: float | None, decimals: int = 2) -> str:
  """Writes a difference.

  >>> signed(1.25), signed(-1.25), signed(0.001)
  ('+1.25', '−1.25', '0.00')
  """
  if value is None or math.isnan(value):
    return NONE
  value = round(value, decimals)
  if not value:
    return number(0.0, decimals)
  return f"{value:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def probability(p: float | None) -> str:
  """Writes a p value.

  >>> probability(0.0833), probability(0.0002), probability(None)
  ('0.083', '<0.001', '–')
  """
  return "<0.001" if p is not None and p < 0.001 else number(p, 3)


def large(value: float, unit: str) -> str:
  """Writes a large number with a prefix of its unit.

  >>> large(1.234e12, "FLOP"), large(5, "FLOP")
  ('1.23 TFLOP', '5 FLOP')
  """
  for size, prefix in _UNITS:
    if value >= size:
      return f"{value / size:.3g} {prefix}{unit}"
  return f"{value:,.0f} {unit}"


def listing(words: Iterable[str], last: str = "and") -> str:
  """Joins words as a sentence does.

  >>> listing(["a", "b", "c"])
  'a, b and c'
  """
  words = list(words)
  if len(words) < 2:
    return "".join(words)
  return f"{', '.join(words[:-1])} {last} {words[-1]}"


def count(number_of: int, word: str) -> str:
  """Writes a number of things, with a regular plural.

  >>> count(1, "seed"), count(2, "seed")
  ('1 seed', '2 seeds')
  """
  return f"{number_of:,} {word}" + "s" * (number_of != 1)


def seeds_of(seeds: Sequence[int]) -> str:
  """Names seeds.

  >>> seeds_of([0]), seeds_of([0, 1])
  ('seed 0', 'seeds 0 and 1')
  """
  return f"seed{'s' * (len(seeds) != 1)} {listing(map(str, seeds))}"


def table_title(name: str) -> str:
  """Writes the name of a table.

  >>> table_title("table_4")
  'Table 4'
  """
  return name.replace("_", " ").capitalize()


def heading(own: benchmarks.Column, published: benchmarks.Column) -> str:
  """Writes the heading of a column, and which of the paper's it stands for.

  >>> heading(benchmarks.MINI[0], benchmarks.PAPER[0])
  'MiniGLUE (~ GLUE)'
  >>> heading(benchmarks.PAPER[0], benchmarks.PAPER[0])
  'GLUE'
  """
  same = own.name == published.name
  return own.name if same else f"{own.name} (~ {published.name})"
