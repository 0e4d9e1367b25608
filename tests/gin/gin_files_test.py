"""The gin files parse, stand by themselves, and say what was published."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from gin import config_parser

GIN_ROOT = pathlib.Path(__file__).resolve().parents[2] / "t5_mtf" / "gin"
GIN_FILES = sorted(
    p.relative_to(GIN_ROOT).as_posix() for p in GIN_ROOT.rglob("*.gin")
)


class _Symbols(config_parser.ParserDelegate):
  """Keeps references and macros as text, so that nothing must be registered."""

  def configurable_reference(self, scoped_configurable_name, evaluate):
    return f"@{scoped_configurable_name}{'()' if evaluate else ''}"

  def macro(self, macro_name):
    return f"%{macro_name}"


def _parse(text: str) -> tuple[list[str], list[str], dict[str, Any]]:
  """Returns the includes, imports and bindings of a gin text."""
  includes, imports, bindings = [], [], {}
  for statement in config_parser.ConfigParser(text, _Symbols()):
    if isinstance(statement, config_parser.IncludeStatement):
      includes.append(statement.filename)
    elif isinstance(statement, config_parser.ImportStatement):
      imports.append(statement.module)
    else:
      scope = f"{statement.scope}/" if statement.scope else ""
      parameter = f".{statement.arg_name}" if statement.arg_name else ""
      name = f"{scope}{statement.selector}{parameter}"
      assert name not in bindings, f"{name} is bound twice in one file"
      bindings[name] = statement.value
  return includes, imports, bindings


def _read(path: str) -> str:
  return (GIN_ROOT / path).read_text(encoding="utf-8")


def _value(literal: str) -> Any:
  return _parse(f"x = {literal}\n")[2]["x"]


def _resolved(path: str) -> dict[str, Any]:
  """The bindings of a file over those of the files that it includes."""
  includes, _, bindings = _parse(_read(path))
  merged: dict[str, Any] = {}
  for include in includes:
    merged |= _resolved(include)
  return merged | bindings


@pytest.mark.parametrize("path", GIN_FILES)
def test_file_opens_with_a_comment_that_says_what_it_is(path):
  assert _read(path).startswith("# ")


@pytest.mark.parametrize("path", GIN_FILES)
def test_file_parses_and_its_includes_exist(path):
  includes, _, bindings = _parse(_read(path))
  assert includes or bindings
  assert set(includes) <= set(GIN_FILES)


@pytest.mark.parametrize("path", GIN_FILES)
def test_bound_macros_are_defined_or_left_to_the_user(path):
  """A macro is bound by the file, its includes, or a known other file."""
  bound = _resolved(path)
  elsewhere = {
      "MIXTURE_NAME",  # dataset.gin
      "num_heads",  # the model's file
      "dropout_rate",  # Mesh TF's defaults
  }
  used = {
      word.strip("[](){},'\" ")[1:]
      for value in bound.values()
      for word in str(value).replace("'", " ").split()
      if word.startswith("%")
  }
  assert used <= {name for name in bound if "." not in name} | elsewhere


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("models/t5.1.0.small.gin", (512, 6, 2048, 8, 64)),
        ("models/t5.1.0.base.gin", (768, 12, 3072, 12, 64)),
        ("models/t5.1.0.large.gin", (1024, 24, 4096, 16, 64)),
        ("models/t5.1.0.3B.gin", (1024, 24, 16384, 32, 128)),
        ("models/t5.1.0.11B.gin", (1024, 24, 65536, 128, 128)),
        ("models/bi_v1_2x.gin", (1024, 16, 4096, 16, 64)),
        ("models/bi_v1_4x.gin", (1024, 32, 4096, 16, 64)),
        ("models/mini.gin", (128, 2, 512, 4, 32)),
    ],
)
def test_model_has_the_sizes_of_the_paper(path, expected):
  bound = _resolved(path)
  names = ("d_model", "num_layers", "d_ff", "num_heads", "d_kv")
  assert tuple(bound[name] for name in names) == expected


@pytest.mark.parametrize("span", [2, 3, 5, 10])
def test_span_objective_has_the_mean_span_length_of_its_name(span):
  bound = _resolved(f"objectives/span_{span}_15_u_u.gin")
  assert bound["mean_noise_span_length"] == span
  assert bound["noise_density"] == 0.15


@pytest.mark.parametrize("percent", [10, 15, 25, 50])
def test_iid_objective_has_the_corruption_rate_of_its_name(percent):
  bound = _resolved(f"objectives/iid_{percent}_u_u.gin")
  assert bound["preprocessors.denoise.noise_density"] == percent / 100


def test_files_are_the_published_ones_to_the_last_binding(shared_dir):
  facts = json.loads(
      (shared_dir / "facts" / "gin_files.json").read_text(encoding="utf-8")
  )
  published = {
      fact["path"]: (
          fact["includes"],
          fact["imports"],
          {name: _value(literal) for name, literal in fact["bindings"]},
      )
      for fact in facts
  }
  ours = {path: _parse(_read(path)) for path in published}
  assert ours == published
