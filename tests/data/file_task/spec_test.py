"""Tests of t5_mtf.data.file_task.spec."""

from __future__ import annotations

import doctest

import pytest

from t5_mtf import errors
from t5_mtf.data.file_task import metrics as file_metrics
from t5_mtf.data.file_task import spec as file_spec

_FILES = {"train": ("a.tsv",)}


def _rules(reading=file_metrics.TEXT, **fields):
  spec = file_spec.FileSpec(_FILES, **fields)
  return file_spec.RowRules(spec, reading)


def test_examples_of_the_documentation():
  assert doctest.testmod(file_spec).failed == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"validation_fraction": 1.0}, "validation_fraction is 1.0"),
        ({"validation_fraction": -0.1}, "validation_fraction is -0.1"),
        ({"labels": ("a", "a")}, "holds one twice"),
        ({"targets_files": {"validation": ("t",)}}, "but none of inputs"),
    ],
)
def test_contradictions_are_refused(fields, message):
  with pytest.raises(errors.UserError, match=message):
    file_spec.FileSpec(_FILES, **fields)


def test_validation_comes_from_one_place():
  with pytest.raises(errors.UserError, match="not from both"):
    file_spec.FileSpec(
        {**_FILES, "validation": ("b.tsv",)}, validation_fraction=0.1
    )


@pytest.mark.parametrize("template", ["no column", "a { b", "{text"])
def test_a_template_that_cannot_be_used_is_refused(template):
  with pytest.raises(errors.UserError, match="input_template"):
    file_spec.template_columns(template)


def test_every_column_is_used_once():
  spec = file_spec.FileSpec(
      _FILES, input_template="{a} and {b} and {a}", target_column="b"
  )
  assert spec.used_columns == ["a", "b"]


class TestHeldOutRows:

  def _side(self, rules, count=4000):
    return [
        i
        for i in range(count)
        if rules.is_held_out({"inputs": f"text {i}", "targets": str(i)})
    ]

  def test_are_about_the_share_asked_for(self):
    held = self._side(_rules(validation_fraction=0.1))
    assert 330 < len(held) < 470

  def test_stay_held_out_when_rows_are_added_or_the_share_grows(self):
    few = self._side(_rules(validation_fraction=0.1), 1000)
    assert few == [
        i for i in self._side(_rules(validation_fraction=0.1)) if i < 1000
    ]
    assert set(few) < set(self._side(_rules(validation_fraction=0.2), 1000))

  def test_have_no_inputs_in_common_with_the_training_rows(self):
    rules = _rules(validation_fraction=0.5)
    for i in range(100):
      sides = {
          rules.is_held_out({"inputs": f"text {i}", "targets": target})
          for target in ("yes", "no")
      }
      assert len(sides) == 1


class TestRule:

  @pytest.mark.parametrize(
      ("row", "reason"),
      [
          ({"inputs": "a", "targets": ""}, "empty target"),
          ({"inputs": "a", "targets": "  "}, "empty target"),
          ({"inputs": " ", "targets": "b"}, "empty input"),
      ],
  )
  def test_refuses_what_is_empty(self, row, reason):
    assert _rules().rule(row).reason == reason

  def test_keeps_a_good_row(self):
    row = {"inputs": "a", "targets": "b"}
    assert _rules(labels=("b", "c")).rule(row) == row

  def test_suggests_the_nearest_label(self):
    rules = _rules(labels=("negative", "positive"))
    bad = rules.rule({"inputs": "a", "targets": "postive"})
    assert bad.reason == "unknown label"
    assert "Did you mean 'positive'?" in bad.detail
    assert "negative, positive" in bad.detail

  def test_refuses_targets_that_are_no_numbers_where_one_is_read(self):
    row = {"inputs": "a", "targets": "high"}
    assert _rules(file_metrics.NUMBER).rule(row).reason == "not a number"
    row = {"inputs": "a", "targets": "3.5"}
    assert _rules(file_metrics.NUMBER).rule(row) == row

  @pytest.mark.parametrize(
      ("target", "found"),
      [
          ('["3 km", "3"]', "3 km\x1f3"),
          ("3 km", "3 km"),
          ("[3 km", "[3 km"),
          ("[]", "[]"),
      ],
  )
  def test_separates_listed_answers(self, target, found):
    row = {"inputs": "a", "targets": target}
    assert _rules(file_metrics.ANSWERS).rule(row)["targets"] == found
    assert _rules().rule(row) == row

  def test_needs_no_inputs_for_texts(self):
    rules = _rules(unsupervised=True, target_column="text")
    assert rules.rule({"text": "a"}) == {"text": "a"}
    assert rules.rule({"text": " "}).reason == "empty text"
