"""Tests of t5_mtf.data.file_task.metrics."""

from __future__ import annotations

import doctest

import pytest

from t5_mtf import errors
from t5_mtf.data.file_task import metrics as file_metrics
from t5_mtf.evaluation import metrics as public

# They need scores, groups, spans, or arguments of their own.
_NOT_FOR_FILES = {
    "ShardedSquad",
    "auc",
    "deduplicate_metric",
    "mean_group_metric",
    "multirc_f1_over_all_answers",
    "perplexity",
    "rank_classification",
    "score_auc",
    "sklearn_metrics_wrapper",
    "span_squad",
}


def test_examples_of_the_documentation():
  assert doctest.testmod(file_metrics).failed == 0


def test_every_public_metric_is_for_files_or_known_not_to_be():
  known = {*file_metrics.READINGS, *_NOT_FOR_FILES}
  assert set(public.__all__) <= known
  assert set(file_metrics.READINGS) - {"matthews_corrcoef"} <= set(
      public.__all__
  )


class TestMetrics:

  def test_that_go_together_share_a_reading(self):
    of = file_metrics.FileMetrics.of
    assert of(["accuracy"]).reading == file_metrics.TEXT
    assert of(["accuracy", "bleu", "rouge"]).reading == file_metrics.TEXT
    both = of(["accuracy", "mean_multiclass_f1", "matthews_corrcoef"])
    assert both.reading == file_metrics.LABEL
    assert of(["pearson_corrcoef", "accuracy"]).reading == file_metrics.NUMBER
    assert of(["squad", "trivia_qa"]).reading == file_metrics.ANSWERS

  def test_that_do_not_go_together_are_refused(self):
    with pytest.raises(errors.UserError, match="'squad'.*bleu.*two runs"):
      file_metrics.FileMetrics.of(["bleu", "squad"])

  def test_that_are_misspelt_have_a_nearest_name(self):
    with pytest.raises(errors.UnknownNameError, match="'accuracy'"):
      file_metrics.FileMetrics.of(["acuracy"])

  def test_that_need_more_than_a_file_say_so(self):
    with pytest.raises(errors.UnknownNameError, match="Task of your own"):
      file_metrics.FileMetrics.of(["sklearn_metrics_wrapper"])

  @pytest.mark.parametrize("name", file_metrics.READINGS)
  def test_give_the_best_score_for_equal_answers(self, name):
    metrics = file_metrics.FileMetrics.of([name])
    labels = ("no", "yes")
    post = metrics.postprocess_fn(labels) or (lambda text, **_: text)
    texts = {
        file_metrics.TEXT: ["a b c d e", "f g h i j"],
        file_metrics.LABEL: ["yes", "no"],
        file_metrics.NUMBER: ["1.5", "2"],
        file_metrics.ANSWERS: ["Lima", "Oslo"],
    }[metrics.reading]
    targets = [
        post(t, example={"answers": [t.encode()]}, is_target=True)
        for t in texts
    ]
    answers = [post(t, example={}, is_target=False) for t in texts]
    [metric] = metrics.functions(labels)
    best = {"edit_distance": 0.0}.get(name, 100.0)
    for key, value in metric(targets, answers).items():
      if not key.startswith(("min", "median")):
        assert value == pytest.approx(best), key

  def test_of_two_labels_are_refused_for_three(self):
    metrics = file_metrics.FileMetrics.of(["f1_score_with_invalid"])
    with pytest.raises(errors.UserError, match="for two labels.*3.*a, b, c"):
      metrics.functions(("a", "b", "c"))
