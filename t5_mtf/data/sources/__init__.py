"""Data sources: where the examples of a task come from.

A source has splits, and gives each as a `tf.data.Dataset`, in a graph as well
as eagerly. The same seed gives the same order. Names are as published (SeqIO);
`TableDataSource` is an addition.
"""

from __future__ import annotations

from t5_mtf.data.sources.base import DataSource, FunctionDataSource, ShardInfo
from t5_mtf.data.sources.patterns import (
    FileDataSource,
    TextLineDataSource,
    TFExampleDataSource,
)
from t5_mtf.data.sources.table import TableDataSource
from t5_mtf.data.sources.tfds import (
    TfdsDataSource,
    get_tfds_data_dir_override,
    set_tfds_data_dir_override,
)

__all__ = [
    "DataSource",
    "FileDataSource",
    "FunctionDataSource",
    "ShardInfo",
    "TFExampleDataSource",
    "TableDataSource",
    "TextLineDataSource",
    "TfdsDataSource",
    "get_tfds_data_dir_override",
    "set_tfds_data_dir_override",
]
