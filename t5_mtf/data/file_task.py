"""A task from a person's own files, without registering one by hand."""

from __future__ import annotations

import functools
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import (
    dataset_providers,
    features,
    files,
    preprocessors,
    registries,
    sources,
    tables,
)
from t5_mtf.tf_compat import tf

NAME = "file_task"


def register_file_task(
    split_to_file: Mapping[str, str],
    vocabulary: Any,
    metric_fns: Sequence[Callable[..., Mapping[str, float]]],
    input_template: str = "{inputs}",
    target_column: str = "targets",
    columns: Sequence[str] | None = None,
) -> dataset_providers.Task:
  """Registers the task `file_task` over TSV, CSV or JSONL files.

  Every row is checked first.

  Args:
    split_to_file: split -> path, such as {"train": "train.tsv"}.
    vocabulary: of inputs and targets.
    metric_fns: functions of (targets, predictions).
    input_template: how a row becomes the model's input; `{name}` stands for
      the column of that name, for example "question: {question}".
    target_column: the column the model should answer.
    columns: names of the columns, for files without a header row.

  Returns:
    The task.

  Raises:
    DataError: a file is missing or a row is malformed; file and line are named.
    UserError: the files have no column of a name that is used.
  """
  source = sources.TableDataSource(split_to_file, columns=columns)
  for path in split_to_file.values():
    _check_columns(path, columns, [*_fields(input_template), target_column])
  for split in split_to_file:
    source.num_input_examples(split)  # reads and checks every row
  feature = features.Feature(vocabulary)
  if NAME in registries.TaskRegistry.names():
    registries.TaskRegistry.remove(NAME)

  return registries.TaskRegistry.add(
      NAME,
      source=source,
      output_features={"inputs": feature, "targets": feature},
      preprocessors=[
          functools.partial(
              fill_template, template=input_template, target=target_column
          ),
          preprocessors.tokenize,
          preprocessors.append_eos_after_trim,
      ],
      metric_fns=list(metric_fns),
  )


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

  return dataset.map(fill, num_parallel_calls=tf.data.AUTOTUNE)


def _fields(template: str) -> list[str]:
  try:
    parsed = list(string.Formatter().parse(template))
  except ValueError as error:
    raise errors.UserError(
        f"input_template {template!r} cannot be read ({error}). Write columns"
        " in braces, and braces of the text doubled: {{ }}."
    ) from error
  fields = [field for _, field, _, _ in parsed if field is not None]
  if not fields:
    raise errors.UserError(
        f"input_template {template!r} names no column. Write its name in"
        " braces: 'review: {text}'."
    )
  return fields


def _check_columns(
    path: str, columns: Sequence[str] | None, used: Sequence[str]
) -> None:
  if not files.exists(path):
    raise errors.DataError(f"{path!r} was not found.")
  present = tables.Table(path, columns).columns
  for name in used:
    if name not in present:
      raise errors.unknown_name(
          f"column of {path}",
          name,
          present,
          "If the file has no header row, name its columns:"
          " --columns=inputs,targets. Other columns are chosen with"
          " --input_template and --target_column.",
      )
