"""An ensemble answers from the mean of its models' logits."""

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.convert import logits
from t5_mtf.models import (
    checkpoints,
    decode_options,
    ensembles,
    resident,
    training,
)
from t5_mtf.tf_compat import tf
from tests.models import tiny

_IDS = np.array([[40, 50, 60, 1, 0, 0, 0, 0], [70, 71, 72, 73, 74, 75, 1, 0]])
_ROWS = 384  # of the embedding: 259 bytes and sentinels, padded


@pytest.fixture(scope="module")
def models(tmp_path_factory):
  """Two models that differ: one of 2 steps, one of 4 at a higher rate."""
  paths = []
  for name, rate, steps in (("a", 0.01, 2), ("b", 0.03, 4)):
    folder = tmp_path_factory.mktemp(name)
    paths.append(
        training.train(
            tiny.settings(
                folder,
                f"utils.run.train_steps = {steps}",
                f"constant_learning_rate.learning_rate = {rate}",
            )
        )
    )
  return paths


def _logits(folder, path):
  tiny.load_gin(gin_files=[f"{folder}/operative_config.gin"])
  rows = tf.train.load_checkpoint(path).get_tensor("shared/embedding").shape[-2]
  return logits.teacher_forced(path, rows, "float32", _IDS, _IDS)


def _folder(path):
  return path.rpartition("/")[0]


def test_its_logits_are_the_mean_of_two_different_models(models, tmp_path):
  together = ensembles.make(models, str(tmp_path / "e"))
  one, two = (_logits(_folder(path), path) for path in models)
  assert np.abs(one - two).max() > 0.1
  mean = _logits(tmp_path / "e", together)
  np.testing.assert_allclose(mean, (one + two) / 2, atol=1e-4)


def test_of_two_equal_models_it_answers_as_one(models, tmp_path):
  together = ensembles.make([models[0], models[0]], str(tmp_path / "e"))
  answers, scores = [], []
  inputs, targets = [[40, 50, 1], [60, 1]], [[70, 71, 1], [80, 1]]
  for path in (models[0], together):
    config = f"{_folder(path)}/operative_config.gin"
    settings = tiny.settings(_folder(path), gin_files=[config])
    options = decode_options.from_gin(8, changes={"beam_size": 2})
    with resident.ResidentModel(settings, path, options) as model:
      answers.append([output.ids for [output] in model.decode(inputs)])
      scores.append([score for score, _ in model.score(inputs, targets)])
  assert answers[0] == answers[1]
  assert scores[0] == pytest.approx(scores[1])
  assert all(score < -1 for score in scores[0])


def test_it_is_a_model_directory_without_optimizer(models, tmp_path):
  path = ensembles.make(models, str(tmp_path / "e"))
  assert checkpoints.find(str(tmp_path / "e")) == path
  shapes = checkpoints.shapes(path)
  single = checkpoints.shapes(models[0])
  assert not [name for name in shapes if "_slot_" in name]
  assert shapes["shared/embedding"] == (2, *single["shared/embedding"])
  assert shapes["global_step"] == ()


def test_one_checkpoint_or_a_folder_in_use_is_refused(models, tmp_path):
  with pytest.raises(errors.CheckpointError, match="two checkpoints or more"):
    ensembles.make(models[:1], str(tmp_path))
  with pytest.raises(errors.CheckpointError, match="nothing was written"):
    ensembles.make(models, _folder(models[0]))
