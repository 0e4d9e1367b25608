"""Tasks and mixtures under their published module name.

`Task` is SeqIO's; the older classes, which T5 had before, are `FunctionTask`,
`TfdsTask`, `TextLineTask` and `TFExampleTask`. Both kinds go into the same
`TaskRegistry`.
"""

from __future__ import annotations

from t5_mtf.data.caching import CacheDatasetPlaceholder
from t5_mtf.data.features import ContinuousFeature, Feature
from t5_mtf.data.legacy_tasks import (
    FunctionTask,
    TextLineTask,
    TfdsTask,
    TFExampleTask,
)
from t5_mtf.data.mixture import Mixture, MixtureEntry, Rate
from t5_mtf.data.registries import (
    MixtureRegistry,
    TaskRegistry,
    get_dataset,
    get_mixture_or_task,
    get_subtasks,
    maybe_get_mixture_or_task,
)
from t5_mtf.data.sources import (
    DataSource,
    FileDataSource,
    FunctionDataSource,
    ShardInfo,
    TableDataSource,
    TextLineDataSource,
    TfdsDataSource,
    TFExampleDataSource,
)
from t5_mtf.data.task import (
    SHUFFLE_BUFFER_SIZE,
    MetricFn,
    Preprocessor,
    Provenance,
    Task,
)
from t5_mtf.data.trimming import trim_dataset

__all__ = [
    "SHUFFLE_BUFFER_SIZE",
    "CacheDatasetPlaceholder",
    "ContinuousFeature",
    "DataSource",
    "Feature",
    "FileDataSource",
    "FunctionDataSource",
    "FunctionTask",
    "MetricFn",
    "Mixture",
    "MixtureEntry",
    "MixtureRegistry",
    "Preprocessor",
    "Provenance",
    "Rate",
    "ShardInfo",
    "TFExampleDataSource",
    "TFExampleTask",
    "TableDataSource",
    "Task",
    "TaskRegistry",
    "TextLineDataSource",
    "TextLineTask",
    "TfdsDataSource",
    "TfdsTask",
    "get_dataset",
    "get_mixture_or_task",
    "get_subtasks",
    "maybe_get_mixture_or_task",
    "trim_dataset",
]
