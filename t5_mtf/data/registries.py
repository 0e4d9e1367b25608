"""Registries of tasks and mixtures by name."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from t5_mtf import errors
from t5_mtf.data import legacy_tasks
from t5_mtf.data.mixture import Mixture
from t5_mtf.data.sources.base import DataSource, ShardInfo
from t5_mtf.data.task import Task
from t5_mtf.tf_compat import tf

_HINT = (
    "A task of your own is registered by the module that defines it: name"
    " that module with --module_import."
)
_BUILTIN_MODULES = (
    "t5_mtf.data.tasks.mini",
    "t5_mtf.data.tasks.unlabeled",
    "t5_mtf.data.tasks.glue",
    "t5_mtf.data.tasks.super_glue",
    "t5_mtf.data.tasks.summarization",
    "t5_mtf.data.tasks.question_answering",
    "t5_mtf.data.tasks.translation",
    "t5_mtf.data.tasks.paper_mixtures",
    "t5_mtf.data.tasks.mc4",
    "t5_mtf.data.tasks.multilingual",
    "t5_mtf.data.tasks.ablations",
)

_T = TypeVar("_T", Task, Mixture)
_loading = threading.RLock()
_loaded: set[str] = set()


def register_builtin() -> None:
  """Registers the tasks and mixtures of the package; again is harmless.

  The registries' `get` and `names` call it, so it is seldom called directly.
  """
  with _loading:
    for name in _BUILTIN_MODULES:
      if name not in _loaded:
        _loaded.add(name)
        try:
          importlib.import_module(name).register()
        except BaseException:
          _loaded.discard(name)
          raise


class _Registry(Generic[_T]):
  """Objects of one kind by name."""

  def __init__(self, kind: str):
    self._kind = kind
    self._items: dict[str, _T] = {}

  def _add(self, item: _T) -> _T:
    if item.name in self._items:
      raise errors.UserError(
          f"Attempting to register duplicate provider: {item.name}. A"
          f" {self._kind} of this name is registered already: choose another"
          " name, or remove the first with"
          f" {self._kind.capitalize()}Registry.remove({item.name!r})."
      )
    self._items[item.name] = item
    return item

  def add_provider(self, name: str, provider: _T) -> None:
    """Registers a task or mixture that was built already.

    Raises:
      UserError: the name is taken, or not the object's own.
    """
    if provider.name != name:
      raise errors.UserError(
          f"{provider!r} cannot be registered as {name!r}: names must agree."
      )
    self._add(provider)

  def get(self, name: str) -> _T:
    """Returns what is registered as `name`.

    Raises:
      UnknownNameError: nothing is; the message has the nearest names.
    """
    if name not in self._items:
      register_builtin()
    if name not in self._items:
      raise errors.unknown_name(self._kind, name, self._items, _HINT)
    return self._items[name]

  def names(self) -> list[str]:
    """Returns all names, sorted."""
    register_builtin()
    return sorted(self._items)

  def remove(self, name: str) -> None:
    """Forgets `name`.

    Raises:
      UnknownNameError: nothing is registered under that name.
    """
    self.get(name)
    del self._items[name]

  def reset(self) -> None:
    """Forgets everything, the package's own included."""
    register_builtin()
    self._items.clear()


class _TaskRegistry(_Registry[Task]):
  """The tasks by name."""

  def add(
      self,
      name: str,
      source: DataSource | type[Task] | None = None,
      *args: Any,
      **kwargs: Any,
  ) -> Task:
    """Builds a task, registers and returns it.

    There are two forms. `add(name, source, output_features, ...)` takes the
    arguments of `Task`. `add(name, TfdsTask, tfds_name=..., ...)` takes an
    older class and its arguments; `FunctionTask` may be left out.

    Args:
      name: of the task.
      source: the source, or the class.
      *args: further arguments of `Task` or of the class.
      **kwargs: the same, by name; `task_cls` is the class.

    Returns:
      The task.

    Raises:
      UserError: the name is taken, or an argument cannot be used.
    """
    task_cls = kwargs.pop("task_cls", None)
    if isinstance(source, type):
      task_cls, source = source, None
    if task_cls in (None, Task):
      older = {"dataset_fn", "text_preprocessor"} & set(kwargs)
      task_cls = legacy_tasks.FunctionTask if older else Task
    if source is not None:
      args = (source, *args)
    return self._add(task_cls(name, *args, **kwargs))

  def get_dataset(self, name: str, *args: Any, **kwargs: Any) -> Any:
    """Returns `get(name).get_dataset(...)`; see `Task.get_dataset`."""
    return self.get(name).get_dataset(*args, **kwargs)


class _MixtureRegistry(_Registry[Mixture]):
  """The mixtures by name."""

  def add(self, name: str, *args: Any, **kwargs: Any) -> Mixture:
    """Builds `Mixture(name, ...)` (see there), registers and returns it."""
    return self._add(Mixture(name, *args, **kwargs))

  def get_dataset(self, name: str, *args: Any, **kwargs: Any) -> Any:
    """Returns `get(name).get_dataset(...)`; see `Mixture.get_dataset`."""
    return self.get(name).get_dataset(*args, **kwargs)


TaskRegistry = _TaskRegistry("task")
MixtureRegistry = _MixtureRegistry("mixture")


def get_mixture_or_task(name: str) -> Mixture | Task:
  """Returns the mixture, or else the task, named `name`.

  Raises:
    UnknownNameError: there is neither; the message has the nearest names.
  """
  mixtures = MixtureRegistry.names()
  tasks = TaskRegistry.names()
  if name in mixtures:
    return MixtureRegistry.get(name)
  if name in tasks:
    return TaskRegistry.get(name)
  raise errors.unknown_name("task or mixture", name, mixtures + tasks, _HINT)


def maybe_get_mixture_or_task(task: str | Mixture | Task) -> Mixture | Task:
  """Returns what a name stands for; what is no name is returned as it is."""
  return get_mixture_or_task(task) if isinstance(task, str) else task


def get_subtasks(task_or_mixture: Mixture | Task) -> list[Task]:
  """Returns the tasks of a mixture, or the task itself in a list."""
  if isinstance(task_or_mixture, Mixture):
    return task_or_mixture.tasks
  return [task_or_mixture]


def get_dataset(
    mixture_or_task_name: str | Mixture | Task,
    task_feature_lengths: Mapping[str, int],
    feature_converter: Callable[..., tf.data.Dataset],
    dataset_split: str = "train",
    use_cached: bool = False,
    shuffle: bool = False,
    num_epochs: int | None = 1,
    shard_info: ShardInfo | None = None,
    seed: int | None = None,
    batch_size: int | None = None,
    trim_output_features: bool = True,
) -> tf.data.Dataset:
  """Returns the rows that a model reads.

  Args:
    mixture_or_task_name: a registered name, or the task or mixture itself.
    task_feature_lengths: feature -> length.
    feature_converter: makes rows of examples, `fn(dataset, lengths)`: one of
      `t5_mtf.data.feature_converters`, for example.
    dataset_split: the split.
    use_cached: see `Task.get_dataset`, as all that follow.
    shuffle: whether to shuffle.
    num_epochs: how often to repeat; None is for ever.
    shard_info: gives only this part of the examples.
    seed: makes the order and all random choices reproducible.
    batch_size: rows in a batch, the rest dropped; None gives single rows.
    trim_output_features: whether to cut features to their lengths.

  Returns:
    A dataset of rows, or of batches of them.
  """
  provider = maybe_get_mixture_or_task(mixture_or_task_name)
  dataset = provider.get_dataset(
      sequence_length=task_feature_lengths,
      split=dataset_split,
      use_cached=use_cached,
      shuffle=shuffle,
      num_epochs=num_epochs,
      shard_info=shard_info,
      seed=seed,
      trim_output_features=trim_output_features,
  )
  dataset = feature_converter(dataset, task_feature_lengths)
  if batch_size is not None:
    dataset = dataset.batch(batch_size, drop_remainder=True)
  return dataset
