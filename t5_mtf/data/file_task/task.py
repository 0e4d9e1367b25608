"""A task from a person's own files, without registering one by hand.

A `FileSpec` says which files, how their rows become inputs and
targets, and what scores them; `register_file_task` checks every row and makes
it the task `file_task`, which trains, evaluates, predicts and scores as any
other.
"""

from __future__ import annotations

import dataclasses
import functools
import string
from collections.abc import Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.data import (
    dataset_providers,
    features,
    preprocessors,
    registries,
)
from t5_mtf.data.file_task import metrics as file_metrics
from t5_mtf.data.file_task.source import FileSpecSource
from t5_mtf.data.file_task.spec import ANSWER_SEPARATOR, FileSpec, RowRules
from t5_mtf.data.mapping import unconverted
from t5_mtf.tf_compat import tf

NAME = "file_task"
_MAX_LABELS = 100


def register_file_task(
    spec: FileSpec, vocabulary: Any
) -> tuple[dataset_providers.Task, list[str]]:
  """Registers the task `file_task` over a person's files.

  Every row is checked first.

  Args:
    spec: the files and how to read them.
    vocabulary: of inputs and targets.

  Returns:
    The task, and what the check found, in lines for people.

  Raises:
    DataError: a file is missing or a row is malformed (file and line are
      named), or the vocabulary's file cannot be used.
    UserError: the files have no column of a name that is used, or a metric is
      unknown or does not fit the others or the labels.
  """
  _ = vocabulary.vocab_size  # one that cannot be used is said before rows are
  metrics = file_metrics.FileMetrics.of(spec.metrics)
  if metrics.reading == file_metrics.LABEL and not spec.labels:
    spec = dataclasses.replace(spec, labels=_find_labels(spec))
  rules = RowRules(spec, metrics.reading)
  source = FileSpecSource(spec, rules)
  feature = features.Feature(vocabulary)
  if NAME in registries.TaskRegistry.names():
    registries.TaskRegistry.remove(NAME)
  task = registries.TaskRegistry.add(
      NAME,
      source=source,
      output_features={"inputs": feature, "targets": feature},
      preprocessors=_steps(spec, metrics.reading),
      postprocess_fn=metrics.postprocess_fn(spec.labels),
      metric_fns=[] if spec.unsupervised else metrics.functions(spec.labels),
  )
  return task, source.check()


def fill_template(
    dataset: tf.data.Dataset, template: str, target: str
) -> tf.data.Dataset:
  """Makes inputs and targets from the columns of a row.

  >>> rows = tf.data.Dataset.from_tensors({"text": "fine", "label": "good"})
  >>> [row] = fill_template(rows, "rate: {text}", "label")
  >>> row["inputs"].numpy(), row["targets"].numpy()
  (b'rate: fine', b'good')
  """

  def fill(row: Mapping[str, Any]) -> dict[str, Any]:
    pieces = []
    for literal, field, _, _ in string.Formatter().parse(template):
      pieces.append(tf.constant(literal))
      if field is not None:
        pieces.append(row[field])
    return {"inputs": tf.strings.join(pieces), "targets": row[target]}

  return dataset.map(unconverted(fill), num_parallel_calls=tf.data.AUTOTUNE)


def split_answers(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """Splits targets of several accepted answers: the first is trained on.

  Answers are separated by the unit separator of ASCII (31).

  >>> rows = tf.data.Dataset.from_tensors({"targets": "3 km" + chr(31) + "3"})
  >>> [row] = split_answers(rows)
  >>> row["targets"].numpy(), row["answers"].numpy().tolist()
  (b'3 km', [b'3 km', b'3'])
  """

  def split(row: Mapping[str, Any]) -> dict[str, Any]:
    answers = tf.strings.split(row["targets"], ANSWER_SEPARATOR)
    return {**row, "targets": answers[0], "answers": answers}

  return dataset.map(unconverted(split), num_parallel_calls=tf.data.AUTOTUNE)


def _find_labels(spec: FileSpec) -> tuple[str, ...]:
  """The targets of the training rows, each once and sorted.

  Raises:
    UserError: there are no training rows, or more than 100 different targets.
  """
  if "train" not in spec.files:
    raise errors.UserError(
        "the labels cannot be found without a training file. Give them:"
        " --labels=negative,positive."
    )
  source = FileSpecSource(
      spec, RowRules(spec, file_metrics.TEXT), hold_out=False
  )
  found = set()
  for table in source.tables("train"):
    at = table.columns.index(spec.target_column)
    for row in table.rows():
      found.add(row[at])
      if len(found) > _MAX_LABELS:
        raise errors.UserError(
            f"{', '.join(spec.metrics)}: for labels, but column"
            f" {spec.target_column!r} of {table.path} has more than"
            f" {_MAX_LABELS} different values. Is it the right column? Labels"
            " are given by --labels=A,B."
        )
  return tuple(sorted(found))


def _steps(spec: FileSpec, reading: str) -> list[Any]:
  if spec.unsupervised:
    return [
        functools.partial(
            preprocessors.rekey,
            key_map={"inputs": None, "targets": spec.target_column},
        ),
        preprocessors.tokenize,
        preprocessors.unsupervised,
        preprocessors.append_eos_after_trim,
    ]
  fill = functools.partial(
      fill_template, template=spec.input_template, target=spec.target_column
  )
  answers = [split_answers] if reading == file_metrics.ANSWERS else []
  return [
      fill,
      *answers,
      preprocessors.tokenize,
      preprocessors.append_eos_after_trim,
  ]
