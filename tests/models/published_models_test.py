"""The published configurations give the published variables."""

import json

import pytest

from t5_mtf import data
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.models import model_fn
from t5_mtf.models import settings as run_settings
from t5_mtf.models.start_report import StartReport
from t5_mtf.models.train_step import compute_loss
from t5_mtf.tf_compat import mtf, tf


def _graph(model: str, tmp_path) -> mtf.Graph:
  """Builds a model's training graph on Mesh TF, without lowering it."""
  t5_mesh_transformer.load_gin(
      [f"models/{model}.gin"],
      [
          "utils.run.batch_size = 1",
          "utils.run.train_steps = 1",
          "utils.run.sequence_length = {'inputs': 8, 'targets': 8}",
      ],
  )
  vocabulary = data.get_default_vocabulary()
  settings = run_settings.from_gin(str(tmp_path), vocabulary=vocabulary)
  with tf.Graph().as_default():
    tf.compat.v1.train.get_or_create_global_step()
    graph = mtf.Graph()
    context = model_fn.StepContext(
        settings=settings,
        model=model_fn.build_model(settings),
        report=StartReport(),
        graph=graph,
        mesh=mtf.Mesh(graph, "mesh"),
        mesh_impl=None,
        resume_from=None,
    )
    ids = tf.ones([1, 8], tf.int32)
    features = model_fn.import_features(
        {"inputs": ids, "targets": ids}, context, [mtf.Dimension("batch", 1)]
    )
    compute_loss(features, context)
  return graph


@pytest.mark.parametrize(
    "model, millions",
    [
        ("t5.1.0.small", 60.5),
        ("t5.1.0.base", 222.9),
        ("t5.1.1.small", 77.0),
        ("t5.1.1.base", 247.6),
    ],
)
def test_sizes_are_the_published_ones(model, millions, tmp_path):
  variables = _graph(model, tmp_path).trainable_variables
  assert sum(v.size for v in variables) / 1e6 == pytest.approx(
      millions, abs=0.06
  )


def test_variable_names_and_shapes_are_the_published_ones(
    tmp_path, shared_dir
):
  facts = json.loads(
      (shared_dir / "facts" / "model_variables.json").read_text()
  )
  graph = _graph("t5.1.1.tiny", tmp_path)
  found = {v.name: v.shape.to_integer_list for v in graph.trainable_variables}
  expected = {
      name: facts["variables"][name]["shape"] for name in facts["trainable"]
  }
  assert found == expected
