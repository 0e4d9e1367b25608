"""The split rule: an item is held out, or not, by a hash of its name."""

from __future__ import annotations

import hashlib
import random

# rows[dataset][split] is a list of rows, each a dict from column to text.
Rows = dict[str, dict[str, list[dict[str, str]]]]


def is_held_out(item: str, fraction: float) -> bool:
  """Whether an item belongs to validation; depends on its name alone.

  >>> sum(is_held_out(str(i), 0.1) for i in range(1000))
  106
  """
  digest = hashlib.sha256(item.encode("utf-8")).digest()
  return int.from_bytes(digest[:8], "big") < fraction * 2**64


def rng(*names: str) -> random.Random:
  """A generator of its own for each dataset and split."""
  return random.Random("/".join(("t5_mtf", *names)))
