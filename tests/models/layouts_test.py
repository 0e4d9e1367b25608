"""The mesh is chosen from what is there, and refused where it cannot work."""

import pytest

from t5_mtf import errors
from t5_mtf.models import layouts

RULES = "batch:batch,heads:model,d_ff:model,vocab:model"


def test_without_a_shape_the_cpu_is_one_device():
  mesh = layouts.choose_mesh(None, RULES)
  assert (mesh.shape.size, mesh.devices, mesh.num_replicas) == (
      1,
      ("cpu:0",),
      1,
  )


def test_a_shape_gets_as_many_logical_cpu_devices():
  mesh = layouts.choose_mesh("batch:2,model:2", RULES)
  assert mesh.num_logical_cpus == 4
  assert mesh.num_replicas == 2
  assert mesh.split_of("heads") == 2


def test_devices_and_shape_must_agree():
  with pytest.raises(errors.UserError, match="needs 4 devices.*names 1"):
    layouts.choose_mesh("batch:4", RULES, ["cpu:0"])


def test_a_gpu_that_is_not_there_is_an_error_at_once():
  with pytest.raises(errors.UserError, match="gpu:7"):
    layouts.choose_mesh("batch:1", RULES, ["gpu:7"])


def test_a_malformed_shape_shows_the_form():
  with pytest.raises(errors.UserError, match="batch:2,model:2"):
    layouts.choose_mesh("batch=2", RULES)


def test_a_mesh_that_does_not_divide_names_sizes_that_do():
  mesh = layouts.choose_mesh("model:3", RULES)
  with pytest.raises(errors.UserError, match="'heads'.*8.*1, 2, 4, 8"):
    layouts.check_divides(mesh, {"heads": 8}, "the model")


def test_a_kind_of_device_stands_for_as_many_as_the_mesh_has():
  mesh = layouts.choose_mesh("batch:2,model:2", RULES, "cpu")
  assert mesh.devices == ("cpu:0", "cpu:1", "cpu:2", "cpu:3")
  assert layouts.choose_mesh(None, RULES, "cpu").devices == ("cpu:0",)


def test_an_unknown_kind_of_device_is_refused():
  with pytest.raises(errors.UserError, match="'tpu'.*'gpu'"):
    layouts.choose_mesh("batch:2", RULES, "tpu")


def test_gpus_that_are_not_there_are_an_error_by_kind_too():
  with pytest.raises(errors.UserError, match="gpu:0"):
    layouts.choose_mesh("batch:2", RULES, "gpu")


def test_a_tpu_left_unused_is_said_in_the_line_of_devices(monkeypatch):
  assert "unused" not in layouts.choose_mesh(None, RULES).description
  monkeypatch.setenv("TPU_NAME", "my-tpu")
  described = layouts.choose_mesh(None, RULES).description
  assert "TPU left unused: --tpu=my-tpu" in described
