"""Each architecture of the paper trains, falls, and answers what it learned."""

import itertools

import pytest

from t5_mtf import errors
from t5_mtf.data import vocabularies
from t5_mtf.models import decoding, training
from t5_mtf.tf_compat import tf
from tests.models import tiny

_PAIRS = (("ab", "xyz"), ("cde", "uv"), ("f", "wxyz"), ("ghij", "t"))
_SIZES = (
    "d_model = 32",
    "d_ff = 64",
    "d_kv = 16",
    "utils.run.train_steps = 80",
    "utils.run.save_checkpoints_steps = 80",
    "constant_learning_rate.learning_rate = 0.02",
)
_LANGUAGE_MODELS = ("lm_v1", "lm_v1_delimited", "lm_v1_prefix")


def _dataset(with_inputs):
  """Makes a dataset_fn of the pairs; without inputs they are one text."""
  vocabulary = vocabularies.ByteVocabulary()

  def ids(text):
    row = [*vocabulary.encode(text), 1]
    return row + [0] * (8 - len(row))

  def dataset_fn(sequence_length, vocabulary, dataset_split):
    del sequence_length, vocabulary, dataset_split
    columns = {"targets": [ids(b) for _, b in _PAIRS]}
    if with_inputs:
      columns["inputs"] = [ids(a) for a, _ in _PAIRS]
    else:
      columns["targets"] = [ids(a + b) for a, b in _PAIRS]
    columns = {k: tf.constant(v, tf.int32) for k, v in columns.items()}
    return tf.data.Dataset.from_tensor_slices(columns).repeat()

  return dataset_fn


def _settings(model, folder, *bindings):
  return tiny.settings(
      folder,
      *_SIZES,
      *bindings,
      gin_files=[f"models/{model}.gin"],
      train_dataset_fn=_dataset(with_inputs=model != "lm_v1"),
  )


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", ["bi_v1", "bi_v1_shared", *_LANGUAGE_MODELS]
)
def test_it_trains_falls_and_answers_what_it_learned(model, tmp_path, capsys):
  checkpoint = training.train(_settings(model, tmp_path))
  out = capsys.readouterr().out
  losses = [
      float(line.split("loss")[1].split()[0])
      for line in out.splitlines()
      if line.startswith("step ")
  ]
  assert losses[-1] < losses[0] / 4, out
  decoded = decoding.decode_texts(
      _settings(model, tmp_path), [a for a, _ in _PAIRS], checkpoint
  )
  assert decoded.outputs == tuple(b for _, b in _PAIRS)


@pytest.mark.parametrize(
    "model, with_inputs, message",
    [
        ("lm_v1", True, "'delimited_lm'"),
        ("bi_v1", False, "prefix_lm.gin"),
        ("lm_v1_delimited", False, "models/lm_v1.gin"),
    ],
)
def test_data_that_a_model_does_not_read_is_an_error(
    model, with_inputs, message, tmp_path
):
  settings = tiny.settings(
      tmp_path,
      gin_files=[f"models/{model}.gin"],
      train_dataset_fn=_dataset(with_inputs),
  )
  with pytest.raises(errors.UserError, match=message):
    training.train(settings)
  assert not list(itertools.islice(tmp_path.iterdir(), 1))
