"""Checkpoints are found, listed and chosen, or the error says what is there."""

import pytest

from t5_mtf import errors
from t5_mtf.models import checkpoints
from t5_mtf.tf_compat import tf


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    tf.compat.v1.get_variable("a", [2])
    session.run(tf.compat.v1.global_variables_initializer())
    saver = tf.compat.v1.train.Saver(max_to_keep=None)
    for step in (100, 20, 3):
      saver.save(session, str(folder / "model.ckpt"), global_step=step)
  return str(folder)


def _steps(paths):
  return [checkpoints.step_of(path) for path in paths]


def test_lists_each_checkpoint_once_by_step_not_by_name(model_dir):
  assert _steps(checkpoints.list_checkpoints(model_dir)) == [3, 20, 100]
  assert checkpoints.list_checkpoints(model_dir + "/nowhere") == []


@pytest.mark.parametrize(
    "step, expected",
    [
        (None, [100]),
        (-1, [100]),
        ("latest", [100]),
        ("all", [3, 20, 100]),
        (20, [20]),
        ([100, 3, 3], [3, 100]),
    ],
)
def test_selects_by_step(model_dir, step, expected):
  assert _steps(checkpoints.select(model_dir, step)) == expected


def test_an_absent_step_names_those_present(model_dir):
  with pytest.raises(errors.CheckpointError, match="step 21.*3, 20, 100"):
    checkpoints.select(model_dir, 21)


def test_finds_by_directory_prefix_or_minus_one(model_dir):
  for path in (model_dir, model_dir + "/", model_dir + "/model.ckpt-100",
               model_dir + "/model.ckpt-1"):
    assert checkpoints.find(path) == model_dir + "/model.ckpt-100"


def test_a_wrong_prefix_names_those_nearby(model_dir):
  with pytest.raises(errors.CheckpointError, match="model.ckpt-20"):
    checkpoints.find(model_dir + "/model.ckpt-999")
  with pytest.raises(errors.CheckpointError, match="no readable checkpoint"):
    checkpoints.find(model_dir + "/..")
