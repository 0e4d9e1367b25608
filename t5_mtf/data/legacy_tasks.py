"""The older task classes: text first, tokenized by themselves.

They take a text preprocessor and a token preprocessor where `Task` takes all
steps, and build `Task`s of them: text preprocessors, `tokenize`, the place of
the cache, token preprocessors, `append_eos_after_trim`. Names and arguments are
as published (T5 before SeqIO).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from t5_mtf.data import preprocessors, vocabularies
from t5_mtf.data.caching import CacheDatasetPlaceholder
from t5_mtf.data.features import Feature
from t5_mtf.data.sources import (
    DataSource,
    FunctionDataSource,
    TextLineDataSource,
    TfdsDataSource,
    TFExampleDataSource,
)
from t5_mtf.data.task import SHUFFLE_BUFFER_SIZE, MetricFn, Preprocessor, Task
from t5_mtf.tf_compat import tf

_Steps = Preprocessor | Sequence[Preprocessor] | None


class FunctionTask(Task):
  """A task whose examples a function returns."""

  def __init__(
      self,
      name: str,
      dataset_fn: Callable[..., tf.data.Dataset] | None,
      splits: Iterable[str] | None,
      text_preprocessor: _Steps,
      metric_fns: Sequence[MetricFn] | None = None,
      postprocess_fn: Callable[..., Any] | None = None,
      token_preprocessor: _Steps = None,
      output_features: Mapping[str, Feature] | Sequence[str] | None = None,
      num_input_examples: Mapping[str, int] | None = None,
      supports_caching: bool = True,
      shuffle_buffer_size: int | None = SHUFFLE_BUFFER_SIZE,
      source: DataSource | None = None,
  ):
    """Initializes the task.

    Args:
      name: of the task.
      dataset_fn: see `FunctionDataSource`.
      splits: names of the splits.
      text_preprocessor: a preprocessor of text, or several; or None.
      metric_fns: see `Task`.
      postprocess_fn: see `Task`.
      token_preprocessor: a preprocessor of ids, or several; or None.
      output_features: name -> feature, or names of features that have the
        default vocabulary; "inputs" and "targets" by default.
      num_input_examples: split -> number of raw examples, where it is known.
      supports_caching: whether what `tokenize` gives may be cached.
      shuffle_buffer_size: see `Task`.
      source: takes the place of `dataset_fn`, `splits` and
        `num_input_examples`.
    """
    steps = [*_as_list(text_preprocessor), preprocessors.tokenize]
    if supports_caching:
      steps.append(CacheDatasetPlaceholder())
    steps += _as_list(token_preprocessor)
    steps.append(preprocessors.append_eos_after_trim)
    super().__init__(
        name,
        source=source
        or FunctionDataSource(dataset_fn, splits, num_input_examples),
        output_features=_features(output_features),
        preprocessors=steps,
        postprocess_fn=postprocess_fn,
        metric_fns=metric_fns,
        shuffle_buffer_size=shuffle_buffer_size,
    )


class TfdsTask(FunctionTask):
  """A task whose examples come from TensorFlow Datasets."""

  def __init__(
      self,
      name: str,
      tfds_name: str,
      text_preprocessor: _Steps,
      metric_fns: Sequence[MetricFn] | None,
      tfds_data_dir: str | None = None,
      splits: Iterable[str] | Mapping[str, str] | None = None,
      **task_kwargs: Any,
  ):
    """Initializes the task.

    Args:
      name: of the task.
      tfds_name: see `TfdsDataSource`.
      text_preprocessor: see `FunctionTask`.
      metric_fns: see `Task`.
      tfds_data_dir: see `TfdsDataSource`.
      splits: see `TfdsDataSource`.
      **task_kwargs: see `FunctionTask`.
    """
    source = TfdsDataSource(tfds_name, tfds_data_dir, splits)
    super().__init__(
        name,
        None,
        None,
        text_preprocessor,
        metric_fns,
        source=source,
        **task_kwargs,
    )


class TextLineTask(FunctionTask):
  """A task whose examples are the lines of text files."""

  def __init__(
      self,
      name: str,
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      text_preprocessor: _Steps,
      metric_fns: Sequence[MetricFn] | None,
      skip_header_lines: int = 0,
      **task_kwargs: Any,
  ):
    """Initializes the task.

    Args:
      name: of the task.
      split_to_filepattern: see `TextLineDataSource`.
      text_preprocessor: see `FunctionTask`.
      metric_fns: see `Task`.
      skip_header_lines: see `TextLineDataSource`.
      **task_kwargs: see `FunctionTask`.
    """
    source = TextLineDataSource(
        split_to_filepattern,
        skip_header_lines,
        task_kwargs.pop("num_input_examples", None),
    )
    super().__init__(
        name,
        None,
        None,
        text_preprocessor,
        metric_fns,
        source=source,
        **task_kwargs,
    )


class TFExampleTask(FunctionTask):
  """A task whose examples are `tf.train.Example`s in files."""

  def __init__(
      self,
      name: str,
      split_to_filepattern: Mapping[str, str | Sequence[str]],
      feature_description: Mapping[str, Any],
      text_preprocessor: _Steps,
      metric_fns: Sequence[MetricFn] | None,
      reader: Callable[..., tf.data.Dataset] | None = None,
      **task_kwargs: Any,
  ):
    """Initializes the task.

    Args:
      name: of the task.
      split_to_filepattern: see `TFExampleDataSource`.
      feature_description: see `TFExampleDataSource`.
      text_preprocessor: see `FunctionTask`.
      metric_fns: see `Task`.
      reader: `reader_cls` of `TFExampleDataSource`.
      **task_kwargs: see `FunctionTask`.
    """
    source = TFExampleDataSource(
        split_to_filepattern,
        feature_description,
        reader,
        task_kwargs.pop("num_input_examples", None),
    )
    super().__init__(
        name,
        None,
        None,
        text_preprocessor,
        metric_fns,
        source=source,
        **task_kwargs,
    )


def _as_list(steps: _Steps) -> list[Preprocessor]:
  if steps is None:
    return []
  return [steps] if callable(steps) else list(steps)


def _features(
    given: Mapping[str, Feature] | Sequence[str] | None,
) -> dict[str, Feature]:
  if isinstance(given, Mapping):
    return dict(given)
  feature = Feature(vocabularies.get_default_vocabulary())
  return {name: feature for name in given or ("inputs", "targets")}
