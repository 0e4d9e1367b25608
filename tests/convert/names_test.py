"""Every variable has its place on the other side, or there is an error."""

import json

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.convert import names
from t5_mtf.convert.architecture import Architecture
from tests.convert import tiny_models


def test_mesh_names_and_shapes_are_those_of_a_published_checkpoint(shared_dir):
  facts = json.loads(
      (shared_dir / "facts" / "model_variables.json").read_text()
  )
  published = {
      name: tuple(facts["variables"][name]["shape"])
      for name in facts["trainable"]
  }
  tiny = Architecture(
      vocab_rows=published["shared/embedding"][0],
      d_model=32,
      d_ff=64,
      d_kv=64,
      num_heads=2,
      encoder_layers=2,
      decoder_layers=2,
      gated=True,
      tied=False,
  )
  table = names.pairs(tiny)
  assert {p.mesh: p.mesh_shape for p in table} == published
  assert len({p.hf for p in table}) == len(table)


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_there_and_back_is_bit_for_bit(family):
  model = tiny_models.architecture(family)
  before = tiny_models.variables(model)
  tensors = names.to_hf(before, model)
  after = names.to_mesh(tensors, model)
  assert list(after) == list(before)
  for name, array in before.items():
    assert after[name].tobytes() == array.tobytes()
    assert after[name].shape == array.shape


def test_matrices_are_transposed_and_the_embedding_is_not():
  model = tiny_models.architecture("T5 1.1")
  variables = tiny_models.variables(model)
  tensors = names.to_hf(variables, model)
  np.testing.assert_array_equal(
      tensors["shared.weight"], variables["shared/embedding"]
  )
  np.testing.assert_array_equal(
      tensors["decoder.block.2.layer.1.EncDecAttention.k.weight"],
      variables["decoder/block_002/layer_001/EncDecAttention/k"].T,
  )
  np.testing.assert_array_equal(
      tensors["lm_head.weight"], variables["decoder/logits/kernel"].T
  )
  bias = "SelfAttention.relative_attention_bias.weight"
  assert tensors[f"encoder.block.0.layer.0.{bias}"].shape == (32, 2)
  assert f"encoder.block.1.layer.0.{bias}" not in tensors


def test_norms_of_published_1_0_checkpoints_are_found_under_their_names():
  model = tiny_models.architecture("T5 1.0")
  variables = tiny_models.variables(model)
  expected = names.to_hf(variables, model)
  old = {
      name.replace(
          "rms_norm", "layer_norm" if "block" in name else "final_layer_norm"
      ): array
      for name, array in variables.items()
  }
  assert "encoder/final_layer_norm/scale" in old
  found = names.to_hf(old, model)
  assert {k: v.tobytes() for k, v in found.items()} == {
      k: v.tobytes() for k, v in expected.items()
  }


def test_missing_left_over_and_misshapen_variables_are_named_at_once():
  model = tiny_models.architecture("T5 1.0")
  variables = tiny_models.variables(model)
  del variables["encoder/block_001/layer_000/SelfAttention/q"]
  variables["encoder/block_009/new"] = np.zeros(1)
  variables["encoder/rms_norm/scale"] = np.zeros(3)
  with pytest.raises(errors.CheckpointError) as caught:
    names.to_hf(variables, model)
  text = str(caught.value)
  assert "missing: encoder/block_001/layer_000/SelfAttention/q." in text
  assert "without a place: encoder/block_009/new." in text
  assert "encoder/rms_norm/scale is [3], not [16]." in text


def test_a_tensor_without_a_place_is_an_error_and_long_lists_are_counted():
  model = tiny_models.architecture("mT5")
  tensors = names.to_hf(tiny_models.variables(model), model)
  tensors |= {f"adapter.{i}": np.zeros(1) for i in range(9)}
  with pytest.raises(errors.CheckpointError, match=r"adapter.4 and 4 more"):
    names.to_mesh(tensors, model)


def test_copies_of_the_embedding_are_left_out_and_named():
  embedding = np.arange(6.0).reshape(3, 2)
  unused = (
      "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
  )
  kept, left_out = names.without_copies(
      {
          "encoder.embed_tokens.weight": embedding,
          "lm_head.weight": embedding.copy(),
          unused: np.zeros(1),
      },
      tied=True,
  )
  assert list(kept) == ["shared.weight"]
  assert left_out == ["encoder.embed_tokens.weight", "lm_head.weight", unused]


def test_a_copy_that_differs_is_an_error():
  embedding = np.arange(6.0).reshape(3, 2)
  with pytest.raises(errors.CheckpointError, match="lm_head.weight differs"):
    names.without_copies(
        {"shared.weight": embedding, "lm_head.weight": embedding + 1},
        tied=True,
    )


def test_an_untied_head_stays():
  embedding = np.arange(6.0).reshape(3, 2)
  kept, left_out = names.without_copies(
      {"shared.weight": embedding, "lm_head.weight": embedding}, tied=False
  )
  assert set(kept) == {"shared.weight", "lm_head.weight"}
  assert left_out == []
