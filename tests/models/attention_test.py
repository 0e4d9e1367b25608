"""Decoding and training give what Mesh TF's own layers give."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from t5_mtf.models import (
    attention,
    beam_search,
    decoder_memory,
    embedding,
    resident,
    training,
)
from t5_mtf.models.decode_options import DecodeOptions
from t5_mtf.tf_compat import mtf_layers, mtf_transformer
from tests.models import tiny

_ROWS = [[5, 6, 7, 1], [8, 1], [3, 4, 5, 6, 7, 8, 1], [9, 9, 1]]
_DEEPER = (
    "num_layers = 2",
    # So that answers differ.
    "constant_learning_rate.learning_rate = 0.1",
    "utils.run.train_steps = 40",
    "utils.run.save_checkpoints_steps = 40",
)


def _decoded(path, options, *bindings, gin_files=()):
  settings = tiny.settings(
      path.rpartition("/")[0], *bindings, gin_files=gin_files
  )
  with resident.ResidentModel(settings, path, options) as model:
    return model.decode(_ROWS, scores=True)


def _as_mesh_tf_does(monkeypatch):
  for module, name in (
      (beam_search, "gathered_states"),
      (decoder_memory, "written_in_place"),
  ):
    monkeypatch.setattr(module, name, contextlib.nullcontext)
  monkeypatch.setattr(attention, "replace_layers", lambda stack: None)
  monkeypatch.setattr(
      embedding.GatherVocabEmbedding,
      "hidden_to_logits",
      mtf_transformer.VocabEmbedding.hidden_to_logits,
  )


@pytest.fixture(scope="module", params=["encoder-decoder", "language model"])
def trained(request, tmp_path_factory):
  """A checkpoint, its bindings and its gin files."""
  folder = tmp_path_factory.mktemp("model")
  bindings, gin_files = _DEEPER, ()
  if request.param == "language model":
    gin_files = ("models/lm_v1_delimited.gin",)
    bindings = (*tiny.BINDINGS, *_DEEPER)
  path = training.train(
      tiny.settings(folder, *bindings, gin_files=gin_files)
  )
  return path, bindings, gin_files


@pytest.mark.parametrize("beam_size", [1, 3])
def test_decodes_as_mesh_tf_does(trained, beam_size, monkeypatch):
  path, bindings, gin_files = trained
  if beam_size > 1 and gin_files:
    pytest.skip("Mesh TF has no beam search for language models")
  options = DecodeOptions(
      beam_size=beam_size, num_outputs=beam_size, max_length=8
  )
  ours = _decoded(path, options, *bindings, gin_files=gin_files)
  _as_mesh_tf_does(monkeypatch)
  theirs = _decoded(path, options, *bindings, gin_files=gin_files)
  assert len({output.ids for row in ours for output in row}) > 1
  assert [[o.ids for o in row] for row in ours] == [
      [o.ids for o in row] for row in theirs
  ]
  np.testing.assert_allclose(
      [[o.score for o in row] for row in ours],
      [[o.score for o in row] for row in theirs],
      rtol=1e-5,
  )


def test_other_layers_stay_what_they_are():
  class Own(mtf_layers.SelfAttention):
    pass

  layers = [Own(), mtf_layers.SelfAttention()]
  attention.replace_layers(mtf_transformer.LayerStack(layers))
  assert [type(layer) for layer in layers] == [Own, attention.SelfAttention]
