"""Abstracts of papers with three human summaries each (ACLSum)."""

from __future__ import annotations

import pathlib

from t5_mtf.data.embedded.builders import prose, splits

ASPECTS = ("challenge", "approach", "outcome")


def build(sources: pathlib.Path) -> splits.Rows:
  """Rows of `cnndm`: one for each paper and aspect, in the published splits."""
  rows = {}
  for split in ("train", "validation", "test"):
    rows[split] = [
        {
            "aspect": aspect,
            "article": " ".join(prose.paper_sentences(paper, "abstract")),
            "highlights": " ".join(paper["summary"][aspect].split()),
        }
        for paper in prose.papers(sources, split)
        for aspect in ASPECTS
    ]
  return {"cnndm": rows}
