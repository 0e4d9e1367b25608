"""Targets are scored by the sum of their tokens' log-probabilities."""

import dataclasses
import functools
import math

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.models import checkpoints, scoring, training
from t5_mtf.tf_compat import tf
from tests.models import numpy_t5, tiny

INPUTS = [[10, 11, 12, 1], [40, 1], [9, 8, 7, 6, 5, 4, 3, 2, 1], [33, 34, 1]]
TARGETS = [[20, 1], [21, 22, 23, 24, 25, 1], [30, 31, 1], [90] * 9 + [1]]


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  training.train(tiny.settings(folder))
  return folder


def _settings(model_dir):
  return tiny.settings(model_dir, mode="eval")


def test_scores_equal_a_softmax_by_hand(model_dir):
  path = checkpoints.find(str(model_dir))
  found = scoring.score(_settings(model_dir), INPUTS, TARGETS, path)
  variables = tf.train.load_checkpoint(path)
  get = functools.cache(variables.get_tensor)
  for i, (source, target) in enumerate(zip(INPUTS, TARGETS, strict=True)):
    source = source if len(source) <= 8 else source[:7] + source[-1:]
    target = target if len(target) <= 8 else target[:7] + target[-1:]
    logits = numpy_t5.logits(get, source, [0, *target[:-1]])
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_softmax = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    by_hand = log_softmax[np.arange(len(target)), target].sum()
    assert found.log_likelihoods[i] == pytest.approx(by_hand, abs=1e-4)
    assert found.tokens[i] == len(target)
  assert (found.truncated_inputs, found.truncated_targets) == (1, 1)


def test_means_and_perplexities_are_by_token():
  found = scoring.Scores((-6.0, -1e6), (3, 2), 0, 0)
  assert found.means == [-2.0, -5e5]
  assert found.perplexities == [pytest.approx(math.exp(2.0)), math.inf]


def test_inputs_and_targets_must_be_as_many(model_dir):
  with pytest.raises(errors.UserError, match="2 inputs but 1 targets"):
    scoring.score(_settings(model_dir), [[1], [1]], [[1]], "unused")


def test_an_encoder_decoder_needs_inputs(model_dir):
  with pytest.raises(errors.UserError, match="there are no inputs"):
    scoring.score(_settings(model_dir), None, [[1]], "unused")


def test_a_language_model_reads_the_inputs_and_scores_the_targets(tmp_path):
  settings = tiny.settings(
      tmp_path,
      model_type="lm",
      sequence_length={"targets": 8},
      train_dataset_fn=lambda **unused: tf.data.Dataset.from_tensor_slices(
          {"targets": np.full((20, 8), 7, "int32")}
      ).repeat(),
  )
  path = training.train(settings)
  settings = dataclasses.replace(settings, mode="eval")
  joined = scoring.score(settings, None, [[5, 6, 7, 1]], path)
  parts = scoring.score(settings, [[5, 6, 1]], [[7, 1]], path)
  prefix = scoring.score(settings, None, [[5, 6]], path)
  assert parts.tokens == (2,)
  assert parts.log_likelihoods[0] + prefix.log_likelihoods[
      0
  ] == pytest.approx(joined.log_likelihoods[0], abs=1e-4)
