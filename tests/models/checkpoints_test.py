"""Checkpoints are found, listed and chosen, or the error says what is there."""

import os
import shutil

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


def test_one_that_is_cut_short_is_named_and_not_chosen(
    model_dir, tmp_path, capsys
):
  folder = str(shutil.copytree(model_dir, tmp_path / "m"))
  os.truncate(folder + "/model.ckpt-100.data-00000-of-00001", 3)
  assert checkpoints.find(folder) == folder + "/model.ckpt-20"
  assert _steps(checkpoints.select(folder, "all")) == [3, 20]
  assert "left out: model.ckpt-100: " in capsys.readouterr().out
  for choose in (
      lambda: checkpoints.select(folder, 100),
      lambda: checkpoints.find(folder + "/model.ckpt-100"),
  ):
    message = "cut short: 3 of 8 bytes.*Complete ones there: model.ckpt-3, "
    with pytest.raises(errors.CheckpointError, match=message):
      choose()


def test_removes_only_what_a_kill_left_half_written(tmp_path):
  kept = ["model.ckpt-1.index", "checkpoint", "my_temp_0", "notes.tmp", "x.gin"]
  left = [
      "model.ckpt-1_temp",
      "model.ckpt-1_temp_0af9",
      "input_position-2.index.tempstate123",
      "checkpoint.tmp0af9",
  ]
  for name in kept + left:
    (tmp_path / name).touch()
  assert sorted(checkpoints.remove_leftovers(str(tmp_path))) == sorted(left)
  assert sorted(p.name for p in tmp_path.iterdir()) == sorted(kept)
