"""The examples in the docstrings of t5_mtf.ablations are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from t5_mtf import ablations

MODULES = [
    module.name
    for module in pkgutil.iter_modules(ablations.__path__, "t5_mtf.ablations.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name):
  assert doctest.testmod(importlib.import_module(name)).failed == 0
