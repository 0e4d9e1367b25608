"""The stream of batches continues exactly where a checkpoint left it."""

import json
import pathlib

import numpy as np
import pytest

from t5_mtf import data
from t5_mtf.data import preprocessors
from t5_mtf.models import training_input
from t5_mtf.tf_compat import tf
from tests.models import tiny


def _lines(path: pathlib.Path) -> str:
  rng = np.random.RandomState(1)
  rows = ["".join(map(chr, rng.randint(97, 123, 30))) for _ in range(50)]
  path.write_text("\n".join(rows))
  return str(path)


def _shuffled_task(tmp_path):
  """Two shuffled text files, mixed, with noise that depends on the seed."""
  for name in ("one", "two"):
    if name in data.TaskRegistry.names():
      data.TaskRegistry.remove(name)
    data.TaskRegistry.add(
        name,
        source=data.TextLineDataSource(
            {"train": _lines(tmp_path / f"{name}.txt")}
        ),
        output_features={
            feature: data.Feature(data.ByteVocabulary(100))
            for feature in ("inputs", "targets")
        },
        preprocessors=[
            lambda lines: lines.map(lambda x: {"inputs": x, "targets": x}),
            preprocessors.tokenize,
            preprocessors.append_eos_after_trim,
        ],
    )
  mixture = data.Mixture("pair", [("one", 1.0), ("two", 2.0)])

  def dataset_fn(sequence_length, vocabulary, dataset_split):
    del vocabulary
    dataset = mixture.get_dataset(
        sequence_length, dataset_split, seed=3, num_epochs=None
    )
    return data.feature_converters.encoder_decoder(
        dataset, sequence_length, pack=True
    )

  return dataset_fn


@pytest.fixture(name="settings")
def _settings(tmp_path):
  yield tiny.settings(tmp_path, train_dataset_fn=_shuffled_task(tmp_path))
  for name in ("one", "two"):
    data.TaskRegistry.remove(name)


def _read(settings, step, number, save_at=None):
  """The next `number` batches from `step` on, saving at the end if asked."""
  with tf.Graph().as_default():
    stream = training_input.TrainingInput(settings, step, step)
    batch = stream.input_fn({})
    with tf.compat.v1.Session() as session:
      session.run(tf.compat.v1.tables_initializer())
      stream.hook.after_create_session(session, None)
      read = [session.run(batch)["inputs"].tolist() for _ in range(number)]
      if save_at is not None:
        stream.listener.before_save(session, save_at)
  return read


@pytest.mark.parametrize("step", [1, 7, 40])
def test_a_restored_stream_equals_the_uninterrupted_one(settings, step, capsys):
  through = _read(settings, 0, step + 5)
  _read(settings, 0, step, save_at=step)
  assert _read(settings, step, 5) == through[step:]
  assert "reading past" not in capsys.readouterr().out


def test_without_a_position_the_batches_before_are_read_again(settings, capsys):
  through = _read(settings, 0, 12)
  assert _read(settings, 7, 5) == through[7:]
  assert "reading past the 7 batches" in capsys.readouterr().out


def test_a_position_of_another_stream_is_not_used(settings, capsys):
  _read(settings, 0, 3, save_at=3)
  path = next(pathlib.Path(settings.model_dir).glob("input_position-3.json"))
  path.write_text(json.dumps({**json.loads(path.read_text()), "sequences": 8}))
  through = _read(settings, 0, 5)
  assert _read(settings, 3, 2) == through[3:]
  assert "sequences was 8 and is 4 now" in capsys.readouterr().out


def test_a_torn_position_is_not_used(settings, capsys):
  _read(settings, 0, 3, save_at=3)
  folder = pathlib.Path(settings.model_dir)
  for name in folder.glob("input_position-3.data*"):
    name.write_bytes(b"torn")
  through = _read(settings, 0, 5)
  assert _read(settings, 3, 2) == through[3:]
  assert "cannot be restored" in capsys.readouterr().out


def test_positions_without_a_checkpoint_are_removed(settings):
  _read(settings, 0, 3, save_at=3)
  _read(settings, 0, 4, save_at=4)
  names = [
      path.name
      for path in pathlib.Path(settings.model_dir).glob("input_position-*")
  ]
  assert names and all("-4" in name for name in names)


def test_a_stream_that_cannot_be_saved_trains_on_and_says_so(tmp_path, capsys):
  def dataset_fn(sequence_length, vocabulary, dataset_split):
    del vocabulary, dataset_split
    rows = ({"inputs": [i] * 8, "targets": [i] * 8} for i in range(1, 200))
    spec = tf.TensorSpec([8], tf.int32)
    assert sequence_length == tiny.LENGTHS
    return tf.data.Dataset.from_generator(
        lambda: rows, output_signature={"inputs": spec, "targets": spec}
    )

  settings = tiny.settings(tmp_path, train_dataset_fn=dataset_fn)
  assert len(_read(settings, 0, 3, save_at=3)) == 3
  assert "cannot be saved" in capsys.readouterr().out
