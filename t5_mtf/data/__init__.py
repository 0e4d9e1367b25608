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
        "caching": (
            "CacheDatasetPlaceholder",
            "add_global_cache_dirs",
            "get_global_cache_dirs",
            "set_global_cache_dirs",
        ),
        "features": ("ContinuousFeature", "Feature"),
        "glue_utils": (
            "get_glue_metric",
            "get_glue_postprocess_fn",
            "get_glue_text_preprocessor",
            "get_glue_weight_mapping",
            "get_super_glue_metric",
            "get_super_glue_weight_mapping",
            "get_super_glue_weight_mapping_sentinel",
        ),
        "legacy_tasks": (
            "FunctionTask",
            "TFExampleTask",
            "TextLineTask",
            "TfdsTask",
        ),
        "mapping": ("map_over_dataset", "map_seed_manager"),
        "mixture": ("Mixture",),
        "mixtures": (
            "mixing_rate_num_examples",
            "rate_num_examples",
            "rate_unsupervised",
        ),
        "preprocessors": (
            "append_eos",
            "append_eos_after_trim",
            "rekey",
            "tokenize",
        ),
        "registries": (
            "MixtureRegistry",
            "TaskRegistry",
            "get_dataset",
            "get_mixture_or_task",
            "get_subtasks",
            "maybe_get_mixture_or_task",
            "register_builtin",
        ),
        "sources": (
            "DataSource",
            "FileDataSource",
            "FunctionDataSource",
            "ShardInfo",
            "TFExampleDataSource",
            "TableDataSource",
            "TextLineDataSource",
            "TfdsDataSource",
            "set_tfds_data_dir_override",
        ),
        "statistics": ("LengthStatistics", "length_statistics"),
        "task": ("Provenance", "Task"),
        "trimming": ("trim_dataset",),
        "vocabularies": (
            "ByteVocabulary",
            "DEFAULT_EXTRA_IDS",
            "PassThroughVocabulary",
            "SentencePieceVocabulary",
            "Vocabulary",
            "get_default_vocabulary",
            "get_mini_vocabulary",
        ),
    }.items()
    for name in names
}
_SUBMODULES = (
    "dataset_providers",
    "feature_converters",
    "glue_utils",
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
