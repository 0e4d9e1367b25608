"""Tests of the functions of noise; golden_test.py has their results."""

from __future__ import annotations

import tensorflow as tf

from t5_mtf import data
from t5_mtf.data.preprocessors import noise_fns

_VOCABULARY = data.ByteVocabulary(extra_ids=100)


def test_random_tokens_spare_the_special_ids():
  drawn = noise_fns.noise_token_to_random_token(
      tf.zeros([3000], tf.int32),
      tf.ones([3000], tf.bool),
      _VOCABULARY,
      seeds=[(1, 2)],
  ).numpy()
  assert drawn.min() == 3
  assert drawn.max() == _VOCABULARY.vocab_size - 1


def test_permuted_noise_is_the_same_noise_at_the_same_places():
  tokens = tf.range(3, 103)
  mask = tokens % 3 == 0
  found = noise_fns.permute_noise_tokens(
      tokens, mask, _VOCABULARY, seeds=[(1, 2)]
  ).numpy()
  kept = ~mask.numpy()
  assert (found[kept] == tokens.numpy()[kept]).all()
  assert sorted(found) == tokens.numpy().tolist()
  assert (found != tokens.numpy()).any()


def test_rows_of_unequal_length_are_padded():
  tokens = tf.constant([[5, 6, 7], [8, 9, 10]])
  mask = tf.constant([[True, True, False], [False, False, False]])
  found = noise_fns.noise_span_to_unique_sentinel(
      tokens, mask, _VOCABULARY, seeds=(), batch_size=2
  )
  assert found.numpy().tolist() == [[358, 7, 0], [8, 9, 10]]


def test_docstring_examples(run_examples):
  run_examples(noise_fns)
