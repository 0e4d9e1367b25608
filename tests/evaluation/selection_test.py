"""results.json is found, and one checkpoint of each task chosen."""

from __future__ import annotations

import functools
import math

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import results, selection
from t5_mtf.evaluation.results import TaskResult


def result(task="mini_squad", step=1, split="validation", **metrics):
  return TaskResult(
      task=task,
      split=split,
      step=step,
      metrics=metrics or {"em": 50.0, "f1": 60.0},
      examples=10,
  )


def write(folder, *every):
  path = folder / results.FILE
  results.write_results(path, results.Results(tasks=list(every)))
  return path


def test_results_are_found_in_a_file_a_directory_and_below_a_model(tmp_path):
  path = write(tmp_path / "validation_eval", result(step=7))
  write(tmp_path / "test_eval", result(step=8, split="test"))
  for place in (path, path.parent, tmp_path):
    assert [r.step for r in selection.read(str(place))] == [7]
  assert [r.step for r in selection.read(str(tmp_path), "test")] == [8]


def test_special_characters_in_a_path_are_no_pattern(tmp_path):
  write(tmp_path / "a[1]*" / "validation_eval", result())
  assert len(selection.read(str(tmp_path / "a[1]*"))) == 1


def test_models_below_are_named_not_mixed(tmp_path):
  write(tmp_path / "one" / "validation_eval", result())
  write(tmp_path / "two", result())
  with pytest.raises(errors.UserError) as raised:
    selection.read(str(tmp_path))
  assert str(tmp_path / "one" / "validation_eval") in str(raised.value)
  assert str(tmp_path / "two") in str(raised.value)


def test_a_directory_without_results_or_that_is_not_there_is_refused(tmp_path):
  with pytest.raises(errors.UserError, match="An evaluation .* writes one"):
    selection.read(str(tmp_path))
  with pytest.raises(errors.UserError, match="neither a directory nor a file"):
    selection.read(str(tmp_path / "not_there"))


def test_another_split_is_refused_with_those_that_there_are(tmp_path):
  write(tmp_path, result(split="test"))
  with pytest.raises(errors.UserError, match="'validation'; it has 'test'"):
    selection.read(str(tmp_path))


def test_two_files_that_differ_are_refused(tmp_path):
  write(tmp_path / "a_eval", result(em=1.0, f1=math.nan))
  write(tmp_path / "b_eval", result(em=1.0, f1=math.nan))
  assert len(selection.read(str(tmp_path))) == 1
  write(tmp_path / "b_eval", result(em=2.0, f1=2.0))
  with pytest.raises(errors.DataError, match="different scores of mini_squad"):
    selection.read(str(tmp_path))


def test_the_best_is_chosen_by_task_and_by_the_mean_of_main_metrics():
  rating = functools.partial(result, "mini_glue_rating")
  found = [
      result(step=1, em=50.0, f1=60.0),
      result(step=2, em=49.0, f1=62.0),
      result("mini_ende", step=1, bleu=30.0),
      result("mini_ende", step=2, bleu=20.0),
      result("mini_ende", step=3, bleu=30.0),
      # Of SQuAD exact match counts, of a correlation NaN as 0.
      result("squad_v010_allanswers", step=1, em=2.0, f1=1.0),
      result("squad_v010_allanswers", step=2, em=1.0, f1=9.0),
      rating(1, pearson_corrcoef=math.nan, spearman_corrcoef=9.0),
      rating(2, pearson_corrcoef=5.0, spearman_corrcoef=5.0),
      # One of these is "larger is better", the other not.
      result("mine", step=1, accuracy=3.0),
      result("mine", step=2, accuracy=4.0),
      result("losing", step=1, loss=3.0),
      result("losing", step=2, loss=4.0),
  ]
  chosen = selection.choose(found, "best")
  assert {task: r.step for task, r in chosen.items()} == {
      "mini_squad": 2,
      "mini_ende": 1,
      "squad_v010_allanswers": 1,
      "mini_glue_rating": 2,
      "mine": 2,
      "losing": 1,
  }


def test_the_best_of_a_task_in_no_benchmark_with_several_scores_is_unknown():
  found = [result("mine", step, em=1.0, f1=1.0) for step in (1, 2)]
  assert selection.choose(found[:1])["mine"].step == 1
  with pytest.raises(errors.UserError, match=r"\(em, f1\).*--step=latest"):
    selection.choose(found)


def test_a_checkpoint_without_the_main_metrics_is_not_the_best():
  found = [result(step=1, em=99.0), result(step=2, em=1.0, f1=1.0)]
  assert selection.choose(found)["mini_squad"].step == 2
  found[1] = result(step=2, f1=1.0)
  with pytest.raises(errors.UserError, match="no checkpoint of mini_squad has"):
    selection.choose(found)


def test_the_latest_or_a_step_is_chosen():
  found = [
      result(step=1),
      result(step=20),
      result(step=None),
      result("mini_ende", step=1, bleu=1.0),
  ]
  latest = selection.choose(found, "latest")
  assert {t: r.step for t, r in latest.items()} == {
      "mini_squad": 20,
      "mini_ende": 1,
  }
  assert list(selection.choose(found, 20)) == ["mini_squad"]
  with pytest.raises(errors.UserError, match="those of steps 1, 20"):
    selection.choose(found, 3)


def test_notes_count_steps_and_name_unlike_data_and_decoding():
  one = {"a": result("a", 1), "b": result("b", 2000)}
  other = {
      "a": TaskResult("a", "validation", 1, {}, 9, data_hash="x"),
      "b": TaskResult("b", "validation", 1, {}, 9, decode={"beam_size": 4}),
  }
  assert selection.notes({"x": [one], "y": [other]}) == [
      "x: step 1 (1 of 2 results), step 2,000 (1 of 2 results).",
      "y: step 1.",
      "Scored on examples that differ between rows or runs: a.",
      "Decoded with settings that differ between rows or runs: b.",
  ]
