"""A model is built with the data type of its checkpoint's weights."""

import pytest

from t5_mtf import errors
from t5_mtf.models import decoding, estimator, master_dtype, training
from t5_mtf.models.start_report import StartReport
from tests.models import tiny

_BFLOAT16 = "utils.get_variable_dtype.master_dtype = 'bfloat16'"
_FLOAT32 = "utils.get_variable_dtype.master_dtype = 'float32'"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  two = "utils.run.train_steps = 2"
  return training.train(tiny.settings(folder, _BFLOAT16, two))


def _settings(checkpoint, *bindings, **changes):
  return tiny.settings(checkpoint.rpartition("/")[0], *bindings, **changes)


def test_the_type_is_that_of_the_weights_not_of_the_optimizer(checkpoint):
  assert master_dtype.of_checkpoint(checkpoint) == "bfloat16"


def test_a_bfloat16_checkpoint_is_decoded_and_trained_on(checkpoint, tmp_path):
  decoded = decoding.decode_texts(_settings(checkpoint), ["ab"], checkpoint)
  assert len(decoded.outputs) == 1

  start = f"utils.run.init_checkpoint = {checkpoint!r}"
  last = training.train(tiny.settings(tmp_path / "from", start))
  assert master_dtype.of_checkpoint(last) == "bfloat16"


def test_the_note_says_what_was_bound(checkpoint):
  report = StartReport()
  estimator.make_estimator(_settings(checkpoint), report)
  assert "kept in bfloat16" in str(report) and "gin: float32" in str(report)


def test_another_type_on_the_command_line_is_an_error(checkpoint):
  settings = _settings(checkpoint, _FLOAT32)
  with pytest.raises(errors.UserError, match="'float32'.*are bfloat16"):
    estimator.make_estimator(settings, StartReport())


def test_the_same_type_needs_no_note(checkpoint):
  report = StartReport()
  estimator.make_estimator(_settings(checkpoint, _BFLOAT16), report)
  assert not report.rows
