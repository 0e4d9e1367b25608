"""A training step of ours is Mesh TF's own, to the last weight."""

import shutil

import numpy as np
import pytest

from t5_mtf.models import checkpoints, training, training_input
from t5_mtf.tf_compat import mtf_utils, tf
from tests.models import tiny


@pytest.mark.slow
def test_continuing_with_mesh_tfs_own_estimator_gives_the_same_weights(
    tmp_path,
):
  two = "utils.run.train_steps = 2"
  training.train(tiny.settings(tmp_path / "ours", two))
  shutil.copytree(tmp_path / "ours", tmp_path / "theirs")
  ours = training.train(tiny.settings(tmp_path / "ours"))

  settings = tiny.settings(tmp_path / "theirs")
  estimator = mtf_utils.get_estimator(
      model_type=settings.model_type,
      vocabulary=settings.vocabulary,
      mesh_shape=settings.mesh.shape,
      layout_rules=settings.mesh.layout,
      model_dir=settings.model_dir,
      batch_size=settings.batch.sequences,
      sequence_length=settings.batch.sequence_length,
      autostack=settings.autostack,
      learning_rate_schedule=settings.training.learning_rate_schedule,
      keep_checkpoint_max=None,
      save_checkpoints_steps=2,
      optimizer=settings.training.optimizer,
      predict_fn=None,
      variable_filter=None,
      ensemble_inputs=None,
      use_tpu=None,
      tpu_job_name=None,
      iterations_per_loop=1,
      cluster=None,
  )
  estimator.train(
      lambda params: training_input.batches(settings, skipped=2), max_steps=4
  )
  theirs = checkpoints.find(settings.model_dir)
  assert theirs.endswith("model.ckpt-4")
  names = {name for name, _ in tf.train.list_variables(ours)}
  assert names == {name for name, _ in tf.train.list_variables(theirs)}
  for name in names:
    np.testing.assert_allclose(
        tf.train.load_variable(ours, name),
        tf.train.load_variable(theirs, name),
        rtol=1e-5,
        atol=1e-6,
        err_msg=name,
    )
