"""Registries of tasks and mixtures by name."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from t5_mtf import errors
from t5_mtf.data import dataset_providers
from t5_mtf.data.dataset_providers import Mixture, Task

_HINT = (
    "A task of your own is registered by the module that defines it: name"
    " that module with --module_import."
)
_BUILTIN_MODULES = ("t5_mtf.data.tasks.mini",)

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
          f"a {self._kind} named {item.name!r} is registered already. Choose"
          " another name, or remove the first one with"
          f" {self._kind.capitalize()}Registry.remove({item.name!r})."
      )
    self._items[item.name] = item
    return item

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

  def add(self, name: str, *args: Any, **kwargs: Any) -> Task:
    """Builds `Task(name, ...)` (see there), registers and returns it."""
    return self._add(Task(name, *args, **kwargs))


class _MixtureRegistry(_Registry[Mixture]):
  """The mixtures by name."""

  def add(
      self,
      name: str,
      tasks: Sequence[dataset_providers.MixtureEntry],
      default_rate: dataset_providers.Rate | None = None,
  ) -> Mixture:
    """Builds `Mixture(name, tasks, default_rate)`, registers and returns it."""
    return self._add(Mixture(name, tasks, default_rate))


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
