"""Writing result files so that a reader never sees half of one."""

from __future__ import annotations

import os


def write_atomically(
    path: str | os.PathLike[str], content: str | bytes
) -> None:
  """Writes text (as UTF-8) or bytes to `path`: in full, or not at all.

  The content goes to `{path}.tmp` first, which is then renamed. Missing folders
  are made.

  Raises:
    OSError: the folder or file cannot be written.
  """
  path = os.fspath(path)
  os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
  partial = path + ".tmp"
  with open(partial, "wb") as f:
    f.write(content.encode("utf-8") if isinstance(content, str) else content)
  os.replace(partial, path)
