"""`t5_mtf ensemble` makes one model directory of several."""

import pytest

from t5_mtf.cli import t5_mtf
from t5_mtf.models import training
from tests.models import tiny


def test_of_a_trained_model_and_itself(tmp_path, capsys):
  folder = tmp_path / "a"
  training.train(tiny.settings(folder, "utils.run.train_steps = 1"))
  words = ["ensemble", str(folder), f"{folder}/model.ckpt-1"]
  assert t5_mtf.main([*words, f"--output={tmp_path}/e"]) == 0
  assert "2 models are" in capsys.readouterr().out
  config = (tmp_path / "e" / "operative_config.gin").read_text()
  assert "decoder/Unitransformer.ensemble = 2\n" in config

  assert t5_mtf.main([*words, f"--output={tmp_path}/e"]) == 1
  assert "Give a new folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, message",
    [
        (["no_such", "no_such", "--output=e"], "no_such"),
        (["no_such"], "--output"),
    ],
)
def test_one_clear_error_each(words, message, capsys):
  assert t5_mtf.main(["ensemble", *words]) != 0
  assert message in capsys.readouterr().err
