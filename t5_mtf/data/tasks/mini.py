"""The mini suite: tasks over the data that ships inside the package.

Seven columns stand for the seven of the paper's tables (Raffel et al. 2020,
section 3): MiniGLUE, MiniCNNDM, MiniSQuAD, MiniSGLUE, MiniEnDe, MiniEnFr,
MiniEnRo. The names say what each stands for, not what it is: the scores are
the mini suite's own and compare with no published one.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5_mtf.data import postprocessors
from t5_mtf.data.tasks import mini_provenance
from t5_mtf.evaluation import benchmarks

MAJORITY_CLASS = "majority class"
COPY_SOURCE = "copy the source"
MEAN_TARGET = "mean of the training targets"

_LANGUAGES = {"de": "German", "fr": "French", "ro": "Romanian"}
_CORPORA = ("austen", "kjv", "acl")


def _matthews_corrcoef(
    targets: Sequence[int], predictions: Sequence[int]
) -> dict[str, float]:
  # Made at the call: making it imports scikit-learn.
  from t5_mtf.evaluation import metrics

  metric = metrics.sklearn_metrics_wrapper(
      "matthews_corrcoef", metric_post_process_fn=lambda x: 100 * x
  )
  return metric(targets, predictions)


@dataclasses.dataclass(frozen=True)
class MiniTask:
  """One fine-tuning task.

  Attributes:
    name: registered name.
    dataset: folder of the embedded files.
    inputs: template of the inputs over the file's columns.
    targets: template of the targets.
    metrics: names of metrics.
    baseline: what the task has to beat; one of the three names above.
    labels: the allowed targets of a classification task.
    rate: share of the task in `mini_all`.
  """

  name: str
  dataset: str
  inputs: str
  targets: str
  metrics: tuple[str, ...]
  baseline: str
  labels: tuple[str, ...] = ()
  rate: float = 1.0

  @property
  def main_metrics(self) -> tuple[str, ...]:
    """Keys of the scores that make up the task's score."""
    return benchmarks.main_metrics(self.name)

  @property
  def prefix(self) -> str:
    """What the inputs start with, to be removed by `copy the source`."""
    return self.inputs.split(": ")[0] + ": "


@dataclasses.dataclass(frozen=True)
class Column:
  """One column of the mini suite's tables.

  The column's score is the mean over its tasks of the mean over each task's
  main metrics.

  Attributes:
    name: heading of the column, as in `benchmarks.MINI`.
    tasks: its tasks.
    metric: what the score is, in words.
  """

  name: str
  tasks: tuple[MiniTask, ...]
  metric: str


_GLUE = (
    MiniTask(
        "mini_glue_sentiment",
        "sentiment",
        "mini_glue sentiment sentence: {sentence}",
        "{label}",
        ("accuracy",),
        MAJORITY_CLASS,
        ("negative", "positive"),
        rate=5,
    ),
    MiniTask(
        "mini_glue_rating",
        "rating",
        "mini_glue rating sentence: {sentence}",
        "{rating}",
        ("pearson_corrcoef", "spearman_corrcoef"),
        MEAN_TARGET,
        rate=2,
    ),
    MiniTask(
        "mini_glue_acceptability",
        "acceptability",
        "mini_glue acceptability sentence: {sentence}",
        "{label}",
        ("matthews_corrcoef",),
        MAJORITY_CLASS,
        ("unacceptable", "acceptable"),
        rate=0.5,
    ),
    MiniTask(
        "mini_glue_adjacent",
        "adjacent",
        "mini_glue adjacent sentence1: {sentence1} sentence2: {sentence2}",
        "{label}",
        ("f1_score_with_invalid", "accuracy"),
        MAJORITY_CLASS,
        ("not_adjacent", "adjacent"),
        rate=0.5,
    ),
)
_CNNDM = MiniTask(
    "mini_cnndm",
    "cnndm",
    "summarize: {aspect}: {article}",
    "{highlights}",
    ("rouge_mean",),
    COPY_SOURCE,
    rate=0.25,
)
_SQUAD = MiniTask(
    "mini_squad",
    "squad",
    "question: {question} context: {context}",
    "{answer}",
    ("squad",),
    MAJORITY_CLASS,
    rate=2,
)
_SGLUE = (
    MiniTask(
        "mini_sglue_boolq",
        "boolq",
        "mini_sglue boolq passage: {passage} question: {question}",
        "{label}",
        ("accuracy",),
        MAJORITY_CLASS,
        ("False", "True"),
        rate=0.5,
    ),
    MiniTask(
        "mini_sglue_copa",
        "copa",
        "mini_sglue copa choice1: {choice1} choice2: {choice2}"
        " premise: {premise}",
        "{label}",
        ("accuracy",),
        MAJORITY_CLASS,
        ("choice1", "choice2"),
        rate=0.5,
    ),
)


def _translation(locale: str) -> MiniTask:
  return MiniTask(
      f"mini_en{locale}",
      f"en{locale}",
      f"translate English to {_LANGUAGES[locale]}: {{en}}",
      f"{{{locale}}}",
      ("bleu",),
      COPY_SOURCE,
      rate=2,
  )


_TASKS = {
    task.name: task
    for task in (
        *_GLUE, _CNNDM, _SQUAD, *_SGLUE, *map(_translation, _LANGUAGES)
    )  # fmt: skip
}
COLUMNS = tuple(
    Column(column.name, tuple(_TASKS[t] for t in column.tasks), column.metric)
    for column in benchmarks.MINI
)

# Shares in `mini_pretraining`: about those of the corpora's characters.
PRETRAINING_RATES = {"mini_austen": 4, "mini_kjv": 4, "mini_acl": 1}
_UNSUPERVISED = "_unsupervised"  # as in `c4_v020_unsupervised`


def _output_features() -> dict[str, Any]:
  from t5_mtf import data

  vocabulary = data.get_mini_vocabulary()
  return {
      # As of the paper's tasks: language models have targets only.
      "inputs": data.Feature(vocabulary, required=False),
      "targets": data.Feature(vocabulary=vocabulary),
  }


def _source(dataset: str, kind: Callable[..., Any]) -> Any:
  from t5_mtf.data.embedded import files

  splits = files.splits(dataset)
  return kind(
      {split: str(files.path(dataset, split)) for split in splits},
      num_input_examples={s: files.num_rows(dataset, s) for s in splits},
  )


def _metric_fn(name: str) -> Callable[..., Mapping[str, float]]:
  if name == "matthews_corrcoef":
    return _matthews_corrcoef
  from t5_mtf.evaluation import metrics

  return getattr(metrics, name)


def _postprocess_fn(task: MiniTask) -> Callable[..., Any] | None:
  if task.labels:
    return functools.partial(
        postprocessors.string_label_to_class_id, label_classes=task.labels
    )
  if task.baseline == MEAN_TARGET:
    return postprocessors.string_to_float
  return postprocessors.qa if task.dataset == "squad" else None


def _register_task(task: MiniTask) -> None:
  from t5_mtf import data
  from t5_mtf.data import preprocessors
  from t5_mtf.data.preprocessors import mini_templates

  steps = [
      functools.partial(
          mini_templates.fill_templates,
          inputs=task.inputs,
          targets=task.targets,
      )
  ]
  if task.dataset == "squad":
    steps.append(mini_templates.listed_answers)
  steps += [
      preprocessors.tokenize,
      data.CacheDatasetPlaceholder(),
      preprocessors.append_eos_after_trim,
  ]
  data.TaskRegistry.add(
      task.name,
      source=_source(task.dataset, data.TableDataSource),
      output_features=_output_features(),
      preprocessors=steps,
      postprocess_fn=_postprocess_fn(task),
      metric_fns=[_metric_fn(name) for name in task.metrics],
      provenance=mini_provenance.of(task.dataset),
  )


def _register_corpus(corpus: str) -> None:
  """Registers `mini_CORPUS` and `mini_CORPUS_unsupervised`."""
  from t5_mtf import data
  from t5_mtf.data import preprocessors
  from t5_mtf.data.preprocessors import mini_templates

  for suffix, objective in (
      ("", preprocessors.span_corruption),
      (_UNSUPERVISED, preprocessors.unsupervised),
  ):
    data.TaskRegistry.add(
        f"mini_{corpus}{suffix}",
        source=_source(corpus, data.TextLineDataSource),
        output_features=_output_features(),
        preprocessors=[
            mini_templates.lines_as_targets,
            preprocessors.tokenize,
            data.CacheDatasetPlaceholder(),
            objective,
            preprocessors.append_eos_after_trim,
        ],
        provenance=mini_provenance.of(corpus),
    )


def register() -> None:
  """Registers the tasks and mixtures of the mini suite.

  Mixtures: `mini_pretraining` (span corruption, `PRETRAINING_RATES`),
  `mini_unsupervised` (the same with an objective of `gin/objectives`),
  `mini_glue` and `mini_sglue` (equal rates), and `mini_all`, every fine-tuning
  task at its `rate`: tasks that a small model learns in minutes get more.
  """
  from t5_mtf import data

  for corpus in _CORPORA:
    _register_corpus(corpus)
  tasks = [task for column in COLUMNS for task in column.tasks]
  for task in tasks:
    _register_task(task)
  for mixture, suffix in (
      ("mini_pretraining", ""),
      ("mini_unsupervised", _UNSUPERVISED),
  ):
    data.MixtureRegistry.add(
        mixture,
        [(name + suffix, rate) for name, rate in PRETRAINING_RATES.items()],
    )
  for name, group in (("mini_glue", _GLUE), ("mini_sglue", _SGLUE)):
    data.MixtureRegistry.add(name, [t.name for t in group], default_rate=1.0)
  data.MixtureRegistry.add("mini_all", [(t.name, t.rate) for t in tasks])
