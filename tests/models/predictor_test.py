"""A predictor loads a model directory once and answers many times."""

import time

import gin
import numpy as np
import pytest

from t5_mtf import data, errors
from t5_mtf.models import decoding, training
from t5_mtf.models.decode_options import DecodeOptions
from t5_mtf.models.predictor import Predictor
from tests.models import tiny

_TEXTS = ["abc", "a", "abcdefghij", "äöü"]
_BYTES = (data.ByteVocabulary(), data.ByteVocabulary())


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  training.train(tiny.settings(folder))
  return str(folder)


def test_it_answers_as_decoding_does_and_soon_the_second_time(model_dir):
  expected = decoding.decode_texts(
      tiny.settings(model_dir), _TEXTS, f"{model_dir}/model.ckpt-4"
  )
  tiny.load_gin("d_model = 99")
  with Predictor(model_dir, vocabulary=_BYTES) as predictor:
    seconds = []
    for _ in range(2):
      started = time.perf_counter()
      decoded = predictor.decode(_TEXTS)
      seconds.append(time.perf_counter() - started)
    assert decoded == expected
    assert decoded.truncated_inputs == 1
    assert predictor.predict(["abc"]) == [expected.outputs[0]]
    assert predictor.predict([]) == []
  assert seconds[1] < seconds[0] / 5
  assert gin.query_parameter("d_model/macro.value") == 99


def test_options_step_and_scores(model_dir):
  options = DecodeOptions(beam_size=3, num_outputs=2)
  with Predictor(model_dir, 2, options, vocabulary=_BYTES) as predictor:
    assert predictor.checkpoint.endswith("ckpt-2")
    assert predictor.options.max_length == 8
    assert [len(a) for a in predictor.decode(_TEXTS).every] == [2] * 4
    scores = predictor.score(["abc", "abc"], ["abc", "x"])
    assert scores == predictor.score(["abc", "abc"], ["abc", "x"])
    assert len(scores) == 2 and max(scores) < 0
    np.testing.assert_allclose(
        predictor.score(["abc"], ["x"]), scores[1:], rtol=1e-4
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"decode": {"beam_size": 2, "temperature": 1.0}}, "go together"),
        ({"checkpoint_step": 3}, "no checkpoint of step 3"),
        ({"checkpoint_step": "all"}, "has one checkpoint"),
        ({"decode": {"temperature": 1.0, "top_k": 5000}}, "top_k is 5000"),
    ],
)
def test_what_cannot_be_used_is_an_error_at_once(
    model_dir, arguments, message
):
  with pytest.raises(errors.UserError, match=message):
    Predictor(model_dir, vocabulary=_BYTES, **arguments)


def test_one_text_instead_of_a_list_is_an_error(model_dir):
  with Predictor(model_dir, vocabulary=_BYTES) as predictor:
    with pytest.raises(errors.UserError, match=r"write \[text\]"):
      predictor.predict("abc")
    with pytest.raises(errors.UserError, match="2 inputs but 1 targets"):
      predictor.score(["a", "b"], ["c"])
