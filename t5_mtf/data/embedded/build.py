"""Builds the embedded data files from the raw sources.

  python -m t5_mtf.data.embedded.build --sources DIR [--output DIR]

DIR holds `austen/*.txt`, `kjv/kjv_verses.tsv`, `aclsum/*.jsonl` and
`vader/movieReviewSnippets_GroundTruth.txt`; README.md beside this file says
where each comes from. CLDR comes from Babel (`pip install t5_mtf[build]`). The
same sources and the same Babel give the same files, byte for byte.
"""

from __future__ import annotations

import argparse
import pathlib

from t5_mtf import errors
from t5_mtf.data.embedded import files
from t5_mtf.data.embedded.builders import (
    cldr_tasks,
    prose,
    prose_tasks,
    ratings,
    summaries,
    translation,
)

_REQUIRED = (
    "austen/emma.txt",
    "kjv/kjv_verses.tsv",
    "aclsum/train.jsonl",
    "vader/movieReviewSnippets_GroundTruth.txt",
)


def build(sources: pathlib.Path, output: pathlib.Path = files.ROOT) -> None:
  """Writes every dataset and the manifest under `output`.

  Raises:
    errors.DataError: a source is missing.
  """
  missing = [name for name in _REQUIRED if not (sources / name).is_file()]
  if missing:
    raise errors.DataError(
        f"not found in the sources {str(sources)!r}: {', '.join(missing)}."
        " The README.md of t5_mtf/data/embedded lists what goes there."
    )
  import babel

  rows = {}
  for builder in (prose, ratings, prose_tasks, summaries):
    rows |= builder.build(sources)
  rows |= cldr_tasks.build() | translation.build()
  written = []
  for dataset, by_split in rows.items():
    for split, split_rows in by_split.items():
      files.write_rows(dataset, split, split_rows, output)
      written.append((dataset, split, len(split_rows)))
  files.write_manifest(written, output, babel.__version__)


def main() -> None:
  """Reads the flags and writes the files."""
  parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
  parser.add_argument("--sources", type=pathlib.Path, required=True)
  parser.add_argument("--output", type=pathlib.Path, default=files.ROOT)
  args = parser.parse_args()
  build(args.sources, args.output)


if __name__ == "__main__":
  main()
