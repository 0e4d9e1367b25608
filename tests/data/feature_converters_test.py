"""Tests of t5_mtf.data.feature_converters."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import errors
from t5_mtf.data import feature_converters

_LENGTHS = {"inputs": 6, "targets": 4}


def _dataset() -> tf.data.Dataset:
  return tf.data.Dataset.from_tensors(
      {"inputs": [5, 6, 1], "targets": [7, 1], "inputs_pretokenized": "x"}
  ).repeat(2)


def _rows(dataset) -> list[dict[str, list[int]]]:
  return [
      {key: value.tolist() for key, value in row.items()}
      for row in dataset.as_numpy_iterator()
  ]


def test_encoder_decoder_packed():
  rows = _rows(feature_converters.encoder_decoder(_dataset(), _LENGTHS))
  assert rows == [{
      "inputs": [5, 6, 1, 5, 6, 1],
      "inputs_segmentation": [1, 1, 1, 2, 2, 2],
      "inputs_position": [0, 1, 2, 0, 1, 2],
      "targets": [7, 1, 7, 1],
      "targets_segmentation": [1, 1, 2, 2],
      "targets_position": [0, 1, 0, 1],
  }]


def test_encoder_decoder_padded():
  rows = _rows(
      feature_converters.encoder_decoder(_dataset(), _LENGTHS, pack=False)
  )
  assert rows == 2 * [{"inputs": [5, 6, 1, 0, 0, 0], "targets": [7, 1, 0, 0]}]


def test_language_model_has_targets_only():
  packed = _rows(feature_converters.language_model(_dataset(), _LENGTHS))
  assert packed == [{
      "targets": [7, 1, 7, 1],
      "targets_segmentation": [1, 1, 2, 2],
      "targets_position": [0, 1, 0, 1],
  }]
  padded = _rows(
      feature_converters.language_model(_dataset(), _LENGTHS, pack=False)
  )
  assert padded == 2 * [{"targets": [7, 1, 0, 0]}]


def test_prefix_language_model_joins_inputs_and_targets():
  packed = _rows(feature_converters.prefix_language_model(_dataset(), _LENGTHS))
  assert packed == [{
      "targets": [5, 6, 1, 7, 1, 5, 6, 1, 7, 1],
      "targets_segmentation": [1, 1, 1, 1, 1, 2, 2, 2, 2, 2],
      "targets_position": [0, 1, 2, 3, 4, 0, 1, 2, 3, 4],
  }]
  padded = _rows(
      feature_converters.prefix_language_model(
          _dataset(), _LENGTHS, pack=False
      )
  )
  assert padded == 2 * [{"targets": [5, 6, 1, 7, 1, 0, 0, 0, 0, 0]}]


def test_missing_feature_is_named():
  dataset = tf.data.Dataset.from_tensors({"targets": [7, 1]})
  with pytest.raises(errors.UserError, match="no 'inputs'"):
    feature_converters.encoder_decoder(dataset, _LENGTHS)


def test_missing_length_is_named():
  with pytest.raises(errors.UserError, match="'targets' needs a length"):
    feature_converters.language_model(_dataset(), {"inputs": 6})
