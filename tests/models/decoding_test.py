"""Decoding keeps order, lengths and text, and says what it cut."""

import pytest

from t5_mtf import errors
from t5_mtf.models import decoding, predict_step, training
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


def test_beam_search_of_one_published_binding(checkpoint):
  settings = _settings(checkpoint, "Bitransformer.decode.beam_size = 2")
  assert decoding.describe(settings).startswith("beam 2, alpha 0.6")
  decoded = decoding.decode_texts(settings, ["abc"], checkpoint)
  assert len(decoded.outputs) == 1


def test_decoding_is_greedy_and_as_long_as_the_targets_unless_bound():
  tiny.load_gin()
  options = predict_step.decode_options(8)
  assert (options["temperature"], options["max_decode_length"]) == (0.0, 8)
  tiny.load_gin("Bitransformer.decode.max_decode_length = 3")
  assert predict_step.decode_options(8)["max_decode_length"] == 3


def test_infer_writes_one_line_for_each_line(checkpoint, tmp_path, capsys):
  source, target = tmp_path / "in.txt", tmp_path / "out" / "answers.txt"
  source.write_text("abc\n\nabcdefghij\n", encoding="utf-8")
  settings = _settings(
      checkpoint,
      f"decode_from_file.input_filename = '{source}'",
      f"decode_from_file.output_filename = '{target}'",
      mode="infer",
  )
  [written] = decoding.infer(settings)
  assert written == f"{target}-4"
  with open(written, encoding="utf-8") as f:
    assert len(f.read().splitlines()) == 3
  out = capsys.readouterr().out
  assert "greedy, up to 8 tokens" in out
  assert "1 of them were cut to 8 tokens" in out


def test_infer_without_files_says_how_to_name_them(checkpoint):
  with pytest.raises(errors.UserError, match="input_filename"):
    decoding.infer(_settings(checkpoint, mode="infer"))


@pytest.mark.parametrize(
    "content, message",
    [(b"", "is empty"), (b"fine\n\xff\n", "in.txt:2 is not UTF-8")],
)
def test_an_input_file_that_cannot_be_read_is_named(
    tmp_path, content, message
):
  path = tmp_path / "in.txt"
  path.write_bytes(content)
  with pytest.raises(errors.UserError, match=message):
    decoding.read_lines(str(path))
  with pytest.raises(errors.UserError, match="was not found"):
    decoding.read_lines(str(path) + "x")


def test_line_breaks_inside_a_text_do_not_break_the_file(tmp_path):
  path = str(tmp_path / "out.txt")
  decoding.write_lines(path, ["a\nb", "ä"])
  assert decoding.read_lines(path) == ["a b", "ä"]
