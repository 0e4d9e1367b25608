"""Reading examples in bulk changes no stream."""

from __future__ import annotations

import pytest
import tensorflow as tf

from t5_mtf import data
from t5_mtf.data import bulk, preprocessors
from t5_mtf.data.mapping import unconverted
from t5_mtf.data.task import with_saveable_state

_FEATURES = {"targets": data.Feature(data.get_mini_vocabulary())}


def _texts() -> tf.data.Dataset:
  """Short and long texts, and some that have no tokens."""
  texts = [
      "" if i % 11 == 3 else f"the {i} men went up. " * (1 + i % 13)
      for i in range(1, 700)
  ]
  return tf.data.Dataset.from_tensor_slices({"targets": texts})


def _tokens() -> tf.data.Dataset:
  return preprocessors.tokenize(_texts(), _FEATURES, copy_pretokenized=False)


def _one_by_one(dataset: tf.data.Dataset) -> tf.data.Dataset:
  same = dataset.map(unconverted(lambda example: example))
  assert bulk.find(same, "targets") is None
  return same


def _joined(tokens: tf.data.Dataset, between=lambda x: x, **chunks):
  with data.map_seed_manager(5):
    chosen = preprocessors.select_random_chunk(tokens, _FEATURES, **chunks)
    return preprocessors.reduce_concat_tokens(between(chosen), batch_size=50)


def _ids(dataset: tf.data.Dataset) -> list[list[int]]:
  return [e["targets"].tolist() for e in dataset.as_numpy_iterator()]


@pytest.mark.parametrize(
    "chunks",
    [
        {"max_length": 65536},
        {"max_length": 40},
        {"max_length": 40, "uniform_random_start": True},
        {"max_length": 40, "min_length": 5},
    ],
    ids=["whole", "cut", "anywhere", "any_length"],
)
def test_joined_chunks_are_those_of_single_examples(chunks):
  tokens = _tokens()
  assert bulk.find(tokens, "targets") is not None
  expected = _ids(_joined(_one_by_one(tokens), _one_by_one, **chunks))
  assert _ids(_joined(tokens, **chunks)) == expected
  assert _ids(_joined(tokens, _one_by_one, **chunks)) == expected


def test_tokens_alone_are_joined_as_they_are():
  expected = _ids(preprocessors.reduce_concat_tokens(_one_by_one(_tokens())))
  assert _ids(preprocessors.reduce_concat_tokens(_tokens())) == expected


def test_a_saved_iterator_continues_the_joined_stream(tmp_path):
  rows = preprocessors.split_tokens(
      _joined(_tokens(), max_length=40), max_tokens_per_segment=100
  )
  dataset = with_saveable_state(rows)
  through = _ids(dataset)
  iterator = iter(dataset)
  for _ in range(61):
    next(iterator)
  saved = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "place"))
  again = iter(dataset)
  tf.train.Checkpoint(iterator=again).restore(saved)
  assert [row["targets"].numpy().tolist() for row in again] == through[61:]


def test_an_error_comes_after_the_batches_before_it():
  texts = tf.data.Dataset.from_tensor_slices(["1", "2", "three"]).map(
      lambda text: {"targets": tf.strings.as_string(tf.strings.to_number(text))}
  )
  tokens = preprocessors.tokenize(texts, _FEATURES, copy_pretokenized=False)
  joined = iter(preprocessors.reduce_concat_tokens(tokens, batch_size=2))
  next(joined)
  with pytest.raises(tf.errors.InvalidArgumentError, match="three"):
    next(joined)


class _OneText(data.SentencePieceVocabulary):
  """A user's vocabulary, which takes one text at a time."""

  def encode_tf(self, text):
    return super().encode_tf(tf.ensure_shape(text, []))


def test_vocabularies_of_users_get_one_text_at_a_time():
  packaged = data.get_mini_vocabulary()
  mine = _OneText(packaged.sentencepiece_model_file, packaged.extra_ids)
  tokens = preprocessors.tokenize(
      _texts(), {"targets": data.Feature(mine)}, copy_pretokenized=False
  )
  assert bulk.find(tokens, "targets") is None
  expected = _ids(_joined(_tokens(), max_length=40))
  assert _ids(_joined(tokens, max_length=40)) == expected


def test_tokens_that_end_with_eos_are_joined_with_it():
  def joined(between):
    tokens = preprocessors.tokenize(
        _texts(), _FEATURES, copy_pretokenized=False, with_eos=True
    )
    return _ids(preprocessors.reduce_concat_tokens(between(tokens)))

  assert joined(lambda x: x) == joined(_one_by_one)
