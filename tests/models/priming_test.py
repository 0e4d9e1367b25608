"""infer_from_task.gin: a language model is primed with a task's examples."""

import pytest

from t5_mtf import data, errors
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.models import inference, priming, settings, training
from t5_mtf.tf_compat import tf
from tests.models import tiny

_TEXTS = ["abcdefgh", "bcdefghi", "ab"]
_TASK = "priming_test_texts"


@pytest.fixture(scope="module", autouse=True)
def _task():
  data.TaskRegistry.add(
      _TASK,
      source=data.FunctionDataSource(
          lambda split, shuffle_files, seed=None: (
              tf.data.Dataset.from_tensor_slices({"targets": _TEXTS})
          ),
          splits=["train"],
      ),
      output_features={"targets": data.Feature(data.ByteVocabulary())},
      preprocessors=[
          data.preprocessors.tokenize,
          data.preprocessors.append_eos,
      ],
      metric_fns=[],
  )
  yield
  data.TaskRegistry.remove(_TASK)
  tiny.clear_gin()


def _load(folder, model="lm_v1", *bindings):
  t5_mesh_transformer.load_gin(
      [
          f"models/{model}.gin",
          "dataset.gin",
          "learning_rate_schedules/constant_0_001.gin",
          "infer_from_task.gin",
      ],
      [
          *tiny.BINDINGS,
          f"MIXTURE_NAME = '{_TASK}'",
          "utils.run.sequence_length = {'inputs': 1, 'targets': 16}",
          f"output_filename = '{folder}/out'",
          "infer_checkpoint_step = 'latest'",
          "num_priming_tokens = 3",
          *bindings,
      ],
  )
  return settings.from_gin(str(folder / "model"), mode="infer")


def test_examples_go_on_behind_their_first_tokens(tmp_path, capsys):
  training.train(
      _load(
          tmp_path,
          "lm_v1",
          "utils.run.train_steps = 150",  # to know three texts by heart
          "utils.run.save_checkpoints_steps = 150",
          "constant_learning_rate.learning_rate = 0.03",
      )
  )
  run = _load(tmp_path)
  [written] = inference.infer(run)
  assert written == f"{tmp_path}/out/{_TASK}_150_predictions"
  folder = tmp_path / "out"
  assert (folder / f"{_TASK}_inputs").read_text() == "abc\nbcd\n"
  assert (folder / f"{_TASK}_targets").read_text() == "defgh\nefghi\n"
  with open(written, encoding="utf-8") as f:
    assert f.read() == "defgh\nefghi\n"
  assert "1 examples are left out" in capsys.readouterr().out
  with pytest.raises(errors.UserError, match="Nothing was overwritten"):
    inference.infer(run)


def test_another_kind_of_model_or_too_long_a_prime_is_an_error(tmp_path):
  run = _load(tmp_path, "bi_v1")
  with pytest.raises(errors.UserError, match="evaluate it"):
    inference.infer(run)
  with pytest.raises(errors.UserError, match="priming_sequence_length"):
    priming.mesh_inference_dataset_fn(
        _TASK, {"targets": 16}, "train", priming_sequence_length=None
    )
