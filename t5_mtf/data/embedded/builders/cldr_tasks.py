"""Reading comprehension and yes/no questions over CLDR facts.

A passage states a few facts of one item in random order. No passage, question
or answer of train names an item that is held out.
"""

from __future__ import annotations

import random

from t5_mtf.data.embedded.builders import cldr, splits

SIZES = {
    "squad": {"train": 6000, "validation": 500},
    "boolq": {"train": 4000, "validation": 400},
}
# Territories have the most to ask about; scripts have too few facts.
_KIND_WEIGHTS = {"territory": 3, "language": 1, "currency": 1}
_Facts = dict[str, list[tuple[str, dict[str, str]]]]


def _facts_by_kind(items: list[cldr.Item], split: str) -> _Facts:
  held_out = {i.name for i in items if i.split == "validation"}
  found = {}
  for item in items:
    if item.split != split:
      continue
    facts = cldr.facts(item)
    if split == "train":
      facts = {k: v for k, v in facts.items() if v not in held_out}
    if len(facts) >= 3:
      found.setdefault(item.kind, []).append((item.name, facts))
  return found


def passage(name: str, facts: list[tuple[str, str]]) -> str:
  """Facts as sentences.

  >>> passage("Kenya", [("code", "KE"), ("time zone", "Nairobi")])
  'The code of Kenya is KE. Its time zone is Nairobi.'
  """
  (key, value), *rest = facts
  sentences = [f"The {key} of {name} is {value}."]
  return " ".join(sentences + [f"Its {k} is {v}." for k, v in rest])


def _draw(
    by_kind: _Facts, num_facts: int, rng: random.Random
) -> tuple[str, str, list[tuple[str, str]]]:
  kinds = list(by_kind)
  weights = [_KIND_WEIGHTS[k] for k in kinds]
  kind = rng.choices(kinds, weights)[0]
  name, facts = rng.choice(by_kind[kind])
  return kind, name, rng.sample(sorted(facts.items()), num_facts)


def _squad(by_kind: _Facts, rng: random.Random) -> dict[str, str]:
  _, name, facts = _draw(by_kind, 3, rng)
  key, value = rng.choice(facts)
  return {
      "item": name,
      "question": f"What is the {key} of {name}?",
      "context": passage(name, facts),
      "answer": value,
  }


def _boolq(by_kind: _Facts, rng: random.Random) -> dict[str, str]:
  """False statements take the value of another item of the same kind."""
  kind, name, facts = _draw(by_kind, 2, rng)
  key, value = rng.choice(facts)
  label = rng.choice(["True", "False"])
  if label == "False":
    others = {f[key] for _, f in by_kind[kind] if key in f} - {value}
    value = rng.choice(sorted(others))
  return {
      "item": name,
      "passage": passage(name, facts),
      "question": f"is the {key} of {name} {value}?",
      "label": label,
  }


def build() -> splits.Rows:
  """Rows of `squad` and `boolq`."""
  items = cldr.items()
  rows = {}
  for name, make in (("squad", _squad), ("boolq", _boolq)):
    rows[name] = {}
    for split, size in SIZES[name].items():
      by_kind, rng = _facts_by_kind(items, split), splits.rng(name, split)
      drawn = {}
      while len(drawn) < size:
        row = make(by_kind, rng)
        drawn[tuple(row.values())] = row
      rows[name][split] = list(drawn.values())
  return rows
