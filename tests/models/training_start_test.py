"""Where training starts from: a checkpoint that fits, in part, or not at all;
a directory of another model; one that a kill left behind."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.data import vocabularies
from t5_mtf.models import checkpoints, scoring, settings, training
from tests.models import tiny

_ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  """A directory with the tiny model at steps 0 and 1; not to be written to."""
  folder = tmp_path_factory.mktemp("start") / "trained"
  training.train(tiny.settings(folder, "utils.run.train_steps = 1"))
  return folder


@pytest.fixture
def model_dir(trained, tmp_path):
  return pathlib.Path(shutil.copytree(trained, tmp_path / "model"))


def _content(folder):
  return {
      str(p.relative_to(folder)): p.read_bytes()
      for p in pathlib.Path(folder).rglob("*")
      if p.is_file()
  }


def _larger_vocabulary():
  vocabulary = vocabularies.ByteVocabulary(extra_ids=300)
  return (vocabulary, vocabulary)


@pytest.mark.parametrize(
    "bindings, changes, message",
    [
        (["num_layers = 2"], {}, "another model.*'decoder/block_001"),
        (
            [],
            {"vocabulary": _larger_vocabulary()},
            "another model.*vocabulary .it has 559 ids. does not fit",
        ),
    ],
)
def test_a_directory_of_another_model_is_refused_and_left_as_it_is(
    model_dir, bindings, changes, message
):
  (model_dir / "metrics.jsonl").write_text('{"step": 9}\n')
  before = _content(model_dir)
  with pytest.raises(errors.CheckpointError, match=message):
    training.train(tiny.settings(model_dir, *bindings, **changes))
  assert _content(model_dir) == before


def test_a_checkpoint_that_fits_in_part_needs_the_flag(trained, tmp_path):
  start = f"utils.run.init_checkpoint = '{trained}'"
  run = tiny.settings(
      tmp_path / "m", start, vocabulary=_larger_vocabulary()
  )
  with pytest.raises(errors.CheckpointError, match="--allow_partial_init"):
    training.train(run)
  assert not (tmp_path / "m").exists()


def test_with_the_flag_what_fits_is_loaded_and_the_rest_told(
    trained, tmp_path, capsys
):
  start = f"utils.run.init_checkpoint = '{trained}'"
  run = tiny.settings(
      tmp_path,
      start,
      "num_layers = 2",
      "utils.run.train_steps = 2",
      vocabulary=_larger_vocabulary(),
      allow_partial_initialization=True,
  )
  training.train(run)
  old = checkpoints.reader(checkpoints.find(str(trained)))
  new = checkpoints.reader(str(tmp_path / "model.ckpt-1"))
  account = json.loads((tmp_path / "initialization.json").read_text())
  there, here = account["resized"]["shared/embedding"]
  assert there == [384, 16] and here == [640, 16]
  embedding = new.get_tensor("shared/embedding")
  np.testing.assert_array_equal(
      embedding[:384], old.get_tensor("shared/embedding")
  )
  assert np.std(embedding[384:]) > 0
  for name in account["loaded"]:
    np.testing.assert_array_equal(new.get_tensor(name), old.get_tensor(name))
  # All 26 but the embedding.
  assert len(account["loaded"]) == 25
  assert all("block_001" in name for name in account["random"])
  assert "global_step" in account["optimizer_loaded"]
  out = capsys.readouterr().out
  assert "25 of " in out and "rows 0 to 383 from there, 256 more at" in out
  assert "started at random: decoder/block_001" in out


def test_adapters_start_at_random_without_a_flag(trained, tmp_path, capsys):
  t5_mesh_transformer.load_gin(
      [
          "models/bi_v1.gin",
          "learning_rate_schedules/constant_0_001.gin",
          "task_adapter.gin",
      ],
      [
          *tiny.BINDINGS,
          "task_adapter/DenseReluDense.hidden_size = 4",
          f"utils.run.init_checkpoint = '{trained}'",
          "utils.run.train_steps = 2",
      ],
  )
  vocabulary = vocabularies.ByteVocabulary()
  run = settings.from_gin(
      str(tmp_path),
      vocabulary=(vocabulary, vocabulary),
      train_dataset_fn=tiny.dataset_fn,
  )
  training.train(run)
  account = json.loads((tmp_path / "initialization.json").read_text())
  assert len(account["loaded"]) == 26
  assert account["random"]
  assert all("task_adapter" in name for name in account["random"])
  assert "26 of 32 variables" in capsys.readouterr().out


def test_an_initial_checkpoint_cut_short_names_those_that_are_not(
    model_dir, tmp_path
):
  path = model_dir / "model.ckpt-1"
  data = max(model_dir.glob("model.ckpt-1.data*"), key=os.path.getsize)
  os.truncate(data, 100)
  start = f"utils.run.init_checkpoint = '{path}'"
  with pytest.raises(errors.CheckpointError, match="cut short.*ckpt-0"):
    training.train(tiny.settings(tmp_path / "new", start))
  assert not (tmp_path / "new").exists()


def test_trains_on_a_file_system_of_tensorflow_from_a_checkpoint_there(
    model_dir, capsys
):
  from t5_mtf.tf_compat import tf

  for name, content in _content(model_dir).items():
    with tf.io.gfile.GFile(f"ram://start_test/first/{name}", "wb") as f:
      f.write(content)
  start = "utils.run.init_checkpoint = 'ram://start_test/first'"
  for steps in (2, 3):
    last = training.train(
        tiny.settings(
            "ram://start_test/second",
            start,
            f"utils.run.train_steps = {steps}",
        ),
        log_every=1,
    )
  assert last == "ram://start_test/second/model.ckpt-3"
  out = capsys.readouterr().out
  assert "26 of 26 variables from ram://start_test/first/model.ckpt-1" in out
  assert "continued from ram://start_test/second/model.ckpt-2" in out
  with tf.io.gfile.GFile("ram://start_test/second/metrics.jsonl") as f:
    assert [json.loads(line)["step"] for line in f] == [2, 3]
  assert not os.path.exists("ram:")


_FOREVER = """
import sys
from tests.models import tiny
from t5_mtf.models import training
training.train(
    tiny.settings(
        sys.argv[1],
        "utils.run.train_steps = 100000",
        "utils.run.save_checkpoints_steps = 1",
        "utils.run.keep_checkpoint_max = 3",
    ),
    log_every=1,
)
"""


@pytest.mark.slow
def test_killed_at_any_moment_a_directory_can_be_continued(tmp_path, capsys):
  moments = random.Random(0)
  steps = [0]
  for _ in range(3):
    run = subprocess.Popen(
        [sys.executable, "-c", _FOREVER, str(tmp_path)],
        cwd=_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while _newest(tmp_path) <= steps[-1]:  # it saves at each step from now on
      assert run.poll() is None and time.monotonic() < deadline
      time.sleep(0.01)
    time.sleep(moments.random())
    run.send_signal(signal.SIGKILL)
    run.wait()
    steps.append(_newest(tmp_path))
  # What a kill in the middle of a write leaves, in any case.
  (tmp_path / "model.ckpt-9_temp_0123456789abcdef").mkdir()
  (tmp_path / "model.ckpt-9_temp").mkdir()
  (tmp_path / "model.ckpt-9_temp/part-00000-of-00002.index").touch()
  for name in (
      "checkpoint.tmp0123456789abcdef",
      "model.ckpt-9.meta.tmp0123456789abcdef",
      "input_position-9.json.tmp",
  ):
    (tmp_path / name).write_text("model_ch")
  with open(tmp_path / "metrics.jsonl", "a", encoding="utf-8") as f:
    f.write('{"step": 9')
  end = steps[-1] + 3
  more = f"utils.run.train_steps = {end}"
  training.train(tiny.settings(tmp_path, more), log_every=1)
  assert checkpoints.step_of(checkpoints.find(str(tmp_path))) == end
  lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
  assert [json.loads(line)["step"] for line in lines] == [*range(1, end + 1)]
  assert "left half written" in capsys.readouterr().out
  left = {p.name for p in tmp_path.iterdir()}
  assert not any("temp" in name or ".tmp" in name for name in left), left


def _newest(folder):
  there = checkpoints.list_checkpoints(str(folder))
  return checkpoints.step_of(there[-1]) if there else 0


def test_scoring_with_another_vocabulary_says_that_it_does_not_fit(trained):
  run = tiny.settings(trained, vocabulary=_larger_vocabulary())
  path = checkpoints.find(str(trained))
  with pytest.raises(errors.CheckpointError, match="559 ids. does not fit"):
    scoring.score(run, [[5, 1]], [[6, 1]], path)
  two = tiny.settings(trained, "num_layers = 2")
  with pytest.raises(errors.CheckpointError, match="'decoder/block_001"):
    scoring.score(two, [[5, 1]], [[6, 1]], path)
