"""The tasks of the package; one module a family, each with `register()`.

`DEFAULT_OUTPUT_FEATURES` is the published name of the features that all
text-to-text tasks share.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
  if name == "DEFAULT_OUTPUT_FEATURES":
    from t5_mtf.data.tasks import definitions

    return definitions.output_features()
  raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
