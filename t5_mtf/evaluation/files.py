"""Writing result files so that a reader never sees half of one."""

from __future__ import annotations

import os


def write_atomically(path: str | os.PathLike[str], text: str) -> None:
  """Writes `text` as UTF-8 to `path`: in full, or not at all.

  The text goes to `{path}.tmp` first, which is then renamed. Missing folders
  are made.

  Raises:
    OSError: the folder or file cannot be written.
  """
  path = os.fspath(path)
  os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
  partial = path + ".tmp"
  with open(partial, "w", encoding="utf-8") as f:
    f.write(text)
  os.replace(partial, path)
