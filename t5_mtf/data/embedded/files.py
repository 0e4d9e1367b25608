"""Where the embedded files are, what they should be, and how they are written.

A file is `datasets/<dataset>/<split>.<extension>.gz`, UTF-8. A table is tab
separated with a header row and no quoting; a corpus has one passage a line.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent
CORPORA = ("austen", "kjv", "acl")
_MANIFEST = "MANIFEST.json"


def path(dataset: str, split: str, root: pathlib.Path = ROOT) -> pathlib.Path:
  """Path of one split of one dataset, whether it exists or not.

  >>> path("ende", "train").name
  'train.tsv.gz'
  >>> path("kjv", "validation").name
  'validation.txt.gz'
  """
  extension = "txt" if dataset in CORPORA else "tsv"
  return root / "datasets" / dataset / f"{split}.{extension}.gz"


def read_manifest(root: pathlib.Path = ROOT) -> dict[str, Any]:
  """The manifest: `babel`, a version, and `files`: name -> rows, sha256..."""
  return json.loads((root / _MANIFEST).read_text(encoding="utf-8"))


def num_rows(dataset: str, split: str) -> int:
  """Examples in a split, from the manifest."""
  name = path(dataset, split).relative_to(ROOT).as_posix()
  return read_manifest()["files"][name]["rows"]


def splits(dataset: str) -> list[str]:
  """The splits of a dataset, from the manifest."""
  prefix = f"datasets/{dataset}/"
  names = [n for n in read_manifest()["files"] if n.startswith(prefix)]
  return [n[len(prefix) :].split(".")[0] for n in names]


def read_rows(
    dataset: str, split: str, root: pathlib.Path = ROOT
) -> list[dict[str, str]]:
  """All rows of a split as dicts; a corpus has the one column `text`."""
  with gzip.open(path(dataset, split, root), "rt", encoding="utf-8") as f:
    lines = f.read().split("\n")[:-1]
  if dataset in CORPORA:
    return [{"text": line} for line in lines]
  header, *rows = [line.split("\t") for line in lines]
  return [dict(zip(header, row, strict=True)) for row in rows]


def write_rows(
    dataset: str,
    split: str,
    rows: Sequence[dict[str, str]],
    root: pathlib.Path,
) -> None:
  """Writes a split, byte for byte the same for the same rows.

  Raises:
    ValueError: a value holds a tab or a line break, or no row is given.
  """
  if not rows:
    raise ValueError(f"{dataset}/{split} has no rows")
  columns = list(rows[0])
  lines = [] if dataset in CORPORA else ["\t".join(columns)]
  for row in rows:
    values = [row[c] for c in columns]
    if any(set("\t\n\r") & set(v) or not v for v in values):
      raise ValueError(f"{dataset}/{split}: not a table row: {row}")
    lines.append("\t".join(values))
  target = path(dataset, split, root)
  target.parent.mkdir(parents=True, exist_ok=True)
  text = "\n".join(lines) + "\n"
  target.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))


def write_manifest(
    written: Iterable[tuple[str, str, int]],
    root: pathlib.Path,
    babel_version: str,
) -> None:
  """Writes MANIFEST.json for (dataset, split, rows) triples."""
  entries = {}
  for dataset, split, rows in written:
    target = path(dataset, split, root)
    content = target.read_bytes()
    entries[target.relative_to(root).as_posix()] = {
        "rows": rows,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
  manifest = {"babel": babel_version, "files": entries}
  text = json.dumps(manifest, indent=1) + "\n"
  (root / _MANIFEST).write_text(text, encoding="utf-8")
