"""Metrics of mT5's multilingual tasks: MLQA's answers and named entities.

Imported by itself; the published `t5.evaluation.metrics` does not have them.
"""

from __future__ import annotations

import collections
import functools
import re
import string
import sys
import unicodedata
from collections.abc import Sequence

from t5_mtf import errors
from t5_mtf.evaluation import checks, qa_utils

# MLQA's evaluation: language -> what is deleted as an article.
_ARTICLES = {
    "ar": "ال",
    "de": (
        r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"
    ),
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "hi": "",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "zh": "",
}
_IDEOGRAPH = re.compile("([\u4e00-\u9fa5])")
_SPAN_DELIMITER = "$$"


@functools.cache
def _punctuation() -> dict[int, None]:
  """Deletes the punctuation of all scripts, and what ASCII calls so."""
  deleted = dict.fromkeys(map(ord, string.punctuation))
  for code in range(sys.maxunicode + 1):
    if unicodedata.category(chr(code)).startswith("P"):
      deleted[code] = None
  return deleted


def _normalize_mlqa(answer: str, lang: str) -> str:
  text = answer.lower().translate(_punctuation())
  if _ARTICLES[lang]:
    text = re.sub(_ARTICLES[lang], " ", text)
  if lang == "zh":
    text = _IDEOGRAPH.sub(r" \1 ", text)
  return " ".join(text.split())


def mlqa(
    targets: Sequence[Sequence[str]], predictions: Sequence[str], lang: str
) -> dict[str, float]:
  """Exact match and F1 of MLQA (Lewis et al. 2020), as percentages.

  As `squad`, but the punctuation of all scripts is deleted, the articles are
  those of the language, and each Chinese character is a word.

  >>> mlqa([["挪威首都奥斯陆"]], ["奥斯陆。"], lang="zh")
  {'em': 0.0, 'f1': 60.0}
  >>> mlqa([["la casa"]], ["¡Casa!"], lang="es")
  {'em': 100.0, 'f1': 100.0}

  Args:
    targets: for each question, all its gold answers.
    predictions: for each question, the answer given.
    lang: ar, de, en, es, hi, vi or zh.

  Returns:
    `em` and `f1`.

  Raises:
    DataError: no questions, lengths differ, or gold answers are no list.
    UnknownNameError: MLQA does not have the language.
  """
  if lang not in _ARTICLES:
    raise errors.unknown_name(
        "language", lang, _ARTICLES, "These are the languages of MLQA."
    )
  return qa_utils.normalized_qa_metrics(
      "mlqa",
      targets,
      predictions,
      functools.partial(_normalize_mlqa, lang=lang),
  )


def _entities(text: str) -> collections.Counter[tuple[str, str]]:
  """Kind and name of each entity, with how often it is there."""
  pairs = (span.partition(":") for span in text.split(_SPAN_DELIMITER))
  return collections.Counter(
      (kind.strip().lower(), qa_utils.normalize_squad(name))
      for kind, colon, name in pairs
      if colon and name.strip()
  )


def span_f1(
    targets: Sequence[str], predictions: Sequence[str]
) -> dict[str, float]:
  """F1 of named entities over all sentences, as a percentage.

  An entity is right if its kind and its name are, the name after SQuAD's
  normalization; order does not count. What is no `KIND: name` is no entity.

  >>> span_f1(["PER: Rick $$ LOC: Bern", "None"], ["LOC: bern", "PER: Ann"])
  {'span_f1': 50.0}

  Args:
    targets: entities as `KIND: name $$ KIND: name`.
    predictions: the same.

  Returns:
    `span_f1`; NaN where neither side has an entity.

  Raises:
    DataError: no sentences, or lengths differ.
  """
  checks.check_pairs("span_f1", targets, predictions)
  checks.check_texts("span_f1", "target", targets)
  checks.check_texts("span_f1", "prediction", predictions)
  right = total = 0
  for target, prediction in zip(targets, predictions, strict=True):
    gold, found = _entities(target), _entities(prediction)
    right += (gold & found).total()
    total += gold.total() + found.total()
  return {"span_f1": 200.0 * right / total if total else float("nan")}
