"""Tests of t5_mtf.cli.corpus."""

from __future__ import annotations

import doctest
import shlex
import sys

import pytest

from t5_mtf.cli import corpus, t5_mesh_transformer, t5_mtf

_PAGE = "\n".join(f"This is line number {i} of TOPIC here." for i in range(4))


@pytest.fixture
def command(tmp_path):
  """Runs `t5_mtf corpus` on two text files."""
  for name in ("tea", "milk"):
    (tmp_path / f"{name}.txt").write_text(_PAGE.replace("TOPIC", name))
  (tmp_path / "short.txt").write_text("No mark here\nToo short.")

  def run(*flags):
    return t5_mtf.main([
        "corpus", "--input", f"{tmp_path}/*.txt",
        "--output", f"{tmp_path / 'out'}", *flags,
    ])  # fmt: skip

  return run


def test_examples_of_the_documentation():
  assert doctest.testmod(corpus).failed == 0


def test_corpus_is_made_once_with_a_report_and_the_next_command(
    command, tmp_path, capsys, monkeypatch
):
  pytest.importorskip("apache_beam")
  flags = ("--validation_every=0", "--language=any")
  assert command(*flags, "--", "--runner=DirectRunner") == 0
  out = capsys.readouterr().out
  assert "language: NOT checked" in out
  assert "bad words: NOT checked" in out
  rows = [" ".join(line.split()) for line in out.splitlines()]
  assert "pages read 3" in rows
  assert "pages dropped too few sentences 1" in rows
  assert "pages written train 2" in rows
  assert "lines dropped no end mark 1" in rows
  assert "too few words 1" in rows
  assert command(*flags) == 0
  out = capsys.readouterr().out
  assert "complete already" in out
  program, *next_flags = shlex.split(out.splitlines()[-1])
  assert program == "t5_mesh_transformer"
  assert f"--train_file={tmp_path}/out/train.*.jsonl.gz" in next_flags
  monkeypatch.chdir(tmp_path)
  assert t5_mesh_transformer.main([*next_flags, "--dry_run"]) == 0


def test_dry_run_writes_nothing(command, tmp_path, capsys):
  assert command("--dry_run") == 0
  assert "would write" in capsys.readouterr().out
  assert not (tmp_path / "out").exists()


def test_missing_beam_is_an_error_that_says_what_to_install(
    command, monkeypatch, capsys
):
  monkeypatch.setitem(sys.modules, "apache_beam", None)
  assert command() == 1
  assert 'pip install "t5_mtf[beam]"' in capsys.readouterr().err


def test_language_without_langdetect_is_an_error(command, monkeypatch, capsys):
  from t5_mtf.data.corpus import cleaning

  monkeypatch.setattr(cleaning, "can_detect_language", lambda: False)
  assert command("--language=en") == 1
  assert "t5_mtf[langdetect]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--rules=c4x"], "Did you mean 'c4'"),
        (["--num_shards=0"], "1 or more"),
        (["--badwords=nowhere.txt"], "was not found"),
    ],
)
def test_bad_flag_is_an_error_that_says_what_is_allowed(
    command, capsys, flags, said
):
  assert command(*flags) == 1
  assert said in capsys.readouterr().err
