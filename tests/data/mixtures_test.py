"""Tests of t5_mtf.data.mixtures."""

from __future__ import annotations

import gin
import pytest
import tensorflow as tf

from t5_mtf import data, errors


def _task(count) -> data.Task:
  source = data.FunctionDataSource(
      lambda split, shuffle_files, seed=None: tf.data.Dataset.range(1),
      ["train"],
      {"train": count} if count else None,
  )
  return data.Task("sized", source=source, output_features={})


@pytest.mark.parametrize(
    ("arguments", "rate"),
    [
        ({}, 10000.0),
        ({"maximum": 4096}, 4096.0),
        ({"temperature": 2.0}, 100.0),
        ({"scale": 0.5}, 5000.0),
        ({"scale": 2.0, "maximum": 16384, "temperature": 2.0}, 128.0),
    ],
)
def test_rate_is_limited_examples_to_the_power_of_one_over_t(arguments, rate):
  found = data.rate_num_examples(_task(10000), **arguments)
  assert found == pytest.approx(rate)


def test_unknown_number_of_examples_is_an_error():
  with pytest.raises(errors.UserError, match="examples of 'sized'"):
    data.rate_num_examples(_task(None))


def test_cached_size_alone_is_an_error():
  with pytest.raises(errors.UserError, match="'sized' does not exist in any"):
    data.rate_num_examples(_task(5), fallback_to_num_input_examples=False)


def test_gin_sets_the_rates_under_their_published_names():
  gin.parse_config(
      "t5.data.utils.rate_num_examples.maximum = 7\n"
      "rate_unsupervised.value = 5\n"
  )
  assert data.rate_num_examples(_task(10)) == 7
  assert data.rate_unsupervised(_task(10)) == 5
