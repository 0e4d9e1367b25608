"""A training run that does not fit is refused before it starts."""

from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.models import training
from t5_mtf.models.planning import capacity, estimate, hardware
from tests.models import tiny

_ROOM = 20e9


@pytest.fixture(autouse=True)
def _clear():
  yield
  tiny.clear_gin()


def _memory(monkeypatch, size):
  monkeypatch.setattr(hardware, "host_memory", lambda: size)


def _needed(run):
  there = hardware.this_cpu(1, measured=False)
  return estimate.make_plan(run, there, with_recomputation=False).memory


def test_too_large_a_run_is_refused_and_nothing_is_written(
    tmp_path, monkeypatch
):
  _memory(monkeypatch, 20_000)
  run = tiny.settings(tmp_path / "model")
  with pytest.raises(errors.UserError, match="give --allow_oversize"):
    training.train(run)
  assert not list(tmp_path.rglob("*.index"))


@pytest.mark.parametrize("room", [0.5, 1.1])
def test_it_starts_when_told_to_or_if_it_may_fit_and_says_so(
    room, tmp_path, monkeypatch, capsys
):
  _memory(monkeypatch, _ROOM)
  run = tiny.settings(
      tmp_path,
      f"memory_check.allow_oversize = {room < 1}",
      "utils.run.train_steps = 1",
  )
  _memory(monkeypatch, room * _needed(run))
  assert training.train(run).endswith("model.ckpt-1")
  assert "memory: a step needs about" in capsys.readouterr().out


def test_a_batch_that_does_not_fit_is_refused_with_one_that_does(
    tmp_path, monkeypatch
):
  _memory(monkeypatch, _ROOM)
  large = ("utils.run.batch_size = 64", "d_ff = 2048")
  run = tiny.settings(tmp_path, *large)
  _memory(monkeypatch, _needed(run) - 1e6)
  with pytest.raises(errors.UserError, match="activations") as caught:
    training.train(run)
  assert "LayerStack.recompute_grads" in str(caught.value)
  used = "LayerStack.recompute_grads = True"
  assert used not in tiny.gin_config.operative_config()


def test_the_estimate_at_the_start_is_that_of_a_plan(tmp_path, monkeypatch):
  _memory(monkeypatch, _ROOM)
  run = tiny.settings(tmp_path, "num_layers = 5")  # a plan builds but 2 and 3
  planned, found = _needed(run), []
  needed = estimate.memory_needed

  def stop(*args):
    found.append(needed(*args))
    raise errors.UserError("enough")

  monkeypatch.setattr(estimate, "memory_needed", stop)
  with pytest.raises(errors.UserError, match="enough"):
    training.train(run)
  assert found == [pytest.approx(planned, rel=0.01)]


def test_without_a_gpu_its_memory_is_not_known():
  assert capacity.gpu_memory() is None
