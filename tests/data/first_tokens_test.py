"""The first tokens of a corpus are the same ones in every epoch."""

import itertools

import pytest

from t5_mtf import data, errors
from t5_mtf.models import gin_loading

_LENGTHS = {"inputs": 32, "targets": 32}


def _load(*bindings):
  gin_loading.load(["objectives/iid_15_u_u.gin"], bindings)


def _tokens(task, **how):
  found = task.source.get_dataset(num_epochs=1, **how).as_numpy_iterator()
  return [tuple(example["targets"].tolist()) for example in found]


def test_the_first_examples_up_to_the_number_of_tokens_are_taken():
  _load("first_tokens.max_tokens = 900")
  task = data.TaskRegistry.get("mini_kjv_first_tokens_unsupervised")
  found = _tokens(task)
  whole = data.TaskRegistry.get("mini_kjv_unsupervised")
  raw = whole.source.get_dataset(shuffle=False, num_epochs=1)
  first = whole.preprocess_precache(raw.take(len(found)))
  assert found == [
      tuple(e["targets"].tolist()) for e in first.as_numpy_iterator()
  ]
  # Of the 900, the Bible's share in the corpora is 4 of 9.
  assert sum(map(len, found[:-1])) < 400 <= sum(map(len, found))
  assert _tokens(task, shuffle=True, seed=5) == found


def test_they_are_repeated_with_new_noise():
  _load("first_tokens.max_tokens = 40")
  task = data.TaskRegistry.get("mini_kjv_first_tokens_unsupervised")
  stream = task.get_dataset(_LENGTHS, seed=0, num_epochs=None)
  inputs = [
      tuple(example["inputs"].tolist())
      for example in itertools.islice(stream.as_numpy_iterator(), 20)
  ]
  assert len(set(inputs)) > 1
  words = {i for row in inputs for i in row if i < 2900}  # without sentinels
  known = {i for row in _tokens(task) for i in row}
  assert words <= known | {1}


def test_the_other_splits_stay_whole():
  _load("first_tokens.max_tokens = 40")
  task = data.TaskRegistry.get("mini_kjv_first_tokens_unsupervised")
  assert len(_tokens(task, split="validation")) == 1277


@pytest.mark.parametrize("binding", [[], ["first_tokens.max_tokens = 0"]])
def test_the_number_has_to_be_given(binding):
  _load(*binding)
  task = data.TaskRegistry.get("mini_kjv_first_tokens_unsupervised")
  with pytest.raises(errors.UserError, match=r"max_tokens = 2\*\*29"):
    task.get_dataset(_LENGTHS)


def test_the_task_over_c4_is_registered_without_its_data():
  task = data.TaskRegistry.get("c4_v020_first_tokens_unsupervised")
  assert not task.supports_caching
