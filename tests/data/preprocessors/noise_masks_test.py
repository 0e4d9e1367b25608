"""Tests of the noise masks."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from t5_mtf.data.preprocessors import noise_masks


def _seeds(i: int) -> list[tuple[int, int]]:
  return [(i, 1), (i, 2)]


def _span_lengths(mask: np.ndarray) -> list[int]:
  edges = np.flatnonzero(np.diff(np.concatenate([[0], mask, [0]])))
  return (edges[1::2] - edges[::2]).tolist()


def test_iid_mask_has_the_density_on_average():
  masks = [
      noise_masks.iid_noise_mask(500, 0.15, seeds=_seeds(i)).numpy()
      for i in range(40)
  ]
  assert np.mean(masks) == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize("length", [2, 7, 100, 568])
@pytest.mark.parametrize("mean", [1.0, 3.0, 10.0])
def test_random_spans_have_exactly_the_number_of_tokens_and_spans(length, mean):
  for i in range(5):
    mask = noise_masks.random_spans_noise_mask(
        length, 0.15, seeds=_seeds(i), mean_noise_span_length=mean
    ).numpy()
    noise = max(1, round(length * 0.15))
    assert mask.sum() == noise
    assert len(_span_lengths(mask.astype(int))) == max(1, round(noise / mean))
    assert not mask[0]
    assert mask[-1]


def test_random_roll_masks_any_place():
  rolled = [
      noise_masks.random_spans_noise_mask(
          10, 0.2, seeds=_seeds(i), random_roll=True
      ).numpy()
      for i in range(40)
  ]
  assert all(mask.sum() == 2 for mask in rolled)
  assert np.any(rolled, axis=0).all()


def test_no_noise_at_density_0():
  mask = noise_masks.random_spans_noise_mask(9, 0.0, seeds=_seeds(1))
  assert not mask.numpy().any()


def test_a_single_token_is_not_masked():
  mask = noise_masks.random_spans_noise_mask(1, 0.15, seeds=_seeds(1))
  assert mask.numpy().tolist() == [False]


def test_regular_mask_repeats():
  mask = noise_masks.regular_noise_mask(100, 0.25, seeds=_seeds(4)).numpy()
  inner = _span_lengths(mask.astype(int))[1:-1]
  assert len(set(inner)) == 1
  assert mask.mean() == pytest.approx(0.25, abs=0.05)


def test_prefix_mask_is_a_proper_prefix_of_any_length():
  sizes = set()
  for i in range(60):
    mask = noise_masks.random_prefix_noise_mask(6, 0.5, seeds=_seeds(i)).numpy()
    sizes.add(int(mask.sum()))
    assert mask.tolist() == sorted(mask.tolist(), reverse=True)
  assert sizes == {1, 2, 3, 4, 5}


def test_prefix_mask_is_for_half_noise_only():
  with pytest.raises(NotImplementedError, match="noise_density is 0.6"):
    noise_masks.random_prefix_noise_mask(9, 0.6, seeds=_seeds(1))


def test_docstring_examples(run_examples):
  run_examples(noise_masks)


def test_more_spans_than_tokens_between_them_are_an_error():
  with pytest.raises(tf.errors.InvalidArgumentError, match="lower"):
    noise_masks.random_spans_noise_mask(
        100, 0.8, _seeds(0), mean_noise_span_length=2.0
    )


def test_single_token_is_no_prefix():
  mask = noise_masks.random_prefix_noise_mask(1, 0.5, [(1, 2)])
  assert mask.numpy().tolist() == [False]
