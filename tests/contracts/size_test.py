"""Files, functions and signatures stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 8

# Functions whose parameters are published, under the same name. No other
# signature may be longer than MAX_PARAMETERS.
PUBLISHED_SIGNATURES = {
    "t5_mtf.data.legacy_tasks.FunctionTask.__init__",
    "t5_mtf.data.mixture.Mixture.get_dataset",
    "t5_mtf.data.preprocessors.chunking.select_random_chunk",
    "t5_mtf.data.preprocessors.chunking.single_example_select_random_chunk",
    "t5_mtf.data.preprocessors.denoising.denoise",
    "t5_mtf.data.preprocessors.denoising.single_example_denoise",
    "t5_mtf.data.preprocessors.spans.span_corruption",
    "t5_mtf.data.registries.get_dataset",
    "t5_mtf.data.task.Task.get_dataset",
    "t5_mtf.models.mtf_model.MtfModel.__init__",
}

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
  """Yields each function, nested ones too, with its qualified name."""
  for node in ast.iter_child_nodes(tree):
    if isinstance(node, _Function | ast.ClassDef):
      name = f"{prefix}{node.name}"
      if isinstance(node, _Function):
        yield name, node
      yield from _functions(node, f"{name}.")
    else:
      yield from _functions(node, prefix)


def _code_lines(function: _Function) -> int:
  """Lines of a function, less those of its docstring."""
  lines = function.end_lineno - function.lineno + 1
  if ast.get_docstring(function):
    docstring = function.body[0]
    lines -= docstring.end_lineno - docstring.lineno + 1
  return lines


def _parameter_count(function: _Function) -> int:
  arguments = function.args
  names = [
      argument.arg
      for argument in (
          *arguments.posonlyargs,
          *arguments.args,
          *arguments.kwonlyargs,
          *filter(None, (arguments.vararg, arguments.kwarg)),
      )
  ]
  return len([name for name in names if name not in ("self", "cls")])


def _all_functions(syntax_trees):
  for path, tree in syntax_trees.items():
    module = path.removesuffix(".py").replace("/", ".")
    yield from _functions(tree, f"{module.removesuffix('.__init__')}.")


def test_no_file_is_too_long(repository_root, syntax_trees):
  lines = {
      path: len((repository_root / path).read_text("utf-8").splitlines())
      for path in syntax_trees
  }
  assert {p: n for p, n in lines.items() if n > MAX_FILE_LINES} == {}


def test_no_function_is_too_long(syntax_trees):
  lines = {
      name: _code_lines(node) for name, node in _all_functions(syntax_trees)
  }
  assert {f: n for f, n in lines.items() if n > MAX_FUNCTION_LINES} == {}


def test_no_signature_is_too_long_but_published_ones(syntax_trees):
  counts = {
      name: _parameter_count(node)
      for name, node in _all_functions(syntax_trees)
  }
  too_long = {f: n for f, n in counts.items() if n > MAX_PARAMETERS}
  unpublished = {
      f: n for f, n in too_long.items() if f not in PUBLISHED_SIGNATURES
  }
  assert unpublished == {}
  assert set(too_long) >= PUBLISHED_SIGNATURES, "a stale exception"


def test_no_module_is_named_utils(syntax_trees):
  vague = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
  assert [p for p in syntax_trees if p.rsplit("/", 1)[-1] in vague] == []


def test_the_check_counts_parameters_of_nested_functions_and_methods():
  source = (
      "class A:\n"
      "  def method(self, a, /, b, *args, c, **kwargs):\n"
      "    def inner(x): pass\n"
  )
  counts = {
      name: _parameter_count(node)
      for name, node in _functions(ast.parse(source), "m.")
  }
  assert counts == {"m.A.method": 5, "m.A.method.inner": 1}
