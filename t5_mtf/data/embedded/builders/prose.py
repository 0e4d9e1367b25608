"""Corpora: Austen's novels, the King James Bible, computational linguistics.

Split rules: the last chapters of each novel (one in twenty, at least one);
Bible chapters by a hash of their name (one in twenty); papers as published.
"""

from __future__ import annotations

import json
import pathlib
import re

from t5_mtf.data.embedded.builders import splits

SPLITS = ("train", "validation")
_HELD_OUT = 0.05
_CHAPTER = re.compile(r"^\s*chapter [ivxlc\d]+\s*$", re.IGNORECASE | re.M)
_HEADING = re.compile(
    r"(volume [ivx]+|\(end of volume \w+\.\)|finis|the end|[* ]+)",
    re.IGNORECASE,
)
_EDITORS_NOTE = "A NOTE ON THE TEXT"
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_MIN_PAPER_WORDS = 4


def chapters(novel: str) -> list[list[str]]:
  r"""Paragraphs of each chapter, one line each; headings and notes dropped.

  >>> chapters("EMMA\n\nCHAPTER I\n\nShe was\n_happy_.\n\nFINIS\n")
  [['She was happy.']]
  """
  body = novel.split(_EDITORS_NOTE)[0]
  found = []
  for chapter in _CHAPTER.split(body)[1:]:
    paragraphs = [
        " ".join(p.replace("_", "").split())
        for p in re.split(r"\n\s*\n", chapter)
    ]
    found.append([p for p in paragraphs if p and not _HEADING.fullmatch(p)])
  return found


def austen(sources: pathlib.Path) -> dict[str, dict[str, list[str]]]:
  """Paragraphs by split and chapter ("emma 1"), in reading order."""
  works = {split: {} for split in SPLITS}
  for file in sorted((sources / "austen").glob("*.txt")):
    found = chapters(file.read_text(encoding="utf-8"))
    kept = len(found) - max(1, round(len(found) * _HELD_OUT))
    for i, chapter in enumerate(found):
      split = "train" if i < kept else "validation"
      works[split][f"{file.stem} {i + 1}"] = chapter
  return works


def kjv(sources: pathlib.Path) -> dict[str, dict[str, list[str]]]:
  """Verses by split and chapter ("Genesis 1"), in reading order."""
  text = (sources / "kjv" / "kjv_verses.tsv").read_text(encoding="utf-8")
  works = {split: {} for split in SPLITS}
  for line in text.splitlines():
    reference, verse = line.split("\t")
    chapter = reference.split(":")[0]
    held_out = splits.is_held_out(chapter, _HELD_OUT)
    split = "validation" if held_out else "train"
    works[split].setdefault(chapter, []).append(" ".join(verse.split()))
  return works


def papers(sources: pathlib.Path, split: str) -> list[dict]:
  """The papers of a published split of ACLSum."""
  name = {"train": "train", "validation": "val", "test": "test"}[split]
  text = (sources / "aclsum" / f"{name}.jsonl").read_text(encoding="utf-8")
  return [json.loads(line) for line in text.splitlines()]


def paper_sentences(paper: dict, *sections: str) -> list[str]:
  """Sentences of a paper's sections; stray page numbers are left out."""
  found = [" ".join(s.split()) for x in sections for s in paper["sentences"][x]]
  return [s for s in found if len(s.split()) >= _MIN_PAPER_WORDS]


def sentences(paragraph: str) -> list[str]:
  """Sentences of a paragraph of prose.

  Quotation marks are removed, since speech spans sentences; titles such as
  "Mr." do not end a sentence.

  >>> sentences('"No," said Mr. Elton. "Never!" He left.')
  ['No, said Mr. Elton.', 'Never!', 'He left.']
  """
  text = paragraph.replace('"', "")
  text = re.sub(r"\b(Mrs?|Dr|St)\.", r"\1<dot>", text)
  return [s.replace("<dot>", ".") for s in _SENTENCE_END.split(text)]


def build(sources: pathlib.Path) -> splits.Rows:
  """Rows of the three pre-training corpora.

  Chapters are shuffled, paragraphs and verses in them are not: a short training
  run meets all books, and neighbouring rows still make sense together.
  """
  novels, bible = austen(sources), kjv(sources)
  lines = {"austen": {}, "kjv": {}, "acl": {}}
  for split in SPLITS:
    for name, works in (("austen", novels), ("kjv", bible)):
      order = list(works[split].values())
      splits.rng(name, split).shuffle(order)
      lines[name][split] = [passage for chapter in order for passage in chapter]
    lines["acl"][split] = [
        s
        for paper in papers(sources, split)
        for s in paper_sentences(
            paper, "abstract", "introduction", "conclusion"
        )
    ]
  # A passage that occurs in both splits ("And the LORD spake unto Moses,
  # saying,") stays in train only.
  for corpus in lines.values():
    seen = set(corpus["train"])
    corpus["validation"] = [x for x in corpus["validation"] if x not in seen]
  return {
      name: {s: [{"text": x} for x in corpus[s]] for s in SPLITS}
      for name, corpus in lines.items()
  }
