"""Tests of span corruption on real token ids: its statistics and inverse."""

from __future__ import annotations

import gin
import numpy as np
import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.preprocessors import spans

_VOCABULARY = data.get_default_vocabulary()
_FEATURES = {
    "inputs": data.Feature(_VOCABULARY),
    "targets": data.Feature(_VOCABULARY),
}
_LENGTHS = {"inputs": 512, "targets": 114}
_FIRST_SENTINEL = 32099
_LAST_SENTINEL = 32000

_SPANS_OF_3 = """
  random_spans_helper.inputs_length = 512
  random_spans_helper.noise_density = 0.15
  random_spans_helper.mean_noise_span_length = 3.0
  random_spans_helper.extra_tokens_per_span_inputs = 1
  random_spans_helper.extra_tokens_per_span_targets = 1
"""


def _documents() -> list[np.ndarray]:
  rng = np.random.default_rng(0)
  return [
      rng.integers(3, 32000, rng.integers(50, 900)).astype(np.int32)
      for _ in range(200)
  ]


def _corrupted(seed=1, **kwargs) -> list[dict[str, list[int]]]:
  dataset = tf.data.Dataset.from_generator(
      lambda: ({"targets": d} for d in _documents()),
      output_signature={"targets": tf.TensorSpec([None], tf.int32)},
  )
  with data.map_seed_manager(seed):
    dataset = preprocessors.span_corruption(
        dataset, _LENGTHS, _FEATURES, **kwargs
    )
  return [
      {key: value.tolist() for key, value in example.items()}
      for example in dataset.as_numpy_iterator()
  ]


def _is_sentinel(token: int) -> bool:
  return _LAST_SENTINEL <= token <= _FIRST_SENTINEL


def _restored(example) -> list[int]:
  """Puts the spans of the targets back where the sentinels are."""
  filling, sentinel = {}, None
  for token in example["targets"]:
    if _is_sentinel(token):
      sentinel = token
      filling[sentinel] = []
    else:
      filling[sentinel].append(token)
  text = []
  for token in example["inputs"]:
    text += filling.pop(token) if _is_sentinel(token) else [token]
  assert not filling
  return text


@pytest.fixture(scope="module")
def corrupted():
  return _corrupted()


def test_inputs_and_targets_restore_the_text_exactly(corrupted):
  text = [token for example in corrupted for token in _restored(example)]
  assert text == np.concatenate(_documents()).tolist()


def test_sentinels_are_unique_and_in_order_in_both(corrupted):
  for example in corrupted:
    for key in "inputs", "targets":
      found = [token for token in example[key] if _is_sentinel(token)]
      assert found == [_FIRST_SENTINEL - i for i in range(len(found))]
    assert example["targets"][0] == _FIRST_SENTINEL


def test_lengths_are_filled_exactly(corrupted):
  # The last piece of each merged batch of 128 documents is shorter.
  full = [e for e in corrupted if len(e["inputs"]) == 511]
  assert len(full) >= len(corrupted) - 2
  assert {len(example["targets"]) for example in full} == {113}


def test_noise_is_15_percent_in_spans_of_3(corrupted):
  noise = spans_found = total = 0
  for example in corrupted:
    sentinels = sum(map(_is_sentinel, example["targets"]))
    noise += len(example["targets"]) - sentinels
    total += len(_restored(example))
    spans_found += sentinels
  assert noise / total == pytest.approx(0.15, abs=0.002)
  assert noise / spans_found == pytest.approx(3.0, abs=0.05)


def test_span_lengths_and_places_vary(corrupted):
  lengths = set()
  for example in corrupted:
    places = [i for i, t in enumerate(example["targets"]) if _is_sentinel(t)]
    lengths.update(np.diff([*places, len(example["targets"])]) - 1)
  assert {1, 2, 3, 4, 5, 6} <= lengths
  assert 0 not in lengths


def test_seed_decides_everything(corrupted):
  assert _corrupted(seed=1) == corrupted
  assert _corrupted(seed=2) != corrupted


def test_without_merging_no_piece_has_text_of_two_documents():
  pieces = _corrupted(merge_examples_to_reduce_padding=False)
  ends = set(np.cumsum([len(d) for d in _documents()]).tolist())
  at = set(np.cumsum([len(_restored(piece)) for piece in pieces]).tolist())
  assert ends <= at


def test_targets_that_do_not_fit_are_an_error():
  dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7]})
  with pytest.raises(errors.UserError, match="need targets of 114 ids"):
    preprocessors.span_corruption(
        dataset, {"inputs": 512, "targets": 100}, _FEATURES
    )


def test_features_cannot_pass_through_merged_examples():
  dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7], "id": 1})
  with pytest.raises(errors.UserError, match="cannot keep"):
    preprocessors.span_corruption(
        dataset, _LENGTHS, _FEATURES, passthrough_feature_keys=["id"]
    )


def test_missing_lengths_are_an_error():
  dataset = tf.data.Dataset.from_tensors({"targets": [5, 6, 7]})
  with pytest.raises(errors.UserError, match="needs sequence_length"):
    preprocessors.span_corruption(dataset, None, _FEATURES)


@pytest.mark.parametrize("inputs_length", [16, 64, 128, 512, 2048])
@pytest.mark.parametrize("noise_density", [0.1, 0.15, 0.25, 0.5])
@pytest.mark.parametrize("mean_noise_span_length", [2.0, 3.0, 10.0])
def test_helper_finds_the_most_text_that_fits(
    inputs_length, noise_density, mean_noise_span_length
):
  tokens, targets_length = preprocessors.random_spans_helper(
      inputs_length, noise_density, mean_noise_span_length, 1, 1
  )
  noise = round(tokens * noise_density)
  spans_found = round(noise / mean_noise_span_length)
  assert tokens - noise + spans_found + 1 <= inputs_length
  assert targets_length == noise + spans_found + 1


def test_published_objective_in_gin_gives_the_same_as_span_corruption():
  gin.parse_config(_SPANS_OF_3 + """
    unsupervised.preprocessors = [
      @select_random_chunk, @reduce_concat_tokens, @split_tokens, @denoise]
    select_random_chunk.max_length = 65536
    split_tokens.max_tokens_per_segment = @random_spans_tokens_length()
    preprocessors.denoise.noise_density = 0.15
    preprocessors.denoise.noise_mask_fn = @preprocessors.random_spans_noise_mask
    preprocessors.denoise.inputs_fn = @noise_span_to_unique_sentinel
    preprocessors.denoise.targets_fn = @nonnoise_span_to_unique_sentinel
    vocabularies.Vocabulary.extra_ids = 100
  """)
  dataset = tf.data.Dataset.from_tensors({"targets": tf.range(3, 2000)})
  results = []
  for objective in preprocessors.unsupervised, preprocessors.span_corruption:
    with data.map_seed_manager(1):
      found = objective(
          dataset, output_features=_FEATURES, sequence_length=_LENGTHS
      )
    results.append([e["inputs"].tolist() for e in found.as_numpy_iterator()])
  assert results[0] == results[1]
  assert len(results[0]) == 4


def test_docstring_examples(run_examples):
  run_examples(spans, SPANS_OF_3=_SPANS_OF_3)
