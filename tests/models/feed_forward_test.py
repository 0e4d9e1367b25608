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


def test_relu_and_its_gradient_are_those_of_mesh_tf():
  ours = _value_and_gradient(feed_forward.relu)
  for found, expected in zip(ours, _value_and_gradient(mtf.relu), strict=True):
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("relu", feed_forward.relu),
        (["gelu", "linear"], ["gelu", "linear"]),
        (None, None),
    ],
)
def test_layers_keep_other_activations(given, expected):
  layers = [mtf_layers.DenseReluDense(activation=given), object()]
  stack = mtf_transformer.make_layer_stack(layers=[], num_layers=1)
  stack._layers = layers
  feed_forward.replace_activations(stack)
  assert layers[0].activation == expected
