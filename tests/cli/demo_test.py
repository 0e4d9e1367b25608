"""The demo, cut short: every part of it is there, and a second run says so."""

import json

import pytest

from t5_mtf.cli import t5_mtf


@pytest.mark.slow
def test_the_whole_way_from_text_to_scores(tmp_path, capsys):
  pytest.importorskip("matplotlib")
  words = [
      "demo",
      f"--output={tmp_path}",
      "--pretrain_steps=3",
      "--finetune_steps=3",
      "--max_examples=2",
  ]
  assert t5_mtf.main(words) == 0
  out = capsys.readouterr().out
  assert "47 of 47 variables from" in out
  assert "step 6 of 6" in out
  assert "not above baseline" in out
  assert out.count("\n  -> ") == 11

  results = json.loads((tmp_path / "results.json").read_text())
  assert [column["name"] for column in results["columns"]] == [
      "MiniGLUE",
      "MiniCNNDM",
      "MiniSQuAD",
      "MiniSGLUE",
      "MiniEnDe",
      "MiniEnFr",
      "MiniEnRo",
  ]
  for column in results["columns"]:
    assert {"metric", "score", "baseline", "baseline_score"} <= set(column)
    assert column["examples"] == 2 * len(column["main_metrics"])
  page = (tmp_path / "report.html").read_text(encoding="utf-8")
  assert "mini_glue_sentiment" in page and "<svg" in page
  assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")

  assert t5_mtf.main(words) == 0
  out = capsys.readouterr().out
  assert out.count("nothing left to train") == 2
  assert "nothing left to score" in out
  assert "nothing exported" in out


def test_a_dry_run_prints_the_two_commands(tmp_path, capsys):
  assert t5_mtf.main(["demo", f"--output={tmp_path}/x", "--dry_run"]) == 0
  lines = capsys.readouterr().out.splitlines()
  assert [line.split()[0] for line in lines] == ["t5_mesh_transformer"] * 2
  assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "words, message",
    [(["dmo"], "invalid choice"), (["demo", "--steps=3"], "--pretrain_steps")],
)
def test_unknown_words_are_explained(words, message, capsys):
  assert t5_mtf.main(words) == 1
  assert message in capsys.readouterr().err
