"""The graphs of a run are lowered for TPU slices that are not there."""

from __future__ import annotations

import pytest

from t5_mtf.models.planning import (
    configured,
    hardware,
    proof,
    tpu_lowering,
)
from tests.models import tiny

BINDINGS = (
    "d_model = 64", "d_ff = 256", "num_layers = 1", "num_heads = 8",
    "d_kv = 8", "utils.tpu_mesh_shape.model_parallelism = 4",
    "utils.run.sequence_length = {'inputs': 16, 'targets': 8}",
    "utils.run.batch_size = 32",
)


@pytest.fixture(autouse=True)
def _clear():
  yield
  tiny.clear_gin()


def _settings(name):
  there = hardware.parse(name)
  configured.load_gin(["models/t5.1.0.small.gin"], BINDINGS, there)
  found = configured.configured(there)
  assert found.problem is None
  return found.settings


def test_hosts_of_a_slice_hold_eight_cores_each():
  assignment = tpu_lowering.device_assignment(32)
  assert assignment.num_replicas == 32
  hosts = [assignment.host_device(replica=i) for i in range(32)]
  assert [hosts.count(host) for host in sorted(set(hosts))] == [8] * 4


@pytest.mark.slow
@pytest.mark.parametrize(("name", "step"), [
    ("v3-32", "train"), ("v2-8", "score"), ("v3-8", "decode"),
])
def test_a_step_is_lowered_for_a_slice(name, step):
  settings = _settings(name)
  lowered = tpu_lowering.lower(settings, step)
  assert lowered.operations > 1000
  assert any(k.startswith("allreduce") for k in lowered.communication())
  if step == "train":
    assert proof.compare(settings, lowered) == []
