"""Tasks, mixtures, vocabularies and all that turns text into batches of ids.

The names below are imported when they are first used, so that importing this
package costs nothing. `preprocessors` and `packing` are modules.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULE_OF = {
    name: module
    for module, names in {
        "features": ("Feature",),
        "vocabularies": (
            "ByteVocabulary",
            "DEFAULT_EXTRA_IDS",
            "PassThroughVocabulary",
            "SentencePieceVocabulary",
            "Vocabulary",
            "get_default_vocabulary",
            "get_mini_vocabulary",
        ),
        "sources": (
            "DataSource",
            "FunctionDataSource",
            "ShardInfo",
            "TFExampleDataSource",
            "TableDataSource",
            "TextLineDataSource",
            "TfdsDataSource",
            "set_tfds_data_dir_override",
        ),
        "dataset_providers": ("Mixture", "Provenance", "Task"),
        "registries": (
            "MixtureRegistry",
            "TaskRegistry",
            "get_mixture_or_task",
            "register_builtin",
        ),
        "mapping": ("map_over_dataset", "map_seed_manager"),
        "mixtures": ("rate_num_examples", "rate_unsupervised"),
        "statistics": ("LengthStatistics", "length_statistics"),
    }.items()
    for name in names
}
_SUBMODULES = (
    "feature_converters",
    "packing",
    "postprocessors",
    "preprocessors",
    "tasks",
)

__all__ = [*_MODULE_OF, *_SUBMODULES]


def __getattr__(name: str) -> Any:
  if name in _MODULE_OF:
    module = importlib.import_module(f"{__name__}.{_MODULE_OF[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value
  if name in _SUBMODULES:
    return importlib.import_module(f"{__name__}.{name}")
  raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
  return sorted({*globals(), *__all__})
