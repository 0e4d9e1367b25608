"""The published configurations give the published variables."""

import json
import pathlib

import pytest

from t5_mtf import data, gin_config
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.models import model_fn
from t5_mtf.models import settings as run_settings
from t5_mtf.models.start_report import StartReport
from t5_mtf.models.train_step import compute_loss
from t5_mtf.tf_compat import mtf, tf

T5_PIECES = 32100  # sentinels included
T5_ROWS = 32128  # of the embedding: a multiple of 128
MT5_PIECES = 250100
MT5_ROWS = 250112
_FEATURES = ("inputs", "targets")
_CONFIGS = pathlib.Path(__file__).parents[1] / "gin" / "operative_configs"


def _graph(gin_file: str, vocab_size: int = T5_PIECES) -> mtf.Graph:
  """Builds a model's training graph on Mesh TF, without lowering it."""
  t5_mesh_transformer.load_gin(
      [gin_file],
      [
          "utils.run.batch_size = 1",
          "utils.run.train_steps = 1",
          "utils.run.sequence_length = {'inputs': 8, 'targets': 8}",
      ],
  )
  vocabulary = data.PassThroughVocabulary(vocab_size, eos_id=1)
  settings = run_settings.from_gin("", vocabulary=vocabulary)
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
    names = ("targets",) if settings.model_type == "lm" else _FEATURES
    features = model_fn.import_features(
        dict.fromkeys(names, ids), context, [mtf.Dimension("batch", 1)]
    )
    compute_loss(features, context)
  return graph


def _parameters(gin_file: str, vocab_size: int = T5_PIECES) -> int:
  variables = _graph(gin_file, vocab_size).trainable_variables
  return sum(v.size for v in variables)


_SLOW = pytest.mark.slow  # several seconds a graph, on a busy machine


def _row(*values, slow=False):
  return pytest.param(*values, marks=[_SLOW] if slow else [])


@pytest.mark.parametrize(
    "model, published, millions",
    [
        _row("small", 60, 60.5),
        _row("base", 220, 222.9),
        _row("large", 770, 737.7, slow=True),
        _row("3B", 2800, 2851.6, slow=True),
        _row("11B", 11000, 11307.3, slow=True),
    ],
)
def test_sizes_are_those_of_section_3_7(model, published, millions):
  found = _parameters(f"models/t5.1.0.{model}.gin") / 1e6
  assert found == pytest.approx(millions, abs=0.06)
  assert found == pytest.approx(published, rel=0.06)


@pytest.mark.parametrize(
    "model, millions, published_mt5, millions_mt5",
    [
        _row("small", 77.0, 300, 300.2),
        _row("base", 247.6, 580, 582.4),
        _row("large", 783.2, 1200, 1229.6, slow=True),
        _row("xl", 2849.8, 3700, 3742.6, slow=True),
        _row("xxl", 11135.3, 13000, 12921.1, slow=True),
    ],
)
def test_sizes_are_those_of_t5_1_1_and_with_more_pieces_of_mt5(
    model, millions, published_mt5, millions_mt5
):
  """mT5 (Xue et al. 2021, table 1) is T5 1.1 with 250,112 rows."""
  parameters = _parameters(f"models/t5.1.1.{model}.gin")
  assert parameters / 1e6 == pytest.approx(millions, abs=0.06)
  d_model = gin_config.bound("Unitransformer", "d_model")
  parameters += 2 * (MT5_ROWS - T5_ROWS) * d_model  # embedding and softmax
  assert parameters / 1e6 == pytest.approx(millions_mt5, abs=0.06)
  assert parameters / 1e6 == pytest.approx(published_mt5, rel=0.06)
  if model == "small":
    assert _parameters("models/t5.1.1.small.gin", MT5_PIECES) == parameters


def test_architectures_have_p_or_2p_parameters_as_in_table_2():
  """P is that of a decoder of 12 layers, or of an encoder of as many."""
  found = {
      name: _parameters(f"models/{name}.gin")
      for name in ("bi_v1", "bi_v1_shared", "bi_v1_l6", "lm_v1")
  }
  embedding = T5_ROWS * 768
  p = found["lm_v1"] - embedding
  attention = 12 * (4 * 768 * 768 + 768)  # over the encoder, with its norm
  # The decoder has attention over the encoder, which is not counted in P.
  for name, expected in (
      ("bi_v1", 2 * p + attention),
      ("bi_v1_shared", p + attention),
      ("bi_v1_l6", p + attention / 2),
  ):
    assert found[name] - embedding == pytest.approx(expected, rel=1e-3)
  for name in ("lm_v1_delimited", "lm_v1_prefix"):
    assert _parameters(f"models/{name}.gin") == found["lm_v1"]


def _shapes(graph: mtf.Graph) -> dict[str, list[int]]:
  return {v.name: v.shape.to_integer_list for v in graph.trainable_variables}


def test_variable_names_and_shapes_are_the_published_ones(
    tmp_path, shared_dir
):
  facts = json.loads(
      (shared_dir / "facts" / "model_variables.json").read_text()
  )
  lines = [f"{name} = {value!r}" for name, value in facts["macros"].items()]
  lines += [f"{name} = {value}" for name, value in facts["operative_config"]]
  config = tmp_path / "operative_config.gin"
  config.write_text("\n".join(lines) + "\n")
  expected = {
      name: facts["variables"][name]["shape"] for name in facts["trainable"]
  }
  assert _shapes(_graph("models/t5.1.1.tiny.gin")) == expected
  assert _shapes(_graph(str(config))) == expected


@pytest.mark.parametrize("name", ["t5_1_1", "t5_1_1_lm_adapted", "mt5"])
def test_operative_configs_of_1_1_have_the_variables_of_1_1(name):
  path = _CONFIGS / f"{name}.gin"
  found = _shapes(_graph(str(path)))
  expected = _shapes(_graph("models/t5.1.1.tiny.gin"))
  assert list(found) == list(expected)
