"""JSON of Hugging Face folders."""

from __future__ import annotations

import json
from typing import Any

from t5_mtf import errors


def read(path: str) -> dict[str, Any]:
  """Reads a JSON object.

  Raises:
    DataError: it is missing, or none.
  """
  try:
    with open(path, encoding="utf-8") as f:
      found = json.load(f)
  except (OSError, ValueError) as error:
    raise errors.DataError(f"{path} cannot be read: {error}.") from error
  if not isinstance(found, dict):
    raise errors.DataError(f"{path} is not a JSON object.")
  return found
