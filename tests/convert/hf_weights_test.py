"""Safetensors: one file or several, bfloat16 among them."""

import json
import os

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.convert import hf_weights
from t5_mtf.tf_compat import tf


def _write_shards(folder, weight_map):
  for name, shard in weight_map.items():
    hf_weights.write(str(folder / shard), {name: np.ones(2, "float32")})
  (folder / hf_weights.INDEX).write_text(json.dumps({"weight_map": weight_map}))


def test_types_are_kept_and_the_file_has_the_usual_rights(tmp_path):
  array = np.random.RandomState(0).normal(size=(3, 4))
  tensors = {
      "a": array.astype(tf.bfloat16.as_numpy_dtype),
      "b": array.astype("float32"),
  }
  path = tmp_path / hf_weights.FILE
  hf_weights.write(str(path), tensors)
  (tmp_path / "other").write_text("")
  found = hf_weights.read(str(tmp_path))
  for name, tensor in tensors.items():
    assert found[name].dtype == tensor.dtype
    assert found[name].tobytes() == tensor.tobytes()
  assert os.stat(path).st_mode == os.stat(tmp_path / "other").st_mode


def test_shards_are_read_by_their_index(tmp_path):
  _write_shards(tmp_path, {"a": "1.safetensors", "b": "2.safetensors"})
  assert sorted(hf_weights.read(str(tmp_path))) == ["a", "b"]


def test_a_missing_shard_is_named(tmp_path):
  _write_shards(tmp_path, {"a": "1.safetensors", "b": "2.safetensors"})
  (tmp_path / "2.safetensors").unlink()
  with pytest.raises(errors.CheckpointError, match="2.safetensors is missing"):
    hf_weights.read(str(tmp_path))


def test_an_index_that_does_not_fit_is_an_error(tmp_path):
  _write_shards(tmp_path, {"a": "1.safetensors"})
  (tmp_path / hf_weights.INDEX).write_text(
      json.dumps({"weight_map": {"a": "1.safetensors", "c": "1.safetensors"}})
  )
  with pytest.raises(errors.CheckpointError, match="does not hold 'c'"):
    hf_weights.read(str(tmp_path))
  (tmp_path / hf_weights.INDEX).write_text("{}")
  with pytest.raises(errors.CheckpointError, match="has no weight_map"):
    hf_weights.read(str(tmp_path))


def test_pickles_are_not_read_and_the_way_out_is_named(tmp_path):
  (tmp_path / "pytorch_model.bin").write_bytes(b"")
  with pytest.raises(errors.CheckpointError, match="save_pretrained"):
    hf_weights.read(str(tmp_path))


def test_a_damaged_file_is_an_error(tmp_path):
  (tmp_path / hf_weights.FILE).write_bytes(b"not safetensors at all")
  with pytest.raises(errors.CheckpointError, match="is damaged"):
    hf_weights.read(str(tmp_path))
