"""The mode `infer` writes answers, how they were made, and nothing twice."""

import json

import pytest

from t5_mtf import errors
from t5_mtf.models import inference, training
from tests.models import tiny


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  training.train(tiny.settings(folder))
  return folder


@pytest.fixture
def source(tmp_path):
  path = tmp_path / "in.txt"
  path.write_text("abc\n\nabcdefghij\n", encoding="utf-8")
  return path


def _settings(model_dir, source, target, *bindings):
  return tiny.settings(
      model_dir,
      f"decode_from_file.input_filename = '{source}'",
      f"decode_from_file.output_filename = '{target}'",
      *bindings,
      mode="infer",
  )


def test_one_line_for_each_line_and_how_it_was_made(
    model_dir, source, tmp_path, capsys
):
  target = tmp_path / "out" / "answers.txt"
  [written] = inference.infer(_settings(model_dir, source, target))
  assert written == f"{target}-4"
  with open(written, encoding="utf-8") as f:
    assert len(f.read().split("\n")) == 4
  out = capsys.readouterr().out
  assert "greedy, up to 8 tokens" in out
  assert "1 of them were cut to 8 tokens" in out
  with open(f"{written}.json", encoding="utf-8") as f:
    made = json.load(f)
  assert made["decoding"]["beam_size"] == 1
  assert (made["inputs"], made["truncated_inputs"]) == (3, 1)


def test_what_is_there_is_kept_and_never_overwritten(
    model_dir, source, tmp_path, capsys
):
  target = tmp_path / "answers.txt"
  settings = _settings(model_dir, source, target)
  [written] = inference.infer(settings)
  capsys.readouterr()
  assert inference.infer(settings) == [written]
  assert "is there already, from the same" in capsys.readouterr().out
  with open(written, encoding="utf-8") as f:
    before = f.read()
  source.write_text("other\n", encoding="utf-8")
  with pytest.raises(errors.UserError, match="Nothing was overwritten"):
    inference.infer(settings)
  with open(written, encoding="utf-8") as f:
    assert f.read() == before


def test_several_outputs_are_lines_and_json_with_scores(
    model_dir, source, tmp_path
):
  target = tmp_path / "answers.txt"
  bindings = (
      "Bitransformer.decode.beam_size = 2",
      "decode_from_file.repeats = 2",
  )
  [written] = inference.infer(_settings(model_dir, source, target, *bindings))
  with open(written, encoding="utf-8") as f:
    lines = f.read().split("\n")[:-1]
  with open(f"{written}.jsonl", encoding="utf-8") as f:
    rows = [json.loads(line) for line in f]
  assert [row["input"] for row in rows] == ["abc", "", "abcdefghij"]
  texts = [output["text"] for row in rows for output in row["outputs"]]
  assert [" ".join(text.splitlines()) for text in texts] == lines
  assert all(o["score"] < 0 for row in rows for o in row["outputs"])


def test_beam_with_temperature_stops_before_anything_is_written(
    model_dir, source, tmp_path
):
  target = tmp_path / "answers.txt"
  settings = _settings(
      model_dir,
      source,
      target,
      "Bitransformer.decode.beam_size = 4",
      "Bitransformer.decode.temperature = 1.0",
  )
  with pytest.raises(errors.UserError, match="do not go together"):
    inference.infer(settings)
  assert not list(tmp_path.glob("answers*"))


def test_an_empty_input_file_is_an_error(model_dir, source, tmp_path):
  source.write_text("", encoding="utf-8")
  with pytest.raises(errors.UserError, match="is empty"):
    inference.infer(_settings(model_dir, source, tmp_path / "out.txt"))
  assert not list(tmp_path.glob("out*"))


def test_without_files_it_says_how_to_name_them(model_dir):
  with pytest.raises(errors.UserError, match="input_filename"):
    inference.infer(tiny.settings(model_dir, mode="infer"))


def test_a_decoding_function_of_ones_own_is_refused(model_dir):
  settings = tiny.settings(
      model_dir, "infer_model.decode_fn = @mesh_eval_dataset_fn", mode="infer"
  )
  with pytest.raises(errors.UserError, match="are not supported"):
    inference.infer(settings)
