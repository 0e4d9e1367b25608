"""Public methods have docstrings; ruff checks modules, classes, functions."""

from __future__ import annotations

import ast


def _undocumented_methods(tree: ast.Module) -> list[str]:
  """Public methods without a docstring, in classes that extend no other.

  A subclass overrides what its base class documents.
  """
  return [
      f"{node.name}.{method.name}"
      for node in ast.walk(tree)
      if isinstance(node, ast.ClassDef)
      and not node.name.startswith("_")
      and not node.bases
      for method in node.body
      if isinstance(method, ast.FunctionDef)
      and not method.name.startswith("_")
      and not ast.get_docstring(method)
  ]


def test_public_methods_have_docstrings(syntax_trees):
  found = [
      f"{path}: {name}"
      for path, tree in syntax_trees.items()
      for name in _undocumented_methods(tree)
  ]
  assert not found, "\n".join(found)


def test_the_check_exempts_overrides_and_private_names():
  source = (
      "class A:\n  def f(self): pass\n  def _g(self): pass\n"
      "class B(A):\n  def f(self): pass\n"
      "class _C:\n  def f(self): pass\n"
  )
  assert _undocumented_methods(ast.parse(source)) == ["A.f"]
