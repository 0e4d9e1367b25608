"""Tests of t5_mtf.cli.cache."""

from __future__ import annotations

import pytest

from t5_mtf.cli import t5_mtf

_MODULE = """
import tensorflow as tf
from t5_mtf import data

def _examples(split, shuffle_files):
  return tf.data.Dataset.range(4).map(
      lambda i: {"inputs": tf.strings.as_string(i), "targets": "x"})

_feature = data.Feature(data.ByteVocabulary())
if "test_cli_cache" not in data.TaskRegistry.names():
  data.TaskRegistry.add(
      "test_cli_cache",
      source=data.FunctionDataSource(_examples, ["train", "validation"]),
      preprocessors=[
          data.tokenize, data.CacheDatasetPlaceholder(), data.append_eos],
      output_features={"inputs": _feature, "targets": _feature})
"""


@pytest.fixture
def command(tmp_path, monkeypatch):
  """Runs `t5_mtf cache` for a task of a person's own module."""
  (tmp_path / "test_cli_cache_tasks.py").write_text(_MODULE)
  monkeypatch.syspath_prepend(tmp_path)

  def run(*flags):
    return t5_mtf.main([
        "cache", "test_cli_cache", "--module_import=test_cli_cache_tasks",
        f"--output_dir={tmp_path / 'out'}", *flags,
    ])  # fmt: skip

  return run


def test_local_build_says_what_it_wrote_and_is_not_repeated(
    command, tmp_path, capsys
):
  flags = ("--local", "--splits=train", "--min_shards=2")
  assert command(*flags) == 0
  assert "train: examples 4, inputs_max_tokens 1" in capsys.readouterr().out
  assert (tmp_path / "out" / "test_cli_cache" / "COMPLETED").exists()
  assert command(*flags) == 0
  assert "complete already" in capsys.readouterr().out


def test_beam_takes_its_options_after_the_dashes(command, capsys):
  pytest.importorskip("apache_beam")
  assert command("--splits=train", "--min_shards=1", "--",
                 "--runner=DirectRunner") == 0  # fmt: skip
  assert "4 examples, 1 files" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--local", "--", "--runner=X"], "takes no options of Beam"),
        (["--workers=2"], "--workers is for --local"),
        (["--local", "--splits=trian"], "Did you mean 'train'"),
    ],
)
def test_bad_flags_are_explained(command, capsys, flags, message):
  assert command(*flags) == 1
  assert message in capsys.readouterr().err


def test_other_commands_take_nothing_after_the_dashes(capsys):
  assert t5_mtf.main(["demo", "--", "--x"]) == 1
  assert "takes nothing after" in capsys.readouterr().err
