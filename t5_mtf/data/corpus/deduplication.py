"""Text that occurs more than once in a corpus: all but one go.

A text is a list of units: its lines, or its sentences. A window is a number of
units that follow one another: one line, as in the published C4, or three
sentences, as Raffel et al. 2020, section 2.2 say. Of windows that are equal but
for case, the one is kept whose page has the smallest MD5 of its URL (as
TensorFlow Datasets selects it), and in that page the first.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

_WINDOW = {"lines": 1, "three_sentences": 3}


@dataclasses.dataclass(frozen=True)
class Units:
  """The units of a text.

  Attributes:
    texts: the units.
    lines: for each the number of its line.
    window: units of a window.
  """

  texts: tuple[str, ...]
  lines: tuple[int, ...]
  window: int

  def hashes(self) -> list[bytes]:
    """The MD5 of each window, by the position of its first unit."""
    folded = [text.strip().lower() for text in self.texts]
    return [
        hashlib.md5(
            "\n".join(folded[i : i + self.window]).encode("utf-8")
        ).digest()
        for i in range(len(folded) - self.window + 1)
    ]

  def without(self, windows: Collection[int]) -> tuple[str, int]:
    r"""The text without the units of some windows, and how many went.

    >>> units_of("A.\nB.\nC.", "lines").without({1})
    ('A.\nC.', 1)

    Args:
      windows: positions of first units.
    """
    gone = {i + k for i in windows for k in range(self.window)}
    lines: dict[int, list[str]] = {}
    for i, (text, line) in enumerate(zip(self.texts, self.lines, strict=True)):
      if i not in gone:
        lines.setdefault(line, []).append(text)
    return "\n".join(" ".join(texts) for texts in lines.values()), len(gone)


def units_of(text: str, dedup: str, tokenizer: Any = None) -> Units:
  r"""Splits a text.

  >>> units_of("One. Two.\nThree.", "lines").texts
  ('One. Two.', 'Three.')

  Args:
    text: of a page.
    dedup: "lines" or "three_sentences".
    tokenizer: of sentences; for "three_sentences".
  """
  texts, lines = [], []
  for number, line in enumerate(text.split("\n")):
    found = [line] if dedup == "lines" else tokenizer.tokenize(line)
    texts += found
    lines += [number] * len(found)
  return Units(tuple(texts), tuple(lines), _WINDOW[dedup])


def page_key(url: str) -> bytes:
  """What orders pages: the 16 bytes of the MD5 of the URL."""
  return hashlib.md5(url.encode("utf-8")).digest()


def all_but_least(places: Iterable[Any]) -> Iterator[Any]:
  """Yields the places of equal windows that go; the least one stays.

  >>> list(all_but_least([5, 3, 8]))
  [5, 8]
  """
  least = None
  for place in places:
    if least is None:
      least = place
    elif place < least:
      yield least
      least = place
    else:
      yield place
