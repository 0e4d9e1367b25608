"""Runs the examples in the docstrings of t5_mtf.evaluation."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from t5_mtf import evaluation

MODULES = [
    module.name
    for module in pkgutil.walk_packages(
        evaluation.__path__, evaluation.__name__ + "."
    )
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
  assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_public_metric_has_an_example() -> None:
  finder = doctest.DocTestFinder(recurse=False)
  for name in evaluation.metrics.__all__:
    [found] = finder.find(getattr(evaluation.metrics, name), name)
    assert found.examples, f"{name} has no example"
