"""What is installed, and what the archives hold."""

from __future__ import annotations

import ast
import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from packaging import requirements, utils


@pytest.fixture(scope="module")
def pins(repository_root) -> dict[str, str]:
  """The pinned version of each distribution in constraints.txt."""
  text = (repository_root / "constraints.txt").read_text(encoding="utf-8")
  lines = [line for line in text.splitlines() if not line.startswith("#")]
  assert all(re.fullmatch(r"[\w.-]+==[\w.+!]+", line) for line in lines)
  assert lines == sorted(lines, key=str.lower)
  return {
      utils.canonicalize_name(name): version
      for name, version in (line.split("==") for line in lines)
  }


@pytest.fixture(scope="module")
def source_copy(repository_root, tmp_path_factory) -> pathlib.Path:
  """A copy of the project's files, for builds to write beside."""
  if not (repository_root / ".git").exists():
    pytest.skip("needs a git checkout, to tell the project's files from others")
  listed = subprocess.run(
      ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
      cwd=repository_root,
      capture_output=True,
      text=True,
      check=True,
  ).stdout.split("\0")
  copy = tmp_path_factory.mktemp("source") / "t5_mtf"
  for name in filter(None, listed):
    source = repository_root / name
    if source.is_file() and (name == ".ci/run" or not name.startswith(".")):
      (copy / name).parent.mkdir(parents=True, exist_ok=True)
      shutil.copy2(source, copy / name)
  return copy


def _setup(source: pathlib.Path, *arguments: str) -> str:
  run = subprocess.run(
      [sys.executable, "setup.py", "--quiet", *arguments],
      cwd=source,
      capture_output=True,
      text=True,
      check=False,
  )
  assert run.returncode == 0, run.stderr
  return run.stdout


def _files(root: pathlib.Path) -> set[str]:
  return {
      path.relative_to(root).as_posix()
      for path in root.rglob("*")
      if path.is_file()
  }


@pytest.fixture(scope="module")
def required(source_copy) -> dict[str, requirements.Requirement]:
  """What setup.py requires, extras included, by distribution."""
  _setup(source_copy, "egg_info")
  (path,) = source_copy.glob("*.egg-info/requires.txt")
  lines = path.read_text(encoding="utf-8").splitlines()
  parsed = [
      requirements.Requirement(line)
      for line in lines
      if line and not line.startswith("[")
  ]
  assert len(parsed) > 10
  return {utils.canonicalize_name(r.name): r for r in parsed}


def test_pins_satisfy_what_setup_requires(required, pins):
  unmet = [
      str(requirement)
      for name, requirement in required.items()
      if not requirement.specifier.contains(pins.get(name, "0"))
  ]
  assert unmet == []


def test_every_imported_library_is_required(required, syntax_trees):
  imported = {
      name.split(".")[0]
      for tree in syntax_trees.values()
      for node in ast.walk(tree)
      for name in (
          [alias.name for alias in node.names]
          if isinstance(node, ast.Import)
          else [node.module or ""]
          if isinstance(node, ast.ImportFrom) and not node.level
          else []
      )
  } - {*sys.stdlib_module_names, "t5_mtf"}
  distributions = importlib.metadata.packages_distributions()
  undeclared = {
      name
      for name in imported
      if not {
          utils.canonicalize_name(distribution)
          for distribution in distributions.get(name, [name])
      }
      & set(required)
  }
  assert undeclared == set()


def test_source_archive_holds_all_files(source_copy, tmp_path):
  wanted = _files(source_copy)
  _setup(source_copy, "sdist", "--formats=gztar", f"--dist-dir={tmp_path}")
  (archive,) = tmp_path.glob("*.tar.gz")
  shutil.unpack_archive(archive, tmp_path)
  (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
  found = _files(unpacked)
  missing = {path for path in wanted - found if ".egg-info/" not in path}
  assert missing == set()


def test_wheel_holds_the_package_with_all_its_data(source_copy, tmp_path):
  wanted = {p for p in _files(source_copy) if p.startswith("t5_mtf/")}
  _setup(source_copy, "bdist_wheel", f"--dist-dir={tmp_path}")
  (wheel,) = tmp_path.glob("*.whl")
  with zipfile.ZipFile(wheel) as archive:
    found = set(archive.namelist())
  assert wanted - found == set()
  assert not any(path.startswith("tests/") for path in found)
  assert {"LICENSE", "NOTICE"} <= {path.rsplit("/", 1)[-1] for path in found}
