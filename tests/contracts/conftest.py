"""The package's source, parsed once for all contract tests."""

from __future__ import annotations

import ast
import pathlib

import pytest


@pytest.fixture(scope="session")
def package_root(repository_root: pathlib.Path) -> pathlib.Path:
  """The directory of the package."""
  return repository_root / "t5_mtf"


@pytest.fixture(scope="session")
def syntax_trees(package_root: pathlib.Path) -> dict[str, ast.Module]:
  """The syntax tree of each module, by its path in the repository."""
  return {
      path.relative_to(package_root.parent).as_posix(): ast.parse(
          path.read_text(encoding="utf-8"), filename=str(path)
      )
      for path in sorted(package_root.rglob("*.py"))
  }
