"""Which pages and lines are kept (Raffel et al. 2020, section 2.2).

The rules are those of TensorFlow Datasets' `c4_utils`, which are called here;
what they say is counted under names for people.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.util
import threading
from collections.abc import Iterator

from t5_mtf import errors
from t5_mtf.data.corpus import sentences
from t5_mtf.data.corpus.reading import Page
from t5_mtf.data.corpus.settings import CorpusSettings
from t5_mtf.data.corpus.tally import (
    LINE_DROPPED,
    LINES_KEPT,
    PAGE_DROPPED,
    PAGES_CLEANED,
    Tally,
)

_tokenizer_lock = threading.Lock()  # the direct runner works in threads

TOO_FEW_SENTENCES = PAGE_DROPPED + "too few sentences"
# Counters of `c4_utils.clean_page`.
_NAMES = {
    "passed": PAGES_CLEANED,
    "filtered:loremipsum": PAGE_DROPPED + "lorem ipsum",
    "filtered:squigglybracket": PAGE_DROPPED + "curly bracket (code)",
    "filtered:too_few_sentences": TOO_FEW_SENTENCES,
    "line-passed": LINES_KEPT,
    "line-filtered:too_long_word": LINE_DROPPED + "word too long",
    "line-filtered:no_endmark": LINE_DROPPED + "no end mark",
    "line-filtered:too_short": LINE_DROPPED + "too few words",
    "line-filtered:javascript": LINE_DROPPED + "javascript",
    "line-filtered:policy": LINE_DROPPED + "policy or cookie notice",
}


def can_detect_language() -> bool:
  """Whether the library that detects languages is installed."""
  return importlib.util.find_spec("langdetect") is not None


class PageRules:
  """Judges one page at a time.

  Pages go through `clean` before text is de-duplicated, and through `admit`
  after it, as in TensorFlow Datasets.
  """

  def __init__(self, settings: CorpusSettings):
    """Initializes the rules.

    Args:
      settings: of the corpus.
    """
    from tensorflow_datasets.text import c4_utils

    self._settings = settings
    self._c4 = c4_utils
    self._tokenizer = sentences.PageTokenizer(
        settings.sentence_model, settings.min_sentences
    )
    self._clean_page = c4_utils.get_clean_page_fn()
    self._has_no_badword = (
        c4_utils.get_badwords_filter_fn(
            {_badwords_language(settings): sorted(settings.badwords)}
        )
        if settings.badwords
        else None
    )

  def located(self, page: Page) -> Page:
    """The page with its normalized URL."""
    return dataclasses.replace(
        page, normalized_url=self._c4.normalize_url(page.url)
    )

  def is_valid_length(self, page: Page, tally: Tally) -> bool:
    """Whether the page is not too long; counts those that are."""
    valid = self._c4.is_valid_length(page, self._settings.max_page_characters)
    if not valid:
      tally.add(PAGE_DROPPED + "too long")
    return valid

  def clean(self, page: Page, tally: Tally) -> Page | None:
    """The page without the lines that go; None if the page goes.

    Args:
      page: as it was read.
      tally: counts what is kept and dropped.
    """
    if self._settings.rules == "c4":
      return self._clean_as_c4(page, tally)
    if self._settings.rules == "mc4" and not self._c4.paragraph_filter(page):
      tally.add(PAGE_DROPPED + "less than three lines of 200 characters")
      return None
    tally.add(PAGES_CLEANED)
    return page

  def has_enough_sentences(self, text: str) -> bool:
    """Whether a text has them; for what is left after de-duplication."""
    least = self._settings.sentences_after_deduplication
    return sentences.has_at_least(text, least, self._settings.sentence_model)

  def admit(self, page: Page, tally: Tally) -> bool:
    """Whether the page has the right language and no bad word."""
    language = self._settings.language
    if language:
      reason = _foreign(page.text, language, self._settings.min_probability)
      if reason:
        tally.add(PAGE_DROPPED + reason)
        return False
    if self._has_no_badword:
      named = dataclasses.replace(
          page, language=_badwords_language(self._settings)
      )
      if not self._has_no_badword(named):
        tally.add(PAGE_DROPPED + "bad word")
        return False
    return True

  def is_validation(self, page: Page) -> bool:
    """Whether the page is for validation, as C4 decides by its URL."""
    every = self._settings.validation_every
    return bool(every) and self._c4.get_hashed_url_filter_fn(
        functools.partial(_divides, every)
    )(page)

  def _clean_as_c4(self, page: Page, tally: Tally) -> Page | None:
    settings = self._settings
    with self._sentence_tokenizer():
      cleaned = self._clean_page(
          page,
          counter_inc_fn=lambda name: tally.add(_NAMES.get(name, name)),
          min_words_per_line=settings.min_words_per_line,
          min_num_sentences=settings.min_sentences,
          max_word_length=settings.max_word_length,
      )
      return next(cleaned, None)

  @contextlib.contextmanager
  def _sentence_tokenizer(self) -> Iterator[None]:
    """Makes `c4_utils` use our tokenizer; it would download one otherwise."""
    with _tokenizer_lock:
      before = self._c4._SENTENCE_TOKENIZER
      self._c4._SENTENCE_TOKENIZER = self._tokenizer
      self._tokenizer.begin_page()
      try:
        yield
      finally:
        self._c4._SENTENCE_TOKENIZER = before


def read_badwords(path: str) -> tuple[str, ...]:
  """Reads a list of words, one a line, in the form of C4's own list.

  Args:
    path: a text file; the case of letters does not matter.

  Raises:
    DataError: it cannot be read, is not UTF-8, or holds no word.
  """
  from t5_mtf.data import text_lines

  words = set()
  for number, line in text_lines.TextLines(path):
    if isinstance(line, text_lines.BadLine):
      raise errors.DataError(f"{path}:{number}: {line.detail}")
    words.add(line.strip().lower())
  words.discard("")  # which every page holds
  if not words:
    raise errors.DataError(f"{path} holds no word; it has one word a line.")
  return tuple(sorted(words))


def _badwords_language(settings: CorpusSettings) -> str:
  """The language of the list; of some, words are not between spaces."""
  return (settings.language or "en").split("-")[0]


def _divides(divisor: int, number: int) -> bool:
  return number % divisor == 0


def _foreign(text: str, language: str, min_probability: float) -> str:
  """Why a text is not in the language; empty if it is.

  As `c4_utils.detect_english`, which knows English alone.
  """
  import langdetect
  from tensorflow_datasets.text import c4_utils

  with c4_utils.langdetect_lock:
    langdetect.DetectorFactory.seed = 0  # else results differ between runs
    try:
      found = langdetect.detect_langs(text)
    except langdetect.LangDetectException:
      found = []
  if not found:
    return "language not detectable"
  if found[0].prob < min_probability:
    return "language uncertain"
  return "" if found[0].lang == language else f"language {found[0].lang}"
