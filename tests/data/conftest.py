"""Fixtures of the data tests."""

from __future__ import annotations

import doctest
import inspect
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def run_examples() -> Callable[..., None]:
  """Runs the examples in the docstrings of a module's own functions.

  Unlike doctest's finder it sees functions that gin or a decorator wraps.
  """

  def run(module: types.ModuleType, **names: Any) -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for name, value in vars(module).items():
      if getattr(value, "__module__", None) != module.__name__:
        continue
      if not (inspect.isroutine(value) or inspect.isclass(value)):
        continue
      test = doctest.DocTestParser().get_doctest(
          inspect.getdoc(value) or "",
          {**vars(module), "np": np, **names},
          name,
          module.__file__,
          0,
      )
      runner.run(test)
    assert runner.tries > 0
    assert runner.failures == 0

  return run
