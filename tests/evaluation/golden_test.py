"""Replays the published metrics' recorded results."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import types

import pytest

from t5_mtf.evaluation import metrics, qa_utils

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "shared" / "golden"
RECORDS = GOLDEN / "metrics.jsonl"
OURS = {"ShardedSquad", "perplexity", "unigram_accuracy"}


@pytest.fixture(scope="module")
def check() -> types.ModuleType:
  if not RECORDS.exists():
    pytest.skip(f"the golden records are not here: no {RECORDS}")
  spec = importlib.util.spec_from_file_location("check", GOLDEN / "check.py")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


@pytest.mark.parametrize(
    "name",
    [
        *(name for name in metrics.__all__ if name not in OURS),
        "normalize_squad",
        "normalize_trivia_qa",
        "qa_metrics",
    ],
)
def test_returns_what_the_published_function_returned(
    check: types.ModuleType, name: str
) -> None:
  assert hasattr(metrics, name) or hasattr(qa_utils, name)
  with RECORDS.open(encoding="utf-8") as f:
    records = [r for r in map(json.loads, f) if r["fn"] == name]
  assert records
  problems = [check.check(r, "metrics", "t5_mtf") for r in records]
  assert [p for p in problems if p is not None] == []
