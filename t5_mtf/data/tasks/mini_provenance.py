"""Where the mini suite's data comes from, under which terms, made how."""

from __future__ import annotations

from typing import Any

_VADER = (
    "movie review sentences of Pang and Lee, rated by at least 20 people each:"
    " VADER (Hutto and Gilbert 2014), PyPI vaderSentiment 3.3.2",
    "MIT (copyright 2016 C.J. Hutto)",
)
_AUSTEN = (
    "six novels by Jane Austen (1811-1818), Debian r-cran-janeaustenr 1.0.0",
    "text out of copyright; as packaged MIT (copyright Julia Silge)",
)
_KJV = (
    "King James Bible (1611), Debian bible-kjv-text 4.38",
    "text out of copyright outside the United Kingdom; transcription for"
    " unrestricted use (Chip Chapin, 1989)",
)
_PROSE = (
    f"{_AUSTEN[0]}; {_KJV[0]}",
    "texts out of copyright",
)
_ACLSUM = (
    "papers of the ACL with human summaries: ACLSum (Takeshita et al. 2024),"
    " PyPI aclsum 0.1.2",
    "MIT, as stated by the package",
)
_CLDR = (
    "Unicode CLDR, as packaged by Babel 2.18.0",
    "Unicode License v3 (copyright 2004-2025 Unicode, Inc.)",
)
_HELD_OUT_ITEMS = (
    "Territories, languages, scripts and currencies are split by a hash of"
    " their code; a tenth is held out."
)
_PAIRS = (
    "Names, lists, dates, times, measures and amounts of money in two"
    " languages, joined by fixed marks. Every part of a validation pair is"
    " held out by a hash of the part (a tenth)."
)
_FROM_SPLITS = (
    "Train from the corpora's train splits, validation from their validation"
    " splits."
)

_PROVENANCE = {
    "austen": (*_AUSTEN, "Paragraphs; the last chapters of each novel (5 %)"
               " are validation."),
    "kjv": (*_KJV, "Verses; chapters are split by a hash of their name (5 %"
            " validation)."),
    "acl": (*_ACLSUM, "Sentences of abstract, introduction and conclusion;"
            " papers split as published."),
    "sentiment": (*_VADER, "Sign of the mean rating; means between -0.5 and"
                  " 0.5 left out. Sentences are split by a hash of their text"
                  " (10 % validation), as in rating."),
    "rating": (*_VADER, "Mean rating rounded to 0.5. Sentences are split by a"
               " hash of their text (10 % validation), as in sentiment."),
    "acceptability": (*_PROSE, "Half the sentences have their inner words"
                      f" shuffled or two pairs exchanged. {_FROM_SPLITS}"),
    "adjacent": (*_PROSE, "Half true neighbours; of the rest half from another"
                 " chapter of the same book and half from the other book."
                 f" {_FROM_SPLITS}"),
    "copa": (*_PROSE, "A sentence cut between its clauses; the wrong"
             f" continuation comes from the other book. {_FROM_SPLITS}"),
    "cnndm": (*_ACLSUM, "Abstract to the summary of one aspect (challenge,"
              " approach, outcome); papers split as published."),
    "squad": (*_CLDR, "Three facts of one item and a question about one of"
              f" them. {_HELD_OUT_ITEMS}"),
    "boolq": (*_CLDR, "Two facts of one item and a statement; false ones take"
              f" the value of another item. {_HELD_OUT_ITEMS}"),
    "ende": (*_CLDR, _PAIRS),
    "enfr": (*_CLDR, _PAIRS),
    "enro": (*_CLDR, _PAIRS),
}  # fmt: skip


def of(dataset: str) -> Any:
  """The `data.Provenance` of an embedded dataset."""
  from t5_mtf import data

  origin, licence, construction = _PROVENANCE[dataset]
  return data.Provenance(
      origin=origin, licence=licence, construction=construction
  )
