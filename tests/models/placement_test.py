"""A single device computes with the variables; several have slices of them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from t5_mtf.models import layouts, placement
from t5_mtf.tf_compat import mtf, tf

_DRAWN_ON_ONE = [0.259591, 0.110012, 0.943679, 0.684804]
_DRAWN_ON_TWO = [0.259591, 0.110012, 0.795404, 0.049971]


def _trained_once(devices):
  """Subtracts 1 from a variable; returns its value, and names of variables."""
  shape = f"batch:{len(devices)}" if len(devices) > 1 else ""
  mesh_here = layouts.choose_mesh(shape, "d:batch", devices)
  config = tf.compat.v1.ConfigProto(device_count={"CPU": len(devices)})
  with tf.Graph().as_default(), tf.compat.v1.Session(config=config) as session:
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    dims = mtf.Shape([mtf.Dimension("d", 4)])
    value = mtf.get_variable(
        mesh, "v", dims, initializer=tf.compat.v1.ones_initializer()
    )
    # `top_k` has two results.
    best, _ = mtf.top_k(value, dims.dims[0], mtf.Dimension("k", 2))
    update = mtf.assign_sub(value, mtf.ones_like(value))
    lowering = mtf.Lowering(graph, {mesh: placement.implementation(mesh_here)})
    read = lowering.export_to_tf_tensor(best)
    session.run(tf.compat.v1.global_variables_initializer())
    session.run(lowering.copy_masters_to_slices())
    np.testing.assert_array_equal(session.run(read), [1, 1])
    session.run(lowering.lowered_operation(update))
    session.run(lowering.copy_slices_to_masters())
    [saved] = tf.compat.v1.global_variables()
    names = {
        op.name
        for op in tf.compat.v1.get_default_graph().get_operations()
        if op.type == "VarHandleOp"
    }
    return session.run(saved).tolist(), names


@pytest.mark.parametrize("device", ["cpu:0", "/device:CPU:0", ""])
def test_a_single_device_keeps_weights_once(device):
  value, names = _trained_once([device])
  assert value == [0, 0, 0, 0]
  assert names == {"v"}


def test_several_devices_keep_their_slices():
  value, names = _trained_once(["cpu:0", "cpu:1"])
  assert value == [0, 0, 0, 0]
  assert names == {"v", "v_slice_0", "v_slice_1"}


@pytest.mark.parametrize("devices", [["cpu:0"], ["cpu:0", "cpu:1"]])
def test_random_numbers_are_the_same_in_every_process(devices):
  """These were drawn in another one, with another `hash` of texts."""
  shape = f"batch:{len(devices)}" if len(devices) > 1 else ""
  mesh_here = layouts.choose_mesh(shape, "d:batch", devices)
  config = tf.compat.v1.ConfigProto(device_count={"CPU": len(devices)})
  random.seed(0)
  with tf.Graph().as_default(), tf.compat.v1.Session(config=config) as session:
    tf.compat.v1.set_random_seed(0)
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    drawn = mtf.random_uniform(mesh, [mtf.Dimension("d", 4)])
    lowering = mtf.Lowering(graph, {mesh: placement.implementation(mesh_here)})
    found = session.run(lowering.export_to_tf_tensor(drawn))
  expected = {1: _DRAWN_ON_ONE, 2: _DRAWN_ON_TWO}[len(devices)]
  np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 8, 9, 32, 33])
@pytest.mark.parametrize("sizes", [(6, 4), (4, 6), (1024, 1025)], ids=str)
def test_products_in_a_loop_are_those_of_weights_as_they_lie(n, sizes):
  """Weights may be turned before it: they are, for few rows."""
  random_numbers = np.random.default_rng(0)
  rows = random_numbers.normal(size=(n, sizes[0])).astype(np.float32)
  weights = random_numbers.normal(size=sizes).astype(np.float32)
  here = placement.implementation(layouts.choose_mesh("", "", ["cpu:0"]))
  with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
    fed = tf.compat.v1.placeholder_with_default(weights, sizes)

    def step(i, unused):
      product = here.einsum("ab,bc->ac", tf.constant(rows), fed)
      return i + 1, tf.ensure_shape(product, [n, sizes[1]])

    start = (0, tf.zeros([n, sizes[1]]))
    _, product = tf.while_loop(lambda i, unused: i < 2, step, start)
    found = session.run(product)
    types = [operation.type for operation in graph.get_operations()]
  np.testing.assert_allclose(found, rows @ weights, rtol=1e-3, atol=1e-3)
  if n == 2:
    assert types.count("Transpose") == 1
  if n == 33:
    assert "Transpose" not in types
