"""Tests of t5_mtf.data.tasks.unlabeled on a few documents in C4's format.

The documents are written by TensorFlow Datasets with the features of its C4
builder; making C4 itself needs Common Crawl.
"""

from __future__ import annotations

import gin
import numpy as np
import pytest
import tensorflow as tf

from t5_mtf import data

_TEXT = (
    "It was the best of times, it was the worst of times, it was the age of"
    " wisdom, it was the age of foolishness."
)
_DOCUMENTS = 4


@pytest.fixture(scope="module", autouse=True)
def c4(tmp_path_factory):
  import tensorflow_datasets as tfds

  folder = tmp_path_factory.mktemp("tfds")
  features = tfds.builder("c4/en:2.2.0", data_dir=folder).info.features
  rows = {
      key: [f"{key} {i}" for i in range(_DOCUMENTS)] for key in features
  } | {"text": [_TEXT] * _DOCUMENTS}
  documents = tf.data.Dataset.from_tensor_slices(rows)
  tfds.dataset_builders.store_as_tfds_dataset(
      name="c4",
      config="en",
      version="2.2.0",
      features=features,
      split_datasets={"train": documents},
      data_dir=folder,
  )
  data.set_tfds_data_dir_override(str(folder))
  yield
  data.set_tfds_data_dir_override(None)


def _examples(name, length):
  dataset = data.TaskRegistry.get(name).get_dataset(
      length, split="train", shuffle=False, seed=1
  )
  return list(dataset.as_numpy_iterator())


@pytest.mark.parametrize(
    "name",
    [
        "c4_v220_span_corruption",
        "c4_v220_iid_denoising",
        "c4_v220_prefix_lm",
    ],
)
def test_inputs_and_targets_restore_the_document(name):
  vocabulary = data.get_default_vocabulary()
  for example in _examples(name, {"inputs": 128, "targets": 128}):
    spans = {}
    for token in example["targets"][:-1]:
      if token >= 32000:
        span = spans.setdefault(int(token), [])
      else:
        span = spans.setdefault(None, []) if not spans else span
        span.append(int(token))
    restored = []
    for token in example["inputs"][:-1]:
      restored += spans.get(int(token), []) if token >= 32000 else [int(token)]
    restored += spans.get(None, [])
    text = vocabulary.decode(restored)
    assert text and text in " ".join([_TEXT] * _DOCUMENTS), (text, example)


def test_the_objective_of_unsupervised_is_configured_through_gin():
  gin.parse_config("""
      preprocessors.unsupervised.preprocessors = [
          @preprocessors.select_random_chunk,
          @preprocessors.reduce_concat_tokens,
          @preprocessors.split_tokens,
          @preprocessors.denoise]
      denoise.noise_density = 0.5
      denoise.noise_mask_fn = @preprocessors.random_prefix_noise_mask
      denoise.inputs_fn = @preprocessors.drop_nonnoise_tokens
      denoise.targets_fn = @preprocessors.drop_noise_tokens
      preprocessors.split_tokens.max_tokens_per_segment = 24
      preprocessors.reduce_concat_tokens.batch_size = 4
  """)
  examples = _examples(
      "c4_v020_unsupervised", {"inputs": 32, "targets": 32}
  )
  assert examples
  for example in examples:
    assert not np.any(example["inputs"] >= 32000)
    assert example["inputs"][-1] == example["targets"][-1] == 1
    assert len(example["inputs"]) + len(example["targets"]) <= 26


def test_a_full_language_model_reads_documents_on_end():
  vocabulary = data.get_default_vocabulary()
  examples = _examples("c4_v220_full_lm", {"targets": 16})
  assert {len(example["targets"]) for example in examples[:-1]} == {16}
  assert all("inputs" not in example for example in examples)
  flat = np.concatenate([example["targets"] for example in examples])
  assert flat.tolist() == [*vocabulary.encode(_TEXT), 1] * _DOCUMENTS


def test_a_packed_prefix_language_model_has_its_published_features():
  for architecture in ("encoder_decoder", "decoder"):
    name = f"c4_prefix_lm_objective_{architecture}_architecture"
    task = data.TaskRegistry.get(name)
    required = {k for k, f in task.output_features.items() if f.required}
    examples = _examples(name, {"inputs": 16, "targets": 16})
    assert examples
    for example in examples:
      assert required <= set(example)


def test_wikipedia_and_c4_have_the_same_steps():
  wikipedia = data.TaskRegistry.get("wikipedia_20190301.en_v003_unsupervised")
  c4_task = data.TaskRegistry.get("c4_v020_unsupervised")
  assert [type(step) for step in wikipedia.preprocessors] == [
      type(step) for step in c4_task.preprocessors
  ]
  assert wikipedia.source.tfds_name == "wikipedia/20190301.en:1.0.0"
