"""Importing the package, its data and its evaluation loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "apache_beam",
    "tensorflow",
    "tensorflow_text",
    "tensorflow_datasets",
    "mesh_tensorflow",
    "sentencepiece",
    "scipy",
    "sklearn",
    "sacrebleu",
    "rouge_score",
    "nltk",
    "pandas",
    "matplotlib",
    "babel",
    "torch",
)

IMPORT = f"""
import importlib, sys
importlib.import_module(sys.argv[1])
print(*sorted(set(sys.modules) & set({HEAVY!r})))
"""

IMPORT_WITH_SUBMODULES = f"""
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
prefix = sys.argv[1] + "."
for module in pkgutil.walk_packages(package.__path__, prefix):
  importlib.import_module(module.name)
print(*sorted(set(sys.modules) & set({HEAVY!r})))
"""


def _heavy_modules_after(program, module, cwd):
  run = subprocess.run(
      [sys.executable, "-c", program, module],
      cwd=cwd,
      capture_output=True,
      text=True,
      check=False,
  )
  assert run.returncode == 0, run.stderr
  return run.stdout.split()


@pytest.mark.parametrize("module", ["t5_mtf", "t5_mtf.gin_config"])
def test_import_of_a_root_module_is_light(module, repository_root):
  assert _heavy_modules_after(IMPORT, module, repository_root) == []


@pytest.mark.parametrize(
    "package",
    [
        "t5_mtf.data", "t5_mtf.evaluation", "t5_mtf.ablations",
        "t5_mtf.convert", "t5_mtf.cli",
    ],  # fmt: skip
)
def test_import_of_a_package_and_all_its_modules_is_light(
    package, repository_root
):
  found = _heavy_modules_after(IMPORT_WITH_SUBMODULES, package, repository_root)
  assert found == []
