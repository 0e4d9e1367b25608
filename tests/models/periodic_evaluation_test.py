"""Evaluation while training: every N steps, the best kept, stopped early."""

import dataclasses
import json

import pytest

from t5_mtf import data, errors
from t5_mtf.evaluation import metrics, results
from t5_mtf.models import checkpoints, periodic_evaluation, training
from t5_mtf.models.mesh_transformer import EvalDataset
from t5_mtf.models.periodic_evaluation import PeriodicEvaluation
from t5_mtf.tf_compat import tf
from tests.models import tiny


class _Scripted:
  """A metric that gives the scores of a list, one a call."""

  def __init__(self, *scores):
    self.scores = list(scores)

  def __call__(self, targets, predictions):
    return {"scripted": self.scores.pop(0)}


def _task(metric_fn, name="t"):
  feature = data.Feature(data.ByteVocabulary())
  return data.Task(
      name,
      data.FunctionDataSource(
          lambda split, shuffle_files, seed=None: (
              tf.data.Dataset.from_tensor_slices(
                  {"inputs": ["ab"], "targets": ["x"]}
              )
          ),
          splits=["validation"],
      ),
      output_features={"inputs": feature, "targets": feature},
      preprocessors=[
          data.preprocessors.tokenize,
          data.preprocessors.append_eos_after_trim,
      ],
      metric_fns=[metric_fn],
  )


def _scripted(*scores):
  metric = _Scripted(*scores)

  def fn(targets, predictions):
    return metric(targets, predictions)

  return fn


def _settings(folder, *tasks, steps=8, **changes):
  return tiny.settings(
      folder,
      f"utils.run.train_steps = {steps}",
      "utils.run.save_checkpoints_steps = 5000",
      "utils.run.keep_checkpoint_max = 1",
      eval_dataset_fn=lambda **unused: [
          EvalDataset(task, "validation") for task in tasks
      ],
      **changes,
  )


def test_the_best_is_kept_and_training_stops_early(tmp_path, capsys):
  settings = _settings(tmp_path, _task(_scripted(3.0, 5.0, 4.0, 5.0)), steps=20)
  plan = PeriodicEvaluation(every_steps=2, metric="scripted", patience=2)
  last = training.train(settings, evaluation=plan)
  assert checkpoints.step_of(last) == 8
  out = capsys.readouterr().out
  assert "best so far by scripted: 5.00 at step 4" in out
  assert "stopping early at step 8" in out and "best at step 4" in out

  best = tmp_path / "best"
  assert [checkpoints.step_of(p) for p in
          checkpoints.list_checkpoints(str(best))] == [4]
  assert json.loads((best / "best.json").read_text())["value"] == 5.0
  assert (best / "operative_config.gin").exists()
  assert tf.train.latest_checkpoint(str(best)).endswith("best/model.ckpt-4")
  steps = [r.step for r in results.read_results(
      tmp_path / "validation_eval" / "results.json").tasks]
  assert steps == [2, 4, 6, 8]

  again = training.train(settings, evaluation=plan)
  assert again == last, "patience is over for the next start, too"
  assert "stopped early at step 8" in capsys.readouterr().out


def test_an_interrupted_run_knows_what_was_best(tmp_path):
  task = _task(_scripted(5.0, 4.0, 6.0))
  plan = PeriodicEvaluation(every_steps=2, metric="t/scripted")
  training.train(_settings(tmp_path, task, steps=4), evaluation=plan)
  assert _best_step(tmp_path) == 2
  training.train(_settings(tmp_path, task, steps=6), evaluation=plan)
  assert _best_step(tmp_path) == 6


def _best_step(folder):
  return json.loads((folder / "best" / "best.json").read_text())["step"]


def test_of_losses_the_lowest_is_best(tmp_path):
  def loss(targets, predictions):
    return {"loss": scores.pop(0)}

  scores = [3.0, 2.0]
  plan = PeriodicEvaluation(every_steps=2, metric="loss")
  training.train(
      _settings(tmp_path, _task(loss), steps=4), evaluation=plan
  )
  assert _best_step(tmp_path) == 4
  assert json.loads((tmp_path / "best" / "best.json").read_text())[
      "value"] == 2.0


def test_without_a_metric_nothing_is_kept(tmp_path):
  settings = _settings(tmp_path, _task(metrics.accuracy), steps=3)
  training.train(settings, evaluation=PeriodicEvaluation(every_steps=2))
  assert not (tmp_path / "best").exists()
  found = results.read_results(tmp_path / "validation_eval" / "results.json")
  assert [r.step for r in found.tasks] == [2, 3], "the last step, too"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "x"}, "not how often to evaluate"),
        ({"every_steps": 5, "patience": 2}, "by which metric"),
        ({"every_steps": 0}, "every_steps .* is 0"),
        ({"every_steps": 2, "metric": "m", "patience": 0}, "patience .* is 0"),
    ],
)
def test_plans_that_make_no_sense_are_refused(changes, message):
  with pytest.raises(errors.UserError, match=message):
    periodic_evaluation.from_gin(changes)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("tt/accuracy", "Did you mean 't'"),
        ("accuracy", "is of which task"),
    ],
)
def test_the_task_of_a_metric_is_checked_before_training(
    metric, message, tmp_path
):
  settings = _settings(
      tmp_path, _task(metrics.accuracy), _task(metrics.accuracy, "u")
  )
  plan = PeriodicEvaluation(every_steps=2, metric=metric)
  with pytest.raises(errors.UserError, match=message):
    training.train(settings, evaluation=plan)
  assert not list(tmp_path.iterdir())


def test_gin_can_ask_for_it(tmp_path):
  tiny.load_gin("PeriodicEvaluation.every_steps = 7",
                "PeriodicEvaluation.metric = 'mean'")
  found = periodic_evaluation.from_gin({"every_steps": None})
  assert dataclasses.asdict(found) == {
      "every_steps": 7, "split": "validation", "metric": "mean",
      "patience": None,
  }
