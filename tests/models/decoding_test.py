"""Decoding keeps order, lengths and text, and says what it cut."""

import numpy as np
import pytest

from t5_mtf.models import decoding, resident, rows, training
from tests.models import tiny


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  return training.train(tiny.settings(folder))


def _settings(checkpoint, *bindings, **changes):
  return tiny.settings(checkpoint.rpartition("/")[0], *bindings, **changes)


def test_answers_come_in_the_order_of_the_inputs(checkpoint):
  texts = ["abc", "a", "abcdef", "ab", "abcd", "a"]
  settings = _settings(checkpoint)
  together = decoding.decode_texts(settings, texts, checkpoint).outputs
  alone = [
      decoding.decode_texts(settings, [text], checkpoint).outputs[0]
      for text in ("abcdef", "a")
  ]
  assert len(together) == 6
  assert [together[2], together[1]] == alone
  assert together[1] == together[5]


def test_cut_inputs_are_counted_and_keep_their_eos(checkpoint):
  texts = ["1234567", "12345678", "1234567890"]
  settings = _settings(checkpoint)
  decoded = decoding.decode_texts(settings, texts, checkpoint)
  assert decoded.truncated_inputs == 2
  assert decoded.outputs[0] == decoded.outputs[1] == decoded.outputs[2]


def test_no_input_gives_no_output(checkpoint):
  settings = _settings(checkpoint)
  assert decoding.decode_texts(settings, [], checkpoint).outputs == ()


@pytest.mark.parametrize(
    "bindings",
    [
        (),
        ("Bitransformer.decode.beam_size = 3", "decode_from_file.repeats = 3"),
    ],
)
def test_the_estimator_of_a_tpu_decodes_the_same(checkpoint, bindings):
  """The path of a TPU, run here on a CPU."""
  settings = _settings(checkpoint, *bindings)
  options = decoding.options_of(settings)
  inputs = rows.encode(settings.vocabulary[0], ["abc", "a", "abcdef"] * 2)
  report = decoding._start_report(settings, 6, checkpoint)
  by_estimator = decoding._decode_by_estimator(
      settings, inputs, checkpoint, options, report
  )
  with resident.ResidentModel(settings, checkpoint, options) as model:
    kept = model.decode(inputs)
  assert [[o.ids for o in row] for row in by_estimator] == [
      [o.ids for o in row] for row in kept
  ]
  if options.beam_size > 1:
    np.testing.assert_allclose(
        [[o.score for o in row] for row in by_estimator],
        [[o.score for o in row] for row in kept],
        rtol=1e-4,
    )


def test_a_bound_length_limits_greedy_decoding_and_is_said(checkpoint):
  settings = _settings(checkpoint, "Bitransformer.decode.max_decode_length = 3")
  decoded = decoding.decode_texts(settings, ["abcdef"], checkpoint)
  assert len(decoded.outputs[0].encode("utf-8")) <= 3
  assert decoded.unfinished_outputs == 1
  assert decoding.describe(settings) == (
      "greedy, up to 3 tokens (as bound; the task's targets have up to 8)"
  )


def test_several_outputs_have_scores_and_the_first_is_the_answer(checkpoint):
  settings = _settings(
      checkpoint,
      "Bitransformer.decode.beam_size = 4",
      "decode_from_file.repeats = 3",
  )
  decoded = decoding.decode_texts(settings, ["abc", "abcdef"], checkpoint)
  assert [len(answers) for answers in decoded.every] == [3, 3]
  assert decoded.outputs == tuple(every[0].text for every in decoded.every)
  assert all(a.score < 0 for answers in decoded.every for a in answers)


def test_drawn_outputs_differ_and_come_again_in_another_run(checkpoint):
  settings = _settings(
      checkpoint,
      "Bitransformer.decode.temperature = 1.0",
      "Bitransformer.decode.sampling_keep_top_k = 50",
      "decode_from_file.repeats = 4",
  )
  first = decoding.decode_texts(settings, ["abc", "abcdef"], checkpoint)
  assert [len(answers) for answers in first.every] == [4, 4]
  assert len({answer.text for answer in first.every[0]}) > 1
  again = decoding.decode_texts(settings, ["abc", "abcdef"], checkpoint)
  assert first == again
