"""One device updates weights as Mesh TF's Adafactor does."""

from __future__ import annotations

import numpy as np
import pytest

from t5_mtf.models import adafactor, layouts, placement
from t5_mtf.tf_compat import mtf, tf

_SIZES = ((8, 6), (4, 3, 5), (7,), (2, 9))


def _trained(mesh_here, options, wrap):
  """All variables, by name, after two updates with given gradients."""
  random = np.random.default_rng(0)
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    tf.compat.v1.train.get_or_create_global_step()
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    gradients = []
    for i, sizes in enumerate(_SIZES):
      dims = [mtf.Dimension(f"d{n}", size) for n, size in enumerate(sizes)]
      start = random.normal(size=sizes).astype(np.float32)
      gradient = random.normal(size=sizes).astype(np.float32)
      mtf.get_variable(
          mesh,
          f"v{i}",
          mtf.Shape(dims),
          initializer=tf.compat.v1.constant_initializer(start),
      )
      gradients.append(
          mtf.import_tf_tensor(mesh, tf.constant(gradient), mtf.Shape(dims))
      )
    optimizer = wrap(
        mtf.optimize.AdafactorOptimizer(
            **{"learning_rate": 0.1, "min_dim_size_to_factor": 4, **options}
        )
    )
    updates = optimizer.apply_grads(
        gradients, graph.trainable_variables
    )
    lowering = mtf.Lowering(graph, {mesh: placement.implementation(mesh_here)})
    train = tf.group([lowering.lowered_operation(op) for op in updates])
    session.run(tf.compat.v1.global_variables_initializer())
    session.run(lowering.copy_masters_to_slices())
    for _ in range(2):
      session.run(train)
    session.run(lowering.copy_slices_to_masters())
    found = {v.name: v for v in tf.compat.v1.global_variables()}
    return session.run(found)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"multiply_by_parameter_scale": False},
        {"exclude_from_parameter_scale": ["v0"]},
        {"clipping_threshold": None},
        {"clipping_threshold": 0.1},
        {"multiply_by_parameter_scale": False, "clipping_threshold": None},
        {"beta1": 0.9},
        {"factored": False},
        {"stacked_dim_names": ["d0"]},
    ],
    ids=str,
)
def test_updates_are_those_of_mesh_tf(options):
  here = layouts.choose_mesh("", "", ["cpu:0"])
  theirs = _trained(here, options, lambda optimizer: optimizer)
  ours = _trained(here, options, lambda o: adafactor.on_mesh(o, here))
  assert "v0:0" in ours
  assert ours.keys() == theirs.keys()
  for name, value in theirs.items():
    np.testing.assert_allclose(
        ours[name], value, rtol=2e-6, atol=2e-7, err_msg=name
    )


def test_several_devices_and_other_optimizers_stay_as_they_are():
  several = layouts.choose_mesh("batch:2", "d:batch", ["cpu:0", "cpu:1"])
  mesh_tfs = mtf.optimize.AdafactorOptimizer(learning_rate=0.1)
  other = mtf.optimize.SgdOptimizer(0.1)
  one = layouts.choose_mesh("", "", ["cpu:0"])
  assert type(adafactor.on_mesh(mesh_tfs, several)) is type(mesh_tfs)
  assert adafactor.on_mesh(other, one) is other
  assert type(other) is mtf.optimize.SgdOptimizer
  assert type(adafactor.on_mesh(mesh_tfs, one)) is adafactor.Adafactor
