"""An exported model answers in a process that does not have this package."""

import dataclasses
import os
import subprocess
import sys

import pytest

from t5_mtf import data, errors
from t5_mtf.models import decoding, export, training
from tests.models import tiny


def _sentencepiece(settings):
  vocabulary = data.get_mini_vocabulary()
  return dataclasses.replace(settings, vocabulary=(vocabulary, vocabulary))


@pytest.mark.slow
def test_the_exported_model_answers_as_the_model_does(tmp_path, capsys):
  model_dir = tmp_path / "model"
  checkpoint = training.train(_sentencepiece(tiny.settings(model_dir)))
  texts = ["It is a truth", "", "universally acknowledged, that a single man"]
  settings = _sentencepiece(tiny.settings(model_dir))
  expected = decoding.decode_texts(settings, texts, checkpoint).outputs

  target = export.export(
      _sentencepiece(
          tiny.settings(
              model_dir, mode="export", export_path=str(tmp_path / "export")
          )
      )
  )
  assert target == str(tmp_path / "export" / "4")
  done = subprocess.run(
      [sys.executable, "-I", os.path.join(target, "ask.py")],
      input="\n".join(texts) + "\n",
      capture_output=True,
      text=True,
      encoding="utf-8",
      check=True,
      cwd=tmp_path,
  )
  assert tuple(done.stdout.split("\n")[:-1]) == expected

  batch = (
      "import tensorflow as tf, tensorflow_text, sys;"
      "m = tf.saved_model.load(sys.argv[1]);"
      "f = m.signatures['serving_default'];"
      "print(f(input=tf.constant(['a'] * 4))['outputs'].shape[0]);"
      "f(input=tf.constant(['a'] * 5))"
  )
  done = subprocess.run(
      [sys.executable, "-I", "-c", batch, target],
      capture_output=True,
      text=True,
      check=False,
  )
  assert done.stdout == "4\n"
  assert "at most 4 texts a request" in done.stderr

  model = os.path.join(target, "saved_model.pb")
  written = os.path.getmtime(model)
  again = _sentencepiece(
      tiny.settings(
          model_dir, mode="export", export_path=str(tmp_path / "export")
      )
  )
  assert export.export(again) == target
  assert "is there already" in capsys.readouterr().out
  assert os.path.getmtime(model) == written


def test_export_without_a_path_says_how_to_give_one(tmp_path):
  with pytest.raises(errors.UserError, match="utils.run.export_path"):
    export.export(tiny.settings(tmp_path, mode="export"))
