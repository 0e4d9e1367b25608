"""Evaluation scores each checkpoint once and leaves readable files."""

import json

import pytest

from t5_mtf import data, errors
from t5_mtf.evaluation import metrics
from t5_mtf.models import evaluating, training
from t5_mtf.models.mesh_transformer import EvalDataset
from t5_mtf.tf_compat import tf
from tests.models import tiny


def _task(name, metric_fns=(metrics.accuracy,)):
  texts = ["ab", "cd", "abcdefghijk"]
  feature = data.Feature(data.ByteVocabulary())
  return data.Task(
      name,
      data.FunctionDataSource(
          lambda split, shuffle_files, seed=None: (
              tf.data.Dataset.from_tensor_slices(
                  {"inputs": texts, "targets": texts}
              )
          ),
          splits=["validation"],
      ),
      output_features={"inputs": feature, "targets": feature},
      preprocessors=[
          data.preprocessors.tokenize,
          data.preprocessors.append_eos_after_trim,
      ],
      postprocess_fn=lambda text, example, is_target: text.upper(),
      metric_fns=metric_fns,
  )


def test_every_checkpoint_is_scored_once_in_order(tmp_path, capsys):
  training.train(tiny.settings(tmp_path))
  datasets = [EvalDataset(_task(n), "validation") for n in ("one", "two")]
  settings = tiny.settings(
      tmp_path,
      mode="eval",
      eval_checkpoint_step="all",
      dataset_split="validation",
      eval_dataset_fn=lambda **unused: datasets,
  )
  results = evaluating.evaluate(settings)
  assert list(results) == [0, 2, 4]
  assert "(1 inputs cut)" in capsys.readouterr().out
  score = results[4][1]
  assert (score.task, score.step, len(score.predictions)) == ("two", 4, 3)
  assert 0 <= score.metrics["accuracy"] <= 100
  assert score.truncated_inputs == 1

  folder = tmp_path / "validation_eval"
  assert (folder / "one_inputs").read_text().splitlines()[0] == "ab"
  assert len((folder / "one_2_predictions").read_text().splitlines()) == 3
  rows = (folder / "two_4.jsonl").read_text().splitlines()
  assert json.loads(rows[2])["target"] == "abcdefghijk"
  [events] = folder.glob("events.out*")
  tags = {
      value.tag
      for event in tf.compat.v1.train.summary_iterator(str(events))
      for value in event.summary.value
  }
  assert tags == {"eval/one/accuracy", "eval/two/accuracy"}


def test_right_predictions_score_100_after_postprocessing():
  examples = evaluating.Examples.read(EvalDataset(_task("t"), "validation"))
  assert examples.score(["AB", "cd", "abcdefghijk"]) == {"accuracy": 100}


def test_only_the_first_examples_are_taken_when_limited():
  examples = evaluating.Examples.read(EvalDataset(_task("t"), "validation", 2))
  assert examples.texts("inputs") == ("ab", "cd")


def test_a_task_without_metrics_is_refused():
  with pytest.raises(errors.UserError, match="no metric_fns"):
    evaluating.Examples.read(EvalDataset(_task("t", ()), "validation"))
