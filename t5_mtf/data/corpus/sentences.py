"""Sentences of English text, as TensorFlow Datasets' C4 counts them: by NLTK.

TensorFlow Datasets takes the trained Punkt model, which NLTK does not ship and
downloads. Where it is on the machine it is used ("punkt"). Without it, Punkt's
rules with a list of abbreviations stand in ("rules").
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

# After these, a full stop ends no sentence.
_ABBREVIATIONS = """
adm al approx apr aug ave bros c.f capt cf co col corp dec dept dr e.g ed eds
est etc ext feb fig figs fri gen gov hon i.e inc jan jr jul jun lt ltd maj mar
messrs mon mr mrs ms mt no nov oct op p.m a.m ph.d pp prof rep rev sat sen sept
sgt sr st thu tue u.k u.n u.s univ vol vs wed
""".split()


def installed_model() -> str:
  """Returns "punkt" if NLTK's trained model is on this machine, or "rules"."""
  import nltk

  try:
    nltk.data.find("tokenizers/punkt_tab/english/")
  except LookupError:
    return "rules"
  return "punkt"


@functools.cache
def tokenizer(model: str) -> Any:
  """Returns an NLTK sentence tokenizer.

  >>> tokenizer("rules").tokenize("Dr. Fox paid 2.50 for it. Was it much? No!")
  ['Dr. Fox paid 2.50 for it.', 'Was it much?', 'No!']

  Args:
    model: "punkt" or "rules".

  Raises:
    LookupError: "punkt" is not on this machine.
  """
  from nltk.tokenize import punkt

  if model == "punkt":
    return punkt.PunktTokenizer("english")
  parameters = punkt.PunktParameters()
  parameters.abbrev_types.update(_ABBREVIATIONS)
  return punkt.PunktSentenceTokenizer(parameters)


def has_at_least(text: str, count: int, model: str) -> bool:
  """Whether a text has so many sentences; looks no further than that."""
  spans = tokenizer(model).span_tokenize(text)
  return len(list(itertools.islice(spans, count))) == count


class PageTokenizer:
  """A tokenizer that stops once a page has sentences enough.

  `c4_utils.clean_page` tokenizes every line of a page only to compare the sum
  with the least number, which takes most of its time.
  """

  def __init__(self, model: str, enough: int):
    """Initializes the tokenizer.

    Args:
      model: "punkt" or "rules".
      enough: sentences of a page.
    """
    self._tokenizer = tokenizer(model)
    self._enough = enough
    self._found = 0

  def begin_page(self) -> None:
    """Says that the next text is of another page."""
    self._found = 0

  def tokenize(self, text: str) -> list[str]:
    """Returns the sentences of a text, or none once there are enough."""
    if self._found >= self._enough:
      return []
    sentences = self._tokenizer.tokenize(text)
    self._found += len(sentences)
    return sentences
