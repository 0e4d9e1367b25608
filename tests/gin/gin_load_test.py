"""Every gin file loads: the names that it binds are registered."""

from __future__ import annotations

import importlib
import pathlib

import pytest

from t5_mtf import gin_config
from t5_mtf.tf_compat import mtf_utils

GIN_ROOT = pathlib.Path(gin_config.GIN_DIRECTORY)
GIN_FILES = sorted(
    p.relative_to(GIN_ROOT).as_posix() for p in GIN_ROOT.rglob("*.gin")
)


@pytest.fixture(scope="module", autouse=True)
def _registered_names():
  assert mtf_utils.run, "imports Mesh TF's Transformer and its gin names"
  importlib.import_module("t5_mtf.data.preprocessors")
  importlib.import_module("t5_mtf.models.inference")
  importlib.import_module("t5_mtf.models.mesh_transformer")


@pytest.mark.parametrize("path", GIN_FILES)
def test_file_loads_without_leaving_anything_out(path):
  report = gin_config.load(["dataset.gin", path])  # binds MIXTURE_NAME
  assert not report.notes


def test_model_file_reaches_the_layers_it_names():
  gin_config.load(["models/mini.gin"])
  from t5_mtf.tf_compat import mtf

  layer = mtf.transformer.transformer_layers.DenseReluDense()
  assert layer.hidden_size == 512
  assert layer.dropout_rate == 0.0
