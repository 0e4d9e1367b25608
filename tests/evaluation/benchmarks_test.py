"""Averages, the rules for what is missing, and who scores what."""

from __future__ import annotations

import inspect
import math

import pytest

from t5_mtf import data, errors
from t5_mtf.data.tasks import mini
from t5_mtf.evaluation import benchmarks, paper

PAPER = {column.name: column for column in benchmarks.PAPER}
EVERY_SET = [*benchmarks.COLUMN_SETS.items(), ("table_14", benchmarks.TABLE_14)]


def scores_of(row: paper.PaperRow, columns=benchmarks.TABLE_16):
  """The scores of tasks that a published row has, by task and metric."""
  found: dict[str, dict[str, float]] = {}
  for column in columns:
    if len(column.scores) == 1:
      [score] = column.scores
      found.setdefault(score.task, {})[score.metric] = row.scores[column.name]
  return found


def test_task_scores_of_table_16_give_every_printed_average():
  rows = list(paper.table("table_16").rows.values())
  assert len(rows) == 69
  for row in rows:
    if row.name == "Baseline standard deviation":
      continue  # an average of deviations is no deviation of averages
    for name, column in (
        ("GLUE Average", PAPER["GLUE"]),
        ("SuperGLUE Average", PAPER["SGLUE"]),
    ):
      found = benchmarks.column_score(column, scores_of(row)).value
      assert found == pytest.approx(row.scores[name], abs=0.0101), row.id


def test_task_scores_of_table_16_give_the_columns_of_tables_1_to_13():
  compared, wrong = 0, set()
  for long in paper.table("table_16").rows.values():
    if long.name == "Baseline standard deviation":
      continue
    short = paper.row(long.same_row_as)
    for name, column in PAPER.items():
      found = benchmarks.column_score(column, scores_of(long)).value
      compared += 1
      if found != pytest.approx(short.scores[name], abs=0.0101):
        wrong.add((short.id, name))
  assert compared == 68 * 7
  # The two rows that tables 10 and 16, 13 and 16 print differently.
  assert wrong == {
      *(("table_10/adapter_layers_d_2048", name) for name in PAPER),
      ("table_13/4x_ensembled", "EnRo"),
  }


def test_table_14_has_nine_tasks_of_glue_and_its_averages():
  for row in paper.table("table_14").rows.values():
    if row.name == "Previous best":
      continue  # each task's best, not one model's
    for column in benchmarks.TABLE_14:
      if len(column.scores) == 1 or row.name == "T5-11B" and (
          column.name == "SuperGLUE Average"  # see its erratum
      ):
        continue
      scores = scores_of(row, benchmarks.TABLE_14)
      found = benchmarks.column_score(column, scores).value
      assert found == pytest.approx(row.scores[column.name], abs=0.0501), row


def test_table_15_is_columns_that_other_tables_have():
  assert paper.table("table_15").columns == tuple(PAPER)


def test_headings_are_those_of_the_paper_in_their_order():
  for name, table in paper.tables().items():
    columns = {
        "table_3": (), "table_14": benchmarks.TABLE_14,
        "table_16": benchmarks.TABLE_16,
    }.get(name, benchmarks.PAPER)  # fmt: skip
    assert table.columns == tuple(c.name for c in columns), name


def test_a_benchmark_has_eight_tasks_and_glue_has_no_wnli():
  for name in ("GLUE", "SGLUE"):
    assert len(PAPER[name].parts) == 8
  assert not any("wnli" in task for task in PAPER["GLUE"].tasks)
  assert len(benchmarks.TABLE_16) == 33


@pytest.mark.parametrize("name,columns", EVERY_SET)
def test_every_score_is_returned_by_a_metric_of_its_task(name, columns):
  names_by_metric = {
      "accuracy": {"accuracy"},
      "bleu": {"bleu"},
      "f1_score_with_invalid": {"f1"},
      "multirc_f1_over_all_answers": {"f1"},
      "pearson_corrcoef": {"pearson_corrcoef"},
      "spearman_corrcoef": {"spearman_corrcoef"},
      "rouge": {"rouge1", "rouge2", "rougeLsum"},
      "rouge_mean": {"rouge1", "rouge2", "rougeLsum"},
      "squad": {"em", "f1"},
      "_matthews_corrcoef": {"matthews_corrcoef"},
  }

  def names_of(fn):
    if fn.__name__ in names_by_metric:
      return names_by_metric[fn.__name__]
    made_with = inspect.getclosurevars(fn).nonlocals
    if "metric_fn" in made_with:  # of groups
      inner = made_with["metric_fn"]
      exact = {"exact_match"}
      return exact if inner.__name__ == "all_match" else names_of(inner)
    return {made_with["name"]}

  for column in columns:
    for score in column.scores:
      fns = data.TaskRegistry.get(score.task).metric_fns
      assert score.metric in set().union(*map(names_of, fns)), score


def test_a_column_with_a_score_missing_is_missing_and_names_it():
  scores = scores_of(paper.row("table_16/c4_t8"))
  del scores["glue_rte_v002"], scores["glue_mrpc_v002"]["f1"]
  found = benchmarks.column_score(PAPER["GLUE"], scores)
  assert found.value is None
  assert list(map(str, found.missing)) == [
      "glue_mrpc_v002 f1",
      "glue_rte_v002 accuracy",
  ]


def test_an_undefined_score_counts_as_zero_and_is_named():
  scores = scores_of(paper.row("table_16/c4_t8"))
  whole = benchmarks.column_score(PAPER["GLUE"], scores).value
  pearson = scores["glue_stsb_v002"]["pearson_corrcoef"]
  scores["glue_stsb_v002"]["pearson_corrcoef"] = math.nan
  found = benchmarks.column_score(PAPER["GLUE"], scores)
  assert found.value == pytest.approx(whole - pearson / 2 / 8)
  assert list(map(str, found.undefined)) == ["glue_stsb_v002 pearson_corrcoef"]


def test_tasks_with_a_sentinel_stand_for_their_tasks():
  scores = scores_of(paper.row("table_16/c4_t8"))
  renamed = {
      (
          "super_glue_wsc_v102_simple_1_sentinel_eval"
          if "wsc" in task
          else f"{task}_1_sentinel"
      ): found
      for task, found in scores.items()
      if task.startswith("super_glue")
  }
  assert set(renamed) <= set(data.TaskRegistry.names())
  expected = benchmarks.column_score(PAPER["SGLUE"], scores)
  assert benchmarks.column_score(PAPER["SGLUE"], renamed) == expected
  plain = {"super_glue_rte_v102": {"accuracy": 1.0}}
  both = {**renamed, **plain}
  assert benchmarks.with_plain_names(both)["super_glue_rte_v102"] == {
      "accuracy": 1.0
  }


def test_the_mini_columns_hold_every_mini_task_once():
  tasks = [task for column in benchmarks.MINI for task in column.tasks]
  assert sorted(tasks) == sorted(mini._TASKS)
  assert [c.name for c in mini.COLUMNS] == [c.name for c in benchmarks.MINI]


def test_columns_are_the_smallest_set_that_holds_the_tasks():
  columns_for = benchmarks.columns_for
  assert columns_for(["glue_rte_v002"]) == benchmarks.GLUE
  assert columns_for(["super_glue_rte_v102_1_sentinel"]) == (
      benchmarks.SUPER_GLUE
  )
  assert columns_for(["glue_rte_v002", "mine"]) == benchmarks.GLUE
  assert columns_for(["glue_rte_v002", "wmt15_enfr_v003"]) == benchmarks.PAPER
  assert columns_for(["glue_rte_v002", "mini_squad"]) == (
      benchmarks.GLUE + benchmarks.MINI
  )
  assert columns_for(["mine"]) == ()


def test_an_unknown_task_has_no_main_metrics_and_near_names():
  with pytest.raises(errors.UnknownNameError, match="'mini_squad'"):
    benchmarks.main_metrics("mini_squat")
