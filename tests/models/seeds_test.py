"""One seed for the weights, the dropout and the data of a run."""

from __future__ import annotations

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.models import checkpoints, mesh_transformer, seeds, training
from tests.models import tiny

_STEPS = "utils.run.train_steps = 1"


@pytest.fixture(autouse=True)
def _cleared():
  yield
  tiny.clear_gin()


def _first_rows(*bindings: str) -> np.ndarray:
  tiny.load_gin(*bindings)
  lengths = {"inputs": 32, "targets": 32}
  dataset = mesh_transformer.mesh_train_dataset_fn(
      "mini_sglue_copa", sequence_length=lengths
  )
  return np.stack([ex["inputs"] for ex in dataset.take(3).as_numpy_iterator()])


def _trained(folder, *bindings: str) -> dict[str, np.ndarray]:
  settings = tiny.settings(folder, _STEPS, "dropout_rate = 0.5", *bindings)
  reader = checkpoints.reader(training.train(settings))
  return {
      name: reader.get_tensor(name)
      for name in reader.get_variable_to_shape_map()
      if "kernel" in name or name.endswith(("/q", "/k", "/v", "/o"))
  }


def test_without_a_binding_it_is_0_and_nothing_is_added_to_the_config():
  tiny.load_gin()
  assert seeds.current() == 0
  assert "run_seed" not in tiny.gin_config.operative_config()


def test_a_bound_seed_is_in_the_operative_config():
  tiny.load_gin("run_seed.value = 3")
  assert seeds.current() == 3
  assert "run_seed.value = 3" in tiny.gin_config.operative_config()


@pytest.mark.parametrize("value", ["-1", "'one'", "2147483648", "True"])
def test_what_is_no_seed_is_refused(value):
  tiny.load_gin(f"run_seed.value = {value}")
  with pytest.raises(errors.UserError, match="run_seed.value is"):
    seeds.current()


def test_it_decides_the_order_of_the_data():
  default, zero = _first_rows(), _first_rows("run_seed.value = 0")
  one, again = (_first_rows("run_seed.value = 1") for _ in range(2))
  np.testing.assert_array_equal(default, zero)
  np.testing.assert_array_equal(one, again)
  assert (one != zero).any()


def test_the_published_seed_of_the_data_wins_for_the_data():
  own = "mesh_train_dataset_fn.seed = 1"
  np.testing.assert_array_equal(
      _first_rows("run_seed.value = 1"),
      _first_rows("run_seed.value = 2", own),
  )


def test_weights_and_dropout_are_those_of_the_seed(tmp_path):
  one = _trained(tmp_path / "1", "run_seed.value = 1")
  again = _trained(tmp_path / "1_again", "run_seed.value = 1")
  other = _trained(tmp_path / "2", "run_seed.value = 2")
  assert one
  for name, value in one.items():
    np.testing.assert_array_equal(value, again[name])
    assert (value != other[name]).any(), name
