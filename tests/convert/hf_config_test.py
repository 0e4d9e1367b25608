"""config.json is read as Transformers 4 and 5 write it."""

import pytest

from t5_mtf import errors
from t5_mtf.convert import hf_config
from tests.convert import tiny_models

SMALL = {
    "model_type": "t5",
    "vocab_size": 32128,
    "d_model": 512,
    "d_ff": 2048,
    "d_kv": 64,
    "num_heads": 8,
    "num_layers": 6,
}


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_what_is_written_is_read_again(family):
  model = tiny_models.architecture(family)
  model_type = "mt5" if family == "mT5" else "t5"
  config = hf_config.write(model, model_type, "float32")
  assert hf_config.read(config) == (model, [])
  assert config["tie_word_embeddings"] is (family == "T5 1.0")
  assert config["relative_attention_max_distance"] == 128


def test_an_old_config_of_1_0_has_the_defaults_of_its_time():
  found, unknown = hf_config.read({**SMALL, "task_specific_params": {}})
  assert found.family == "T5 1.0"
  assert (found.encoder_layers, found.decoder_layers) == (6, 6)
  assert (found.dropout_rate, found.epsilon, found.num_buckets) == (
      0.1, 1e-6, 32,
  )  # fmt: skip
  assert unknown == []


@pytest.mark.parametrize(
    "attributes, tied",
    [
        ({}, True),
        ({"tie_word_embeddings": True}, True),
        ({"tie_word_embeddings": False}, False),
        # Version 5 writes true for all, and says in another place what counts.
        ({"tie_word_embeddings": True, "scale_decoder_outputs": False}, False),
        ({"tie_word_embeddings": True, "scale_decoder_outputs": True}, True),
        ({"model_type": "mt5", "tie_word_embeddings": True}, False),
    ],
)
def test_logits_are_scaled_as_transformers_scales_them(attributes, tied):
  assert hf_config.read({**SMALL, **attributes})[0].tied is tied


def test_unknown_attributes_are_named():
  _, unknown = hf_config.read({**SMALL, "lora_rank": 8, "use_cache": True})
  assert unknown == ["lora_rank"]


@pytest.mark.parametrize(
    "attributes, message",
    [
        ({"model_type": "umt5"}, "unknown model_type of config.json 'umt5'"),
        ({"feed_forward_proj": "gated-silu"}, "unknown feed_forward_proj"),
        ({"relative_attention_max_distance": 64}, "made for 128 only"),
        ({"is_encoder_decoder": False}, "made for True only"),
        ({"d_kv": None}, "d_kv None, but it must be a number above 0"),
        ({"num_heads": 1}, "num_heads 1"),
    ],
)
def test_what_mesh_tf_cannot_do_is_refused(attributes, message):
  with pytest.raises(errors.UserError, match=message):
    hf_config.read({**SMALL, **attributes})
