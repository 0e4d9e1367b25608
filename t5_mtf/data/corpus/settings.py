"""What a corpus is made by: every choice that changes its pages."""

from __future__ import annotations

import dataclasses

from t5_mtf import errors

RULES = ("c4", "mc4", "none")
DEDUPLICATION = ("lines", "three_sentences", "none")
INPUT_FORMATS = ("warc", "jsonl", "text")
OUTPUT_FORMATS = ("jsonl", "tfrecord")
TEXT_SEPARATORS = ("file", "blank_line", "line")
SENTENCE_MODELS = ("punkt", "rules")


@dataclasses.dataclass(frozen=True)
class CorpusSettings:
  """Every choice that changes the pages of a corpus.

  Attributes:
    rules: "c4" cleans lines and pages by the heuristics of Raffel et al. 2020,
      section 2.2; "mc4" only drops pages with less than three lines of 200
      characters (Xue et al. 2021, section 3.1); "none" keeps all.
    dedup: what occurs once in the corpus: "lines", as in the published C4;
      spans of "three_sentences", as the paper says; or "none".
    min_words_per_line: of rules "c4"; shorter lines are dropped.
    min_sentences: of rules "c4"; pages with fewer are dropped.
    max_word_length: of rules "c4", in characters; lines with a longer word are
      dropped.
    max_page_characters: longer pages are dropped.
    language: the code of the only language to keep; "" if it is not checked.
    min_probability: of that language, as langdetect sees it.
    badwords: pages that hold one of these words are dropped.
    sentence_model: how sentences are told apart, see `sentences`.
    input_format: of all input files; by their names if it is None.
    text_separator: what ends a page of a text file.
    output_format: "jsonl", or "tfrecord" as TensorFlow Datasets writes C4.
    validation_every: one page of so many, by a hash of its URL, is for
      validation; 0 for none.

  Raises:
    UserError: a value that is not among the allowed ones.
  """

  rules: str = "c4"
  dedup: str = "lines"
  min_words_per_line: int = 5
  min_sentences: int = 3
  max_word_length: int = 1000
  max_page_characters: int = 190_000
  language: str = ""
  min_probability: float = 0.99
  badwords: tuple[str, ...] = ()
  sentence_model: str = "rules"
  input_format: str | None = None
  text_separator: str = "file"
  output_format: str = "jsonl"
  validation_every: int = 1000

  def __post_init__(self) -> None:
    for name, allowed in (
        ("rules", RULES),
        ("dedup", DEDUPLICATION),
        ("input_format", (*INPUT_FORMATS, None)),
        ("text_separator", TEXT_SEPARATORS),
        ("output_format", OUTPUT_FORMATS),
        ("sentence_model", SENTENCE_MODELS),
    ):
      value = getattr(self, name)
      if value not in allowed:
        raise errors.unknown_name(
            f"value of {name}", value, filter(None, allowed)
        )
    for name in ("min_words_per_line", "min_sentences", "validation_every"):
      if getattr(self, name) < 0:
        raise errors.UserError(
            f"{name} is {getattr(self, name)}, but must be 0 or more."
        )
    for name in ("max_word_length", "max_page_characters"):
      if getattr(self, name) < 1:
        raise errors.UserError(
            f"{name} is {getattr(self, name)}, but must be 1 or more."
        )
    if not 0 <= self.min_probability <= 1:
      raise errors.UserError(
          f"min_probability is {self.min_probability}, but must be from 0 to 1."
      )

  @property
  def sentences_after_deduplication(self) -> int:
    """The sentences that a page must have left; rules "c4" only."""
    return self.min_sentences if self.rules == "c4" else 0
