"""`t5_mtf predict` answers line by line and overwrites nothing."""

import io
import json
import sys

import pytest

from t5_mtf.cli import t5_mtf
from t5_mtf.models import settings, training
from tests.models import tiny


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  tiny.load_gin(
      "utils.run.vocabulary = @mesh_transformer.get_vocabulary()",
      "mesh_transformer.get_vocabulary.mixture_or_task_name = 'mini_all'",
  )
  training.train(
      settings.from_gin(str(folder), train_dataset_fn=tiny.dataset_fn)
  )
  tiny.clear_gin()
  return str(folder)


def _piped(monkeypatch, text):
  monkeypatch.setattr(
      sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode("utf-8")))
  )


def test_lines_are_answered_by_lines_alone(model_dir, monkeypatch, capfdbinary):
  with monkeypatch.context() as patched:
    _piped(patched, "Good morning.\n\nan äöü\n")
    monkeypatch.setattr(
        sys, "stdout", io.TextIOWrapper(io.FileIO(1, "w", closefd=False))
    )
    assert t5_mtf.main(["predict", f"--model_dir={model_dir}"]) == 0
  out, err = capfdbinary.readouterr()
  assert len(out.decode("utf-8").split("\n")) == 4
  assert b"3 texts answered" in err


def test_a_file_of_answers_has_scores_and_how_it_was_made(
    model_dir, tmp_path, capsys
):
  source, target = tmp_path / "in.txt", tmp_path / "answers.jsonl"
  source.write_text("eins zwei drei vier fünf sechs\nzwei\n", encoding="utf-8")
  command = [
      "predict",
      f"--model_dir={model_dir}",
      f"--input_file={source}",
      f"--output_file={target}",
      "--beam_size=3",
      "--num_outputs=2",
      "--max_decode_length=4",
  ]
  assert t5_mtf.main(command) == 0
  rows = [json.loads(x) for x in target.read_text("utf-8").splitlines()]
  assert [row["input"] for row in rows] == source.read_text(
      "utf-8"
  ).splitlines()
  assert [len(row["outputs"]) for row in rows] == [2, 2]
  made = json.loads((tmp_path / "answers.jsonl.json").read_text("utf-8"))
  assert made["decoding"]["max_decode_length"] == 4
  assert made["truncated_inputs"] == 1
  assert "1 of them were CUT to 8 tokens" in capsys.readouterr().err
  before = target.read_text("utf-8")
  assert t5_mtf.main(command) == 1
  assert "Nothing was overwritten" in capsys.readouterr().err
  assert target.read_text("utf-8") == before


def test_interactive_answers_each_line(model_dir, monkeypatch, capfdbinary):
  with monkeypatch.context() as patched:
    _piped(patched, "one\ntwo\n")
    monkeypatch.setattr(
        sys, "stdout", io.TextIOWrapper(io.FileIO(1, "w", closefd=False))
    )
    command = ["predict", f"--model_dir={model_dir}", "--interactive"]
    assert t5_mtf.main(command) == 0
  out, err = capfdbinary.readouterr()
  assert out.count(b"\n") == 2
  assert err.count(b"\n  (") == 2


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--beam_size=2", "--temperature=1"], "do not go together"),
        (["--interactive", "--input_file=x"], "leave --input_file"),
        (["--batch_size=0"], "--batch_size is 0"),
        (["--input_file=nowhere.txt"], "was not found"),
        (["--max_decode_length=0"], "max_length is 0"),
    ],
)
def test_flags_that_cannot_be_used_are_errors(flags, message, capsys):
  assert t5_mtf.main(["predict", "--model_dir=none", *flags]) == 1
  assert message in capsys.readouterr().err


def test_an_empty_standard_input_is_an_error(monkeypatch, capsys):
  _piped(monkeypatch, "")
  assert t5_mtf.main(["predict", "--model_dir=none"]) == 1
  assert "the standard input is empty" in capsys.readouterr().err
