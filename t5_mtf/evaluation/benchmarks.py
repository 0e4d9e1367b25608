"""What the columns of result tables are made of: tasks and their metrics.

One rule makes every column, an average or a single score: the mean over its
parts of the mean over each part's scores. A part of an average is one task of
the benchmark: MRPC with F1 and accuracy, MNLI with both of its validation sets.
So the paper averages GLUE and SuperGLUE, eight tasks each, WNLI left out
(Raffel et al. 2020, section 3.1.5, table 16). All their scores are better when
larger.

Scores are given as `{task: {metric: score}}`, with the registered names of
tasks; a task with one sentinel (`..._1_sentinel`) stands for its task where
that one is not there.

* A column with a score missing is missing: nothing is averaged over what is
  there.
* A score that is not defined (NaN, the correlation with constant predictions)
  counts as 0, as no credit for a constant.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from t5_mtf import errors

Scores = Mapping[str, Mapping[str, float]]


class ScoreName(NamedTuple):
  """One score of one task.

  Attributes:
    task: registered name.
    metric: key of the score in what the task's metrics return.
  """

  task: str
  metric: str

  def __str__(self) -> str:
    return f"{self.task} {self.metric}"


@dataclasses.dataclass(frozen=True)
class Column:
  """One column of a result table.

  Attributes:
    name: its heading.
    parts: what is averaged; the scores of a part are averaged first.
    metric: what the number is, in a few words; empty where `name` says it.
    larger_is_better: whether that is known, so that there is a best one.
  """

  name: str
  parts: tuple[tuple[ScoreName, ...], ...]
  metric: str = ""
  larger_is_better: bool = True

  @property
  def scores(self) -> tuple[ScoreName, ...]:
    """All the scores that the column is made of."""
    return tuple(score for part in self.parts for score in part)

  @property
  def tasks(self) -> tuple[str, ...]:
    """Names of its tasks."""
    return tuple(dict.fromkeys(score.task for score in self.scores))


@dataclasses.dataclass(frozen=True)
class ColumnScore:
  """The number in a column.

  Attributes:
    value: the score; None if one of its scores is missing.
    missing: the scores that are not there.
    undefined: the scores that are NaN and counted as 0.
  """

  value: float | None
  missing: tuple[ScoreName, ...] = ()
  undefined: tuple[ScoreName, ...] = ()


def column_score(column: Column, scores: Scores) -> ColumnScore:
  """Returns the number in a column, by the rules at the top of this module.

  >>> scores = {"squad_v010_allanswers": {"em": 80.88, "f1": 88.81}}
  >>> column_score(PAPER[2], scores).value
  80.88
  >>> column_score(PAPER[4], scores)  # doctest: +NORMALIZE_WHITESPACE
  ColumnScore(value=None, missing=(ScoreName(task='wmt_t2t_ende_v003',
  metric='bleu'),), undefined=())
  """
  scores = with_plain_names(scores)
  missing = tuple(
      s for s in column.scores if s.metric not in scores.get(s.task, ())
  )
  if missing:
    return ColumnScore(None, missing)
  undefined = tuple(
      s for s in column.scores if math.isnan(scores[s.task][s.metric])
  )
  value = statistics.fmean(
      statistics.fmean(
          0.0 if s in undefined else scores[s.task][s.metric] for s in part
      )
      for part in column.parts
  )
  return ColumnScore(value, undefined=undefined)


def with_plain_names(scores: Scores) -> Scores:
  """Puts tasks with one sentinel under the names of their tasks.

  Where the task itself is there, its own scores stay.

  >>> with_plain_names({"super_glue_wsc_v102_simple_1_sentinel_eval": {}})
  {'super_glue_wsc_v102_simple_eval': {}}
  """
  return {plain_name(task): found for task, found in scores.items()} | {
      task: found for task, found in scores.items() if plain_name(task) == task
  }


def plain_name(task: str) -> str:
  """The name of a task, without the mark of one sentinel."""
  return task.replace("_1_sentinel", "")


# Task of the benchmark -> heading in the paper's table 16 -> score.
_GLUE = {
    "CoLA": {"CoLA MCC": ScoreName("glue_cola_v002", "matthews_corrcoef")},
    "SST-2": {"SST-2 Acc": ScoreName("glue_sst2_v002", "accuracy")},
    "MRPC": {
        "MRPC F1": ScoreName("glue_mrpc_v002", "f1"),
        "MRPC Acc": ScoreName("glue_mrpc_v002", "accuracy"),
    },
    "STS-B": {
        "STSB PCC": ScoreName("glue_stsb_v002", "pearson_corrcoef"),
        "STSB SCC": ScoreName("glue_stsb_v002", "spearman_corrcoef"),
    },
    "QQP": {
        "QQP F1": ScoreName("glue_qqp_v002", "f1"),
        "QQP Acc": ScoreName("glue_qqp_v002", "accuracy"),
    },
    "MNLI": {
        "MNLI-m Acc": ScoreName("glue_mnli_matched_v002", "accuracy"),
        "MNLI-mm Acc": ScoreName("glue_mnli_mismatched_v002", "accuracy"),
    },
    "QNLI": {"QNLI Acc": ScoreName("glue_qnli_v002", "accuracy")},
    "RTE": {"RTE (GLUE) Acc": ScoreName("glue_rte_v002", "accuracy")},
}
_SUPER_GLUE = {
    "BoolQ": {"BoolQ Acc": ScoreName("super_glue_boolq_v102", "accuracy")},
    "CB": {
        "CB F1": ScoreName("super_glue_cb_v102", "mean_3class_f1"),
        "CB Acc": ScoreName("super_glue_cb_v102", "accuracy"),
    },
    "COPA": {"COPA Acc": ScoreName("super_glue_copa_v102", "accuracy")},
    "MultiRC": {
        "MultiRC F1": ScoreName("super_glue_multirc_v102", "f1"),
        "MultiRC EM": ScoreName("super_glue_multirc_v102", "exact_match"),
    },
    "ReCoRD": {
        "ReCoRD F1": ScoreName("super_glue_record_v102", "f1"),
        "ReCoRD EM": ScoreName("super_glue_record_v102", "em"),
    },
    "RTE": {
        "RTE (SuperGLUE) Acc": ScoreName("super_glue_rte_v102", "accuracy")
    },
    "WiC": {"WiC Acc": ScoreName("super_glue_wic_v102", "accuracy")},
    "WSC": {
        "WSC Acc": ScoreName("super_glue_wsc_v102_simple_eval", "accuracy")
    },
}
_CNNDM = {
    "CNN/DM R-1-F": ScoreName("cnn_dailymail_v002", "rouge1"),
    "CNN/DM R-2-F": ScoreName("cnn_dailymail_v002", "rouge2"),
    "CNN/DM R-L-F": ScoreName("cnn_dailymail_v002", "rougeLsum"),
}
_SQUAD = {
    "SQuAD EM": ScoreName("squad_v010_allanswers", "em"),
    "SQuAD F1": ScoreName("squad_v010_allanswers", "f1"),
}
_WMT = {
    "EnDe BLEU": ScoreName("wmt_t2t_ende_v003", "bleu"),
    "EnFr BLEU": ScoreName("wmt15_enfr_v003", "bleu"),
    "EnRo BLEU": ScoreName("wmt16_enro_v003", "bleu"),
}
_WNLI = ScoreName("glue_wnli_v002", "accuracy")

_Benchmark = Mapping[str, Mapping[str, ScoreName]]


def _average(
    name: str, benchmark: _Benchmark, *more: ScoreName, metric: str = ""
) -> Column:
  parts = [tuple(scores.values()) for scores in benchmark.values()]
  return Column(name, (*parts, *((score,) for score in more)), metric)


def _single(scores: Mapping[str, ScoreName]) -> tuple[Column, ...]:
  return tuple(Column(name, ((score,),)) for name, score in scores.items())


def _with_average(name: str, benchmark: _Benchmark) -> tuple[Column, ...]:
  tasks = [c for scores in benchmark.values() for c in _single(scores)]
  return (_average(name, benchmark), *tasks)


# Each task's score, and the average.
GLUE = _with_average("GLUE Average", _GLUE)
SUPER_GLUE = _with_average("SuperGLUE Average", _SUPER_GLUE)

# The 33 columns of table 16, "every task we consider".
TABLE_16 = GLUE + _single(_CNNDM) + _single(_SQUAD) + SUPER_GLUE + _single(_WMT)

# The seven columns of tables 1, 2, 4 to 13 and 15.
PAPER = (
    _average("GLUE", _GLUE, metric="mean of 8 tasks"),
    Column("CNNDM", ((_CNNDM["CNN/DM R-2-F"],),), "ROUGE-2"),
    Column("SQuAD", ((_SQUAD["SQuAD EM"],),), "exact match"),
    _average("SGLUE", _SUPER_GLUE, metric="mean of 8 tasks"),
    Column("EnDe", ((_WMT["EnDe BLEU"],),), "BLEU"),
    Column("EnFr", ((_WMT["EnFr BLEU"],),), "BLEU"),
    Column("EnRo", ((_WMT["EnRo BLEU"],),), "BLEU"),
)

# Headings of table 14, where they are others than those of table 16.
_TABLE_14_NAMES = {
    "CoLA MCC": "CoLA Matthews",
    "STSB PCC": "STS-B Pearson",
    "STSB SCC": "STS-B Spearman",
    "MultiRC F1": "MultiRC F1a",
    "ReCoRD EM": "ReCoRD Accuracy",
    "CNN/DM R-1-F": "CNN/DM ROUGE-1",
    "CNN/DM R-2-F": "CNN/DM ROUGE-2",
    "CNN/DM R-L-F": "CNN/DM ROUGE-L",
    "EnDe BLEU": "WMT EnDe BLEU",
    "EnFr BLEU": "WMT EnFr BLEU",
    "EnRo BLEU": "WMT EnRo BLEU",
}


def _table_14_name(name: str) -> str:
  changed = name.removesuffix(" Acc") + " Accuracy"
  return _TABLE_14_NAMES.get(name, changed if name.endswith(" Acc") else name)


# Table 14 has the leaderboard's GLUE average, over nine tasks with WNLI.
TABLE_14 = (
    _average("GLUE Average", _GLUE, _WNLI),
    *(dataclasses.replace(c, name=_table_14_name(c.name)) for c in GLUE[1:]),
    Column("WNLI Accuracy", ((_WNLI,),)),
    *_single(_SQUAD),
    *(dataclasses.replace(c, name=_table_14_name(c.name)) for c in SUPER_GLUE),
    *(Column(_table_14_name(name), ((s,),)) for name, s in _WMT.items()),
    *(Column(_table_14_name(name), ((s,),)) for name, s in _CNNDM.items()),
)


def _mini(
    name: str, metric: str, *tasks: tuple[str, tuple[str, ...]]
) -> Column:
  parts = [tuple(ScoreName(t, m) for m in metrics) for t, metrics in tasks]
  return Column(name, tuple(parts), metric)


# The mini suite; its tasks are in t5_mtf/data/tasks/mini.py.
MINI = (
    _mini(
        "MiniGLUE",
        "mean of accuracy, correlations, F1",
        ("mini_glue_sentiment", ("accuracy",)),
        ("mini_glue_rating", ("pearson_corrcoef", "spearman_corrcoef")),
        ("mini_glue_acceptability", ("matthews_corrcoef",)),
        ("mini_glue_adjacent", ("f1", "accuracy")),
    ),
    _mini(
        "MiniCNNDM",
        "mean of ROUGE-1, ROUGE-2, ROUGE-L",
        ("mini_cnndm", ("rouge1", "rouge2", "rougeLsum")),
    ),
    _mini(
        "MiniSQuAD",
        "mean of exact match and F1",
        ("mini_squad", ("em", "f1")),
    ),
    _mini(
        "MiniSGLUE",
        "mean accuracy",
        ("mini_sglue_boolq", ("accuracy",)),
        ("mini_sglue_copa", ("accuracy",)),
    ),
    _mini("MiniEnDe", "BLEU", ("mini_ende", ("bleu",))),
    _mini("MiniEnFr", "BLEU", ("mini_enfr", ("bleu",))),
    _mini("MiniEnRo", "BLEU", ("mini_enro", ("bleu",))),
)

COLUMN_SETS: dict[str, tuple[Column, ...]] = {
    "paper": PAPER,
    "glue": GLUE,
    "super_glue": SUPER_GLUE,
    "all": TABLE_16,
    "table_14": TABLE_14,
    "mini": MINI,
}


def columns_for(tasks: Iterable[str]) -> tuple[Column, ...]:
  """Returns the smallest sets of columns that hold the tasks.

  Tasks that are in no column do not count. Where none is in one, each score
  has to be a column of its own: see `columns_of_scores`.

  >>> [c.name for c in columns_for(["mini_squad", "mini_ende"])][:3]
  ['MiniGLUE', 'MiniCNNDM', 'MiniSQuAD']
  >>> columns_for(["glue_rte_v002"]) == GLUE
  True
  """
  given = {plain_name(task) for task in tasks}
  found: tuple[Column, ...] = ()
  published = given & _tasks_of(TABLE_16)
  if published:
    found += next(
        columns
        for columns in (GLUE, SUPER_GLUE, PAPER)
        if published <= _tasks_of(columns)
    )
  return found + (MINI if given & _tasks_of(MINI) else ())


def columns_of_scores(every: Iterable[Scores]) -> tuple[Column, ...]:
  """Returns one column for each score of each task.

  >>> [c.name for c in columns_of_scores([{"mine": {"em": 1.0, "f1": 2.0}}])]
  ['mine em', 'mine f1']
  """
  names = {
      ScoreName(task, metric): None
      for scores in every
      for task, found in scores.items()
      for metric in found
  }
  return tuple(
      Column(str(name), ((name,),), larger_is_better=False) for name in names
  )


def _tasks_of(columns: Sequence[Column]) -> set[str]:
  return {task for column in columns for task in column.tasks}


def main_metrics(task: str) -> tuple[str, ...]:
  """Returns the metrics of a task that count in its tables' seven columns.

  A checkpoint is chosen by their mean. Of SQuAD that is the exact match, of
  CNN/Daily Mail ROUGE-2 (Raffel et al. 2020, section 3.1.5).

  Raises:
    UnknownNameError: the task is in no column.

  >>> main_metrics("squad_v010_allanswers"), main_metrics("glue_mrpc_v002")
  (('em',), ('f1', 'accuracy'))
  """
  found = tuple(
      score.metric
      for column in PAPER + MINI
      for score in column.scores
      if score.task == plain_name(task)
  )
  if not found:
    raise errors.unknown_name(
        "task of a benchmark", task, _tasks_of(PAPER + MINI)
    )
  return found
