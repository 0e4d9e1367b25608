"""Training starts, stops, continues and fails as it says."""

import json
import os
import signal

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.models import checkpoints, decoding, hooks, training
from t5_mtf.tf_compat import tf
from tests.models import tiny


def _records(model_dir):
  with open(os.path.join(model_dir, "metrics.jsonl"), encoding="utf-8") as f:
    return [json.loads(line) for line in f]


def test_trains_to_the_last_step_and_records_the_first_and_the_last(tmp_path):
  last = training.train(tiny.settings(tmp_path), log_every=100)
  assert checkpoints.step_of(last) == 4
  records = _records(tmp_path)
  assert [r["step"] for r in records] == [1, 4]
  assert set(records[0]) == {
      "step",
      "loss",
      "learning_rate",
      "tokens_per_second",
      "time",
  }
  assert records[0]["learning_rate"] == pytest.approx(0.001)
  assert (tmp_path / "operative_config.gin").read_text().count("run.") > 3
  [events] = tmp_path.glob("events.out*")
  written = list(tf.compat.v1.train.summary_iterator(str(events)))
  assert sum(event.WhichOneof("what") == "graph_def" for event in written) == 1
  assert (tmp_path / "model.ckpt-0.meta").exists()
  assert not (tmp_path / "graph.pbtxt").exists()


def test_continues_as_if_it_had_not_been_interrupted(tmp_path, capsys):
  through = training.train(tiny.settings(tmp_path / "through"), log_every=1)
  half = "utils.run.train_steps = 2"
  training.train(tiny.settings(tmp_path / "halves", half), log_every=1)
  halves = training.train(tiny.settings(tmp_path / "halves"), log_every=1)
  assert "continued from" in capsys.readouterr().out

  losses = [
      [(r["step"], round(r["loss"], 4)) for r in _records(tmp_path / name)]
      for name in ("through", "halves")
  ]
  assert losses[0] == losses[1]
  for name, _ in tf.train.list_variables(through):
    np.testing.assert_allclose(
        tf.train.load_variable(through, name),
        tf.train.load_variable(halves, name),
        rtol=1e-5,
        atol=1e-6,
        err_msg=name,
    )


def test_says_when_there_is_nothing_left_to_train(tmp_path, capsys):
  training.train(tiny.settings(tmp_path))
  capsys.readouterr()
  training.train(tiny.settings(tmp_path))
  assert "at step 4 of 4: nothing left to train" in capsys.readouterr().out


def test_fine_tuning_says_how_much_of_the_model_was_initialised(
    tmp_path, capsys
):
  first = training.train(tiny.settings(tmp_path / "first"))
  capsys.readouterr()
  start = f"utils.run.init_checkpoint = '{tmp_path / 'first'}'"
  more = "utils.run.train_steps = 6"
  last = training.train(tiny.settings(tmp_path / "second", start, more))
  out = capsys.readouterr().out
  assert f"26 of 26 variables from {first} (step 4)" in out
  assert "4 -> 6" in out
  assert checkpoints.step_of(last) == 6
  (tmp_path / "moved").mkdir()
  for name in ("first", "second"):
    (tmp_path / name).rename(tmp_path / "moved" / name)
  moved = f"utils.run.init_checkpoint = '{tmp_path / 'moved' / 'first'}'"
  training.train(tiny.settings(tmp_path / "moved" / "second", moved, more))
  assert "nothing left to train" in capsys.readouterr().out
  with pytest.raises(errors.UserError, match="started from .*first.*4"):
    other = f"{tmp_path / 'moved' / 'first' / 'model.ckpt-2'}"
    other = f"utils.run.init_checkpoint = '{other}'"
    training.train(tiny.settings(tmp_path / "moved" / "second", other))


def test_train_steps_that_the_first_checkpoint_has_passed_are_an_error(
    tmp_path,
):
  first = training.train(tiny.settings(tmp_path / "first"))
  start = f"utils.run.init_checkpoint = '{first}'"
  with pytest.raises(errors.UserError, match="train_steps = 4 [+] N"):
    training.train(tiny.settings(tmp_path / "second", start))


def test_a_truncated_newest_checkpoint_is_reported_and_not_used(
    tmp_path, capsys
):
  last = training.train(tiny.settings(tmp_path))
  data = max(tf.io.gfile.glob(last + ".data*"), key=os.path.getsize)
  with open(data, "r+b") as f:
    f.truncate(os.path.getsize(data) // 2)
  capsys.readouterr()
  more = "utils.run.train_steps = 6"
  training.train(tiny.settings(tmp_path, more))
  out = capsys.readouterr().out
  assert "model.ckpt-4 cannot be read" in out
  assert "model.ckpt-2 (step 2)" in out
  assert checkpoints.step_of(checkpoints.find(str(tmp_path))) == 6


def test_the_newest_checkpoint_is_used_though_the_state_file_lags(
    tmp_path, capsys
):
  training.train(tiny.settings(tmp_path, "utils.run.train_steps = 2"))
  state = (tmp_path / "checkpoint").read_text()
  training.train(tiny.settings(tmp_path))
  (tmp_path / "checkpoint").write_text(state)
  training.train(tiny.settings(tmp_path, "utils.run.train_steps = 6"))
  assert "model.ckpt-4 (step 4)" in capsys.readouterr().out
  assert [r["step"] for r in _records(tmp_path)] == [1, 2, 3, 4, 5, 6]


def test_a_nan_loss_names_step_learning_rate_and_last_good_checkpoint(
    tmp_path,
):
  training.train(tiny.settings(tmp_path))
  with pytest.raises(errors.TrainingDiverged) as caught:
    training.train(
        tiny.settings(
            tmp_path,
            "constant_learning_rate.learning_rate = 1e30",
            "utils.run.train_steps = 50",
        )
    )
  message = str(caught.value)
  assert "learning rate 1e+30" in message
  assert "step 6" in message or "step 7" in message
  assert str(tmp_path / "model.ckpt-4") in message


def test_sigterm_saves_before_it_stops(tmp_path, monkeypatch):
  seen = []

  def after_run(self, run_context, run_values):
    seen.append(1)
    if len(seen) == 3:
      os.kill(os.getpid(), signal.SIGTERM)

  monkeypatch.setattr(hooks.ReportHook, "after_run", after_run)
  steps = "utils.run.train_steps = 1000"
  save = "utils.run.save_checkpoints_steps = 1000"
  with pytest.raises(training.Interrupted, match="continues from it"):
    training.train(tiny.settings(tmp_path, steps, save))
  assert checkpoints.step_of(checkpoints.find(str(tmp_path))) == 3
  assert _records(tmp_path)[-1]["step"] == 3


def test_only_the_variables_that_match_the_filter_are_trained(tmp_path):
  training.train(
      tiny.settings(tmp_path, "utils.run.variable_filter = 'DenseReluDense'")
  )
  paths = checkpoints.list_checkpoints(str(tmp_path))
  changed = {
      name
      for name, _ in tf.train.list_variables(paths[0])
      if "slot" not in name
      and name != "global_step"
      and not np.array_equal(
          tf.train.load_variable(paths[0], name),
          tf.train.load_variable(paths[-1], name),
      )
  }
  assert changed and all("DenseReluDense" in name for name in changed)


@pytest.mark.parametrize("model_type", ["lm", "delimited_lm"])
def test_language_models_are_trained_and_decoded(tmp_path, model_type):
  binding = f"utils.run.model_type = '{model_type}'"

  def targets_only(**kwargs):
    rows = tiny.dataset_fn(**kwargs)
    return rows.map(lambda row: {"targets": row["targets"]})

  changes = {"train_dataset_fn": targets_only} if model_type == "lm" else {}
  last = training.train(tiny.settings(tmp_path, binding, **changes))
  names = {name for name, _ in tf.train.list_variables(last)}
  assert not any(name.startswith("encoder/") for name in names)
  settings = tiny.settings(tmp_path, binding)
  assert len(decoding.decode_texts(settings, ["ab"], last).outputs) == 1
