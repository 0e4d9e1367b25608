"""Each layout file gives the mesh that its name says, for any model."""

from __future__ import annotations

import pathlib
import re

import pytest

from t5_mtf import gin_config
from t5_mtf.models import layouts
from t5_mtf.tf_compat import mtf
from tests.models import tiny

FOLDER = pathlib.Path(gin_config.GIN_DIRECTORY) / "layouts"
NAMES = sorted(p.stem for p in FOLDER.glob("*.gin"))


def _mesh(name: str, *bindings: str) -> layouts.Mesh:
  tiny.load_gin(
      "utils.run.batch_size = 16",
      *bindings,
      gin_files=["models/bi_v1_small.gin", f"layouts/{name}.gin"],
  )
  bound = gin_config.run_bindings()
  tpu = layouts.Tpu("a-tpu") if name.startswith("tpu") else None
  return layouts.choose_mesh(
      gin_config.resolve(bound["mesh_shape"]),
      gin_config.resolve(bound["layout_rules"]),
      gin_config.resolve(bound.get("mesh_devices")),
      tpu,
  )


@pytest.fixture(autouse=True)
def _clear():
  yield
  tiny.clear_gin()


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("cpu_")])
def test_cpu_files_have_their_number_of_devices(name):
  mesh = _mesh(name)
  count = int(name.rpartition("_")[2])
  assert mesh.devices == tuple(f"cpu:{i}" for i in range(count))
  assert mesh.split_of("batch") == count


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("gpu_")])
def test_gpu_files_ask_for_gpus(name, monkeypatch):
  count = int(name.rpartition("_")[2])
  monkeypatch.setattr(
      layouts.tf.config, "list_physical_devices", lambda kind: ["a GPU"] * count
  )
  mesh = _mesh(name)
  assert mesh.devices == tuple(f"gpu:{i}" for i in range(count))
  assert mesh.split_of("batch") == count
  assert "unused" not in mesh.description


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("tpu_")])
@pytest.mark.parametrize("model_parallelism", [1, 8])
def test_tpu_files_divide_their_cores_as_published(name, model_parallelism):
  cores = int(name.rpartition("_")[2])
  mesh = _mesh(
      name, f"utils.tpu_mesh_shape.model_parallelism = {model_parallelism}"
  )
  assert mesh.shape.size == cores
  assert mesh.split_of("batch") == cores // model_parallelism
  assert mesh.split_of("heads") == model_parallelism


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data_parallel", {"batch"}),
        ("model_parallel", {"d_ff", "heads", "vocab"}),
        ("split_heads", {"heads"}),
        ("split_d_ff", {"d_ff"}),
        ("split_vocab", {"vocab"}),
        ("split_experts", {"batch", "experts"}),
    ],
)
@pytest.mark.parametrize("devices", [2, 3])
def test_kinds_split_what_their_names_say_over_any_number(name, split, devices):
  mesh = _mesh(name, f"num_devices = {devices}")
  dimensions = ("batch", "d_ff", "experts", "heads", "vocab")
  parts = {d: mesh.split_of(d) for d in dimensions if mesh.split_of(d) > 1}
  if name == "data_parallel":
    parts.pop("experts")  # mixtures of experts divide with the batch
  assert parts == dict.fromkeys(split, devices)


def test_both_kinds_together():
  mesh = _mesh(
      "data_and_model_parallel", "data_parallelism = 4", "model_parallelism = 2"
  )
  assert mesh.shape == mtf.Shape(
      [mtf.Dimension("batch", 4), mtf.Dimension("model", 2)]
  )
  assert (mesh.num_replicas, mesh.split_of("vocab")) == (4, 2)


def test_every_file_is_tested():
  kinds = re.compile("cpu_|gpu_|tpu_|split_|on_|.*parallel$")
  assert all(kinds.match(name) for name in NAMES)
  assert len(NAMES) == 30
