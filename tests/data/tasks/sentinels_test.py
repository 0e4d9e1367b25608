"""Tests of t5_mtf.data.tasks.sentinels.

The expected values are what the published function gave.
"""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data.tasks import sentinels


@pytest.fixture(scope="module")
def features():
  feature = data.Feature(data.get_default_vocabulary())
  return {"inputs": feature, "targets": feature}


@pytest.fixture(scope="module")
def example():
  return {"inputs": list(range(10, 20)), "targets": [5, 6, 7], "x": 1}


def _first(dataset):
  return {
      key: value.tolist() for key, value in next(
          dataset.as_numpy_iterator()
      ).items()
  }  # fmt: skip


def test_examples(run_examples):
  run_examples(sentinels, tf=tf)


@pytest.mark.parametrize(
    ("num_sentinels", "limit", "inputs", "targets"),
    [
        (1, 6, [10, 11, 12, 13, 32099, 1], [32099, 5, 6, 7, 1]),
        (1, 4, [10, 11, 32099, 1], [32099, 5, 7, 1]),
        (1, 2, [32099, 1], [7, 1]),
        (3, 6, [10, 11, 32099, 32098, 32097, 1], [32099, 32098, 5, 6, 7, 1]),
        (3, 3, [32098, 32097, 1], [6, 7, 1]),
    ],
)
def test_trimming_keeps_the_sentinels_of_the_inputs(
    features, example, num_sentinels, limit, inputs, targets
):
  dataset = sentinels.add_sentinels(
      tf.data.Dataset.from_tensors(example), features, num_sentinels
  )
  dataset = sentinels.append_eos_after_trim_and_preserve(
      dataset, features, {"inputs": limit, "targets": limit}, num_sentinels
  )
  assert _first(dataset) == {"inputs": inputs, "targets": targets, "x": 1}


def test_what_fits_is_not_trimmed(features, example):
  dataset = sentinels.add_sentinels(
      tf.data.Dataset.from_tensors(example), features
  )
  for limits in (None, {"inputs": 12, "targets": 5}):
    found = _first(
        sentinels.append_eos_after_trim_and_preserve(dataset, features, limits)
    )
    assert found["inputs"] == [*range(10, 20), 32099, 1]
    assert found["targets"] == [32099, 5, 6, 7, 1]


@pytest.mark.parametrize(
    ("text", "num_sentinels", "left"),
    [
        ("<extra_id_0> the cat", 1, "the cat"),
        ("<extra_id_0>the cat", 1, "the cat"),
        ("<extra_id_0> \n a ", 1, "a"),
        ("<extra_id_0>", 1, ""),
        ("", 1, ""),
        (" <extra_id_0> the cat", 1, " <extra_id_0> the cat"),
        ("<extra_id_1> the cat", 1, "<extra_id_1> the cat"),
        ("<extra_id_0> <extra_id_1> a", 2, "a"),
        ("<extra_id_0> a", 2, "<extra_id_0> a"),
    ],
)
def test_only_all_sentinels_at_the_start_are_removed(
    text, num_sentinels, left
):
  found = sentinels.remove_sentinels(
      text, data.get_default_vocabulary(), num_sentinels
  )
  assert found == left


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("squad_v010_allanswers", "squad_v010_allanswers_2_sentinel"),
        (
            "super_glue_wsc_v102_simple_eval",
            "super_glue_wsc_v102_simple_2_sentinel_eval",
        ),
    ],
)
def test_a_task_of_any_kind_gets_sentinels(task, name):
  added = sentinels.add_task_with_sentinels(task, 2)
  try:
    assert added is data.TaskRegistry.get(name)
    bound = [
        step.keywords for step in added.preprocessors[-2:]
    ]
    assert bound == [
        {"num_sentinels": 2},
        {"preserve_final_n_tokens_when_trimming": 2},
    ]
  finally:
    data.TaskRegistry.remove(name)


def test_answers_are_postprocessed_without_their_sentinel():
  task = data.TaskRegistry.get("super_glue_rte_v102_1_sentinel")
  assert task.postprocess_fn("<extra_id_0> not_entailment") == 1
  assert task.postprocess_fn("not_entailment") == 1
  assert task.postprocess_fn("<extra_id_1> not_entailment") == -1


def test_no_sentinels_are_refused():
  with pytest.raises(errors.UserError, match="num_sentinels is 0"):
    sentinels.add_task_with_sentinels("squad_v010", 0)
