"""Imports point one way: cli -> ablations, convert -> models -> ... -> root."""

from __future__ import annotations

import ast
from collections.abc import Iterator

PACKAGE = "t5_mtf"

# A package imports packages of lower rank, and itself. Modules directly under
# t5_mtf have rank 0.
RANKS = {
    "cli": 5,
    "ablations": 4,
    "convert": 4,
    "models": 3,
    "data": 2,
    "evaluation": 1,
}


def _owner(parts: tuple[str, ...]) -> str:
  """The package under t5_mtf that a dotted name belongs to; "" for the root."""
  return parts[1] if len(parts) > 1 and parts[1] in RANKS else ""


def _imported(tree: ast.Module, package: tuple[str, ...]) -> Iterator[str]:
  """Yields the dotted names that a module imports, wherever it does so."""
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      base = package[: len(package) - node.level + 1] if node.level else ()
      module = (*base, *(node.module.split(".") if node.module else ()))
      yield from (".".join((*module, alias.name)) for alias in node.names)


def _violations(path: str, tree: ast.Module) -> Iterator[str]:
  package = tuple(path.split("/")[:-1])
  owner = _owner(package)
  for name in _imported(tree, package):
    parts = tuple(name.split("."))
    target = _owner(parts)
    if parts[0] != PACKAGE or target == owner:
      continue
    if RANKS.get(target, 0) >= RANKS.get(owner, 0):
      yield f"{path} imports {name}"


def test_no_module_imports_against_the_direction(syntax_trees):
  found = [
      violation
      for path, tree in syntax_trees.items()
      for violation in _violations(path, tree)
  ]
  assert not found, "\n".join(found)


def test_every_package_has_a_rank(syntax_trees):
  packages = {
      path.split("/")[1] for path in syntax_trees if path.count("/") > 1
  }
  assert packages <= set(RANKS)


def test_the_check_sees_absolute_relative_and_local_imports():
  source = (
      "from t5_mtf import models\n"
      "from ..cli import flags\n"
      "def f():\n"
      "  import t5_mtf.convert.safetensors\n"
      "  from t5_mtf import errors\n"
      "  from t5_mtf.evaluation import metrics\n"
  )
  found = list(_violations("t5_mtf/data/example.py", ast.parse(source)))
  assert [violation.split(" imports ")[1] for violation in found] == [
      "t5_mtf.models",
      "t5_mtf.cli.flags",
      "t5_mtf.convert.safetensors",
  ]
