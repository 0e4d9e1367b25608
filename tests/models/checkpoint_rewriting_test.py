"""New checkpoints are made of old ones, which stay as they were."""

import json
import pathlib

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.models import checkpoint_rewriting, checkpoints
from tests.models import written


@pytest.fixture
def model_dir(tmp_path):
  for step in (1, 2, 6):
    written.checkpoint(
        tmp_path / "m",
        step,
        encoder__a=(2, 3),
        encoder__a_slot_v=(2, 3),
        decoder__b=np.full(3, step, np.float16),
    )
  (tmp_path / "m" / "operative_config.gin").write_text("x = 1\n")
  return tmp_path / "m"


def _content(folder):
  return {p.name: p.read_bytes() for p in pathlib.Path(folder).iterdir()}


def _value(path, name):
  return checkpoints.reader(path).get_tensor(name)


def test_the_average_is_the_mean_with_the_last_step(model_dir, tmp_path):
  before = _content(model_dir)
  paths = checkpoints.list_checkpoints(str(model_dir))
  made = checkpoint_rewriting.average(paths, str(tmp_path / "new"))
  assert made == str(tmp_path / "new" / "model.ckpt-6")
  np.testing.assert_array_equal(_value(made, "encoder/a"), np.full((2, 3), 3))
  np.testing.assert_array_equal(_value(made, "decoder/b"), [3, 3, 3])
  assert _value(made, "decoder/b").dtype == np.float16
  assert _value(made, "global_step") == 6
  new = _content(tmp_path / "new")
  assert new["operative_config.gin"] == b"x = 1\n"
  assert json.loads(new["checkpoint_source.json"])["averaged"] == paths
  assert checkpoints.unreadable_reason(made) is None
  assert _content(model_dir) == before


def test_an_average_needs_two_checkpoints_of_one_model(model_dir, tmp_path):
  path = str(model_dir / "model.ckpt-6")
  with pytest.raises(errors.CheckpointError, match="two checkpoints or more"):
    checkpoint_rewriting.average([path], str(tmp_path / "new"))
  other = written.checkpoint(tmp_path / "o", 9, encoder__a=(2, 4))
  with pytest.raises(errors.CheckpointError, match="'decoder/b'.*None"):
    checkpoint_rewriting.average([path, other], str(tmp_path / "new"))
  assert not (tmp_path / "new").exists()


def test_variables_are_renamed_and_dropped(model_dir, tmp_path):
  before = _content(model_dir)
  path = str(model_dir / "model.ckpt-2")
  plan = checkpoint_rewriting.plan_rewriting(
      path, [("^encoder/(.)", r"tower/\1\1"), ("^decoder", "d")], ["_slot_"]
  )
  assert plan.renamed == {"encoder/a": "tower/aa", "decoder/b": "d/b"}
  assert plan.dropped == ("encoder/a_slot_v",)
  made = checkpoint_rewriting.rewrite(plan, str(tmp_path / "new"))
  assert sorted(checkpoints.shapes(made)) == ["d/b", "global_step", "tower/aa"]
  np.testing.assert_array_equal(
      _value(made, "tower/aa"), _value(path, "encoder/a")
  )
  assert checkpoints.find(str(tmp_path / "new")) == made
  assert _content(model_dir) == before


@pytest.mark.parametrize(
    "renames, drops, message",
    [
        ([("nothing", "x")], [], "matches 'nothing'.*decoder/b"),
        ([], ["("], "not a regular expression"),
        ([("encoder", r"\2")], [], "cannot replace"),
        ([("encoder/a", "decoder/b")], [], "renamed to 'decoder/b'"),
        ([("^encoder/a$", "")], [], "no name"),
        ([], ["."], "all 4 variables"),
    ],
)
def test_a_rewriting_that_makes_no_sense_is_an_error(
    model_dir, renames, drops, message
):
  with pytest.raises(errors.CheckpointError, match=message):
    checkpoint_rewriting.plan_rewriting(
        str(model_dir / "model.ckpt-2"), renames, drops
    )


def test_a_folder_in_use_is_not_written_to(model_dir):
  paths = checkpoints.list_checkpoints(str(model_dir))
  before = _content(model_dir)
  with pytest.raises(errors.CheckpointError, match="nothing was written"):
    checkpoint_rewriting.average(paths, str(model_dir))
  assert _content(model_dir) == before


def test_a_source_cut_short_is_named_and_leaves_no_checkpoint(
    model_dir, tmp_path
):
  paths = checkpoints.list_checkpoints(str(model_dir))
  data = pathlib.Path(paths[0] + ".data-00000-of-00001")
  data.write_bytes(data.read_bytes()[:-1] + b"?")  # its checksum is wrong now
  with pytest.raises(errors.CheckpointError, match="cannot be"):
    checkpoint_rewriting.average(paths, str(tmp_path / "new"))
  assert checkpoints.list_checkpoints(str(tmp_path / "new")) == []
  again = checkpoint_rewriting.average(paths[1:], str(tmp_path / "new"))
  assert checkpoints.find(str(tmp_path / "new")) == again


def test_many_shards_hold_what_one_would(tmp_path, monkeypatch):
  monkeypatch.setattr(checkpoint_rewriting, "_SHARD_BYTES", 40)
  values = {f"v{i}": np.full(3, i, np.float32) for i in range(9)}
  path = written.checkpoint(tmp_path, 5, **values)
  assert len(list(tmp_path.glob("*.data-*"))) > 2
  assert checkpoints.unreadable_reason(path) is None
  for name, value in values.items():
    np.testing.assert_array_equal(_value(path, name), value)
  assert not list(tmp_path.glob("*_temp_*"))


def test_works_on_a_file_system_of_tensorflow(model_dir):
  plan = checkpoint_rewriting.plan_rewriting(
      str(model_dir / "model.ckpt-2"), [("^encoder/", "e/")], []
  )
  made = checkpoint_rewriting.rewrite(plan, "ram://rewriting_test/new")
  assert checkpoints.find("ram://rewriting_test/new") == made
  assert checkpoints.find(made) == made
  assert _value(made, "e/a").shape == (2, 3)
