"""What a person says about files of their own, and what follows for rows."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import string
from collections.abc import Mapping

from t5_mtf import errors
from t5_mtf.data.file_task import metrics as file_metrics
from t5_mtf.data.text_lines import BadLine

ANSWER_SEPARATOR = "\x1f"  # the unit separator of ASCII: in no text


@dataclasses.dataclass(frozen=True)
class FileSpec:
  """A person's files and how to read them.

  Attributes:
    files: split -> file patterns. Rows are `tables.FORMATS`.
    targets_files: split -> file patterns of the targets, where `files` holds
      only the inputs, line by line.
    columns: names of the columns, for files without a header row.
    file_format: one of `tables.FORMATS`; by default by the files' names.
    input_template: how a row becomes the model's input; `{name}` stands for
      the column of that name, for example "question: {question}".
    target_column: the column the model should answer; with `unsupervised`,
      the text.
    unsupervised: the rows are texts to pre-train on, by the objective that gin
      binds (`preprocessors.unsupervised`).
    blank_lines: empty lines, not line ends, separate texts of .txt files.
    metrics: names of metrics, see `metrics.READINGS`.
    labels: the allowed targets; found in the training rows if a metric needs
      them and none are given.
    validation_fraction: the share of the training rows that becomes the split
      "validation". A hash of its inputs decides for each row, so a row stays
      on its side when others are added, and equal inputs are on one side.
    bad_rows: "error", or "skip" to leave malformed rows out and count them.

  Raises:
    UserError: two of these contradict each other.
  """

  files: Mapping[str, tuple[str, ...]]
  targets_files: Mapping[str, tuple[str, ...]] = dataclasses.field(
      default_factory=dict
  )
  columns: tuple[str, ...] | None = None
  file_format: str | None = None
  input_template: str = "{inputs}"
  target_column: str = "targets"
  unsupervised: bool = False
  blank_lines: bool = False
  metrics: tuple[str, ...] = ("accuracy",)
  labels: tuple[str, ...] = ()
  validation_fraction: float = 0.0
  bad_rows: str = "error"

  def __post_init__(self) -> None:
    if not 0 <= self.validation_fraction < 1:
      raise errors.UserError(
          f"validation_fraction is {self.validation_fraction}, but must be 0 or"
          " more and less than 1; 0.1 holds out a tenth of the rows."
      )
    if self.validation_fraction and "validation" in self.files:
      raise errors.UserError(
          "the validation rows come either from a file (--eval_file) or from"
          " the training rows (--validation_fraction), not from both."
      )
    for split in self.targets_files:
      if split not in self.files:
        raise errors.UserError(
            f"there is a file of targets for {split!r}, but none of inputs."
        )
    if len(set(self.labels)) < len(self.labels):
      raise errors.UserError(f"labels {list(self.labels)} holds one twice.")

  @property
  def input_columns(self) -> list[str]:
    """The columns that the input template uses; none for `unsupervised`."""
    return [] if self.unsupervised else template_columns(self.input_template)

  @property
  def used_columns(self) -> list[str]:
    """The columns of inputs and targets, each once."""
    return list(dict.fromkeys([*self.input_columns, self.target_column]))


def template_columns(template: str) -> list[str]:
  """The columns that a template names.

  >>> template_columns("question: {question} context: {context}")
  ['question', 'context']

  Raises:
    UserError: the template cannot be read, or names no column.
  """
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


class RowRules:
  """Decides about the rows of a file task; see `tables.RowRule`."""

  def __init__(self, spec: FileSpec, reading: str):
    """Initializes the rules.

    Args:
      spec: of the task.
      reading: how answers are read; a constant of `metrics`.
    """
    self._spec = spec
    self._reading = reading
    self._keys = spec.input_columns or [spec.target_column]

  def is_held_out(self, row: Mapping[str, str]) -> bool:
    """Whether a training row belongs to the validation split instead."""
    content = ANSWER_SEPARATOR.join(row[key] for key in self._keys)
    digest = hashlib.blake2b(content.encode("utf-8"), digest_size=8).digest()
    share = int.from_bytes(digest, "big") / 2**64
    return share < self._spec.validation_fraction

  def rule(self, row: Mapping[str, str]) -> Mapping[str, str] | BadLine:
    """Checks a row; answers that are a JSON list are separated."""
    spec = self._spec
    target = row[spec.target_column]
    if not target.strip():
      what = "text" if spec.unsupervised else "target"
      detail = f"the {what} (column {spec.target_column!r}) is empty."
      return BadLine(f"empty {what}", detail)
    if not spec.unsupervised and not any(row[k].strip() for k in self._keys):
      detail = f"the input (column {' and '.join(self._keys)}) is empty."
      return BadLine("empty input", detail)
    if spec.labels and target not in spec.labels:
      near = errors.nearest(target, spec.labels, 1)
      detail = f"unknown label {target!r:.80}."
      detail += f" Did you mean {near[0]!r}?" if near else ""
      detail += f" The labels: {', '.join(spec.labels)}."
      return BadLine("unknown label", detail)
    if self._reading == file_metrics.NUMBER and not _is_number(target):
      detail = f"the target {target!r:.80} is no number."
      return BadLine("not a number", detail)
    if self._reading == file_metrics.ANSWERS:
      return {**row, spec.target_column: _separated(target)}
    return row


def _is_number(text: str) -> bool:
  try:
    float(text)
  except ValueError:
    return False
  return True


def _separated(target: str) -> str:
  """A JSON list of answers, separated; any other text as it is."""
  if not target.startswith("["):
    return target
  try:
    answers = json.loads(target)
  except json.JSONDecodeError:
    return target
  return ANSWER_SEPARATOR.join(map(str, answers)) if answers else target
