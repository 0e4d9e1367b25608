"""Replays what the published functions returned, for those that exist here."""

from __future__ import annotations

import importlib.util
import json

import pytest

from t5_mtf import data
from t5_mtf.data import preprocessors

_WITHOUT_RECORDS = {
    "append_eos",
    "append_eos_after_trim",
    "iid_denoising",
    "map_over_dataset",
    "random_spans_targets_length",
    "random_spans_tokens_length",
    "split_tokens_to_random_length",
    "take",
}
_FUNCTIONS = [
    name for name in preprocessors.__all__ if name not in _WITHOUT_RECORDS
]


@pytest.fixture(scope="module")
def golden(shared_dir):
  """The replaying module, and the records by function."""
  spec = importlib.util.spec_from_file_location(
      "golden_check", shared_dir / "golden" / "check.py"
  )
  check = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(check)
  by_function = {}
  with open(
      shared_dir / "golden" / "preprocessors.jsonl", encoding="utf-8"
  ) as f:
    for line in f:
      record = json.loads(line)
      by_function.setdefault(record["fn"], []).append(record)
  return check, by_function


def _needs_what_is_not_here(record) -> bool:
  """Whether an argument of a record is a function we do not have."""
  text = json.dumps(record.get("kwargs", {}))
  names = [part.split('"')[0] for part in text.split("data.preprocessors:")[1:]]
  return not all(hasattr(preprocessors, name) for name in names)


@pytest.mark.parametrize("name", [*_FUNCTIONS, "ByteVocabulary"])
def test_published_results(golden, name):
  check, by_function = golden
  assert hasattr(data, name) or hasattr(preprocessors, name)
  for record in by_function[name]:
    if not _needs_what_is_not_here(record):
      assert check.check(record, "preprocessors", "t5_mtf") is None, record
