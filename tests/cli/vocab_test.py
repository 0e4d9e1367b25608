"""Tests of `t5_mtf vocab`."""

from __future__ import annotations

import pytest

from t5_mtf import data
from t5_mtf.cli import t5_mtf


@pytest.fixture(name="text", scope="module")
def fixture_text(tmp_path_factory):
  path = tmp_path_factory.mktemp("vocab") / "text.txt"
  lines = [
      f"the {a} {b} saw a {b} and {c} things near {a}{c}"
      for a in ("river", "mountain", "garden", "village")
      for b in ("horse", "farmer", "teacher", "sailor")
      for c in ("seven", "many", "some", "twelve")
  ]
  path.write_text("\n".join(lines) + "\n")
  return path


def test_train_writes_a_model_that_show_reads(capfd, text, tmp_path):
  path = tmp_path / "own.model"
  argv = ["vocab", "train", f"--input={text}", "--vocab_size=45"]
  assert t5_mtf.main([*argv, f"--output={path}"]) == 0
  captured = capfd.readouterr()
  assert "training on 64 lines" in captured.err
  assert "45 pieces" in captured.out
  assert "64 lines decode to themselves" in " ".join(captured.out.split())
  assert "it has 145 ids" in captured.out
  assert "256 rows" in " ".join(captured.out.split())
  assert f"--vocabulary={path}" in captured.out
  vocabulary = data.SentencePieceVocabulary(str(path), 100)
  assert vocabulary.decode(vocabulary.encode("a horse")) == "a horse"

  assert t5_mtf.main(["vocab", "show", str(path), "--text=horse {x}"]) == 0
  out = capfd.readouterr().out
  assert "145 ids: 45 pieces and 100 sentinels" in out
  assert "<extra_id_0> is 144" in out
  assert "<<{" in out

  assert t5_mtf.main([*argv, f"--output={path}"]) == 1
  assert "--overwrite" in capfd.readouterr().err


def test_text_that_does_not_give_the_size_is_an_error(capsys, text, tmp_path):
  path = tmp_path / "large.model"
  argv = ["vocab", "train", f"--input={text}", "--vocab_size=90000"]
  assert t5_mtf.main([*argv, f"--output={path}"]) == 1
  assert "give at most" in capsys.readouterr().err
  assert not path.exists()


def test_show_marks_what_the_vocabulary_cannot_express(capsys):
  assert t5_mtf.main(["vocab", "show", "t5", "--text=a {b} <extra_id_0>"]) == 0
  out = capsys.readouterr().out
  assert "sha256      d60acb128cf7" in out
  assert "32,100 ids: 32,000 pieces and 100 sentinels" in out
  assert "<<{>>" in out
  assert "32099" in out
  assert "2 pieces, marked" in out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["train"], "required"),
        (
            ["train", "--input=a.txt", "--vocab_size=9", "--output=m"],
            "--output=m.model",
        ),
        (
            ["train", "--input=a.txt", "--vocab_size=3", "--output=m.model"],
            "4 or more",
        ),
        (
            ["train", "--input=no.txt", "--vocab_size=9", "--output=m.model"],
            "no file matches",
        ),
        (["show", "t6"], "unknown vocabulary"),
        (["show", "t5", "--extra_ids=-1"], "0 or more"),
    ],
)
def test_wrong_use_says_what_is_right(capsys, argv, message):
  assert t5_mtf.main(["vocab", *argv]) == 1
  assert message in capsys.readouterr().err
