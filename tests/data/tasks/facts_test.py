"""Every task and mixture against what is known of the published registry."""

from __future__ import annotations

import functools
import inspect
import json
from typing import Any

import pytest

from t5_mtf import data
from t5_mtf.data import mixtures

# Ours -> published, where a step has another name there.
_MAKER = "add_task_with_sentinels."
_PUBLISHED_NAMES = {
    "add_sentinels": f"{_MAKER}_add_sentinels",
    "append_eos_after_trim_and_preserve": (
        f"{_MAKER}_append_eos_after_trim_and_preserve"
    ),
}
_FULL_MODEL = "gs://t5-data/vocabs/cc_all.32000/sentencepiece.model"


@pytest.fixture(scope="module")
def tasks(shared_dir) -> dict[str, Any]:
  return json.loads((shared_dir / "facts" / "tasks.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def published_mixtures(shared_dir) -> dict[str, Any]:
  path = shared_dir / "facts" / "mixtures.json"
  return json.loads(path.read_text("utf-8"))


def _described(fn: Any) -> dict[str, Any]:
  """The name of a step and the arguments bound to it.

  A function that another one made goes by its maker's name, with the maker's
  arguments.
  """
  if isinstance(fn, functools.partial):
    return {"name": fn.func.__name__, "kwargs": _plain(fn.keywords)}
  if not inspect.isroutine(fn):
    return {"name": type(fn).__name__, "kwargs": {"required": fn.required}}
  maker, separator, _ = fn.__qualname__.partition(".<locals>")
  if not separator or hasattr(fn, "__wrapped__"):
    return {"name": fn.__name__, "kwargs": {}}
  bound = dict(inspect.getclosurevars(fn).nonlocals)
  bound |= bound.pop("metric_fn_kwargs", {})
  if maker == "sklearn_metrics_wrapper":
    name = bound.pop("name")
    bound["metric_dict_str"] = None if name == bound["metric_str"] else name
    # What scikit-learn does by default, without its warning.
    bound.pop("zero_division", None)
  return {"name": maker, "kwargs": _plain(bound)}


def _plain(value: Any) -> Any:
  """A value in the form that the facts have."""
  if isinstance(value, dict):
    return {
        key: _scale(item) if key == "metric_post_process_fn" else _plain(item)
        for key, item in value.items()
        if key != "vocabulary"
    }
  if isinstance(value, (list, tuple)):
    return [_plain(item) for item in value]
  return _described(value) if callable(value) else value


def _scale(fn: Any) -> Any:
  return {"multiply_by": fn(1.0)}


def _published(fact: dict[str, Any] | None) -> dict[str, Any] | None:
  """A fact without its module, which may differ."""
  if fact is None:
    return None
  kwargs = dict(fact["kwargs"])
  for key in ("metric_fn", "postprocess_fn"):
    if key in kwargs:
      kwargs[key] = _published(kwargs[key])
  return {"name": fact["name"], "kwargs": kwargs}


def _ours(fn: Any) -> dict[str, Any]:
  described = _described(fn)
  name = described["name"]
  if name == "glue":
    described["kwargs"].setdefault("feature_names", None)
  return described | {"name": _PUBLISHED_NAMES.get(name, name)}


def test_the_registry_has_every_published_name(tasks, published_mixtures):
  assert set(tasks) <= set(data.TaskRegistry.names())
  assert set(published_mixtures) <= set(data.MixtureRegistry.names())
  assert (len(tasks), len(published_mixtures)) == (60, 20)


def test_sources_are_as_published(tasks):
  for name, fact in tasks.items():
    source = data.TaskRegistry.get(name).source
    assert source.tfds_name == fact["tfds"]["tfds_name"], name
    if fact["splits"] is not None:
      assert {s: s for s in source.splits} == fact["splits"], name
    else:
      assert not source._splits, name


def test_steps_are_as_published(tasks):
  for name, fact in tasks.items():
    steps = data.TaskRegistry.get(name).preprocessors
    assert [_ours(step) for step in steps] == [
        _published(step) for step in fact["preprocessors"]
    ], name


def test_postprocessors_are_as_published(tasks):
  for name, fact in tasks.items():
    found = data.TaskRegistry.get(name).postprocessor
    expected = _published(fact["postprocess_fn"])
    if "_1_sentinel" in name:
      assert expected.pop("name").startswith(_MAKER), name
      described = _ours(found)
      assert described.pop("name") == "remove_sentinels", name
      assert described == expected, name
    else:
      assert (found and _ours(found)) == expected, name


def test_metrics_are_as_published(tasks):
  for name, fact in tasks.items():
    found = data.TaskRegistry.get(name).metric_fns
    assert [_ours(fn) for fn in found] == [
        _published(fn) for fn in fact["metric_fns"]
    ], name


def test_output_features_are_as_published(tasks):
  for name, fact in tasks.items():
    features = data.TaskRegistry.get(name).output_features
    assert set(features) == set(fact["output_features"]), name
    for key, expected in fact["output_features"].items():
      feature = features[key]
      for attribute in ("add_eos", "dtype", "rank", "required"):
        found = getattr(feature, attribute)
        assert found == expected[attribute], (name, key, attribute)
      vocabulary = feature.vocabulary
      assert type(vocabulary).__name__ == expected["vocabulary"]["class"]
      assert vocabulary.extra_ids == expected["vocabulary"]["extra_ids"]
      published = data.SentencePieceVocabulary(
          expected["vocabulary"]["sentencepiece_model_file"],
          expected["vocabulary"]["extra_ids"],
      )
      assert vocabulary == published, (name, key)


def test_both_published_models_have_the_same_ids():
  inside = data.SentencePieceVocabulary(
      _FULL_MODEL.replace("32000/", "32000.100extra/"), extra_ids=0
  )
  added = data.SentencePieceVocabulary(_FULL_MODEL, extra_ids=100)
  assert added == data.get_default_vocabulary()
  assert inside.vocab_size == added.vocab_size == 32100
  text = "Thank you <extra_id_0> me to your party <extra_id_1> week."
  assert inside.encode(text) == added.encode(text)
  assert inside.decode([32099, 32000]) == "<extra_id_0> <extra_id_99>"


def test_declared_rates_are_as_published(published_mixtures):
  for name, fact in published_mixtures.items():
    rates = data.MixtureRegistry.get(name).rate_per_task_name
    assert set(rates) == set(fact), name
    for task, expected in fact.items():
      if isinstance(expected, float):
        assert rates[task] == expected, (name, task)
        continue
      assert rates[task] is getattr(mixtures, expected["fn"]), (name, task)
      parameters = inspect.signature(rates[task]).parameters
      for key, value in expected["parameters"].items():
        assert parameters[key].default == value, (name, task, key)


def test_rates_of_the_fine_tuning_mixtures_are_numbers(published_mixtures):
  for name in (
      "glue_v002_proportional",
      "super_glue_v102_proportional",
      "super_glue_v102_proportional_sentinel",
      "wsc_dpr_simple_proportional",
      "all_equal",
  ):
    rates = data.MixtureRegistry.get(name).rates()
    assert rates == published_mixtures[name], name
