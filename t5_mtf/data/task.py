"""Tasks: text-to-text data sets, ready for a model.

A task is a data source, preprocessors that turn its examples into ids, and
what is needed to score a model on it (Raffel et al. 2020, section 2.4).
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import caching, mapping
from t5_mtf.data.features import Feature
from t5_mtf.data.sources.base import (
    DataSource,
    ShardInfo,
    check_same_order,
    shard,
)
from t5_mtf.data.trimming import trim_dataset
from t5_mtf.tf_compat import tf

# The number of examples among which the next one is drawn, as published.
SHUFFLE_BUFFER_SIZE = 1000

# What is added to the seed for the preprocessors after the cache, as published.
_SEED_AFTER_CACHE = 84

_NAME = re.compile(r"^[\w.:#-]+$")
_METRIC_ARGUMENTS = (
    ("targets", "scores"),
    ("targets", "predictions"),
    ("targets", "predictions", "aux_values"),
)

Preprocessor = Callable[..., Any]
MetricFn = Callable[..., Mapping[str, float]]


@dataclasses.dataclass(frozen=True)
class Provenance:
  """Where the data of a task comes from.

  Attributes:
    origin: who made the data, and where it was taken from.
    licence: the terms under which it may be used.
    construction: how examples and splits were made from it.
  """

  origin: str
  licence: str
  construction: str = ""


class Task:
  """A data source with preprocessors, a postprocessor and metrics."""

  def __init__(
      self,
      name: str,
      source: DataSource,
      output_features: Mapping[str, Feature],
      preprocessors: Sequence[Preprocessor] | None = None,
      postprocess_fn: Callable[..., Any] | None = None,
      metric_fns: Sequence[MetricFn] | None = None,
      shuffle_buffer_size: int | None = SHUFFLE_BUFFER_SIZE,
      provenance: Provenance | None = None,
  ):
    """Initializes the task.

    Args:
      name: letters, digits and `_ . : # -`.
      source: where the raw examples come from.
      output_features: name -> feature of the processed examples.
      preprocessors: functions from a dataset to a dataset, applied in turn.
        Those that have parameters named `output_features` or
        `sequence_length` are given these. A `CacheDatasetPlaceholder` among
        them marks which can be run once and their examples be kept.
      postprocess_fn: turns a decoded output, or a target, into what the
        metrics compare: `fn(text, example=..., is_target=...)`.
      metric_fns: functions of `(targets, predictions)` or of
        `(targets, scores)`; they return name -> score.
      shuffle_buffer_size: the number of examples among which the next one is
        drawn; None forbids shuffling.
      provenance: where the data comes from.

    Raises:
      UserError: the name, the preprocessors or a metric function do not have
        that form.
    """
    check_name("Task", name)
    self.name = name
    self.source = source
    self.output_features = dict(output_features)
    self.preprocessors = tuple(preprocessors or ())
    self.shuffle_buffer_size = shuffle_buffer_size
    self.provenance = provenance
    self.postprocessor = postprocess_fn
    self.metric_fns = list(metric_fns or ())
    by_kind = {arguments: [] for arguments in _METRIC_ARGUMENTS}
    for fn in self.metric_fns:
      by_kind[self._metric_kind(fn)].append(fn)
    self.score_metric_fns, self.predict_metric_fns, _ = by_kind.values()
    self.predict_with_aux_metric_fns = by_kind[_METRIC_ARGUMENTS[2]]
    self._warned: set[str] = set()
    self._placeholder = self._find_placeholder()

  def replace(self, **kwargs: Any) -> Task:
    """Returns a task that differs in these arguments of the constructor.

    Raises:
      UserError: the constructor has no such argument.
    """
    arguments = {
        "name": self.name,
        "source": self.source,
        "output_features": self.output_features,
        "preprocessors": self.preprocessors,
        "postprocess_fn": self.postprocessor,
        "metric_fns": self.metric_fns,
        "shuffle_buffer_size": self.shuffle_buffer_size,
        "provenance": self.provenance,
    }
    unknown = sorted(set(kwargs) - set(arguments))
    if unknown:
      raise errors.UserError(
          f"Expected keys {sorted(arguments)}, got {unknown}."
      )
    return Task(**{**arguments, **kwargs})

  @property
  def splits(self) -> list[str]:
    """Names of the splits."""
    return self.source.splits

  def num_input_examples(self, split: str) -> int | None:
    """Number of raw examples of `split`, or None when that is not known."""
    return self.source.num_input_examples(split)

  def postprocess_fn(self, decoded_text: Any, **kwargs: Any) -> Any:
    """Postprocesses an output or a target; without a function, changes none.

    Args:
      decoded_text: the decoded text (or whatever the model returned).
      **kwargs: passed on: `example`, the raw example, and `is_target`.

    Returns:
      What the metrics compare.
    """
    if self.postprocessor is None:
      return decoded_text
    return self.postprocessor(decoded_text, **kwargs)

  @property
  def supports_caching(self) -> bool:
    """Whether a `CacheDatasetPlaceholder` is among the preprocessors."""
    return self._placeholder is not None

  @property
  def requires_caching(self) -> bool:
    """Whether the task may only be used with a cache."""
    return self.supports_caching and self._cache_placeholder.required

  @property
  def cache_dir(self) -> str | None:
    """Folder of the completed cache, None if the cache dirs have none."""
    return caching.find(self.name)

  @property
  def steps_before_cache(self) -> tuple[Preprocessor, ...]:
    """The preprocessors before the placeholder; all if there is none."""
    return self.preprocessors[: self._placeholder]

  def assert_cached(self) -> None:
    """Raises NotCachedError (an AssertionError) if there is no cache."""
    if not self.cache_dir:
      raise caching.not_cached(self.name)

  def get_cached_stats(self, split: str = "train") -> dict[str, int]:
    """Returns the statistics of the cache.

    Args:
      split: a split of the cache.

    Returns:
      "examples" -> their number; for each feature of ids "NAME_tokens", their
      total without padding and EOS, and "NAME_max_tokens", the most in one.

    Raises:
      NotCachedError: there is no cache.
      UserError: the cache does not have the split.
    """
    self.assert_cached()
    found = caching.read_json(caching.stats_path(self.cache_dir, split))
    if found is None:
      raise errors.UserError(
          f"Stats do not exist for '{self.name}' split: {split}"
      )
    return found

  def get_dataset(
      self,
      sequence_length: Mapping[str, int] | None = None,
      split: str = "train",
      use_cached: bool = False,
      shuffle: bool = True,
      shuffle_buffer_size: int | None = None,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
      trim_output_features: bool = True,
  ) -> tf.data.Dataset:
    """Returns the processed examples of a split.

    The raw examples are repeated before they are preprocessed, so random
    preprocessors choose anew in each epoch. The same seed gives a dataset with
    the same examples in the same order; iterating that dataset once more
    shuffles it anew. (A global TensorFlow seed, when one is set, enters the
    order, too.) The state of its iterators can be saved and restored.

    Sharding does not change the stream: part k of N is its examples k, k + N,
    k + 2N and so on. Every part therefore costs as much to make as the whole.

    Args:
      sequence_length: feature -> maximum number of ids.
      split: one of `splits`.
      use_cached: whether to read the offline cache. If there is none, a warning
        says so, and the examples are made on the fly.
      shuffle: whether to shuffle files, and examples in a buffer.
      shuffle_buffer_size: size of that buffer; the task's own by default.
      seed: makes the order and all random choices reproducible.
      shard_info: gives only this part of the stream.
      num_epochs: how often to repeat; None is for ever.
      trim_output_features: whether to cut features to `sequence_length`.

    Returns:
      A dataset of dicts: the output features, and what else the preprocessors
      kept (such as `inputs_pretokenized`).

    Raises:
      UserError: an argument cannot be used, or the preprocessors do not give
        the output features.
      NotCachedError: the cache is stale or damaged, or the task requires one.
      DataError: the source's files are missing or malformed.
    """
    buffer_size = shuffle_buffer_size or self.shuffle_buffer_size
    if shuffle and self.shuffle_buffer_size is None:
      raise errors.UserError(
          f"Shuffling is disallowed for Task '{self.name}' since its"
          " `shuffle_buffer_size` was set to `None` on construction."
      )
    check_same_order(shard_info, shuffle, seed)
    cached = self._cached_source(split, use_cached)
    dataset = (cached or self.source).get_dataset(
        split=split, shuffle=shuffle, seed=seed, num_epochs=num_epochs
    )
    if cached is None:
      dataset = self.preprocess_precache(dataset, seed, sequence_length)
    dataset = self.preprocess_postcache(dataset, sequence_length, seed)
    self._check_features(dataset.element_spec)
    if trim_output_features and sequence_length:
      dataset = trim_dataset(dataset, sequence_length, self.output_features)
    if shuffle:
      dataset = dataset.shuffle(buffer_size, seed=seed)
    dataset = shard(dataset, shard_info).prefetch(tf.data.AUTOTUNE)
    return with_saveable_state(dataset)

  def preprocess(
      self,
      dataset: tf.data.Dataset,
      sequence_length: Mapping[str, int] | None = None,
  ) -> tf.data.Dataset:
    """Applies the preprocessors to a dataset of raw examples.

    Args:
      dataset: raw examples, as the source gives them.
      sequence_length: feature -> maximum number of ids.

    Returns:
      The processed examples, checked against the output features.
    """
    dataset = self._apply(self.preprocessors, dataset, sequence_length)
    self._check_features(dataset.element_spec)
    return dataset

  def preprocess_precache(
      self,
      dataset: tf.data.Dataset,
      seed: int | None = None,
      sequence_length: Mapping[str, int] | None = None,
  ) -> tf.data.Dataset:
    """Applies the preprocessors before the placeholder (or all)."""
    if self.supports_caching:
      sequence_length = None
    with mapping.map_seed_manager(seed):
      return self._apply(self.steps_before_cache, dataset, sequence_length)

  def preprocess_postcache(
      self,
      dataset: tf.data.Dataset,
      sequence_length: Mapping[str, int] | None,
      seed: int | None = None,
  ) -> tf.data.Dataset:
    """Applies the preprocessors after the placeholder (if there is one)."""
    if not self.supports_caching:
      return dataset
    after = self.preprocessors[self._placeholder + 1 :]
    seed = None if seed is None else seed + _SEED_AFTER_CACHE
    with mapping.map_seed_manager(seed):
      return self._apply(after, dataset, sequence_length)

  def _apply(
      self,
      preprocessors: Iterable[Preprocessor],
      dataset: tf.data.Dataset,
      sequence_length: Mapping[str, int] | None,
  ) -> tf.data.Dataset:
    available = {
        "output_features": self.output_features,
        "sequence_length": sequence_length,
    }
    for fn in preprocessors:
      dataset = fn(dataset, **_arguments_for(fn, available))
    return dataset

  @property
  def _cache_placeholder(self) -> caching.CacheDatasetPlaceholder:
    return self.preprocessors[self._placeholder]

  def _find_placeholder(self) -> int | None:
    """Its place among the preprocessors, which are checked."""
    found = [
        i for i, fn in enumerate(self.preprocessors) if _is_placeholder(fn)
    ]
    if not found:
      return None
    if len(found) > 1:
      raise errors.UserError(
          "`CacheDatasetPlaceholder` can appear at most once in the"
          f" preprocessing pipeline. Found multiple in '{self.name}'."
      )
    if not getattr(self.source, "caching_permitted", True):
      raise errors.UserError(
          f"Caching was requested for '{self.name}', but the underlying data"
          " source prohibits caching. Please remove `CacheDatasetPlaceholder`"
          " and try again."
      )
    for fn in self.preprocessors[: found[0]]:
      if "sequence_length" in _arguments_for(fn, {"sequence_length": None}):
        raise errors.UserError(
            f"'{_name_of(fn)}' has a `sequence_length` argument but occurs"
            f" before `CacheDatasetPlaceholder` in '{self.name}'. This is not"
            " allowed since the sequence length is specified at run time."
        )
    return found[0]

  def _cached_source(self, split: str, use_cached: bool) -> DataSource | None:
    """The cache as a source; None if the examples are made on the fly."""
    if not use_cached:
      if self.requires_caching:
        raise errors.UserError(
            f"Task '{self.name}' requires caching, but was called with"
            " `use_cached=False`."
        )
      return None
    if not self.supports_caching:
      return self._warn_on_the_fly(
          "it has no CacheDatasetPlaceholder, so it cannot be cached"
      )
    folder = self.cache_dir
    if folder is None:
      missing = caching.not_cached(self.name)
      if self.requires_caching:
        raise missing
      return self._warn_on_the_fly(str(missing))
    info = caching.check_is_current(self, folder, split)
    return caching.CachedDataSource(
        folder, split, info, self._cache_placeholder.file_shuffle_buffer_size
    )

  def _warn_on_the_fly(self, reason: str) -> None:
    if reason not in self._warned:
      self._warned.add(reason)
      warnings.warn(
          f"task {self.name!r}: its examples are made on the fly, although"
          f" use_cached is True: {reason}",
          stacklevel=4,
      )

  def _check_features(self, spec: Any) -> None:
    names = sorted(spec) if isinstance(spec, Mapping) else repr(spec)
    for name, feature in self.output_features.items():
      if not isinstance(spec, Mapping) or name not in spec:
        if not feature.required:
          continue
        raise errors.UserError(
            "Task dataset is missing expected output feature after"
            f" preprocessing: {name} (task {self.name!r}; its preprocessors"
            f" give {names})"
        )
      found = spec[name]
      rank = found.shape.rank
      expected = getattr(feature.dtype, "name", feature.dtype)
      hint = (
          f" (task {self.name!r}; is `tokenize` missing among the"
          " preprocessors?)"
      )
      if found.dtype.name != expected:
        raise errors.UserError(
            f"Task dataset has incorrect type for feature '{name}' after"
            f" preprocessing: Got {found.dtype.name}, expected {expected}"
            f"{hint}"
        )
      if rank not in (None, feature.rank):
        raise errors.UserError(
            f"Task dataset has incorrect rank for feature '{name}' after"
            f" preprocessing: Got {rank}, expected {feature.rank}{hint}"
        )

  def _metric_kind(self, fn: MetricFn) -> tuple[str, ...]:
    required = tuple(
        name
        for name, parameter in _parameters(fn).items()
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    )
    if required not in _METRIC_ARGUMENTS:
      raise errors.UserError(
          "Metric functions must have positional arguments matching either"
          " ('targets', 'scores'), ('targets', 'predictions') or ('targets',"
          f" 'predictions', 'aux_values'). Got: {required} (metric"
          f" {_name_of(fn)!r} of task {self.name!r})"
      )
    return required

  def __repr__(self) -> str:
    return f"Task({self.name!r})"


def with_saveable_state(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """Lets `tf.train.Checkpoint` save iterators that hold a tokenizer.

  TensorFlow calls the tokenizers stateful, and would refuse; their state is
  the vocabulary, which does not change.
  """
  options = tf.data.Options()
  options.experimental_external_state_policy = (
      tf.data.experimental.ExternalStatePolicy.IGNORE
  )
  return dataset.with_options(options)


def check_name(kind: str, name: str) -> None:
  """Raises UserError if `name` cannot name a task or a mixture."""
  if not isinstance(name, str) or not _NAME.fullmatch(name):
    raise errors.UserError(
        f"{kind} name '{name}' contains invalid characters. Must match regex:"
        f" {_NAME.pattern}"
    )


def _is_placeholder(fn: Any) -> bool:
  return type(fn).__name__ == caching.CacheDatasetPlaceholder.__name__


def _arguments_for(
    fn: Preprocessor, available: Mapping[str, Any]
) -> dict[str, Any]:
  """The available arguments that `fn` names and that are not bound yet."""
  bound = fn.keywords if isinstance(fn, functools.partial) else {}
  parameters = _parameters(fn)
  return {
      name: value
      for name, value in available.items()
      if name in parameters and name not in bound
  }


def _parameters(fn: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
  try:
    return _signature(fn).parameters
  except TypeError:  # it cannot be hashed
    return inspect.signature(fn).parameters


# Slow, and the same for the hundred tasks of a family.
_signature = functools.lru_cache(maxsize=256)(inspect.signature)


def _name_of(fn: Callable[..., Any]) -> str:
  return getattr(getattr(fn, "func", fn), "__name__", repr(fn))
