"""Postprocessors: examples of the docstrings, published results, and edges."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from t5_mtf.data import postprocessors


def test_docstring_examples(run_examples):
  run_examples(postprocessors)


def test_published_results(shared_dir):
  golden = shared_dir / "golden"
  spec = importlib.util.spec_from_file_location(
      "golden_check", golden / "check.py"
  )
  check = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(check)
  lines = (golden / "postprocessors.jsonl").read_text("utf-8").splitlines()
  records = list(map(json.loads, lines))
  problems = [check.check(r, "postprocessors", "t5_mtf") for r in records]
  assert len(records) > 100
  assert [p for p in problems if p is not None] == []


def test_a_label_in_another_case_is_no_label():
  assert (
      postprocessors.string_label_to_class_id("TRUE", ["False", "True"]) == -1
  )


def test_answers_may_be_str_already():
  assert postprocessors.qa("a", example={"answers": ["a"]}, is_target=True) == [
      "a"
  ]


@pytest.mark.parametrize(
    ("prediction", "candidate", "found"),
    [
        ("cat", "the CAT", 1),
        ("bunny", "fuzzy bunny", 1),
        ("fuzzy bunny", "fuzzy hungry bunny", 1),
        ("fuzzy bear", "fuzzy bunny", 0),
        ("Bob's hat", "hat", 0),
        ("Bob's hat", "her Bob's hat", 1),
        ("the", "cat", -1),
        ("", "", -1),
        ("cat", "", 0),
        ("big  dog", "dog", 1),
        ("big  dog", "big dog", 1),
        ("big  dog", "big dog cat", 0),
    ],
)
def test_nouns_that_are_the_same_candidate(prediction, candidate, found):
  example = {"targets_pretokenized": candidate.encode()}
  assert postprocessors.wsc_simple(prediction, example=example) == found


def test_a_group_is_one_that_metrics_can_hash():
  example = {
      "answers": np.array([b"a"], object),
      "idx/passage": np.int32(1),
      "idx/query": np.int32(2),
  }
  target = postprocessors.record("a", example=example, is_target=True)
  assert hash(target["group"]) == hash((1, 2))


def test_ranked_choices_take_features_along_in_order():
  example = {
      "idx": np.array([3, 1]),
      "is_correct": False,
      "targets": np.array([5, 6]),
      "weight": 0.5,
      "lang": b"fr",
      "source": 7,
  }
  assert postprocessors.rank_classification(
      -1.5,
      example=example,
      is_target=True,
      passthrough_feature_keys=["source", "lang"],
  ) == ((3, 1), False, 0.5, 2, 7, b"fr")
