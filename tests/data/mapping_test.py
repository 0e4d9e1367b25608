"""Tests of t5_mtf.data.mapping."""

from __future__ import annotations

import tensorflow as tf

from t5_mtf import data
from t5_mtf.data import mapping, preprocessors


@mapping.map_over_dataset(num_seeds=1)
def _draw(example, seed):
  del example
  return tf.random.stateless_uniform([], seed)


@mapping.map_over_dataset(num_seeds=2)
def _seeds(example, seeds):
  del example
  return tf.stack(seeds)


def _numbers(dataset) -> list:
  return [x.tolist() for x in dataset.as_numpy_iterator()]


def _drawn(seed, count=20) -> list:
  with mapping.map_seed_manager(seed):
    return _numbers(_draw(tf.data.Dataset.range(count)))


def test_same_seed_gives_same_choices_and_another_gives_others():
  assert _drawn(1) == _drawn(1)
  assert _drawn(1) != _drawn(2)


def test_every_example_has_seeds_of_its_own():
  assert len(set(_drawn(1, 100))) == 100


def test_repeated_dataset_gets_new_choices_in_each_epoch():
  with mapping.map_seed_manager(1):
    drawn = _numbers(_draw(tf.data.Dataset.range(5).repeat(2)))
  assert set(drawn[:5]).isdisjoint(drawn[5:])


def test_same_dataset_object_gives_the_same_twice():
  with mapping.map_seed_manager(1):
    dataset = _draw(tf.data.Dataset.range(5))
  assert _numbers(dataset) == _numbers(dataset)


def test_each_map_of_a_pipeline_gets_a_seed_of_its_own():
  with mapping.map_seed_manager(1):
    first = _numbers(_draw(tf.data.Dataset.range(5)))
    second = _numbers(_draw(tf.data.Dataset.range(5)))
  assert set(first).isdisjoint(second)


def test_without_a_manager_or_a_seed_pipelines_differ():
  dataset = tf.data.Dataset.range(5)
  assert _numbers(_draw(dataset)) != _numbers(_draw(dataset))
  assert _drawn(None) != _drawn(None)


def test_manager_can_be_nested():
  with mapping.map_seed_manager(1):
    outer = [mapping.next_map_seed()]
    with mapping.map_seed_manager(2):
      mapping.next_map_seed()
    outer.append(mapping.next_map_seed())
  with mapping.map_seed_manager(1):
    assert outer == [mapping.next_map_seed(), mapping.next_map_seed()]


def test_several_seeds_are_int_pairs_that_differ():
  with mapping.map_seed_manager(1):
    (seeds,) = _numbers(_seeds(tf.data.Dataset.range(1)))
  assert len(seeds) == 2
  assert seeds[0] != seeds[1]


def test_plain_map_passes_further_arguments():
  @mapping.map_over_dataset
  def add(example, number, times=1):
    return example + number * times

  assert _numbers(add(tf.data.Dataset.range(2), 10, times=2)) == [20, 21]
  assert add.__name__ == "add"


def test_function_of_a_user_may_branch_on_tensors_also_in_a_denoising_task():
  def halved(example):
    if example["targets"][0] > 5:  # only AutoGraph makes this work in a map
      return {"targets": example["targets"][:2]}
    return example

  def no_noise(length, noise_density, seeds):
    del noise_density, seeds
    if length > 2:
      return tf.zeros([length], tf.bool)
    return tf.ones([length], tf.bool)

  examples = tf.data.Dataset.from_tensors({"targets": [6, 7, 8, 9]})
  short = mapping.map_over_dataset(halved)(examples)
  vocabulary = data.ByteVocabulary(extra_ids=100)
  noisy = preprocessors.denoise(
      short,
      {"targets": data.Feature(vocabulary)},
      noise_density=0.5,
      noise_mask_fn=no_noise,
      inputs_fn=preprocessors.noise_span_to_unique_sentinel,
  )
  assert next(short.as_numpy_iterator())["targets"].tolist() == [6, 7]
  assert next(noisy.as_numpy_iterator())["inputs"].tolist() == [358]


def test_graph_and_eager_mode_agree():
  with tf.Graph().as_default(), mapping.map_seed_manager(1):
    dataset = _draw(tf.data.Dataset.range(3))
    iterator = tf.compat.v1.data.make_initializable_iterator(dataset)
    value = iterator.get_next()
    with tf.compat.v1.Session() as session:
      session.run(iterator.initializer)
      in_graph = [float(session.run(value)) for _ in range(3)]
  assert in_graph == _drawn(1, 3)


def test_seeds_are_the_published_numbers_of_random_datasets():
  with mapping.map_seed_manager(42):
    found = _numbers(_seeds(tf.data.Dataset.range(9)))
  streams = [
      [*map(int, tf.data.Dataset.random(seed).take(9).as_numpy_iterator())]
      for seed in (42, 43, 44, 45)
  ]
  numbers = zip(*streams, strict=True)
  assert found == [[[a, b], [c, d]] for a, b, c, d in numbers]


def test_seed_that_is_unsigned_becomes_one_that_can_be_used():
  large = tf.constant([7, 2**32 - 1], tf.uint32)
  seed = mapping.maybe_cast_seed(large)
  assert seed.numpy().tolist() == [7, 2**32 - 1]
  assert mapping.maybe_cast_seed(tf.constant([1, 2])).dtype == tf.int32


def test_docstring_examples(run_examples):
  run_examples(mapping)
