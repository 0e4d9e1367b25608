"""Settings come from gin's published names; what cannot work is refused."""

import pytest

from t5_mtf import errors
from tests.models import tiny


def test_reads_the_published_bindings(tmp_path):
  settings = tiny.settings(tmp_path, "utils.run.train_steps = 7")
  assert settings.mode == "train"
  assert settings.training.steps == 7
  assert settings.training.save_checkpoints_steps == 2
  assert settings.batch.tokens == 4 * 16
  assert not settings.use_tpu


@pytest.mark.parametrize(
    "value, sequences",
    [
        ("3", 3),
        ("('sequences_per_batch', 3)", 3),
        ("('tokens_per_batch', 64)", 8),
        ("('tokens_per_replica', 64)", 8),
    ],
)
def test_batch_size_takes_every_published_form(tmp_path, value, sequences):
  settings = tiny.settings(tmp_path, f"utils.run.batch_size = {value}")
  assert settings.batch.sequences == sequences


def test_per_replica_batches_grow_with_the_mesh(tmp_path):
  settings = tiny.settings(
      tmp_path,
      "utils.run.batch_size = ('sequences_per_replica', 3)",
      "utils.run.mesh_shape = 'batch:2'",
  )
  assert settings.batch.sequences == 6


@pytest.mark.parametrize(
    "binding, message",
    [
        ("utils.run.batch_size = ('tokens_per_batch', 65)", "64 would be"),
        ("utils.run.batch_size = ('tokens_per_batc', 64)", "tokens_per_batch"),
        ("utils.run.batch_size = 0", "number of sequences"),
        ("utils.run.mode = 'trian'", "Did you mean 'train'"),
        ("utils.run.model_type = 'bitransformr'", "'bitransformer'"),
        ("utils.run.sequence_length = {'inputs': 0}", "lengths in tokens"),
        ("utils.run.mesh_shape = 'batch:3'", "'batch'.*1, 2, 4"),
        ("utils.run.mesh_shape = 'model:3'", "'heads'"),
        ("utils.run.ensemble_inputs = 2", "not supported yet"),
    ],
)
def test_what_cannot_work_is_refused_with_what_would(
    tmp_path, binding, message
):
  with pytest.raises(errors.UserError, match=message):
    tiny.settings(tmp_path, binding)


def test_a_list_of_learning_rate_factors_is_multiplied(tmp_path):
  settings = tiny.settings(
      tmp_path,
      "utils.run.learning_rate_schedule ="
      " [@learning_rate_schedules.constant, 0.5]",
      "learning_rate_schedules.constant.value = 0.1",
  )
  assert float(settings.training.learning_rate_schedule(step=3)) == 0.05
