"""The fused loss is Mesh TF's own, gradient included, on any layout."""

from __future__ import annotations

import numpy as np
import pytest

from t5_mtf.models import token_loss
from t5_mtf.tf_compat import mtf, mtf_transformer, tf

_BATCH, _LENGTH, _VOCAB = 4, 6, 11


def _loss_and_gradient(make_loss, mesh_shape="", layout=""):
  """Runs `make_loss(logits, targets, vocab_dim)` on a mesh of CPUs."""
  shape = mtf.convert_to_shape(mesh_shape)
  config = tf.compat.v1.ConfigProto(device_count={"CPU": shape.size})
  with tf.Graph().as_default(), tf.compat.v1.Session(config=config) as session:
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    dims = mtf.Shape([
        mtf.Dimension("batch", _BATCH),
        mtf.Dimension("length", _LENGTH),
        mtf.Dimension("vocab", _VOCAB),
    ])
    random = np.random.RandomState(0)
    logits = mtf.import_tf_tensor(
        mesh, tf.constant(3 * random.randn(*dims.to_integer_list), tf.float32),
        dims,
    )  # fmt: skip
    ids = random.randint(0, _VOCAB, dims.to_integer_list[:-1])
    ids[:, -2:] = 0  # padding
    targets = mtf.import_tf_tensor(
        mesh, tf.constant(ids, tf.int32), mtf.Shape(dims.dims[:-1])
    )
    loss = make_loss(logits, targets, dims.dims[-1])
    [gradient] = mtf.gradients([loss], [logits])
    mesh_impl = mtf.placement_mesh_impl.PlacementMeshImpl(
        shape, layout, [f"cpu:{i}" for i in range(shape.size)]
    )
    lowering = mtf.Lowering(graph, {mesh: mesh_impl})
    return session.run(
        [lowering.export_to_tf_tensor(x) for x in (loss, gradient)]
    )


class _Context:
  """What a `Unitransformer` asks of its context to compute a loss."""

  activation_dtype = tf.float32
  num_microbatches = 1

  def __init__(self, train):
    self.train = train


def _of_model(mesh_shape="", layout="", train=True, **parameters):
  def make_loss(logits, targets, vocab_dim):
    model = mtf_transformer.Unitransformer(
        mtf_transformer.make_layer_stack(layers=[], num_layers=1),
        input_vocab_size=_VOCAB,
        output_vocab_size=_VOCAB,
        autoregressive=True,
        max_length=_LENGTH,
        mesh_shape=mtf.convert_to_shape(mesh_shape),
        layout=mtf.convert_to_layout_rules(layout),
        **parameters,
    )
    return model._compute_loss(_Context(train), logits, targets, vocab_dim)

  return _loss_and_gradient(make_loss, mesh_shape, layout)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"z_loss": 0.3},
        {"z_loss": 0.3, "train": False},
        {"label_smoothing": 0.1},
        {"loss_on_targets_only": True},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("mesh_shape", "layout"),
    [
        ("", ""),
        ("all:2", "batch:all"),
        ("one:1", "vocab:one"),
        ("all:11", "vocab:all"),
    ],
)
def test_loss_and_gradient_are_those_of_mesh_tf(parameters, mesh_shape, layout):
  expected = _of_model(**parameters)
  found = _of_model(
      mesh_shape, layout, loss_fn=token_loss.token_loss, **parameters
  )
  for ours, mesh_tf in zip(found, expected, strict=True):
    np.testing.assert_allclose(ours, mesh_tf, rtol=1e-5, atol=1e-6)


def test_padding_has_no_gradient():
  _, gradient = _of_model(z_loss=0.3, loss_fn=token_loss.token_loss)
  assert not gradient[:, -2:].any()
  assert gradient[:, :-2].any()
