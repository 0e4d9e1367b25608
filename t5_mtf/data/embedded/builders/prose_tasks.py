"""Tasks constructed from real prose: acceptability, adjacency, continuation.

Train rows are made of the corpora's train splits and validation rows of their
validation splits, so no validation sentence is seen in training of any kind.
"""

from __future__ import annotations

import pathlib
import random
import re

from t5_mtf.data.embedded.builders import prose, splits

SIZES = {
    "acceptability": {"train": 6000, "validation": 600},
    "adjacent": {"train": 4000, "validation": 250},
    "copa": {"train": 4000, "validation": 250},
}
_Sentences = dict[str, list[list[str]]]


def _sentences(sources: pathlib.Path) -> dict[str, _Sentences]:
  """Sentences by split and book: a list of works, each in reading order."""
  found = {}
  novels, bible = prose.austen(sources), prose.kjv(sources)
  for split in prose.SPLITS:
    found[split] = {
        "austen": [
            [s for p in work for s in prose.sentences(p)]
            for work in novels[split].values()
        ],
        "kjv": [
            [s for verse in work for s in prose.sentences(verse)]
            for work in bible[split].values()
        ],
    }
  # A sentence that also stands in train is blanked rather than removed, so that
  # its neighbours do not become adjacent.
  seen = {s for book in found["train"].values() for w in book for s in w}
  for book, works in found["validation"].items():
    found["validation"][book] = [
        ["" if s in seen else s for s in work] for work in works
    ]
  return found


def _of_length(works: list[list[str]], least: int, most: int) -> list[str]:
  flat = dict.fromkeys(s for work in works for s in work)
  return [s for s in flat if least <= len(s.split()) <= most]


def corrupt(sentence: str, rng: random.Random) -> str:
  """Moves words: all inner words shuffled, or two pairs of them exchanged.

  The first and the last word stay, so that neither the capital nor the full
  stop gives the corruption away.
  """
  first, *inner, last = sentence.split()
  while True:
    words = list(inner)
    if rng.random() < 0.5:
      rng.shuffle(words)
    else:
      for _ in range(2):
        i, j = rng.sample(range(len(words)), 2)
        words[i], words[j] = words[j], words[i]
    if words != inner:
      return " ".join([first, *words, last])


def _acceptability(
    found: _Sentences, size: int, rng: random.Random
) -> list[dict[str, str]]:
  pool = [s for book in found.values() for s in _of_length(book, 6, 18)]
  rows = []
  for i, sentence in enumerate(rng.sample(pool, size)):
    label = "acceptable" if i % 2 else "unacceptable"
    text = sentence if i % 2 else corrupt(sentence, rng)
    rows.append({"sentence": text, "label": label})
  rng.shuffle(rows)
  return rows


def _adjacent(
    found: _Sentences, size: int, rng: random.Random
) -> list[dict[str, str]]:
  """Half true neighbours; half of the rest from the other book."""
  pairs = [
      (book, i, a, b)
      for book, works in found.items()
      for i, work in enumerate(works)
      for a, b in zip(work, work[1:], strict=False)
      if all(4 <= len(s.split()) <= 14 for s in (a, b))
  ]
  pools = {book: [p for p in pairs if p[0] == book] for book in found}
  rows = []
  for i, (book, work, first, second) in enumerate(rng.sample(pairs, size)):
    label = "adjacent" if i % 2 else "not_adjacent"
    if i % 4 == 0:
      other = next(b for b in pools if b != book)
      second = rng.choice(pools[other])[3]
    elif i % 4 == 2:
      second = rng.choice([p for p in pools[book] if p[1] != work])[3]
    rows.append({"sentence1": first, "sentence2": second, "label": label})
  rng.shuffle(rows)
  return rows


def halves(sentence: str) -> tuple[str, str] | None:
  """Splits a sentence at the middle mark between its clauses.

  >>> halves("And he went unto the house, and they saw him there.")
  ('And he went unto the house,', 'and they saw him there.')
  >>> halves("He left.") is None
  True
  """
  cuts = [m.end() for m in re.finditer(r"[,;:](?= )", sentence)]
  options = [(sentence[:c], sentence[c + 1 :]) for c in cuts]
  options = [
      (a, b)
      for a, b in options
      if 3 <= len(a.split()) <= 10 and 3 <= len(b.split()) <= 8
  ]
  if not options:
    return None
  return min(options, key=lambda ab: abs(len(ab[0]) - len(ab[1])))


def _copa(
    found: _Sentences, size: int, rng: random.Random
) -> list[dict[str, str]]:
  """The wrong continuation comes from the other book."""
  pools = {
      book: [h for s in _of_length(works, 6, 18) if (h := halves(s))]
      for book, works in found.items()
  }
  pools = {book: rng.sample(h, len(h)) for book, h in pools.items()}
  rows = []
  for i in range(size):
    own, other = list(pools) if i % 2 else list(pools)[::-1]
    premise, right = pools[own][i // 2]
    wrong = rng.choice(pools[other])[1]
    label = rng.choice(["choice1", "choice2"])
    choices = (right, wrong) if label == "choice1" else (wrong, right)
    rows.append({
        "premise": premise,
        "choice1": choices[0],
        "choice2": choices[1],
        "label": label,
    })
  rng.shuffle(rows)
  return rows


def build(sources: pathlib.Path) -> splits.Rows:
  """Rows of the three tasks over prose."""
  found = _sentences(sources)
  makers = {
      "acceptability": _acceptability,
      "adjacent": _adjacent,
      "copa": _copa,
  }
  return {
      name: {
          split: make(found[split], SIZES[name][split], splits.rng(name, split))
          for split in prose.SPLITS
      }
      for name, make in makers.items()
  }
