"""What a loop reads is made before it, and kept by graphs that keep it."""

from __future__ import annotations

import numpy as np
import pytest

from t5_mtf.models import prepared_weights
from t5_mtf.tf_compat import tf


def _product_in_a_loop(weights):
  """A tensor: weights times [1, 2], computed in a loop."""

  def step(i, unused):
    turned = prepared_weights.prepared(tf.transpose, weights, "turned")
    return i + 1, tf.linalg.matvec(turned, [1.0, 2.0])

  start = (0, tf.zeros([3]))
  return tf.while_loop(lambda i, unused: i < 2, step, start)[1]


def _transposed(metadata):
  """How often something was transposed in a run."""
  return sum(
      node.node_name.split("/")[-1].startswith("transpose")
      for device in metadata.step_stats.dev_stats
      for node in device.node_stats
      if not node.node_name.endswith("/perm")
  )


@pytest.mark.parametrize("is_kept", [False, True])
def test_weights_are_prepared_once_for_a_loop_or_once_for_all(is_kept):
  with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
    kept = prepared_weights.KeptWeights(graph) if is_kept else None
    variable = tf.compat.v1.get_variable(
        "v",
        initializer=np.arange(6, dtype=np.float32).reshape(2, 3),
        use_resource=True,
    )
    products = [_product_in_a_loop(variable.value()) for _ in range(2)]
    session.run(variable.initializer)
    if kept:
      kept.update(session)
    options = tf.compat.v1.RunOptions(trace_level=3)
    metadata = tf.compat.v1.RunMetadata()
    found = session.run(products, options=options, run_metadata=metadata)
    np.testing.assert_array_equal(found, [[6, 9, 12]] * 2)
    assert _transposed(metadata) == (0 if is_kept else 2)

    session.run(variable.assign(variable * 2))
    if kept:
      kept.update(session)  # which was not told
      np.testing.assert_array_equal(session.run(products[0]), [6, 9, 12])
      kept.expire()
      kept.update(session)
    np.testing.assert_array_equal(session.run(products[0]), [12, 18, 24])


def test_what_is_not_a_variable_is_not_kept():
  with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
    prepared_weights.KeptWeights(graph)
    fed = tf.compat.v1.placeholder(tf.float32, [2, 3])
    product = _product_in_a_loop(fed)
    np.testing.assert_array_equal(
        session.run(product, {fed: np.ones([2, 3])}), [3, 3, 3]
    )


def test_kept_weights_are_no_weights_of_a_checkpoint():
  with tf.Graph().as_default() as graph:
    prepared_weights.KeptWeights(graph)
    variable = tf.compat.v1.get_variable("v", [2, 3], use_resource=True)
    _product_in_a_loop(variable.value())
    assert [v.op.name for v in tf.compat.v1.global_variables()] == ["v"]
