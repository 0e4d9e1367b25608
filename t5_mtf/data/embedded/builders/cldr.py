"""Names and facts of CLDR, as Babel holds them (a build-time dependency).

An item is a territory, a language, a script or a currency. Held-out items are
chosen once, by a hash of kind and code, so that an item held out of one task is
held out of all.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from t5_mtf.data.embedded.builders import splits

LANGUAGES = {"de": "German", "fr": "French", "ro": "Romanian"}
_TABLES = {
    "territory": "territories",
    "language": "languages",
    "script": "scripts",
    "currency": "currencies",
}
_HELD_OUT = 0.1
_MAX_NAME_LENGTH = 24


@dataclasses.dataclass(frozen=True)
class Item:
  """One item with its names by locale ("en", "de", "fr", "ro")."""

  kind: str
  code: str
  names: dict[str, str]

  @property
  def name(self) -> str:
    """The English name."""
    return self.names["en"]

  @property
  def split(self) -> str:
    """The split that the item belongs to in every task."""
    held_out = splits.is_held_out(f"{self.kind}:{self.code}", _HELD_OUT)
    return "validation" if held_out else "train"


def plain(text: str) -> str:
  """CLDR's narrow and no-break spaces as ordinary ones."""
  return " ".join(text.split())


def items() -> list[Item]:
  """All items with a short plain name in the four locales.

  Items that share their English name are given once, so that no name is in
  both splits.
  """
  from babel import Locale

  locales = {code: Locale(code) for code in ("en", *LANGUAGES)}
  found, seen = [], set()
  for kind, table in _TABLES.items():
    for code in sorted(getattr(locales["en"], table)):
      names = {
          locale: plain(getattr(loaded, table).get(code, ""))
          for locale, loaded in locales.items()
      }
      if names["en"] in seen or not _is_plain_item(kind, code, names):
        continue
      seen.add(names["en"])
      found.append(Item(kind, code, names))
  return found


def _is_plain_item(kind: str, code: str, names: dict[str, str]) -> bool:
  pattern = {"territory": "[A-Z]{2}", "language": "[a-z]{2,3}"}
  if not re.fullmatch(pattern.get(kind, r"\w+"), code):
    return False
  return all(
      0 < len(n) <= _MAX_NAME_LENGTH and not re.search(r"[\d(),;:]", n)
      for n in names.values()
  )


def facts(item: Item) -> dict[str, str]:
  """What CLDR says of an item: name of the property -> value."""
  found = {"German name": item.names["de"], "code": item.code}
  if item.kind == "territory":
    found |= dict(_territory_facts(item.code))
  if item.kind == "language":
    found |= dict(_language_facts(item.code))
  if item.kind == "currency":
    from babel.numbers import get_currency_precision

    found["number of decimals"] = str(get_currency_precision(item.code))
  return found


def _territory_facts(code: str) -> Iterator[tuple[str, str]]:
  from babel import Locale, UnknownLocaleError, core, languages, numbers

  english = Locale("en")
  for currency in numbers.get_territory_currencies(code)[:1]:
    yield "currency", plain(english.currencies[currency])
  spoken = languages.get_official_languages(code)[:1]
  for language in spoken:
    if language in english.languages:
      yield "main language", plain(english.languages[language])
    try:
      week = Locale(language, code).first_week_day
    except UnknownLocaleError:
      continue
    yield "first day of the week", english.days["format"]["wide"][week]
  zones = core.get_global("territory_zones").get(code, [])
  if len(zones) == 1:
    yield "time zone", zones[0].split("/")[-1].replace("_", " ")


def _language_facts(code: str) -> Iterator[tuple[str, str]]:
  from babel import Locale, core

  likely = core.get_global("likely_subtags").get(code, "").split("_")
  script = Locale("en").scripts.get(likely[1]) if len(likely) > 1 else None
  if script:
    yield "script", plain(script)
