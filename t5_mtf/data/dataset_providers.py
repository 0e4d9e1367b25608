"""Tasks and mixtures: text-to-text data sets, ready for a model.

A task is a data source, preprocessors that turn its examples into ids, and
what is needed to score a model on it (Raffel et al. 2020, section 2.4). A
mixture draws from several tasks at given rates (section 3.5.2).
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import mapping
from t5_mtf.data.features import Feature
from t5_mtf.data.sources import DataSource, ShardInfo
from t5_mtf.tf_compat import tf

# The number of examples among which the next one is drawn, as published.
SHUFFLE_BUFFER_SIZE = 1000

_NAME = re.compile(r"[\w.:-]+")
_TARGETS_PREDICTIONS = ("targets", "predictions")
_TARGETS_SCORES = ("targets", "scores")

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
      preprocessors: Sequence[Preprocessor] = (),
      postprocess_fn: Callable[..., Any] | None = None,
      metric_fns: Sequence[MetricFn] = (),
      provenance: Provenance | None = None,
  ):
    """Initializes the task.

    Args:
      name: letters, digits and `_ . : -`.
      source: where the raw examples come from.
      output_features: name -> feature of the processed examples.
      preprocessors: functions from a dataset to a dataset, applied in turn.
        Those that have parameters named `output_features` or
        `sequence_length` are given these.
      postprocess_fn: turns a decoded output, or a target, into what the
        metrics compare: `fn(text, example=..., is_target=...)`.
      metric_fns: functions of `(targets, predictions)` or of
        `(targets, scores)`; they return name -> score.
      provenance: where the data comes from.

    Raises:
      UserError: the name or a metric function does not have that form.
    """
    _check_name("task", name)
    self.name = name
    self.source = source
    self.output_features = dict(output_features)
    self.preprocessors = tuple(preprocessors)
    self.provenance = provenance
    self._postprocess_fn = postprocess_fn
    self.metric_fns = tuple(metric_fns)
    by_kind = {_TARGETS_PREDICTIONS: [], _TARGETS_SCORES: []}
    for fn in self.metric_fns:
      by_kind[self._metric_kind(fn)].append(fn)
    self.predict_metric_fns = by_kind[_TARGETS_PREDICTIONS]
    self.score_metric_fns = by_kind[_TARGETS_SCORES]

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
    if self._postprocess_fn is None:
      return decoded_text
    return self._postprocess_fn(decoded_text, **kwargs)

  def get_dataset(
      self,
      sequence_length: Mapping[str, int] | None = None,
      split: str = "train",
      use_cached: bool = False,
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = 1,
      trim_output_features: bool = True,
  ) -> tf.data.Dataset:
    """Returns the processed examples of a split.

    The raw examples are repeated before they are preprocessed, so random
    preprocessors choose anew in each epoch. The same seed gives the same
    examples in the same order. (A global TensorFlow seed, when one is set,
    enters the order, too.)

    Args:
      sequence_length: feature -> maximum number of ids.
      split: one of `splits`.
      use_cached: must be False: there are no cached copies.
      shuffle: whether to shuffle, in a buffer of 1,000 examples.
      seed: makes the order and all random choices reproducible.
      shard_info: gives only this part of the split.
      num_epochs: how often to repeat; None is for ever.
      trim_output_features: whether to cut features to `sequence_length`.

    Returns:
      A dataset of dicts: the output features, and what else the preprocessors
      kept (such as `inputs_pretokenized`).

    Raises:
      UserError: an argument cannot be used, or the preprocessors do not give
        the output features.
      DataError: the source's files are missing or malformed.
    """
    if use_cached:
      raise errors.UserError(
          f"task {self.name!r} has no cached copy. Use use_cached=False."
      )
    dataset = self.source.get_dataset(
        split,
        shuffle=shuffle,
        seed=seed,
        shard_info=shard_info,
        num_epochs=num_epochs,
    )
    with mapping.map_seed_manager(seed):
      dataset = self.preprocess(dataset, sequence_length)
    if trim_output_features and sequence_length:
      dataset = trim_dataset(dataset, sequence_length, self.output_features)
    if shuffle:
      # Once is enough: the epochs are one stream here.
      dataset = dataset.shuffle(
          SHUFFLE_BUFFER_SIZE, seed=seed, reshuffle_each_iteration=False
      )
    return dataset.prefetch(tf.data.AUTOTUNE)

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
    available = {
        "output_features": self.output_features,
        "sequence_length": sequence_length,
    }
    for fn in self.preprocessors:
      dataset = fn(dataset, **_arguments_for(fn, available))
    self._check_features(dataset.element_spec)
    return dataset

  def _check_features(self, spec: Any) -> None:
    names = sorted(spec) if isinstance(spec, Mapping) else repr(spec)
    for name, feature in self.output_features.items():
      if not isinstance(spec, Mapping) or name not in spec:
        if not feature.required:
          continue
        raise errors.UserError(
            f"task {self.name!r}: its preprocessors give no feature {name!r},"
            f" which is required. They give {names}."
        )
      found = spec[name]
      rank = found.shape.rank
      if found.dtype.name != feature.dtype or rank not in (None, feature.rank):
        raise errors.UserError(
            f"task {self.name!r}: feature {name!r} is {found.dtype.name} of"
            f" rank {rank} after its preprocessors, but {feature.dtype} of"
            f" rank {feature.rank} is expected. Is `tokenize` missing among"
            " the preprocessors?"
        )

  def _metric_kind(self, fn: MetricFn) -> tuple[str, ...]:
    required = tuple(
        name
        for name, parameter in inspect.signature(fn).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    )
    if required not in (_TARGETS_PREDICTIONS, _TARGETS_SCORES):
      raise errors.UserError(
          f"task {self.name!r}: the metric {_name_of(fn)} takes {required},"
          " but must take (targets, predictions) or (targets, scores)."
      )
    return required

  def __repr__(self) -> str:
    return f"Task({self.name!r})"


# A number, or a function from a task or a mixture to a number.
Rate = float | Callable[[Any], float]
MixtureEntry = str | tuple[str, Rate]


class Mixture:
  """Several tasks (or mixtures) that are sampled at given rates."""

  def __init__(
      self,
      name: str,
      tasks: Sequence[MixtureEntry],
      default_rate: Rate | None = None,
  ):
    """Initializes the mixture; the names are looked up at the first use.

    A task of a nested mixture gets the rate of the nested mixture times its
    share there. A task that comes in twice gets the sum of its rates. A task
    of rate 0 is not trained on, but is among `tasks` for evaluation.

    Args:
      name: letters, digits and `_ . : -`.
      tasks: names, or pairs of name and rate.
      default_rate: the rate of those that have none of their own: a number, or
        a function of the task such as `rate_num_examples`.

    Raises:
      UserError: there is no task, or one has no rate, or comes twice.
    """
    _check_name("mixture", name)
    if isinstance(tasks, str) or not tasks:
      raise errors.UserError(
          f"mixture {name!r}: tasks is {tasks!r}, but must be a list of names"
          " or of (name, rate) pairs."
      )
    self.name = name
    self._rates: dict[str, Rate] = {}
    for entry in tasks:
      task, rate = (entry, default_rate) if isinstance(entry, str) else entry
      if rate is None:
        raise errors.UserError(
            f"mixture {name!r}: {task!r} has no rate. Give (name, rate), or a"
            " default_rate such as 1.0 or rate_num_examples."
        )
      if task in self._rates:
        raise errors.UserError(f"mixture {name!r} has {task!r} twice.")
      self._rates[task] = rate

  @property
  def members(self) -> list[Task | Mixture]:
    """The tasks and mixtures that were given, in that order."""
    from t5_mtf.data import registries

    return [registries.get_mixture_or_task(name) for name in self._rates]

  @property
  def tasks(self) -> list[Task]:
    """The tasks, those of nested mixtures included, each once."""
    found = {}
    for member in self.members:
      for task in member.tasks if isinstance(member, Mixture) else [member]:
        found[task.name] = task
    return list(found.values())

  @property
  def splits(self) -> list[str]:
    """Names of the splits that at least one task has."""
    return list(dict.fromkeys(s for task in self.tasks for s in task.splits))

  @property
  def output_features(self) -> dict[str, Feature]:
    """The output features, which all tasks share.

    Raises:
      UserError: two tasks do not agree; the message names them.
    """
    first, *others = self.tasks
    for other in others:
      for key in sorted({*first.output_features, *other.output_features}):
        a = first.output_features.get(key)
        b = other.output_features.get(key)
        if a != b:
          raise errors.UserError(
              f"mixture {self.name!r}: feature {key!r} is {a} in"
              f" {first.name!r}, but {b} in {other.name!r}. The tasks of a"
              " mixture must have the same output features."
          )
    return first.output_features

  def num_input_examples(self, split: str) -> int | None:
    """Sum over the tasks that have `split`; None if one is not known."""
    counts = [
        task.num_input_examples(split)
        for task in self.tasks
        if split in task.splits
    ]
    return None if None in counts else sum(counts)

  def rates(self) -> dict[str, float]:
    """Returns task name -> rate, nested mixtures resolved, not normalized.

    Raises:
      UserError: a rate is negative or not finite, or all are 0.
    """
    rates: dict[str, float] = {}
    for member in self.members:
      rate = self._resolve(member)
      if isinstance(member, Mixture):
        nested = member.rates()
        shares = {n: r / sum(nested.values()) for n, r in nested.items()}
      else:
        shares = {member.name: 1.0}
      for name, share in shares.items():
        rates[name] = rates.get(name, 0.0) + rate * share
    if not sum(rates.values()) > 0:
      raise errors.UserError(
          f"mixture {self.name!r}: all rates are 0. At least one must be > 0."
      )
    return rates

  def _resolve(self, member: Task | Mixture) -> float:
    rate = self._rates[member.name]
    value = float(rate(member) if callable(rate) else rate)
    if not (math.isfinite(value) and value >= 0):
      raise errors.UserError(
          f"mixture {self.name!r}: the rate of {member.name!r} is {value},"
          " but must be a finite number, 0 or more."
      )
    return value

  def get_dataset(
      self,
      sequence_length: Mapping[str, int] | None = None,
      split: str = "train",
      use_cached: bool = False,
      shuffle: bool = True,
      seed: int | None = None,
      shard_info: ShardInfo | None = None,
      num_epochs: int | None = None,
      trim_output_features: bool = True,
  ) -> tf.data.Dataset:
    """Samples examples of the tasks that have `split`, at their rates.

    Args:
      sequence_length: see `Task.get_dataset`, as all that follow.
      split: a split of at least one task.
      use_cached: must be False.
      shuffle: whether to shuffle within each task.
      seed: makes the tasks' streams and the sampling reproducible.
      shard_info: gives only this part of every task.
      num_epochs: how often to repeat each task. None, the default, is for
        ever; with a number, a task that has ended is no longer sampled.
      trim_output_features: whether to cut features to `sequence_length`.

    Returns:
      A dataset of dicts that hold the output features only.

    Raises:
      UserError: no task with a rate above 0 has the split.
    """
    features = self.output_features
    rates = self.rates()
    sampled = [
        t for t in self.tasks if split in t.splits and rates[t.name] > 0
    ]
    if not sampled:
      raise errors.unknown_name(
          "split",
          split,
          self.splits,
          f"No task of mixture {self.name!r} that has a rate above 0 has it.",
      )
    datasets = []
    for i, task in enumerate(sampled):
      dataset = task.get_dataset(
          sequence_length=sequence_length,
          split=split,
          use_cached=use_cached,
          shuffle=shuffle,
          seed=None if seed is None else seed + i,
          shard_info=shard_info,
          num_epochs=num_epochs,
          trim_output_features=trim_output_features,
      )
      datasets.append(dataset.map(functools.partial(_only, features)))
    total = sum(rates[t.name] for t in sampled)
    return tf.data.Dataset.sample_from_datasets(
        datasets, [rates[t.name] / total for t in sampled], seed=seed
    )

  def __repr__(self) -> str:
    return f"Mixture({self.name!r}, {list(self._rates)})"


def trim_dataset(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    output_features: Iterable[str],
) -> tf.data.Dataset:
  """Cuts the output features to their maximum lengths.

  Args:
    dataset: dicts of features.
    sequence_length: feature -> maximum length along its first dimension.
    output_features: names of the features to cut; others stay as they are.

  Returns:
    The dataset, trimmed.
  """

  def trim(example: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {
        key: value[: sequence_length[key]]
        if key in output_features
        and sequence_length.get(key) is not None
        and value.shape.rank != 0
        else value
        for key, value in example.items()
    }

  return dataset.map(trim, num_parallel_calls=tf.data.AUTOTUNE)


def _only(
    keys: Iterable[str], example: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
  return {key: example[key] for key in keys if key in example}


def _arguments_for(
    fn: Preprocessor, available: Mapping[str, Any]
) -> dict[str, Any]:
  """The available arguments that `fn` names and that are not bound yet."""
  bound = fn.keywords if isinstance(fn, functools.partial) else {}
  parameters = inspect.signature(fn).parameters
  return {
      name: value
      for name, value in available.items()
      if name in parameters and name not in bound
  }


def _check_name(kind: str, name: str) -> None:
  if not isinstance(name, str) or not _NAME.fullmatch(name):
    raise errors.UserError(
        f"{name!r} cannot name a {kind}: use letters, digits and _ . : - only."
    )


def _name_of(fn: Callable[..., Any]) -> str:
  return getattr(getattr(fn, "func", fn), "__name__", repr(fn))
