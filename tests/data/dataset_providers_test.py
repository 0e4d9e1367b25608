"""Tests of t5_mtf.data.dataset_providers."""

from __future__ import annotations

import collections
import functools

import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import feature_converters, preprocessors

_BYTES = data.ByteVocabulary(extra_ids=100)
_FEATURES = {"inputs": data.Feature(_BYTES), "targets": data.Feature(_BYTES)}
_TEXT_TO_TEXT = (preprocessors.tokenize, preprocessors.append_eos_after_trim)


def _source(count=20, splits=("train", "validation")):
  def dataset_fn(split, shuffle_files, seed=None):
    del split, shuffle_files, seed
    numbers = tf.data.Dataset.range(count)
    return numbers.map(
        lambda i: {"inputs": tf.strings.as_string(i), "targets": "yes"}
    )

  return data.FunctionDataSource(
      dataset_fn, splits, {split: count for split in splits}
  )


def _task(name="a_task", **kwargs) -> data.Task:
  arguments = {
      "source": _source(),
      "output_features": _FEATURES,
      "preprocessors": _TEXT_TO_TEXT,
      **kwargs,
  }
  return data.Task(name, **arguments)


def _values(dataset) -> list:
  return list(dataset.as_numpy_iterator())


def _inputs(dataset) -> list[str]:
  return [_BYTES.decode(e["inputs"]) for e in dataset.as_numpy_iterator()]


@pytest.fixture
def registered():
  """Registers tasks that draw their own letter; removes all afterwards."""
  names = []

  def register(letter, count=50, rate_splits=("train",), features=_FEATURES):
    def dataset_fn(split, shuffle_files, seed=None):
      del split, shuffle_files, seed
      return tf.data.Dataset.from_tensors(
          {"inputs": letter, "targets": letter}
      ).repeat(count)

    name = f"test_task_{letter}"
    data.TaskRegistry.add(
        name,
        source=data.FunctionDataSource(
            dataset_fn, rate_splits, dict.fromkeys(rate_splits, count)
        ),
        output_features=features,
        preprocessors=_TEXT_TO_TEXT,
    )
    names.append(name)
    return name

  yield register
  for name in names:
    data.TaskRegistry.remove(name)


class TestTask:

  def test_gives_ids_that_end_with_eos_and_keeps_the_text(self):
    dataset = _task().get_dataset({"inputs": 4, "targets": 3}, shuffle=False)
    example = _values(dataset)[12]
    assert example["inputs"].tolist() == [*_BYTES.encode("12"), 1]
    assert example["targets"].tolist() == [*_BYTES.encode("ye"), 1]
    assert example["inputs_pretokenized"] == b"12"

  def test_same_seed_gives_same_order(self):
    task = _task()
    orders = [_inputs(task.get_dataset(seed=seed)) for seed in (1, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]

  def test_order_is_the_published_one_of_the_seed(self):
    dataset = _task(source=_source(50)).get_dataset(seed=5)
    assert _inputs(dataset)[:6] == ["15", "20", "37", "23", "21", "16"]

  def test_shuffling_loses_nothing(self):
    found = _inputs(_task().get_dataset(seed=1))
    assert sorted(found, key=int) == [str(i) for i in range(20)]

  def test_repeats(self):
    once = [str(i) for i in range(20)]
    dataset = _task().get_dataset(shuffle=False, num_epochs=2)
    assert _inputs(dataset) == 2 * once
    forever = _task().get_dataset(shuffle=False, num_epochs=None)
    assert _inputs(forever.take(45)) == (3 * once)[:45]

  def test_random_preprocessors_choose_anew_in_each_epoch(self):
    task = _task(preprocessors=[*_TEXT_TO_TEXT, _draw])
    drawn = _drawn(task.get_dataset(shuffle=False, seed=1, num_epochs=2))
    assert set(drawn[:20]).isdisjoint(drawn[20:])
    again = task.get_dataset(shuffle=False, seed=1, num_epochs=2)
    assert drawn == _drawn(again)

  def test_random_choices_are_the_published_ones_of_the_seed(self):
    # Before and after the place of the cache; from the published package.
    place = data.CacheDatasetPlaceholder()
    steps = [data.tokenize, _draw, place, _append]
    dataset = _task(preprocessors=steps).get_dataset(seed=0, shuffle=False)
    assert _values(dataset)[0]["inputs"].tolist() == [237963, 60961]

  @pytest.mark.parametrize("num_shards", [1, 2, 3, 7])
  def test_shards_in_turn_are_the_same_stream(self, num_shards):
    task = _task(preprocessors=[*_TEXT_TO_TEXT, _draw])
    whole = _drawn(task.get_dataset(seed=1, num_epochs=2))
    found = [None] * len(whole)
    for index in range(num_shards):
      shard = data.ShardInfo(index, num_shards)
      part = task.get_dataset(seed=1, num_epochs=2, shard_info=shard)
      found[index::num_shards] = _drawn(part)
    assert found == whole

  def test_shards_of_unseeded_orders_are_refused(self):
    shard = data.ShardInfo(0, 2)
    with pytest.raises(errors.UserError, match="needs a seed"):
      _task().get_dataset(shard_info=shard)
    unshuffled = _task().get_dataset(shuffle=False, shard_info=shard)
    assert len(_inputs(unshuffled)) == 10

  def test_arguments_are_filled_in_by_name(self):
    seen = {}

    def first(dataset, sequence_length):
      seen["first"] = sequence_length
      return dataset

    def second(dataset, sequence_length=None, output_features=None):
      seen["second"] = (sequence_length, output_features)
      return dataset

    bound = functools.partial(second, sequence_length={"inputs": 1})
    task = _task(preprocessors=[*_TEXT_TO_TEXT, first, bound])
    task.get_dataset({"inputs": 9, "targets": 9})
    assert seen["first"] == {"inputs": 9, "targets": 9}
    assert seen["second"] == ({"inputs": 1}, _FEATURES)

  def test_trims_only_when_asked(self):
    fns = [preprocessors.tokenize, preprocessors.append_eos]
    task = _task(preprocessors=fns)
    lengths = {"inputs": 9, "targets": 2}
    trimmed = _values(task.get_dataset(lengths))[0]["targets"]
    assert trimmed.tolist() == _BYTES.encode("ye")
    whole = task.get_dataset(lengths, trim_output_features=False)
    assert _values(whole)[0]["targets"].tolist() == [*_BYTES.encode("yes"), 1]

  def test_missing_output_feature_is_an_error(self):
    task = _task(preprocessors=[preprocessors.tokenize, _drop_targets])
    with pytest.raises(
        errors.UserError,
        match="^Task dataset is missing expected output feature after"
        " preprocessing: targets .*a_task",
    ):
      task.get_dataset()

  def test_optional_feature_may_be_missing(self):
    features = {**_FEATURES, "targets": data.Feature(_BYTES, required=False)}
    task = _task(
        preprocessors=[preprocessors.tokenize, _drop_targets],
        output_features=features,
    )
    assert "targets" not in _values(task.get_dataset())[0]

  def test_text_in_place_of_ids_is_an_error(self):
    task = _task(preprocessors=[])
    with pytest.raises(errors.UserError, match="Got string, expected int32"):
      task.get_dataset()

  def test_metrics_are_told_apart_by_their_arguments(self):
    def exact(targets, predictions, strict=True):
      del targets, predictions, strict
      return {}

    def rank(targets, scores):
      del targets, scores
      return {}

    task = _task(metric_fns=[exact, rank])
    assert task.predict_metric_fns == [exact]
    assert task.score_metric_fns == [rank]
    with pytest.raises(errors.UserError, match="predictions"):
      _task(metric_fns=[lambda outputs: {}])

  def test_postprocessor_gets_the_example(self):
    def upper(text, example=None, is_target=False):
      return (text.upper(), example, is_target)

    assert _task().postprocess_fn("x", example={}, is_target=True) == "x"
    task = _task(postprocess_fn=upper)
    assert task.postprocess_fn("x", example={"i": 1}, is_target=True) == (
        "X", {"i": 1}, True
    )  # fmt: skip

  def test_replace_changes_what_it_names(self):
    task = _task()
    other = task.replace(name="other", preprocessors=[])
    assert (other.name, other.preprocessors) == ("other", ())
    assert other.source is task.source
    with pytest.raises(errors.UserError, match="^Expected keys"):
      task.replace(nmae="other")

  def test_shuffling_can_be_forbidden(self):
    task = _task(shuffle_buffer_size=None)
    with pytest.raises(errors.UserError, match="^Shuffling is disallowed"):
      task.get_dataset()
    assert len(_inputs(task.get_dataset(shuffle=False))) == 20

  def test_trims_every_dimension_that_has_a_limit(self):
    dataset = tf.data.Dataset.from_tensors({"a": tf.ones([3, 4]), "b": [1, 2]})
    cut = data.trim_dataset(dataset, {"a": (2, 3), "b": None}, ["a", "b"])
    example = _values(cut)[0]
    assert example["a"].shape == (2, 3)
    assert example["b"].shape == (2,)

  def test_get_dataset_makes_batches_of_rows(self):
    rows = data.get_dataset(
        _task(),
        {"inputs": 4, "targets": 5},
        feature_converters.encoder_decoder,
        batch_size=2,
    )
    assert next(iter(rows))["targets"].shape == (2, 5)

  def test_name_is_checked(self):
    with pytest.raises(errors.UserError, match="Task name 'a task' contains"):
      _task("a task")


class TestMixture:

  def test_samples_at_the_given_rates(self, registered):
    a, b = registered("a"), registered("b")
    mixture = data.Mixture("m", [(a, 3), (b, 1)])
    counts = collections.Counter(
        _inputs(mixture.get_dataset(seed=1).take(2000))
    )
    assert counts["a"] / 2000 == pytest.approx(0.75, abs=0.03)

  def test_same_seed_gives_same_sequence(self, registered):
    mixture = data.Mixture("m", [registered("a"), registered("b")], 1.0)
    drawn = [
        _inputs(mixture.get_dataset(seed=seed).take(40)) for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]

  def test_nested_rates_multiply_and_add_up(self, registered):
    a, b, c = registered("a"), registered("b"), registered("c")
    data.MixtureRegistry.add("test_inner", [(a, 1), (b, 3)])
    try:
      outer = data.Mixture("m", [("test_inner", 8), (c, 1), (a, 0.5)])
      assert outer.rates() == {a: 2.5, b: 6.0, c: 1.0}
      assert [task.name for task in outer.tasks] == [a, b, c]
    finally:
      data.MixtureRegistry.remove("test_inner")

  def test_get_rate_and_total_rate_agree_with_rates(self, registered):
    a, b = registered("a"), registered("b")
    data.MixtureRegistry.add("test_inner", [(a, 1), (b, 1)])
    try:
      outer = data.Mixture("m", [("test_inner", 1), (a, 1)])
      tasks = {task.name: outer.get_rate(task) for task in outer.tasks}
      assert tasks == {a: 1.5, b: 0.5} == outer.rates()
      assert outer.total_rate == 2.0
      assert outer.rate_per_task_name == {"test_inner": 1, a: 1}
    finally:
      data.MixtureRegistry.remove("test_inner")

  def test_get_rate_does_not_compute_the_rates_of_other_tasks(self, registered):
    a, b = registered("a"), registered("b")
    mixture = data.Mixture("m", [(a, 2), (b, lambda task: 1 / 0)])
    assert mixture.get_rate(data.TaskRegistry.get(a)) == 2.0
    assert callable(mixture.rate_per_task_name[b])

  def test_members_may_be_tasks_that_are_not_registered(self):
    one, two = _task("one"), _task("two")
    mixture = data.Mixture("m", [(one, 1), (two, 3)])
    assert mixture.tasks == [one, two]
    assert mixture.rates() == {"one": 1.0, "two": 3.0}
    assert data.get_subtasks(mixture) == [one, two]
    assert data.get_subtasks(one) == [one]

  @pytest.mark.parametrize("num_shards", [1, 2, 3])
  def test_shards_in_turn_are_the_same_stream(self, num_shards):
    mixture = data.Mixture("m", [_task("one"), _task("two")], 1.0)
    whole = _inputs(mixture.get_dataset(seed=1, num_epochs=1))
    found = [None] * len(whole)
    for index in range(num_shards):
      shard = data.ShardInfo(index, num_shards)
      part = mixture.get_dataset(seed=1, num_epochs=1, shard_info=shard)
      found[index::num_shards] = _inputs(part)
    assert found == whole

  def test_keeps_the_features_that_are_asked_for(self):
    mixture = data.Mixture("m", [_task("one")], 1.0)
    plain = next(mixture.get_dataset().as_numpy_iterator())
    assert set(plain) == {"inputs", "targets"}
    kept = mixture.get_dataset(copy_pretokenized=True)
    assert next(kept.as_numpy_iterator())["targets_pretokenized"] == b"yes"
    one = mixture.get_dataset(passthrough_features=["inputs_pretokenized"])
    assert "inputs_pretokenized" in next(one.as_numpy_iterator())

  def test_sample_fn_mixes(self):
    def in_turn(datasets, rates, seed):
      del rates, seed
      return datasets[0].concatenate(datasets[1])

    mixture = data.Mixture("m", [_task("one"), _task("two")], 1.0, in_turn)
    found = _inputs(mixture.get_dataset(shuffle=False, num_epochs=1))
    assert found == 2 * [str(i) for i in range(20)]

  def test_rate_may_be_a_function(self, registered):
    a, b = registered("a", count=30), registered("b", count=10)
    mixture = data.Mixture("m", [a, (b, 5)], data.rate_num_examples)
    assert mixture.rates() == {a: 30.0, b: 5.0}

  def test_a_task_of_rate_0_is_not_sampled_but_evaluated(self, registered):
    a, b = registered("a"), registered("b")
    mixture = data.Mixture("m", [(a, 0), (b, 1)])
    assert [task.name for task in mixture.tasks] == [a, b]
    assert set(_inputs(mixture.get_dataset(seed=1, num_epochs=1))) == {"b"}

  @pytest.mark.parametrize("rate", [-1, float("nan"), float("inf")])
  def test_bad_rate_is_an_error(self, registered, rate):
    mixture = data.Mixture("m", [(registered("a"), rate)])
    with pytest.raises(errors.UserError, match="the rate of 'test_task_a'"):
      mixture.rates()

  def test_all_rates_0_is_an_error(self, registered):
    with pytest.raises(errors.UserError, match="all rates are 0"):
      data.Mixture("m", [(registered("a"), 0)]).rates()

  def test_missing_rate_is_an_error(self):
    with pytest.raises(errors.UserError, match="'x' has no rate"):
      data.Mixture("m", ["x"])

  def test_a_task_that_comes_twice_is_an_error(self):
    with pytest.raises(errors.UserError, match="'x' twice"):
      data.Mixture("m", ["x", "x"], 1.0)

  def test_no_task_is_an_error(self):
    with pytest.raises(errors.UserError, match="must be a list"):
      data.Mixture("m", [])

  def test_features_must_agree(self, registered):
    other = data.Feature(data.ByteVocabulary(extra_ids=3))
    a = registered("a")
    b = registered("b", features={**_FEATURES, "targets": other})
    mixture = data.Mixture("m", [a, b], 1.0)
    with pytest.raises(
        errors.UserError, match="'targets'.*test_task_a.*test_task_b"
    ):
      mixture.get_dataset()

  def test_one_epoch_has_every_example_of_every_task_once(self, registered):
    a, b = registered("a", count=30), registered("b", count=10)
    mixture = data.Mixture("m", [a, b], data.rate_num_examples)
    found = _inputs(mixture.get_dataset(seed=1, num_epochs=1))
    assert collections.Counter(found) == {"a": 30, "b": 10}
    assert mixture.num_input_examples("train") == 40

  def test_split_of_some_tasks_samples_those_only(self, registered):
    a = registered("a", rate_splits=("train", "validation"))
    mixture = data.Mixture("m", [a, registered("b")], 1.0)
    assert mixture.splits == ["train", "validation"]
    dataset = mixture.get_dataset(split="validation", num_epochs=1)
    assert set(_inputs(dataset)) == {"a"}
    with pytest.raises(errors.UnknownNameError, match="validation"):
      mixture.get_dataset(split="validatoin")


@preprocessors.map_over_dataset(num_seeds=1)
def _draw(example, seed):
  number = tf.random.stateless_uniform([], seed, 0, 10**6, tf.int32)
  return {**example, "inputs": number[tf.newaxis]}


@preprocessors.map_over_dataset(num_seeds=1)
def _append(example, seed):
  number = tf.random.stateless_uniform([], seed, 0, 10**6, tf.int32)
  return {**example, "inputs": tf.concat([example["inputs"], [number]], 0)}


def _drawn(dataset) -> list[int]:
  return [int(e["inputs"][0]) for e in dataset.as_numpy_iterator()]


def _drop_targets(dataset):
  return dataset.map(lambda example: {"inputs": example["inputs"]})
