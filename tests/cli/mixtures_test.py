"""Tests of `t5_mtf mixtures`."""

from __future__ import annotations

import pytest

from t5_mtf import data
from t5_mtf.cli import t5_mtf
from t5_mtf.data import mixtures


@pytest.fixture(name="partly_known")
def fixture_partly_known(tmp_path):
  """A mixture of a mini task and one whose data is not there."""
  features = data.TaskRegistry.get("mini_squad").output_features
  source = data.TfdsDataSource("glue/cola:1.0.0", tfds_data_dir=str(tmp_path))
  data.TaskRegistry.add(
      "cli_missing", source=source, output_features=features
  )
  data.MixtureRegistry.add(
      "cli_partly",
      [("mini_glue", 2.0), "mini_squad", "cli_missing"],
      default_rate=mixtures.rate_num_examples,
  )
  yield
  data.MixtureRegistry.remove("cli_partly")
  data.TaskRegistry.remove("cli_missing")


def test_mixtures_are_listed_with_their_rates(capsys):
  assert t5_mtf.main(["mixtures", "mini_*glue"]) == 0
  rows = [line.split() for line in capsys.readouterr().out.splitlines()]
  assert ["mini_glue", "4", "equal", "(1)"] in rows
  assert ["mini_sglue", "2", "equal", "(1)"] in rows


def test_show_gives_examples_rate_and_share(capsys):
  assert t5_mtf.main(["mixtures", "show", "mini_pretraining"]) == 0
  out = capsys.readouterr().out
  rows = [line.split() for line in out.splitlines()]
  assert ["mini_austen", "9,605", "4", "44.44%"] in rows
  assert ["mini_acl", "3,811", "1", "11.11%"] in rows
  assert ["all", "43,220"] in rows


def test_unknown_sizes_are_shown_as_such(capsys, partly_known):
  assert t5_mtf.main(["mixtures", "show", "cli_partly"]) == 0
  out = capsys.readouterr().out
  rows = [line.split() for line in out.splitlines()]
  assert ["cli_missing", "?", "?", "?", "a"] in rows
  assert ["mini_squad", "6,000", "6,000", "?", "a"] in rows
  assert ["mini_glue_sentiment", "9,044", "0.5", "?", "mini_glue"] in rows
  assert "rate        a: rate_num_examples" in out
  assert "tfds build glue/cola:1.0.0" in out


def test_a_task_is_not_a_mixture(capsys):
  assert t5_mtf.main(["mixtures", "show", "mini_squad"]) == 1
  assert "`t5_mtf tasks show mini_squad`" in capsys.readouterr().err
