"""BLEU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from t5_mtf import errors
from t5_mtf.evaluation import bootstrap, checks

# Those of sacrebleu that load nothing from the network.
_TOKENIZERS = ("13a", "char", "intl", "ja-mecab", "ko-mecab", "none", "zh")


def _reference_streams(
    targets: Sequence[str | Sequence[str]],
) -> list[list[str | None]]:
  """Turns each example's references into sacrebleu's list of streams.

  Stream k holds the k-th reference of all the examples; None where an example
  has fewer than the others.
  """
  references = [[t] if isinstance(t, str) else list(t) for t in targets]
  for index, texts in enumerate(references):
    if not texts:
      raise errors.DataError(
          f"bleu: example {index} has no reference. Give one text, or a list of"
          " one or more texts, for each example."
      )
    checks.check_texts("bleu", f"example {index}, reference", texts)
  width = max(map(len, references))
  padded = [texts + [None] * (width - len(texts)) for texts in references]
  return [list(stream) for stream in zip(*padded, strict=True)]


def _streams(
    targets: Sequence[str | Sequence[str]], published_references: bool
) -> list[list[str | None]]:
  if published_references and not isinstance(targets[0], str):
    return [list(stream) for stream in targets]
  return _reference_streams(targets)


def _statistics(
    targets: Sequence[str | Sequence[str]],
    predictions: Sequence[str],
    tokenizer: str = "intl",
    published_references: bool = False,
) -> np.ndarray:
  """Matches and totals of n-grams, and the two lengths, of each example."""
  import sacrebleu

  streams = _streams(targets, published_references)
  # The effective order changes sacreBLEU's score, not its statistics.
  scorer = sacrebleu.BLEU(tokenize=tokenizer, effective_order=True)
  rows = []
  for prediction, *texts in zip(predictions, *streams, strict=True):
    score = scorer.sentence_score(
        prediction, [text for text in texts if text is not None]
    )
    rows.append([*score.counts, *score.totals, score.sys_len, score.ref_len])
  return np.array(rows, np.float64)


def _of_sums(
    sums: np.ndarray, examples: int, **options: Any
) -> dict[str, float]:
  import sacrebleu

  del examples, options
  *ngrams, prediction_length, reference_length = (
      sums.round().astype(int).tolist()
  )
  order = len(ngrams) // 2
  score = sacrebleu.BLEU.compute_bleu(
      correct=ngrams[:order],
      total=ngrams[order:],
      sys_len=prediction_length,
      ref_len=reference_length,
      smooth_method="exp",
  )
  return {"bleu": float(score.score)}


@bootstrap.function_of_sums(_statistics, _of_sums)
def bleu(
    targets: Sequence[str | Sequence[str]],
    predictions: Sequence[str],
    tokenizer: str = "intl",
    published_references: bool = False,
) -> dict[str, float]:
  """Corpus BLEU of untokenized, cased text, by sacreBLEU.

  Signature: `case:mixed|eff:no|tok:intl|smooth:exp`, the international
  tokenization of Raffel et al. 2020, section 2.3. "13a", sacreBLEU's own
  default, gives other numbers.

  Args:
    targets: for each example its reference, or the list of its references.
    predictions: for each example its translation.
    tokenizer: name of a sacreBLEU tokenizer that needs no download.
    published_references: read several references as the published code does:
      `targets[k]` as the k-th reference of all the examples, although its
      targets are lists by example. Perfect predictions then score below 100;
      only for comparing with scores made that way.

  Returns:
    `bleu`, from 0 to 100.

  Raises:
    DataError: no examples, lengths differ, not texts, or no reference.
    UnknownNameError: `tokenizer` is not one of those above.

  >>> score = bleu(["the cat sat on the mat"], ["the cat sat on a mat"])
  >>> round(score["bleu"], 3)
  53.728
  >>> references = [["a b c d", "w x y z"], ["e f g h", "i j k l"]]
  >>> round(bleu(references, ["w x y z", "e f g h"])["bleu"], 3)
  100.0
  """
  import sacrebleu

  checks.check_pairs("bleu", targets, predictions)
  checks.check_texts("bleu", "prediction", predictions)
  if tokenizer not in _TOKENIZERS:
    raise errors.unknown_name(
        "BLEU tokenizer",
        tokenizer,
        _TOKENIZERS,
        hint=f"Choose one of {', '.join(_TOKENIZERS)}.",
    )
  score = sacrebleu.corpus_bleu(
      list(predictions),
      _streams(targets, published_references),
      smooth_method="exp",
      smooth_value=0.0,
      lowercase=False,
      tokenize=tokenizer,
      use_effective_order=False,
  )
  return {"bleu": float(score.score)}
