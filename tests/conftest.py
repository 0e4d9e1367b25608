"""Fixtures of all tests."""

from __future__ import annotations

import os
import pathlib

import gin
import pytest

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.pop("COLUMNS", None)  # tables are as wide as they are

_ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository_root() -> pathlib.Path:
  """The folder that holds setup.py."""
  return _ROOT


@pytest.fixture(scope="session")
def shared_dir() -> pathlib.Path:
  """Facts, golden records and data beside the repository; skips without."""
  shared = _ROOT.parent / "shared"
  if not shared.is_dir():
    pytest.skip("needs the folder `shared` beside the repository")
  return shared


@pytest.fixture(autouse=True)
def _forget_gin():
  """Keeps one test's gin bindings from the next."""
  yield
  gin.clear_config()
