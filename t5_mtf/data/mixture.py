"""Mixtures: several tasks, sampled at given rates.

Raffel et al. 2020, section 3.5.2.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import mapping
from t5_mtf.data.features import Feature
from t5_mtf.data.sources.base import ShardInfo, check_same_order, shard
from t5_mtf.data.task import Task, check_name, with_saveable_state
from t5_mtf.tf_compat import tf

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
      sample_fn: Callable[..., tf.data.Dataset] | None = None,
  ):
    """Initializes the mixture; the names are looked up at the first use.

    A task of a nested mixture gets the rate of the nested mixture times its
    share there. A task that comes in twice gets the sum of its rates. A task
    of rate 0 is not trained on, but is among `tasks` for evaluation.

    Args:
      name: letters, digits and `_ . : # -`.
      tasks: names (or tasks and mixtures themselves), or pairs of these and a
        rate.
      default_rate: the rate of those that have none of their own: a number, or
        a function of the task such as `rate_num_examples`.
      sample_fn: mixes the tasks' datasets, `fn(datasets, rates, seed)`; by
        default each example is drawn from a task with the probability that its
        rate gives.

    Raises:
      UserError: there is no task, or one has no rate, or comes twice.
    """
    check_name("Mixture", name)
    if isinstance(tasks, str) or not tasks:
      raise errors.UserError(
          f"mixture {name!r}: tasks is {tasks!r}, but must be a list of names"
          " or of (name, rate) pairs."
      )
    self.name = name
    self._rates: dict[str, Rate] = {}
    self._given: dict[str, Task | Mixture] = {}
    self._sample_fn = sample_fn or _sample
    for entry in tasks:
      task, rate = entry if isinstance(entry, (tuple, list)) else (entry, None)
      rate = default_rate if rate is None else rate
      if not isinstance(task, str):
        self._given[task.name] = task
        task = task.name
      if rate is None:
        raise errors.UserError(
            f"mixture {name!r}: {task!r} has no rate. Give (name, rate), or a"
            " default_rate such as 1.0 or rate_num_examples."
        )
      if task in self._rates:
        raise errors.UserError(f"mixture {name!r} has {task!r} twice.")
      self._rates[task] = rate

  @property
  def rate_per_task_name(self) -> dict[str, Rate]:
    """Name of each task or mixture -> its rate as declared.

    A rate is a number or a function; functions are not called, so no data is
    needed.
    """
    return dict(self._rates)

  @property
  def members(self) -> list[Task | Mixture]:
    """The tasks and mixtures that were given, in that order."""
    from t5_mtf.data import registries

    return [
        self._given.get(name) or registries.get_mixture_or_task(name)
        for name in self._rates
    ]

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

  def get_rate(self, task: Task) -> float:
    """Returns the rate of a task, nested mixtures resolved, not normalized.

    Only the rates this needs are computed: those of the task, and of the
    nested mixtures that have it.

    Raises:
      UserError: a rate is negative or not finite.
    """
    rate = 0.0
    for member in self.members:
      if isinstance(member, Mixture):
        if any(found.name == task.name for found in member.tasks):
          share = member.get_rate(task) / member.total_rate
          rate += self._resolve(member) * share
      elif member.name == task.name:
        rate += self._resolve(member)
    return rate

  @property
  def total_rate(self) -> float:
    """Sum of the tasks' rates.

    Raises:
      UserError: a rate is negative or not finite, or all are 0.
    """
    return sum(self.rates().values())

  def rates(self) -> dict[str, float]:
    """Returns task name -> rate, nested mixtures resolved, not normalized.

    Raises:
      UserError: a rate is negative or not finite, or all are 0.
    """
    rates: dict[str, float] = {}
    for member in self.members:
      rate = self._resolve(member)
      nested = isinstance(member, Mixture)
      parts = member.rates() if nested else {member.name: 1.0}
      total = sum(parts.values())
      for name, part in parts.items():
        rates[name] = rates.get(name, 0.0) + rate * part / total
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
      copy_pretokenized: bool = False,
      passthrough_features: Sequence[str] | None = None,
      trim_output_features: bool = True,
  ) -> tf.data.Dataset:
    """Samples examples of the tasks that have `split`, at their rates.

    Args:
      sequence_length: see `Task.get_dataset`, as all that follow.
      split: a split of at least one task.
      use_cached: whether to read the tasks' offline caches, where there are
        any.
      shuffle: whether to shuffle within each task.
      seed: makes the tasks' streams and the sampling reproducible.
      shard_info: gives only every num_shards-th example of the mixed stream.
      num_epochs: how often to repeat each task. None, the default, is for
        ever; with a number, a task that has ended is no longer sampled.
      copy_pretokenized: whether to keep the features' texts,
        `<name>_pretokenized`, too.
      passthrough_features: names of further features to keep.
      trim_output_features: whether to cut features to `sequence_length`.

    Returns:
      A dataset of dicts that hold the output features, and what else is kept.

    Raises:
      UserError: no task with a rate above 0 has the split.
    """
    check_same_order(shard_info, True, seed)
    kept = [*self.output_features, *(passthrough_features or ())]
    if copy_pretokenized:
      kept += [f"{name}_pretokenized" for name in self.output_features]
    rates = self.rates()
    sampled = [
        t for t in self.tasks if rates[t.name] > 0 and split in t.splits
    ]
    if not sampled:
      raise errors.unknown_name(
          "split",
          split,
          self.splits,
          f"No task of mixture {self.name!r} that has a rate above 0 has it.",
      )
    only_kept = functools.partial(_only, kept)
    datasets = []
    for i, task in enumerate(sampled):
      dataset = task.get_dataset(
          sequence_length=sequence_length,
          split=split,
          use_cached=use_cached,
          shuffle=shuffle,
          seed=None if seed is None else seed + i,
          num_epochs=num_epochs,
          trim_output_features=trim_output_features,
      )
      datasets.append(dataset.map(mapping.unconverted(only_kept)))
    mixed = self._sample_fn(datasets, [rates[t.name] for t in sampled], seed)
    return with_saveable_state(shard(mixed, shard_info))

  def __repr__(self) -> str:
    return f"Mixture({self.name!r}, {list(self._rates)})"


def _sample(
    datasets: Sequence[tf.data.Dataset],
    rates: Sequence[float],
    seed: int | None,
) -> tf.data.Dataset:
  total = sum(rates)
  return tf.data.Dataset.sample_from_datasets(
      list(datasets), [rate / total for rate in rates], seed=seed
  )


def _only(
    keys: Iterable[str], example: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
  return {key: example[key] for key in keys if key in example}
