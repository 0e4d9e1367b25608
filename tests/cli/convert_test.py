"""`t5_mtf convert`, as its user sees it."""

import json

import pytest

from t5_mtf.cli import t5_mesh_transformer, t5_mtf
from t5_mtf.convert import comparison, hf_weights, mesh_checkpoint
from tests.convert import tiny_models


@pytest.fixture
def no_peer(monkeypatch):
  monkeypatch.setattr(comparison, "find_peer", lambda python: None)


def test_the_account_names_what_was_converted_and_left_out(
    tmp_path, capsys, no_peer
):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.1")
  words = [f"--model_dir={tmp_path / 'mesh'}", "--checkpoint_step=5"]
  output = tmp_path / "hf"
  assert t5_mtf.main(["convert", "to-hf", *words, f"--output={output}"]) == 0
  printed = capsys.readouterr().out
  assert "family      T5 1.1\n" in printed
  assert "variables   66 of 66, 108,528 parameters, float32\n" in printed
  assert "2,972 pieces, 100 more as sentinels; 3,072 rows\n" in printed
  assert "left out    66 variables of the optimizer\n" in printed
  assert "left out    global_step 5\n" in printed
  assert "logits      NOT compared" in printed
  assert "--peer_python=PATH" in printed
  assert output.is_dir()


def test_a_dry_run_checks_and_writes_nothing(tmp_path, capsys, no_peer):
  tiny_models.write_model_dir(tmp_path / "mesh", "mT5")
  words = [f"--model_dir={tmp_path / 'mesh'}", "--checkpoint_step=5"]
  words += [f"--output={tmp_path / 'hf'}", "--dry_run"]
  assert t5_mtf.main(["convert", "to-hf", *words]) == 0
  assert "nothing was written" in capsys.readouterr().out
  assert not (tmp_path / "hf").exists()


@pytest.mark.parametrize(
    "words, message",
    [
        (["--input=no_such", "--output=new"], "--input=no_such is not a"),
        (["--input=.", "--output=gs://a/b"], "is not a local folder"),
        (["--input=.", "--output=new"], "config.json cannot be read"),
        (["--input=.", "--output=new", "--step=-1"], "--step is -1"),
        (
            ["--input=.", "--output=new", "--vocabulary=t6"],
            "unknown vocabulary 't6'. Known (2): mini, t5.",
        ),
    ],
)
def test_bad_input_is_an_error_that_says_how_to_go_on(
    words, message, tmp_path, monkeypatch, capsys, no_peer
):
  monkeypatch.chdir(tmp_path)
  assert t5_mtf.main(["convert", "from-hf", *words]) == 1
  assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_converted_model_is_trained_on_a_file_and_converted_back(
    tmp_path, capsys, no_peer
):
  tiny_models.write_model_dir(tmp_path / "mesh", "T5 1.0")
  hf, converted, tuned = (tmp_path / n for n in ("hf", "converted", "tuned"))
  to_hf = ["convert", "to-hf", f"--model_dir={tmp_path / 'mesh'}"]
  assert t5_mtf.main([*to_hf, f"--output={hf}"]) == 0
  from_hf = ["convert", "from-hf", f"--input={hf}", f"--output={converted}"]
  assert t5_mtf.main([*from_hf, "--step=100"]) == 0
  rows = tmp_path / "train.tsv"
  rows.write_text("inputs\ttargets\n" + "one\ttwo\nthree\tfour\n" * 4)
  words = [f"--model_dir={tuned}", f"--pretrained_model_dir={converted}"]
  words += [f"--train_file={rows}", "--train_steps=2", "--batch_size=2"]
  assert t5_mesh_transformer.main(words) == 0
  assert "60 of 60 variables from" in capsys.readouterr().out
  record = json.loads((tuned / "file_task.json").read_text())
  assert record["vocabulary"] == str(converted / "spiece.model")

  # gin now names a task that only training knew; the vocabulary is found.
  to_hf = ["convert", "to-hf", f"--model_dir={tuned}"]
  assert t5_mtf.main([*to_hf, f"--output={tmp_path / 'tuned_hf'}"]) == 0
  printed = capsys.readouterr().out
  assert "100 more as sentinels" in printed
  assert "left out    global_step 102\n" in printed
  trained = mesh_checkpoint.read(str(tuned / "model.ckpt-102")).variables
  tensors = hf_weights.read(str(tmp_path / "tuned_hf"))
  embedding = tensors["shared.weight"]
  assert embedding.tobytes() == trained["shared/embedding"].tobytes()
  assert embedding.tobytes() != (
      hf_weights.read(str(hf))["shared.weight"].tobytes()
  )
