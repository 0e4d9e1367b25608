"""Layers are unfrozen from the top down; adapters are trained alone."""

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.models import checkpoints, training, unfreezing
from t5_mtf.tf_compat import tf
from tests.models import tiny

_UNFREEZE = (
    "utils.run.variable_filter = @gradual_unfreezing()",
    "num_layers = 3",
    "utils.run.train_steps = 3",
    "utils.run.save_checkpoints_steps = 1",
)
_NAMES = [f"encoder/block_{n:03}/layer_000/a" for n in range(6)]
_NAMES += [f"decoder/block_{n:03}/layer_000/a" for n in range(6)]
_NAMES += ["shared/embedding", "decoder/rms_norm/scale"]


def _changed(folder, before: int, after: int) -> set[str]:
  """Names of the weights in which two checkpoints of a folder differ."""
  old, new = (
      tf.train.load_checkpoint(f"{folder}/model.ckpt-{step}")
      for step in (before, after)
  )
  return {
      name
      for name in new.get_variable_to_shape_map()
      if "_slot_" not in name
      and name != "global_step"
      and not np.array_equal(old.get_tensor(name), new.get_tensor(name))
  }


def _layers(names) -> set[int]:
  found = (name.partition("block_")[2] for name in names)
  return {int(rest[:3]) for rest in found if rest}


def test_the_papers_episodes_are_of_equal_length_from_the_top():
  schedule = unfreezing.GradualUnfreezing()
  found = schedule.first_steps(_NAMES, 1000, 1060)
  for stack in ("encoder", "decoder"):
    assert [found[f"{stack}/block_{n:03}/layer_000/a"] for n in range(6)] == [
        1050, 1040, 1030, 1020, 1010, 1000
    ]
  assert found["shared/embedding"] == found["decoder/rms_norm/scale"] == 1000


def test_episodes_may_have_a_length_of_their_own():
  found = unfreezing.GradualUnfreezing(7).first_steps(_NAMES, 10, 11)
  assert found["encoder/block_000/layer_000/a"] == 10 + 5 * 7


def test_stacks_of_unequal_depth_are_unfrozen_in_parallel():
  names = ["encoder/block_000/a", "encoder/block_001/a", "decoder/block_000/a"]
  assert list(unfreezing.episodes(names).values()) == [1, 0, 0]


@pytest.mark.parametrize(
    "names, end, message",
    [
        (["encoder/layer_000/a"], 9, "two layers or more"),
        (_NAMES, 5, "divides 5 steps into 6 episodes"),
    ],
)
def test_what_cannot_be_divided_is_refused(names, end, message):
  with pytest.raises(errors.UserError, match=message):
    unfreezing.GradualUnfreezing().first_steps(names, 0, end)


def test_a_length_that_is_none_is_refused():
  with pytest.raises(errors.UserError, match="steps_per_episode is 0"):
    unfreezing.gradual_unfreezing(0)


@pytest.mark.slow
def test_layers_move_when_their_step_comes_and_also_after_a_restart(
    tmp_path, capsys
):
  folder = tmp_path / "m"
  training.train(tiny.settings(folder, *_UNFREEZE, "num_layers = 3"))
  assert "from step 0" in capsys.readouterr().out
  one, two, three = (_changed(folder, n - 1, n) for n in (1, 2, 3))
  assert (_layers(one), _layers(two), _layers(three)) == (
      {2}, {1, 2}, {0, 1, 2}
  )
  for changed in (one, two, three):
    assert "shared/embedding" in changed and "decoder/rms_norm/scale" in changed
    assert {name.split("/")[0] for name in changed} >= {"encoder", "decoder"}

  for name in ("model.ckpt-2", "model.ckpt-3"):  # as if killed after step 1
    for path in folder.glob(f"{name}.*"):
      path.unlink()
  for path in folder.glob("input_position-[23]*"):
    path.unlink()
  checkpoints.use_as_latest(str(folder), str(folder / "model.ckpt-1"))
  training.train(tiny.settings(folder, *_UNFREEZE))
  assert _layers(_changed(folder, 1, 2)) == {1, 2}


@pytest.mark.parametrize(
    "gin_file, norms",
    [("task_adapter.gin", False), ("adapter_layers.gin", True)],
)
def test_adapters_are_trained_alone_or_with_all_norms_as_in_the_paper(
    gin_file, norms, tmp_path
):
  folder = tmp_path / "m"
  training.train(
      tiny.settings(
          folder,
          "task_adapter/DenseReluDense.hidden_size = 4",
          "utils.run.save_checkpoints_steps = 1",
          "utils.run.train_steps = 2",
          gin_files=[gin_file],
      )
  )
  changed = _changed(folder, 1, 2)
  adapters = {name for name in changed if "task_adapter" in name}
  assert len(adapters) == 2 * 3  # of both stacks: two matrices and a norm
  others = changed - adapters
  assert all(name.endswith("rms_norm/scale") for name in others)
  assert len(others) == (2 + 3 + 2 if norms else 0)
