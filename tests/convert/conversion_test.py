"""Mesh TF -> Hugging Face -> Mesh TF gives the same bits, or an error."""

import json
import os

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.convert import (
    conversion,
    hf_weights,
    logits,
    mesh_checkpoint,
    names,
)
from tests.convert import tiny_models


def _to_hf(model_dir, output, **options):
  checkpoint = conversion.find_checkpoint(str(model_dir), 5)
  return conversion.to_hf(
      checkpoint, str(output), conversion.run_vocabulary(), **options
  )


@pytest.mark.parametrize("dtype", conversion.DTYPES)
@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_there_and_back_is_bit_for_bit(family, dtype, tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", family, dtype)
  there = _to_hf(tmp_path / "mesh", tmp_path / "hf")
  assert there.family == family
  assert there.dtype == dtype
  assert there.left_out == (
      f"{there.variables} variables of the optimizer", "global_step 5",
  )  # fmt: skip
  back = conversion.from_hf(str(tmp_path / "hf"), str(tmp_path / "back"), 5)
  assert (back.family, back.left_out, back.notes) == (family, (), ())
  assert back.architecture == there.architecture
  before = mesh_checkpoint.read(str(tmp_path / "mesh" / "model.ckpt-5"))
  after = mesh_checkpoint.read(back.checkpoint)
  assert (after.step, after.slots) == (5, ())
  assert set(after.variables) == set(before.variables)
  for name, array in before.variables.items():
    assert after.variables[name].dtype == array.dtype
    assert after.variables[name].tobytes() == array.tobytes()
  # And once more: every file of the folder is the same.
  tiny_models.load_gin(tmp_path / "back")
  _to_hf(tmp_path / "back", tmp_path / "again")
  assert sorted(os.listdir(tmp_path / "hf")) == [
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "special_tokens_map.json",
      "spiece.model",
      "tokenizer_config.json",
  ]
  for file in os.listdir(tmp_path / "hf"):
    again = (tmp_path / "again" / file).read_bytes()
    assert (tmp_path / "hf" / file).read_bytes() == again, file


def test_what_comes_back_computes_the_same_logits(tmp_path):
  inputs = np.array([[5, 6, 7, 1, 0, 0]], np.int32)
  targets = np.array([[9, 8, 1, 0]], np.int32)
  path = tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.1")
  _to_hf(tmp_path / "mesh", tmp_path / "hf")
  before = logits.teacher_forced(path, 3072, "float32", inputs, targets)
  back = conversion.from_hf(str(tmp_path / "hf"), str(tmp_path / "back"))
  tiny_models.load_gin(tmp_path / "back")
  after = logits.teacher_forced(
      back.checkpoint, 3072, "float32", inputs, targets
  )
  assert before.shape == (1, 4, 3072)
  np.testing.assert_array_equal(before, after)


def test_float32_is_rounded_to_bfloat16_on_request(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.0")
  found = _to_hf(tmp_path / "mesh", tmp_path / "hf", dtype="bfloat16")
  tensors = hf_weights.read(found.hf_folder)
  assert {str(t.dtype) for t in tensors.values()} == {"bfloat16"}
  exact = tiny_models.variables(found.architecture)["shared/embedding"]
  np.testing.assert_allclose(
      tensors["shared.weight"].astype("float32"), exact, rtol=2**-8
  )


def test_float16_and_mixed_types_become_float32_without_loss(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.0")
  _to_hf(tmp_path / "mesh", tmp_path / "hf")
  path = tmp_path / "hf" / hf_weights.FILE
  tensors = {
      name: tensor.astype("float32" if ".wo." in name else "float16")
      for name, tensor in hf_weights.read(str(tmp_path / "hf")).items()
  }
  hf_weights.write(str(path), tensors)
  found = conversion.from_hf(str(tmp_path / "hf"), str(tmp_path / "back"))
  assert found.dtype == "float32"
  assert "all made float32, without loss, of" in found.notes[0]
  embedding = mesh_checkpoint.read(found.checkpoint).variables[names.EMBEDDING]
  np.testing.assert_array_equal(
      embedding, tensors["shared.weight"].astype("float32")
  )


def test_a_head_that_version_5_left_out_is_the_embedding(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.1")
  _to_hf(tmp_path / "mesh", tmp_path / "hf")
  folder = str(tmp_path / "hf")
  tensors = hf_weights.read(folder)
  del tensors["lm_head.weight"]
  hf_weights.write(os.path.join(folder, hf_weights.FILE), tensors)
  found = conversion.from_hf(folder, str(tmp_path / "back"))
  assert "a copy of the embedding" in found.notes[0]
  variables = mesh_checkpoint.read(found.checkpoint).variables
  np.testing.assert_array_equal(
      variables["decoder/logits/kernel"].T, variables["shared/embedding"]
  )


def test_rows_that_are_no_multiple_of_128_are_kept(tmp_path):
  model = tiny_models.architecture("T5 1.0", rows=3077)
  folder = tmp_path / "hf"
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.0")
  _to_hf(tmp_path / "mesh", folder)
  config = json.loads((folder / "config.json").read_text())
  (folder / "config.json").write_text(
      json.dumps({**config, "vocab_size": 3077})
  )
  tensors = names.to_hf(tiny_models.variables(model), model)
  hf_weights.write(str(folder / hf_weights.FILE), tensors)
  found = conversion.from_hf(str(folder), str(tmp_path / "back"))
  assert "for which 3,077 rows are unusual" in found.notes[0]
  tiny_models.load_gin(tmp_path / "back")
  ids = np.ones((1, 4), np.int32)
  computed = logits.teacher_forced(found.checkpoint, 3077, "float32", ids, ids)
  assert computed.shape == (1, 4, 3077)


def test_a_vocabulary_with_more_ids_than_rows_is_an_error(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.0")
  _to_hf(tmp_path / "mesh", tmp_path / "hf")
  path = tmp_path / "hf" / "tokenizer_config.json"
  path.write_text(json.dumps({"extra_ids": 400}))
  with pytest.raises(errors.UserError, match="only 3,072 rows"):
    conversion.from_hf(str(tmp_path / "hf"), str(tmp_path / "back"))


def test_a_left_over_tensor_is_an_error_and_nothing_is_written(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.0")
  _to_hf(tmp_path / "mesh", tmp_path / "hf")
  path = str(tmp_path / "hf" / hf_weights.FILE)
  tensors = hf_weights.read(str(tmp_path / "hf"))
  hf_weights.write(path, {**tensors, "prompt": np.zeros(2, "float32")})
  with pytest.raises(errors.CheckpointError, match="without a place: prompt"):
    conversion.from_hf(str(tmp_path / "hf"), str(tmp_path / "back"))
  assert not list(tmp_path.glob("back*"))


def test_weights_and_gin_that_do_not_belong_together_are_an_error(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.1")
  tiny_models.load_gin(
      tmp_path / "mesh",
      "Unitransformer.shared_embedding_and_softmax_weights = True",
  )
  with pytest.raises(errors.CheckpointError, match="decoder/logits/kernel"):
    _to_hf(tmp_path / "mesh", tmp_path / "hf")


def test_nothing_is_overwritten(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.0")
  _to_hf(tmp_path / "mesh", tmp_path / "hf")
  with pytest.raises(errors.UserError, match="is not empty"):
    _to_hf(tmp_path / "mesh", tmp_path / "hf")
  with pytest.raises(errors.UserError, match="is not empty"):
    conversion.from_hf(str(tmp_path / "hf"), str(tmp_path / "mesh"))


def test_a_dry_run_says_all_and_writes_nothing(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "mT5")
  found = _to_hf(tmp_path / "mesh", tmp_path / "hf", dry_run=True)
  assert found.family == "mT5"
  assert not list(tmp_path.glob("hf*"))


def test_mt5_is_refused_for_a_model_that_scales_its_logits(tmp_path):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.0")
  with pytest.raises(errors.UserError, match="the model is T5 1.0"):
    _to_hf(tmp_path / "mesh", tmp_path / "hf", model_type="mt5")
