"""Options of decoding are read from published names, and checked together."""

import pytest

from t5_mtf import errors
from t5_mtf.models import decode_options
from t5_mtf.models.decode_options import DecodeOptions
from tests.models import tiny


def test_decoding_is_greedy_and_as_long_as_the_targets_unless_bound():
  tiny.load_gin()
  options = decode_options.from_gin(8)
  assert options == DecodeOptions(max_length=8)
  assert options.describe() == "greedy, up to 8 tokens"


def test_published_names_are_read_and_the_callers_changes_win():
  tiny.load_gin(
      "Bitransformer.decode.beam_size = 4",
      "Bitransformer.decode.alpha = 0.9",
      "Bitransformer.decode.max_decode_length = 3",
      "decode_from_file.repeats = 2",
  )
  options = decode_options.from_gin(8, changes={"alpha": 0.5})
  assert options == DecodeOptions(
      beam_size=4, alpha=0.5, num_outputs=2, max_length=3
  )
  assert options.published()["max_decode_length"] == 3


def test_a_language_model_has_its_own_published_names():
  tiny.load_gin(
      "Bitransformer.decode.beam_size = 4",
      "Unitransformer.sample_autoregressive.temperature = 0.5",
      "Unitransformer.sample_autoregressive.sampling_keep_top_k = 7",
  )
  options = decode_options.from_gin(8, "lm")
  assert options == DecodeOptions(temperature=0.5, top_k=7, max_length=8)
  with pytest.raises(errors.UserError, match="language model"):
    decode_options.from_gin(8, "lm", {"beam_size": 2})


@pytest.mark.parametrize(
    "options, message",
    [
        ({"beam_size": 4, "temperature": 1.0}, "beam search does not sample"),
        ({"beam_size": 2, "num_outputs": 3}, "Set beam_size to 3 or more"),
        ({"num_outputs": 3}, "greedy decoding finds one output"),
        ({"top_k": 5}, "Set temperature above 0"),
        ({"top_k": 0, "temperature": 1.0}, "top_k is 0"),
        ({"beam_size": 0}, "beam_size is 0"),
        ({"max_length": 0}, "max_length is 0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"alpha": "x"}, "alpha is 'x'"),
        ({"beam_size": True}, "beam_size is True"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_says_what_to_do(options, message):
  with pytest.raises(errors.UserError, match=message):
    DecodeOptions(**options)


def test_top_k_and_beams_have_to_fit_the_vocabulary():
  with pytest.raises(errors.UserError, match="it can be 9 at most"):
    DecodeOptions(temperature=1.0, top_k=10).check_vocabulary(10)
  with pytest.raises(errors.UserError, match="it can be 5 at most"):
    DecodeOptions(beam_size=6).check_vocabulary(10)


@pytest.fixture(autouse=True)
def _forget_gin():
  yield
  tiny.clear_gin()
