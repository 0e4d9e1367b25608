"""The tasks of the mini suite over the shipped data."""

import doctest
import math

import pytest

from t5_mtf import data
from t5_mtf.data.embedded import files
from t5_mtf.data.preprocessors import mini_templates
from t5_mtf.data.tasks import mini
from t5_mtf.evaluation import baselines

TASKS = {task.name: task for c in mini.COLUMNS for task in c.tasks}
CORPORA = ["mini_austen", "mini_kjv", "mini_acl"]
LENGTHS = {"inputs": 64, "targets": 32}
VOCABULARY = data.get_mini_vocabulary()
# The inputs of each task begin so, as T5's own do.
PREFIXES = {
    "mini_glue_sentiment": "mini_glue sentiment sentence: ",
    "mini_glue_rating": "mini_glue rating sentence: ",
    "mini_glue_acceptability": "mini_glue acceptability sentence: ",
    "mini_glue_adjacent": "mini_glue adjacent sentence1: ",
    "mini_cnndm": "summarize: ",
    "mini_squad": "question: ",
    "mini_sglue_boolq": "mini_sglue boolq passage: ",
    "mini_sglue_copa": "mini_sglue copa choice1: ",
    "mini_ende": "translate English to German: ",
    "mini_enfr": "translate English to French: ",
    "mini_enro": "translate English to Romanian: ",
}
BASELINES = {
    mini.MAJORITY_CLASS: baselines.majority_class,
    mini.COPY_SOURCE: baselines.copy_source,
    mini.MEAN_TARGET: baselines.mean_target,
}


def examples(name, split="validation", count=8):
  dataset = data.get_mixture_or_task(name).get_dataset(
      LENGTHS, split=split, shuffle=False
  )
  return list(dataset.take(count).as_numpy_iterator())


def text(example, feature):
  return example[f"{feature}_pretokenized"].decode("utf-8")


def test_columns_are_the_seven_of_the_suite():
  assert [c.name for c in mini.COLUMNS] == [
      "MiniGLUE",
      "MiniCNNDM",
      "MiniSQuAD",
      "MiniSGLUE",
      "MiniEnDe",
      "MiniEnFr",
      "MiniEnRo",
  ]


@pytest.mark.parametrize("name", [*TASKS, *CORPORA])
def test_task_gives_ids_within_its_features(name):
  for split in data.TaskRegistry.get(name).splits:
    found = examples(name, split)
    assert len(found) == 8
    for example in found:
      for feature, length in LENGTHS.items():
        ids = example[feature]
        assert ids.dtype.name == "int32"
        assert 1 < len(ids) <= length
        assert ids[-1] == VOCABULARY.eos_id
        assert 0 < ids.min() and ids.max() < VOCABULARY.vocab_size


@pytest.mark.parametrize("name", TASKS)
def test_inputs_begin_with_the_prefix_of_the_task(name):
  assert TASKS[name].prefix == PREFIXES[name]
  for example in examples(name):
    assert text(example, "inputs").startswith(PREFIXES[name])
    assert "{" not in text(example, "inputs")


@pytest.mark.parametrize("name", [n for n in TASKS if TASKS[n].labels])
def test_targets_are_the_labels_and_postprocess_to_their_indices(name):
  task = data.TaskRegistry.get(name)
  labels = TASKS[name].labels
  targets = {text(e, "targets") for e in examples(name, count=100)}
  assert targets == set(labels)
  assert [task.postprocess_fn(label) for label in labels] == [0, 1]
  assert task.postprocess_fn("hamburger") == -1


@pytest.mark.parametrize("name", TASKS)
def test_main_metrics_of_the_targets_themselves_are_perfect(name):
  task = data.TaskRegistry.get(name)
  targets, predictions = [], []
  for example in examples(name, count=40):
    target = text(example, "targets")
    targets.append(
        task.postprocess_fn(target, example=example, is_target=True)
    )
    predictions.append(
        task.postprocess_fn(target, example=example, is_target=False)
    )
  scores = {}
  for fn in task.metric_fns:
    scores |= fn(targets, predictions)
  for key in TASKS[name].main_metrics:
    perfect = 1.0 if scores[key] <= 1.0 else 100.0
    assert scores[key] == pytest.approx(perfect)


@pytest.mark.parametrize("name", TASKS)
def test_the_baseline_of_a_task_predicts_for_its_inputs(name):
  train = [text(e, "targets") for e in examples(name, "train", 50)]
  inputs = [text(e, "inputs") for e in examples(name)]
  baseline = BASELINES[TASKS[name].baseline]
  options = {}
  if TASKS[name].baseline == mini.COPY_SOURCE:
    options["prefix"] = TASKS[name].prefix
  predictions = baseline(train, inputs, **options)
  assert len(predictions) == len(inputs)
  assert all(predictions)


def test_squad_answers_are_lists_for_the_metric():
  task = data.TaskRegistry.get("mini_squad")
  (example,) = examples("mini_squad", count=1)
  answers = task.postprocess_fn("x", example=example, is_target=True)
  assert answers == [text(example, "targets")]


@pytest.mark.parametrize("name", CORPORA)
def test_corpora_are_corrupted_by_spans(name):
  (example,) = examples(name, count=1)
  sentinel = VOCABULARY.vocab_size - 1
  assert sentinel in example["inputs"]
  assert sentinel in example["targets"]


@pytest.mark.parametrize("name", [*TASKS, *CORPORA])
def test_task_says_where_its_data_comes_from(name):
  provenance = data.TaskRegistry.get(name).provenance
  assert provenance.origin and provenance.licence and provenance.construction


@pytest.mark.parametrize("name", [*TASKS, *CORPORA])
def test_task_knows_its_size(name):
  task = data.TaskRegistry.get(name)
  dataset = name.removeprefix("mini_") if name in CORPORA else (
      TASKS[name].dataset
  )
  for split in task.splits:
    assert task.num_input_examples(split) == files.num_rows(dataset, split)


def test_mixtures_hold_their_tasks():
  assert {t.name for t in data.MixtureRegistry.get("mini_all").tasks} == set(
      TASKS
  )
  assert {
      t.name for t in data.MixtureRegistry.get("mini_pretraining").tasks
  } == set(CORPORA)


def test_mini_all_draws_every_task():
  dataset = data.MixtureRegistry.get("mini_all").get_dataset(
      LENGTHS, split="train", seed=0
  )
  drawn = {
      prefix
      for e in dataset.take(400).as_numpy_iterator()
      for prefix in PREFIXES.values()
      if VOCABULARY.decode(e["inputs"].tolist()).startswith(prefix)
  }
  assert drawn == set(PREFIXES.values())


def test_rates_are_finite_and_positive():
  for task in TASKS.values():
    assert task.rate > 0 and math.isfinite(task.rate)


def test_docstring_examples():
  result = doctest.testmod(mini_templates)
  assert result.attempted > 0
  assert result.failed == 0
