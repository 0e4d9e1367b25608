"""Sentence-like pairs made of CLDR names and formats in two languages.

A pair joins one or two parts: names, lists, dates, times of day, relative
times, measures, amounts of money. Every part (this name, this date, this
measure) is held out or not by a hash, the same for all three languages;
validation pairs hold held-out parts only, train pairs hold none.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable

from t5_mtf.data.embedded.builders import cldr, splits

SIZES = {"train": 6000, "validation": 400}
_HELD_OUT = 0.1
_UNITS = (
    "length-kilometer",
    "length-meter",
    "mass-kilogram",
    "volume-liter",
    "duration-hour",
    "duration-minute",
    "duration-week",
    "temperature-celsius",
    "speed-kilometer-per-hour",
    "digital-gigabyte",
)
_DAYS = {
    "second": 1 / 86400,
    "minute": 1 / 1440,
    "hour": 1 / 24,
    "day": 1,
    "week": 7,
    "month": 30,
    "year": 365,
}
# What a part becomes in a locale.
_Part = Callable[[str], str]


class _Parts:
  """Draws the parts of one split."""

  def __init__(self, items: list[cldr.Item], split: str, rng: random.Random):
    self._split, self._rng = split, rng
    self._names = [i for i in items if i.split == split]
    self._money = [
        i for i in self._names if i.kind == "currency" and _is_current(i.code)
    ]

  def _fresh(self, draw: Callable[[], tuple]) -> tuple:
    """Draws until the part belongs to this split."""
    while True:
      part = draw()
      held_out = splits.is_held_out(repr(part), _HELD_OUT)
      if held_out == (self._split == "validation"):
        return part

  def name(self) -> _Part:
    item = self._rng.choice(self._names)
    return lambda locale: item.names[locale]

  def names(self) -> _Part:
    from babel.lists import format_list

    kind = self._rng.choice(["territory", "language", "currency"])
    pool = [i for i in self._names if i.kind == kind]
    chosen = self._rng.sample(pool, self._rng.choice([2, 3]))
    style = self._rng.choice(["standard", "or"])
    return lambda locale: format_list(
        [i.names[locale] for i in chosen], style=style, locale=locale
    )

  def date(self) -> _Part:
    from babel.dates import format_date

    # No short form: its year has two digits in some locales only. No first of
    # the month: Babel writes "1 mai" where French has "1er mai".
    year, month, day = self._fresh(
        lambda: (
            self._rng.randrange(1900, 2051),
            self._rng.randrange(1, 13),
            self._rng.randrange(2, 29),
        )
    )
    form = self._rng.choice(["full", "full", "long", "medium"])
    date = datetime.date(year, month, day)
    return lambda locale: format_date(date, form, locale=locale)

  def time(self) -> _Part:
    from babel.dates import format_time

    hour, minute = self._fresh(
        lambda: (self._rng.randrange(24), 5 * self._rng.randrange(12))
    )
    time = datetime.time(hour, minute)
    return lambda locale: format_time(time, "short", locale=locale)

  def relative(self) -> _Part:
    from babel.dates import format_timedelta

    unit, count, sign = self._fresh(
        lambda: (
            self._rng.choice(sorted(_DAYS)),
            self._rng.randrange(1, 60),
            self._rng.choice([-1, 1]),
        )
    )
    delta = datetime.timedelta(days=sign * count * _DAYS[unit])
    # An unreachable threshold keeps Babel from choosing a larger unit.
    return lambda locale: format_timedelta(
        delta, unit, threshold=1e12, add_direction=True, locale=locale
    )

  def measure(self) -> _Part:
    from babel.units import format_unit

    unit, count = self._fresh(
        lambda: (self._rng.choice(_UNITS), self._rng.randrange(1, 400))
    )
    return lambda locale: format_unit(count, unit, locale=locale)

  def amount(self) -> _Part:
    from babel.numbers import format_currency

    code = self._rng.choice(self._money).code
    (units,) = self._fresh(lambda: (self._rng.randrange(1, 3000),))
    return lambda locale: format_currency(
        units,
        code,
        format="#,##0",
        locale=locale,
        currency_digits=False,
        format_type="name",
    )


def _is_current(currency: str) -> bool:
  """Whether some territory pays with it today."""
  from babel import core, numbers

  territories = core.get_global("territory_currencies")
  return any(
      currency in numbers.get_territory_currencies(t) for t in territories
  )


# Ways to join parts, with how often each is drawn. Marks and order are the
# same in the four languages.
_PATTERNS = (
    ("{name}", 2),
    ("{names}", 2),
    ("{date}", 3),
    ("{relative}", 2),
    ("{measure}", 1),
    ("{amount}", 2),
    ("{name}: {date}", 2),
    ("{name}, {relative}", 2),
    ("{date}, {time}", 3),
    ("{measure} ({relative})", 2),
    ("{amount}, {date}", 2),
    ("{name} - {measure}", 1),
)


def _pair(parts: _Parts, rng: random.Random) -> dict[str, str]:
  """One scene in all four locales."""
  pattern = rng.choices(*zip(*_PATTERNS, strict=True))[0]
  kinds = [p.split("}")[0] for p in pattern.split("{")[1:]]
  drawn = {kind: getattr(parts, kind)() for kind in kinds}
  return {
      locale: cldr.plain(
          pattern.format(**{k: part(locale) for k, part in drawn.items()})
      )
      for locale in ("en", *cldr.LANGUAGES)
  }


def build() -> splits.Rows:
  """Rows of `ende`, `enfr` and `enro`, from the same scenes for each split.

  A scene that reads the same in both languages is left out of that pair.
  """
  items = cldr.items()
  rows = {f"en{locale}": {} for locale in cldr.LANGUAGES}
  for split, size in SIZES.items():
    for locale in cldr.LANGUAGES:
      rng = splits.rng("translation", split)
      parts, drawn = _Parts(items, split, rng), {}
      while len(drawn) < size:
        row = _pair(parts, rng)
        if row["en"] != row[locale]:
          drawn[row["en"]] = {"en": row["en"], locale: row[locale]}
      rows[f"en{locale}"][split] = list(drawn.values())
  return rows
