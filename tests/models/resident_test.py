"""A kept model answers at once, scores what it says, and keeps its gin."""

import time

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.models import resident, training
from t5_mtf.models.batch_shapes import Shapes
from t5_mtf.models.decode_options import DecodeOptions
from tests.models import tiny

_ROWS = [[5, 6, 7, 1], [8, 1], [3, 4, 5, 6, 7, 8, 1], [9, 9, 1], [8, 1]]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  return training.train(tiny.settings(folder))


def _model(checkpoint, shapes=None, **options):
  settings = tiny.settings(checkpoint.rpartition("/")[0])
  options = DecodeOptions(**{"max_length": 8, **options})
  return resident.ResidentModel(settings, checkpoint, options, shapes)


def test_the_second_answer_takes_a_small_part_of_the_first(checkpoint):
  with _model(checkpoint) as model:
    seconds = []
    for _ in range(2):
      started = time.perf_counter()
      answers = model.decode(_ROWS)
      seconds.append(time.perf_counter() - started)
    assert len(answers) == 5
    assert seconds[1] < seconds[0] / 10


def test_shorter_shapes_give_the_same_answers(checkpoint):
  with _model(checkpoint) as full:
    expected = full.decode(_ROWS)
  with _model(checkpoint, Shapes((1, 2), (2, 4, 8))) as short:
    assert short.decode(_ROWS) == expected


def test_another_checkpoint_answers_as_if_loaded_anew(checkpoint, tmp_path):
  rate = "constant_learning_rate.learning_rate = 0.1"
  other = training.train(tiny.settings(tmp_path, rate))
  with _model(other, beam_size=2) as anew:
    expected = anew.decode(_ROWS)
  with _model(checkpoint, beam_size=2) as model:
    before = model.decode(_ROWS)
    model.use(other)
    assert model.decode(_ROWS) == expected
    model.use(checkpoint)
    assert model.decode(_ROWS) == before != expected


def test_beams_have_the_log_likelihood_that_scoring_gives(checkpoint):
  with _model(checkpoint, beam_size=3, num_outputs=3) as model:
    every = model.decode(_ROWS)
    for row, outputs in zip(_ROWS, every, strict=True):
      # An untrained model may put out padding, which scoring leaves out.
      outputs = [o for o in outputs if 0 not in o.ids and o.ids]
      scored = model.score([row] * len(outputs), [o.ids for o in outputs])
      np.testing.assert_allclose(
          [o.score for o in outputs], [s for s, _ in scored], rtol=1e-4
      )


def test_greedy_is_what_one_of_one_draws(checkpoint):
  with _model(checkpoint) as model:
    greedy = model.decode(_ROWS)
  with _model(checkpoint, temperature=1.0, top_k=1) as model:
    assert model.decode(_ROWS) == greedy


def test_two_models_keep_their_configurations_apart(checkpoint):
  with _model(checkpoint) as model:
    before = model.decode(_ROWS[:1])
    tiny.load_gin("d_model = 64", "Bitransformer.decode.beam_size = 4")
    assert model.decode(_ROWS[:1]) == before
    assert len(model.decode(_ROWS)) == 5  # a shape that is built only now


def test_a_checkpoint_of_another_size_is_an_error(checkpoint):
  settings = tiny.settings(checkpoint.rpartition("/")[0], "d_model = 32")
  options = DecodeOptions(max_length=8)
  with resident.ResidentModel(settings, checkpoint, options) as model:
    with pytest.raises(errors.CheckpointError, match="shape|d_model"):
      model.decode(_ROWS)


def test_a_mesh_of_two_devices_answers_as_one_does(checkpoint):
  with _model(checkpoint) as model:
    expected = model.decode(_ROWS)
    scores = model.score(_ROWS, _ROWS)
  settings = tiny.settings(
      checkpoint.rpartition("/")[0],
      "utils.run.mesh_shape = 'batch:2'",
      "utils.run.layout_rules = 'batch:batch'",
      "utils.run.mesh_devices = ['cpu:0', 'cpu:1']",
  )
  options = DecodeOptions(max_length=8)
  with resident.ResidentModel(settings, checkpoint, options) as model:
    assert model.decode(_ROWS) == expected
    np.testing.assert_allclose(
        [s for s, _ in model.score(_ROWS, _ROWS)],
        [s for s, _ in scores],
        rtol=1e-4,
    )
