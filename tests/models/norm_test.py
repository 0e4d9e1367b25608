"""RMS norm is Mesh TF's, gradient included."""

from __future__ import annotations

import gin
import numpy as np
import pytest

from t5_mtf.models import norm
from t5_mtf.tf_compat import mtf, mtf_transformer, tf

_SIZES = {"batch": 3, "length": 4, "d_model": 8}


class _Stack:
  """What of a `LayerStack` is replaced."""

  def __init__(self, sublayer):
    self._sublayers_initial = None
    self._sublayers_per_layer = [sublayer]
    self._sublayers_final = []


class _Context:
  """What a norm asks of its context."""

  variable_dtype = mtf.VariableDType()

  def __init__(self, mesh, **model):
    self.mesh = mesh
    self.model = type("Model", (), model)


def _found(sublayer, is_replaced, num_devices=1):
  """Variables, and values of norm and gradients."""
  shape = mtf.convert_to_shape(f"all:{num_devices}")
  layout = mtf.convert_to_layout_rules("batch:all")
  stack = _Stack(sublayer)
  if is_replaced:
    norm.replace_sublayers(stack)
  config = tf.compat.v1.ConfigProto(device_count={"CPU": num_devices})
  with tf.Graph().as_default(), tf.compat.v1.Session(config=config) as session:
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    dims = [mtf.Dimension(*item) for item in _SIZES.items()]
    context = _Context(
        mesh, ensemble_dims=[], model_dim=dims[-1], mesh_shape=shape
    )
    random = np.random.default_rng(0)
    x, weights = (
        mtf.import_tf_tensor(
            mesh,
            tf.constant(random.normal(size=[*_SIZES.values()]), tf.float32),
            mtf.Shape(dims),
        )
        for _ in range(2)
    )
    with tf.compat.v1.variable_scope("block"):
      [call] = stack._sublayers_per_layer
      y = call(x, stack, context)
    [variable] = graph.trainable_variables
    gradients = mtf.gradients(
        [mtf.reduce_sum(y * weights)], [x, variable.outputs[0]]
    )
    mesh_impl = mtf.placement_mesh_impl.PlacementMeshImpl(
        shape, layout, [f"cpu:{i}" for i in range(num_devices)]
    )
    lowering = mtf.Lowering(graph, {mesh: mesh_impl})
    master = tf.compat.v1.trainable_variables()[0]  # slices come after it
    tensors = [lowering.export_to_tf_tensor(t) for t in (y, *gradients)]
    session.run(
        master.assign(tf.constant(random.normal(size=[8]), tf.float32))
    )
    session.run(lowering.copy_masters_to_slices())
    return master.name, session.run(tensors)


@pytest.mark.parametrize("num_devices", [1, 3])
@pytest.mark.parametrize(
    "name",
    [
        "sublayer_rms_norm",
        "sublayer_legacy_rms_norm",
        "sublayer_legacy_final_rms_norm",
    ],
)
def test_norm_and_gradients_are_those_of_mesh_tf(name, num_devices):
  sublayer = getattr(mtf_transformer, name)
  variable, theirs = _found(sublayer, False)
  ours_variable, ours = _found(sublayer, True, num_devices)
  assert ours_variable == variable
  for found, expected in zip(ours, theirs, strict=True):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_epsilon_is_what_gin_binds():
  def bound(epsilon, is_replaced):
    gin.bind_parameter("sublayer_rms_norm.epsilon", epsilon)
    return _found(mtf_transformer.sublayer_rms_norm, is_replaced)[1][0]

  np.testing.assert_allclose(bound(0.5, True), bound(0.5, False), rtol=1e-5)
  assert np.abs(bound(0.5, True) - bound(1e-6, True)).max() > 0.1


def test_other_sublayers_stay_as_they_are():
  stack = _Stack(mtf_transformer.sublayer_dropout)
  norm.replace_sublayers(stack)
  assert stack._sublayers_per_layer == [mtf_transformer.sublayer_dropout]
