"""Tests of t5_mtf.data.describe."""

from __future__ import annotations

import doctest
import functools
import json

import pytest

from t5_mtf import data
from t5_mtf.data import describe, mixtures, preprocessors

_BYTES = data.ByteVocabulary()
_FEATURES = {"targets": data.Feature(_BYTES)}


@pytest.fixture(name="add_task")
def fixture_add_task():
  """Registers tasks and mixtures that are gone after the test."""
  added = []

  def add(name, source):
    data.TaskRegistry.add(
        name, source=source, output_features=_FEATURES, preprocessors=[]
    )
    added.append(name)

  yield add
  for name in added:
    data.TaskRegistry.remove(name)


def _tfds(tmp_path, **kwargs):
  return data.TfdsDataSource(
      "glue/cola:1.0.0", tfds_data_dir=str(tmp_path), **kwargs
  )


def _function(count):
  return data.FunctionDataSource(
      lambda split, shuffle_files, seed=None: None, ["train"], {"train": count}
  )


def test_doctests():
  assert doctest.testmod(describe).failed == 0


def test_a_step_shows_its_bound_arguments_and_those_of_the_task():
  step = describe.step(
      functools.partial(
          preprocessors.span_corruption,
          mean_noise_span_length=3.0,
          noise_density=0.5,
      )
  )
  assert step.name == "span_corruption"
  assert step.arguments["noise_density"] == "0.5"
  assert set(step.given) == {"output_features", "sequence_length"}
  assert step.summary.endswith(".")


def test_nested_partials_and_functions_as_arguments_are_resolved():
  inner = functools.partial(mixtures.rate_num_examples, maximum=10)
  outer = functools.partial(inner, temperature=2.0)
  text = str(describe.step(functools.partial(sorted, key=outer)))
  assert text == "sorted(key=rate_num_examples(maximum=10, temperature=2.0))"
  assert str(describe.step(functools.partial(sorted, key=len))) == (
      "sorted(key=len)"
  )


def test_an_object_that_is_called_is_named_by_its_class():
  class Placeholder:
    """Stands for something."""

    def __init__(self):
      self._required = False

    def __call__(self, dataset):
      return dataset

  step = describe.step(Placeholder())
  assert str(step) == "Placeholder(required=False)"
  assert step.summary == "Stands for something."


def test_missing_tfds_data_says_what_to_run_and_where_it_goes(tmp_path):
  task = data.Task("missing", _tfds(tmp_path), _FEATURES)
  text = describe.missing_data(task)
  assert f"tfds build glue/cola:1.0.0 --data_dir={tmp_path}" in text
  assert str(tmp_path / "glue/cola/1.0.0") in text
  assert describe.splits(task) is None
  assert describe.num_examples(task) is None


def test_prepared_tfds_data_is_found_without_tfds(tmp_path):
  folder = tmp_path / "glue/cola/1.0.0"
  folder.mkdir(parents=True)
  splits = [{"name": "train", "shardLengths": ["3", "4"]}]
  (folder / "dataset_info.json").write_text(json.dumps({"splits": splits}))
  task = data.Task("prepared", _tfds(tmp_path), _FEATURES)
  assert describe.missing_data(task) is None
  assert describe.splits(task) == ["train"]
  assert describe.tfds_folder(task.source).splits == {"train": 7}


def test_stated_sizes_of_missing_data_are_known(tmp_path):
  source = _tfds(tmp_path, splits=["train"], num_input_examples={"train": 9})
  task = data.Task("stated", source, _FEATURES)
  assert describe.num_examples(task) == 9
  assert describe.splits(task) == ["train"]


def test_shares_of_a_mixture_resolve_nested_ones_and_repeated_tasks(add_task):
  add_task("describe_a", _function(100))
  add_task("describe_b", _function(300))
  inner = data.MixtureRegistry.add(
      "describe_inner",
      ["describe_a", "describe_b"],
      default_rate=mixtures.rate_num_examples,
  )
  outer = data.Mixture(
      "describe_outer", [(inner.name, 4.0), ("describe_a", 1.0)]
  )
  try:
    a, b = describe.shares(outer)
    assert (a.rate, b.rate) == (2.0, 3.0)
    assert (a.share, b.share) == (0.4, 0.6)
    assert a.through == b.through == ("describe_inner",)
    assert {s.task: s.rate for s in (a, b)} == outer.rates()
    assert describe.rules(inner) == ["rate_num_examples"]
  finally:
    data.MixtureRegistry.remove("describe_inner")


def test_rates_that_need_missing_data_are_unknown_and_others_known(
    add_task, tmp_path
):
  add_task("describe_missing", _tfds(tmp_path))
  add_task("describe_known", _function(100))
  found = describe.shares(
      data.Mixture(
          "describe_unknown",
          ["describe_missing", "describe_known"],
          default_rate=functools.partial(
              mixtures.rate_num_examples, maximum=50
          ),
      )
  )
  assert [(s.examples, s.rate, s.share) for s in found] == [
      (None, None, None),
      (100, 50.0, None),
  ]
  constant = data.Mixture(
      "describe_constant",
      ["describe_missing"],
      default_rate=functools.partial(mixtures.rate_unsupervised, value=7.0),
  )
  [share] = describe.shares(constant)
  assert (share.rate, share.share) == (7.0, 1.0)


def test_every_mini_mixture_agrees_with_its_own_rates():
  for name in ("mini_all", "mini_glue", "mini_pretraining"):
    mixture = data.MixtureRegistry.get(name)
    found = describe.shares(mixture)
    assert {s.task: s.rate for s in found} == mixture.rates()
    assert sum(s.share for s in found) == pytest.approx(1.0)
