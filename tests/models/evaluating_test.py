"""Evaluation scores each checkpoint once and leaves readable files."""

import dataclasses
import functools
import json

import pytest

from t5_mtf import data, errors
from t5_mtf.evaluation import metrics, outputs, results
from t5_mtf.evaluation.evaluator import Predictions
from t5_mtf.models import checkpoints, evaluating, training
from t5_mtf.models.mesh_transformer import EvalDataset
from t5_mtf.tf_compat import tf
from tests.models import tiny

TEXTS = ["ab", "cd", "abcdefghijk"]


def _upper(text, example, is_target):
  return text.upper()


def _task(
    name,
    metric_fns=(metrics.accuracy,),
    features=None,
    texts=TEXTS,
    postprocess_fn=_upper,
):
  feature = data.Feature(data.ByteVocabulary())
  features = features or ("inputs", "targets")
  return data.Task(
      name,
      data.FunctionDataSource(
          lambda split, shuffle_files, seed=None: (
              tf.data.Dataset.from_tensor_slices(
                  {name: texts for name in features}
              )
          ),
          splits=["validation"],
      ),
      output_features={name: feature for name in features},
      preprocessors=[
          data.preprocessors.tokenize,
          data.preprocessors.append_eos_after_trim,
      ],
      postprocess_fn=postprocess_fn,
      metric_fns=metric_fns,
  )


def _most_likely(targets, scores):
  return {"most_likely": scores.index(max(scores)), "all": len(targets)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  folder = tmp_path_factory.mktemp("trained")
  training.train(tiny.settings(folder))
  return folder


def _settings(trained, tasks, folder, mode="eval", **changes):
  datasets = [EvalDataset(task, "validation") for task in tasks]
  return tiny.settings(
      trained,
      **{
          "mode": mode,
          "eval_checkpoint_step": "all",
          "dataset_split": "validation",
          "eval_dataset_fn": lambda **unused: datasets,
          "eval_summary_dir": str(folder),
          **changes,
      },
  )


def _tags(folder):
  return [
      value.tag
      for events in sorted(folder.glob("events.out*"))
      for event in tf.compat.v1.train.summary_iterator(str(events))
      for value in event.summary.value
  ]


def test_every_checkpoint_is_scored_once_in_order(trained, tmp_path, capsys):
  tasks = [_task("one"), _task("two")]
  settings = _settings(trained, tasks, tmp_path)
  found = evaluating.evaluate(settings)
  assert [(r.step, r.task) for r in found] == [
      (step, name) for step in (0, 2, 4) for name in ("one", "two")
  ]
  said = capsys.readouterr().out
  assert "(1 inputs cut)" in said and "best:\n  one  accuracy" in said
  assert found[0].truncated_inputs == 1
  assert found[0].decode["beam_size"] == 1
  assert results.read_results(tmp_path / "results.json").tasks == found

  assert (tmp_path / "one_inputs").read_text().splitlines()[0] == "ab"
  assert len((tmp_path / "one_2_predictions").read_text().splitlines()) == 3
  rows = (tmp_path / "two_4.jsonl").read_text().splitlines()
  assert json.loads(rows[2])["target"] == "abcdefghijk"
  assert _tags(tmp_path) == ["eval/one/accuracy", "eval/two/accuracy"] * 3

  again = evaluating.evaluate(settings)
  assert again == found
  assert "2 of 2 tasks were evaluated before" in capsys.readouterr().out
  assert len(_tags(tmp_path)) == 6, "nothing was scored again"


def test_what_was_scored_otherwise_is_scored_anew(trained, tmp_path):
  evaluate = functools.partial(_settings, trained, [_task("t")], tmp_path)
  [first] = evaluating.evaluate(evaluate(eval_checkpoint_step=4))
  changed = _task("t", texts=["xy"])
  [second] = evaluating.evaluate(
      _settings(trained, [changed], tmp_path, eval_checkpoint_step=4)
  )
  assert (first.examples, second.examples) == (3, 1)
  assert results.read_results(tmp_path / "results.json").tasks == [second]


def test_right_predictions_score_100_after_postprocessing():
  examples = evaluating.Examples.read(EvalDataset(_task("t"), "validation"))
  texts = Predictions(["AB", "cd", "abcdefghijk"])
  assert examples.task.score(texts) == {"accuracy": 100}


def test_only_the_first_examples_are_taken_when_limited():
  examples = evaluating.Examples.read(EvalDataset(_task("t"), "validation", 2))
  assert list(examples.task.inputs) == ["ab", "cd"]


def test_a_task_without_metrics_has_loss_and_perplexity(trained, tmp_path):
  settings = _settings(
      trained,
      [_task("t", (), postprocess_fn=None)],
      tmp_path,
      eval_checkpoint_step=4,
  )
  [result] = evaluating.evaluate(settings)
  assert set(result.metrics) == {"loss", "perplexity"}
  assert not (tmp_path / "t_4_predictions").exists()
  row = json.loads((tmp_path / "t_4.jsonl").read_text().splitlines()[1])
  assert row["tokens"] == 3 and row["log_likelihood"] < 0
  assert result.metrics["loss"] == pytest.approx(
      -sum(
          json.loads(line)["log_likelihood"]
          for line in (tmp_path / "t_4.jsonl").read_text().splitlines()
      )
      / (3 + 3 + 8)  # the third target is cut to 8 tokens
  )
  # Examples of such a task are made to fit, so nothing is cut afterwards.
  assert result.truncated_targets == 0


def test_a_task_with_answers_but_without_metrics_is_answered(
    trained, tmp_path, capsys
):
  settings = _settings(
      trained, [_task("t", ())], tmp_path, eval_checkpoint_step=4
  )
  [result] = evaluating.evaluate(settings)
  assert result.metrics == {} and "no metrics" in capsys.readouterr().out
  assert len((tmp_path / "t_4_predictions").read_text().splitlines()) == 3


def test_answers_need_inputs(trained, tmp_path):
  task = _task("t", features=("targets",))
  settings = _settings(trained, [task], tmp_path, eval_checkpoint_step=4)
  with pytest.raises(errors.UserError, match="'t' has no inputs to answer"):
    evaluating.evaluate(settings)


def test_metrics_of_scores_are_given_the_targets_scores(trained, tmp_path):
  task = _task("t", (metrics.accuracy, _most_likely))
  for mode, names in (
      ("eval", {"accuracy", "most_likely", "all", "loss", "perplexity"}),
      ("score_eval", {"most_likely", "all", "loss", "perplexity"}),
      ("perplexity_eval", {"loss", "perplexity"}),
  ):
    folder = tmp_path / mode
    settings = _settings(
        trained, [task], folder, mode, eval_checkpoint_step=4
    )
    [result] = evaluating.evaluate(settings)
    assert set(result.metrics) == names
    assert result.truncated_targets == 1
    assert result.truncated_inputs == 1


def test_choices_are_ranked_by_their_log_likelihoods(trained, tmp_path):
  feature = data.Feature(data.ByteVocabulary())
  rows = {"q": ["ab", "cd", "ef"], "label": [0, 1, 1]}
  task = data.Task(
      "ranked",
      data.FunctionDataSource(
          lambda split, shuffle_files, seed=None: (
              tf.data.Dataset.from_tensor_slices(rows)
          ),
          splits=["validation"],
      ),
      output_features={"inputs": feature, "targets": feature},
      preprocessors=[
          functools.partial(
              data.preprocessors.rank_classification_formatter,
              inputs_formats="{q}?",
              targets_formats=["yes", "no"],
          ),
          data.preprocessors.tokenize,
          data.preprocessors.append_eos_after_trim,
      ],
      postprocess_fn=data.postprocessors.rank_classification,
      metric_fns=[
          functools.partial(metrics.rank_classification, num_classes=2)
      ],
  )
  settings = _settings(trained, [task], tmp_path, eval_checkpoint_step=4)
  [result] = evaluating.evaluate(settings)
  lines = [json.loads(line) for line in open(tmp_path / "ranked_4.jsonl")]
  scores = [line["log_likelihood"] for line in lines]
  right = [
      (scores[2 * i + 1] > scores[2 * i]) == bool(label)
      for i, label in enumerate(rows["label"])
  ]
  assert result.metrics["accuracy"] == pytest.approx(100 * sum(right) / 3)
  assert result.examples == 6


def test_targets_alone_are_scored_by_a_language_model(tmp_path):
  binding = "utils.run.model_type = 'lm'"
  rows = lambda **kwargs: tiny.dataset_fn(**kwargs).map(  # noqa: E731
      lambda row: {"targets": row["targets"]}
  )
  training.train(tiny.settings(tmp_path, binding, train_dataset_fn=rows))
  task = _task("t", (), features=("targets",), postprocess_fn=None)
  settings = tiny.settings(
      tmp_path,
      binding,
      mode="eval",
      dataset_split="validation",
      eval_dataset_fn=lambda **unused: [EvalDataset(task, "validation")],
  )
  [result] = evaluating.evaluate(settings)
  assert result.metrics["perplexity"] > 1 and result.examples == 3


def test_new_checkpoints_are_waited_for(trained, tmp_path, monkeypatch, capsys):
  paths = checkpoints.list_checkpoints(str(trained))
  there = paths[:2]
  monkeypatch.setattr(checkpoints, "list_checkpoints", lambda unused: there)
  wait = lambda seconds: there.append(paths[2])  # noqa: E731
  monkeypatch.setattr(evaluating.time, "sleep", wait)
  settings = _settings(
      trained, [_task("t")], tmp_path, eval_checkpoint_step="wait"
  )
  found = evaluating.evaluate(settings)
  assert [result.step for result in found] == [0, 2, 4]
  said = capsys.readouterr().out
  assert said.count("for a checkpoint after step 2, up to step 4") == 1


def test_an_empty_split_is_named(trained, tmp_path):
  dataset = EvalDataset(_task("t"), "validation", max_examples=0)
  settings = _settings(
      trained, [], tmp_path, eval_dataset_fn=lambda **unused: [dataset]
  )
  with pytest.raises(errors.UserError, match="'validation' of task 't' has no"):
    evaluating.evaluate(settings)


def test_results_of_a_folder_without_any_are_empty(tmp_path):
  assert outputs.read_results(str(tmp_path)).tasks == []


def test_data_that_differ_have_another_hash():
  one, two = (
      evaluating.Examples.read(EvalDataset(_task("t", texts=t), "validation"))
      for t in (["ab"], ["ac"])
  )
  assert one.task.data_hash != two.task.data_hash
  assert dataclasses.replace(one.task).data_hash == one.task.data_hash
