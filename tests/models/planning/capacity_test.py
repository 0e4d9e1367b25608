"""A training run whose variables do not fit is refused before it starts."""

from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.models import training
from t5_mtf.models.planning import hardware
from tests.models import tiny


@pytest.fixture(autouse=True)
def _clear():
  yield
  tiny.clear_gin()


def test_too_large_a_run_is_refused_and_nothing_is_written(
    tmp_path, monkeypatch
):
  monkeypatch.setattr(hardware, "host_memory", lambda: 20_000)
  run = tiny.settings(tmp_path / "model")
  with pytest.raises(errors.UserError, match="memory_check.allow_oversize"):
    training.train(run)
  assert not list(tmp_path.rglob("*.index"))


def test_it_starts_when_told_to(tmp_path, monkeypatch):
  monkeypatch.setattr(hardware, "host_memory", lambda: 20_000)
  run = tiny.settings(
      tmp_path,
      "memory_check.allow_oversize = True",
      "utils.run.train_steps = 1",
  )
  assert training.train(run).endswith("model.ckpt-1")
