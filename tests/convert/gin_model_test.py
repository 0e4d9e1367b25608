"""The architecture is read from the model that gin makes, and written."""

import pytest

from t5_mtf import errors
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.convert import gin_model
from tests.convert import tiny_models


def _read(model: str, *bindings: str):
  t5_mesh_transformer.load_gin([f"models/{model}.gin"], list(bindings))
  return gin_model.read(32100)


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_what_is_written_is_read_again(family, tmp_path):
  model = tiny_models.architecture(family)
  path = tmp_path / "operative_config.gin"
  path.write_text(gin_model.write(model, "float32"))
  tiny_models.load_gin(tmp_path)
  assert gin_model.read(model.vocab_rows) == (model, [])


def test_published_models_are_read():
  found, notes = _read("t5.1.0.small")
  assert (found.family, notes) == ("T5 1.0", [])
  assert (found.vocab_rows, found.d_model, found.d_ff) == (32128, 512, 2048)
  assert (found.num_heads, found.d_kv, found.encoder_layers) == (8, 64, 6)
  found, _ = _read("t5.1.1.xl")
  assert found.family == "T5 1.1"
  assert (found.d_model, found.d_ff, found.num_heads) == (2048, 5120, 32)
  assert (found.decoder_layers, found.dropout_rate) == (24, 0.0)


def test_the_legacy_layer_stack_of_published_checkpoints_is_a_t5():
  found, notes = _read(
      "t5.1.0.small",
      "LayerStack.dropout_rate = 0.1",
      "LayerStack.norm_epsilon = 1e-6",
  )
  assert (found.family, found.dropout_rate, notes) == ("T5 1.0", 0.1, [])


def test_several_dropout_rates_become_one_and_a_note():
  found, notes = _read(
      "t5.1.0.small", "encoder/DenseReluDense.dropout_rate = 0.3"
  )
  assert found.dropout_rate == 0.3
  assert notes == [
      "dropout rates are [0.1, 0.3]; Hugging Face has one, 0.3"
  ]


@pytest.mark.parametrize(
    "model, binding, message",
    [
        ("bi_bert_base", "", "positional_embedding is True"),
        ("lm_v1", "", "utils.run.model_type is 'lm'"),
        ("bi_v1_shared", "", "make_bitransformer.encoder_name is 'decoder'"),
        ("t5.1.th.base", "", "layer 0 of the encoder is 'Talking"),
        (
            "bi_v1",
            "DenseReluDense.activation = ['swish', 'linear']",
            "unknown DenseReluDense.activation for Hugging Face 'swish,linear'",
        ),
        (
            "bi_v1",
            "SelfAttention.relative_attention_type = 'bias'",
            "relative_attention_type is 'bias'",
        ),
        (
            "bi_v1",
            "VocabEmbedding.scale_variable_like_classifier_weights = True",
            "scale_variable_like_classifier_weights is True",
        ),
        (
            "bi_v1",
            "encoder/SelfAttention.num_heads = 4",
            "differ in number or size of heads",
        ),
        (
            "bi_v1",
            "transformer.LayerStack.sublayers_final = []",
            "LayerStack.sublayers_final is",
        ),
    ],
)
def test_models_that_hugging_face_does_not_have_are_refused(
    model, binding, message
):
  with pytest.raises(errors.UserError, match=message):
    _read(model, *([binding] if binding else []))
