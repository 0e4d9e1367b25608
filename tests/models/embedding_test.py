"""The gather gives what Mesh TF's one-hot product gives, gradient included."""

import numpy as np
import pytest

from t5_mtf.models import embedding, training
from t5_mtf.tf_compat import mtf, tf
from tests.models import tiny


def _lookup_and_gradient(look_up):
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    vocab, depth = mtf.Dimension("vocab", 7), mtf.Dimension("d_model", 3)
    batch, length = mtf.Dimension("batch", 2), mtf.Dimension("length", 4)
    rows = np.random.RandomState(0).randn(7, 3).astype("float32")
    scale = np.random.RandomState(1).randn(2, 4, 3).astype("float32")
    ids = tf.constant([[0, 6, 6, 2], [1, 1, 1, 5]])
    weights = mtf.import_tf_tensor(mesh, tf.constant(rows), [vocab, depth])
    ids = mtf.import_tf_tensor(mesh, ids, [batch, length])
    scale = mtf.import_tf_tensor(mesh, scale, [batch, length, depth])
    embedded = look_up(weights, ids, vocab)
    loss = mtf.reduce_sum(embedded * scale)
    [gradient] = mtf.gradients([loss], [weights])
    mesh_impl = mtf.placement_mesh_impl.PlacementMeshImpl([], [], ["cpu:0"])
    lowering = mtf.Lowering(graph, {mesh: mesh_impl})
    return session.run(
        [lowering.export_to_tf_tensor(x) for x in (embedded, gradient)]
    )


def test_equals_the_one_hot_product():
  ours = _lookup_and_gradient(lambda w, ids, vocab: embedding.gather(w, ids))
  mesh_tf = _lookup_and_gradient(mtf.gather)
  for found, expected in zip(ours, mesh_tf, strict=True):
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 2, 12, 13])
@pytest.mark.parametrize("words", [128, 100], ids="vocab_{}".format)
def test_logits_of_few_rows_equal_the_product(rows, words):
  """Also where a vocabulary has no whole number of blocks."""
  random = np.random.RandomState(0)
  hidden = random.randn(rows, 1, 3).astype("float32")
  weights = random.randn(words, 3).astype("float32")
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    vocab, depth = mtf.Dimension("vocab", words), mtf.Dimension("d_model", 3)
    dims = [mtf.Dimension("batch", rows), mtf.Dimension("beam", 1), depth]
    logits = embedding._logits_of_few(
        mtf.import_tf_tensor(mesh, tf.constant(hidden), dims),
        mtf.import_tf_tensor(mesh, tf.constant(weights), [vocab, depth]),
    )
    mesh_impl = mtf.placement_mesh_impl.PlacementMeshImpl([], [], ["cpu:0"])
    lowering = mtf.Lowering(graph, {mesh: mesh_impl})
    found = session.run(lowering.export_to_tf_tensor(logits))
  np.testing.assert_allclose(found, hidden @ weights.T, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_model_trains_the_same_with_either_and_on_a_split_mesh(tmp_path):
  def final_weights(name, *bindings):
    path = training.train(tiny.settings(tmp_path / name, *bindings))
    return {
        variable: tf.train.load_variable(path, variable)
        for variable, _ in tf.train.list_variables(path)
        if "slot" not in variable
    }

  ours = final_weights("gather")
  one_hot = final_weights(
      "one_hot",
      "transformer.get_vocab_embedding_cls.cls ="
      " @transformer.VocabEmbedding",
  )
  split = final_weights("split", "utils.run.mesh_shape = 'batch:2,model:2'")
  assert set(ours) == set(one_hot) == set(split)
  for name, value in ours.items():
    for other in (one_hot, split):
      np.testing.assert_allclose(
          value, other[name], rtol=1e-4, atol=1e-4, err_msg=name
      )
