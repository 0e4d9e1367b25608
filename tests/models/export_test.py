"""An exported model answers in a process that does not have this package."""

import dataclasses
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from t5_mtf import data, errors
from t5_mtf.models import decoding, export, resident, rows, training
from tests.models import tiny

_CLIENT = (
    pathlib.Path(__file__).parents[2] / "examples" / "ask_with_ids.py"
)
_TEXTS = ["It is a truth", "", "universally acknowledged, that a single man"]


def _sentencepiece(settings):
  vocabulary = data.get_mini_vocabulary()
  return dataclasses.replace(settings, vocabulary=(vocabulary, vocabulary))


def _export_settings(model_dir, folder, *bindings):
  return _sentencepiece(
      tiny.settings(
          model_dir, *bindings, mode="export", export_path=str(folder)
      )
  )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
  folder = tmp_path_factory.mktemp("model")
  return training.train(_sentencepiece(tiny.settings(folder)))


@pytest.fixture(scope="module")
def exported(checkpoint, tmp_path_factory):
  """An export of a model that was trained on one device, from a mesh of two."""
  folder = tmp_path_factory.mktemp("export")
  return export.export(
      _export_settings(
          checkpoint.rpartition("/")[0],
          folder,
          "utils.run.mesh_shape = 'batch:2'",
          "utils.run.layout_rules = 'batch:batch'",
          "utils.run.mesh_devices = ['cpu:0', 'cpu:1']",
      )
  )


def _fresh(*arguments, **kwargs):
  """Runs Python alone with its installed packages, not in this folder."""
  return subprocess.run(
      [sys.executable, "-I", *arguments],
      capture_output=True,
      text=True,
      encoding="utf-8",
      check=True,
      cwd="/",
      **kwargs,
  )


@pytest.mark.slow
def test_texts_are_answered_as_by_the_model(checkpoint, exported):
  settings = _sentencepiece(tiny.settings(os.path.dirname(checkpoint)))
  expected = decoding.decode_texts(settings, _TEXTS, checkpoint).outputs
  done = _fresh(
      os.path.join(exported, "ask.py"), input="\n".join(_TEXTS) + "\n"
  )
  assert tuple(done.stdout.split("\n")[:-1]) == expected
  assert "CUT: universally acknowledged" in done.stderr


@pytest.mark.slow
def test_ids_are_answered_and_scored_without_tensorflow_text(
    checkpoint, exported
):
  settings = _sentencepiece(tiny.settings(os.path.dirname(checkpoint)))
  inputs, _ = rows.cut(decoding.encode(settings, _TEXTS * 3), 8)
  with resident.ResidentModel(
      settings, checkpoint, decoding.options_of(settings)
  ) as model:
    outputs = model.decode(inputs, scores=True)
  words = " , ".join(" ".join(map(str, row)) for row in inputs).split()
  done = _fresh(str(_CLIENT), os.path.join(exported, "ids"), *words)
  found = [line.split("\t") for line in done.stdout.split("\n")[:-1]]
  assert [ids for _, ids in found] == [
      " ".join(str(i) for i in output.ids if i) for (output,) in outputs
  ]
  np.testing.assert_allclose(
      [float(score) for score, _ in found],
      [output.score for (output,) in outputs],
      atol=1e-3,
  )


@pytest.mark.slow
def test_any_number_of_rows_and_all_outputs_of_beam_search(
    checkpoint, tmp_path, capsys
):
  target = export.export(
      _export_settings(
          os.path.dirname(checkpoint),
          tmp_path / "export",
          "Bitransformer.decode.beam_size = 3",
          "decode_from_file.repeats = 2",
      )
  )
  assert "equal the model's" in capsys.readouterr().out
  for count in (0, 1, 3, 8, 17):
    texts = [_TEXTS[i % 3] for i in range(count)]
    found = export._run(target, {"serving_default": {"input": texts}})
    answers = found["serving_default"]
    assert answers["outputs"].shape == (count,)
    assert answers["all_outputs"].shape == (count, 2)
    assert (answers["all_outputs"][:, 0] == answers["outputs"]).all()
    assert answers["truncated"].tolist() == [
        text == _TEXTS[2] for text in texts
    ]
    assert (answers["scores"] < 0).all()


def test_what_is_there_is_kept(checkpoint, tmp_path, capsys):
  (tmp_path / "4").mkdir()
  settings = _export_settings(os.path.dirname(checkpoint), tmp_path)
  assert export.export(settings) == str(tmp_path / "4")
  assert "is there already" in capsys.readouterr().out
  assert not list((tmp_path / "4").iterdir())


@pytest.mark.slow
def test_a_difference_is_an_error_and_leaves_nothing(
    checkpoint, tmp_path, monkeypatch
):
  """Weights that are exported wrongly are found."""
  run = export._run

  def wrong(folder, calls):
    found = run(folder, calls)
    if "score_ids" in found:
      found["score_ids"]["scores"] += 1.0
    return found

  monkeypatch.setattr(export, "_run", wrong)
  settings = _export_settings(os.path.dirname(checkpoint), tmp_path)
  with pytest.raises(export.ExportMismatch, match="but exported"):
    export.export(settings)
  assert not list(tmp_path.iterdir())


def test_export_without_a_path_says_how_to_give_one(tmp_path):
  with pytest.raises(errors.UserError, match="utils.run.export_path"):
    export.export(tiny.settings(tmp_path, mode="export"))
