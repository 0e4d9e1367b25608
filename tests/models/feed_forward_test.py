"""The activations are Mesh TF's, gradient included."""

from __future__ import annotations

import numpy as np
import pytest

from t5_mtf.models import feed_forward
from t5_mtf.tf_compat import mtf, mtf_layers, mtf_transformer, tf


def _value_and_gradient(fn):
  numbers = np.array([[-2.0, -0.0, 0.0], [1e-30, 0.5, 3.0]], np.float32)
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    shape = mtf.Shape([mtf.Dimension("a", 2), mtf.Dimension("b", 3)])
    x, weights = (
        mtf.import_tf_tensor(mesh, tf.constant(n), shape)
        for n in (numbers, 1 + numbers)
    )
    y = fn(x)
    [gradient] = mtf.gradients([mtf.reduce_sum(y * weights)], [x])
    mesh_impl = mtf.placement_mesh_impl.PlacementMeshImpl("", "", ["cpu:0"])
    lowering = mtf.Lowering(graph, {mesh: mesh_impl})
    return session.run(
        [lowering.export_to_tf_tensor(t) for t in (y, gradient)]
    )


@pytest.mark.parametrize("name", ["relu", "gelu"])
def test_values_and_gradients_are_those_of_mesh_tf(name):
  ours = _value_and_gradient(getattr(feed_forward, name))
  theirs = _value_and_gradient(getattr(mtf, name))
  for found, expected in zip(ours, theirs, strict=True):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("relu", feed_forward.relu),
        (["gelu", "linear"], [feed_forward.gelu, "linear"]),
        ("swish", "swish"),
        (None, None),
        (mtf.tanh, mtf.tanh),
    ],
)
def test_layers_use_them_and_keep_others(given, expected):
  layers = [mtf_layers.DenseReluDense(activation=given), object()]
  stack = mtf_transformer.make_layer_stack(layers=[], num_layers=1)
  stack._layers = layers
  feed_forward.replace_activations(stack)
  assert layers[0].activation == expected
