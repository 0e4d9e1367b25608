"""Movie review sentences with the mean of at least 20 human ratings.

One sentence in ten is held out, by a hash of its text. Both tasks over these
sentences share the split.
"""

from __future__ import annotations

import pathlib

from t5_mtf.data.embedded.builders import prose, splits

NEUTRAL = 0.5  # mean ratings nearer to 0 have no sign worth learning
_STEP = 0.5
_HELD_OUT = 0.1


def rounded(rating: float) -> str:
  """The rating as regression text, in steps of 0.5 (compare STS-B in T5).

  >>> rounded(-1.3), rounded(0.1), rounded(3.76)
  ('-1.5', '0.0', '4.0')
  """
  return f"{round(rating / _STEP) * _STEP + 0.0:.1f}"


def build(sources: pathlib.Path) -> splits.Rows:
  """Rows of `sentiment` (sign of the rating) and `rating` (rounded)."""
  file = sources / "vader" / "movieReviewSnippets_GroundTruth.txt"
  rows = {
      name: {split: [] for split in prose.SPLITS}
      for name in ("sentiment", "rating")
  }
  seen = set()
  for line in file.read_text(encoding="utf-8").splitlines():
    _, mean, text = line.split("\t")
    sentence, rating = " ".join(text.split()), float(mean)
    if not sentence or sentence.lower() in seen:
      continue
    seen.add(sentence.lower())
    held_out = splits.is_held_out(sentence.lower(), _HELD_OUT)
    split = "validation" if held_out else "train"
    rows["rating"][split].append(
        {"sentence": sentence, "rating": rounded(rating)}
    )
    if abs(rating) >= NEUTRAL:
      label = "positive" if rating > 0 else "negative"
      rows["sentiment"][split].append({"sentence": sentence, "label": label})
  # The source has the positive sentences first.
  for name, by_split in rows.items():
    for split, split_rows in by_split.items():
      splits.rng(name, split).shuffle(split_rows)
  return rows
