"""Which pronoun a WNLI pair is about, and which noun it puts in its place.

WNLI gives a sentence with pronouns (the premise) and a sentence in which one of
them is replaced by a noun (the hypothesis). The pronoun is the one whose
surroundings in the premise are found to the greatest extent in the hypothesis;
the noun is what stands between them there. The results are those of the
published `wnli_simple` (Raffel et al. 2020, section 2.4), whose rules are kept
where they are not what one would expect: see `mark_pronoun`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from t5_mtf import errors

PRONOUNS = frozenset(
    ("he", "her", "him", "his", "it", "she", "their", "them", "they")
)
_ARTICLES = ("a", "an", "the")
_PUNCTUATION = ".,?!"
_FINAL_PUNCTUATION = re.compile(rf"[{_PUNCTUATION}]$")
_POSSESSIVE = re.compile(r"'s?$")


def mark_pronoun(premise: str, hypothesis: str) -> tuple[str, str]:
  """Marks the pronoun with asterisks, and finds the noun for it.

  As published: words compare without case and one final punctuation mark, as
  parts of the text rather than whole, and are read as regular expressions; of
  pronouns that fit equally well the first is marked, and where none fits the
  noun is empty; a space before the premise or two spaces in it shift the mark.

  Args:
    premise: text with a pronoun.
    hypothesis: text with the noun.

  Returns:
    The premise with the pronoun between asterisks, and the noun as the
    hypothesis writes it.

  Raises:
    DataError: the premise has no pronoun, or spaces or brackets keep it or the
      noun from being found.

  >>> mark_pronoun("Lily spoke to Donna breaking her silence.",
  ...              "Lily spoke to Donna breaking Donna's silence.")
  ('Lily spoke to Donna breaking *her* silence.', 'Donna')
  """
  words, hypothesis_words = _words(premise), _words(hypothesis)
  contexts = [
      _Context(words, place, hypothesis_words)
      for place, word in enumerate(words)
      if word in PRONOUNS
  ]
  if not contexts:
    raise errors.DataError(
        f"wnli_simple: {premise!r} has none of the pronouns"
        f" {', '.join(sorted(PRONOUNS))}. Leave such examples out."
    )
  best = max(contexts, key=lambda context: context.size)
  marked = premise.split(" ")
  word = marked[best.place]
  if not word:
    raise errors.DataError(
        f"wnli_simple: spaces in {premise!r} hide the pronoun. Strip the text,"
        " and put one space between words."
    )
  if word[-1] in _PUNCTUATION:
    marked[best.place] = f"*{word[:-1]}* {word[-1]}"
  else:
    marked[best.place] = f"*{word}*"
  try:
    noun = _from_article(best.noun())
  except re.error as error:
    raise errors.DataError(
        f"wnli_simple: {premise!r} has a word that is not a regular expression"
        f" ({error}). Remove brackets and the like."
    ) from error
  return " ".join(marked), _as_written(noun, hypothesis)


def _words(text: str) -> list[str]:
  """Words in lower case, each without one final punctuation mark."""
  words = text.strip().lower().split(" ")
  return [w for w in (_FINAL_PUNCTUATION.sub("", w) for w in words) if w]


def _found_length(words: Sequence[str], text: Sequence[str]) -> int:
  """How many of the first words stand, one after the other, in the text."""
  joined = " ".join(text)
  length = 0
  while length < len(words) and " ".join(words[: length + 1]) in joined:
    length += 1
  return length


class _Context:
  """The words around a pronoun that the hypothesis has too."""

  def __init__(
      self, words: Sequence[str], place: int, hypothesis: Sequence[str]
  ) -> None:
    before, after = words[:place][::-1], words[place + 1 :]
    self.place = place
    self._before = before[: _found_length(before, hypothesis[::-1])][::-1]
    self._after = after[: _found_length(after, hypothesis)]
    self._hypothesis = " ".join(hypothesis)

  @property
  def size(self) -> int:
    return len(self._before) + len(self._after)

  def noun(self) -> str:
    """What stands between the words before and after, in lower case."""
    if not self.size:
      return ""
    for pattern in (
        [*self._before, "(.+)", *self._after],
        ["^(.+)", *self._after],
        [*self._before, "(.+)$"],
    ):
      found = re.search(" ".join(pattern), self._hypothesis)
      if found:
        return found[1]
    return ""


def _from_article(noun: str) -> str:
  """The noun from its article on, of several kinds the last to begin."""
  words = noun.split(" ")
  firsts = [words.index(article) for article in _ARTICLES if article in words]
  return " ".join(words[max(firsts, default=0) :])


def _as_written(noun: str, hypothesis: str) -> str:
  """The noun as the hypothesis writes it, less a possessive ending."""
  pattern = rf"[{_PUNCTUATION}]? ".join(map(re.escape, noun.split(" ")))
  found = re.search(pattern, hypothesis, re.IGNORECASE)
  if not found:
    raise errors.DataError(
        f"wnli_simple: {hypothesis!r} does not have {noun!r} as it stands. Put"
        " one space between words."
    )
  return _POSSESSIVE.sub("", found[0])
