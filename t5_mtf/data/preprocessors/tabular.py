"""Lines of delimited fields, as features or as text.

A line is read as it is, by TensorFlow. For a user's files `t5_mtf.data.tables`
is the better reader: it names file and line of what is malformed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.tf_compat import tf


def parse_tsv(
    dataset: tf.data.Dataset,
    field_names: Sequence[str] | None = None,
    field_delim: str = "\t",
    field_columns: Sequence[int] | None = None,
) -> tf.data.Dataset:
  r"""Splits lines into named fields; quotes have no meaning.

  >>> lines = tf.data.Dataset.from_tensor_slices(["k1\tein\tone"])
  >>> rows = parse_tsv(lines, ["de", "en"], field_columns=[1, 2])
  >>> next(rows.as_numpy_iterator())
  {'de': b'ein', 'en': b'one'}

  Args:
    dataset: lines, scalar tf.string.
    field_names: names of the fields; `inputs` and `targets` by default.
    field_delim: one character, which separates fields.
    field_columns: number of the column of each name, from 0, increasing; the
      first columns by default. Other columns are dropped.

  Returns:
    A dataset of dicts of scalar tf.string.

  Raises:
    UserError: a column for each name is not given, or they do not increase, or
      the delimiter is not one character. A line of too few fields fails when
      it is read; the message shows the line.
  """
  names = list(field_names or ("inputs", "targets"))
  columns = list(field_columns or range(len(names)))
  if len(columns) != len(names) or columns != sorted(set(columns)):
    raise errors.UserError(
        f"parse_tsv: field_columns {columns} must be increasing numbers, one"
        f" for each of the field_names {names}."
    )
  _check_delimiter("parse_tsv", field_delim)
  least = columns[-1] + 1

  def parse(line: tf.Tensor) -> dict[str, Any]:
    count = _count_fields(line, field_delim)
    expected = f"parse_tsv: {least} or more fields"
    checks = [
        _require(count >= least, expected, field_delim, count, line),
        _require_one_line("parse_tsv", line),
    ]
    with tf.control_dependencies(checks):
      fields = tf.io.decode_csv(
          line,
          record_defaults=[""] * len(names),
          field_delim=field_delim,
          use_quote_delim=False,
          select_cols=columns,
      )
    return dict(zip(names, fields, strict=True))

  return map_over_dataset(parse)(dataset)


def preprocess_tsv(
    dataset: tf.data.Dataset,
    field_delim: str = "\t",
    num_fields: int = 2,
    inputs_format: str = "{0}",
    targets_format: str = "{1}",
    field_names: Sequence[str] | None = None,
    use_quote_delim: bool = False,
) -> tf.data.Dataset:
  """Writes inputs and targets from the fields of a line, by templates.

  >>> lines = tf.data.Dataset.from_tensor_slices(["6,7,42"])
  >>> pairs = preprocess_tsv(
  ...     lines, ",", field_names=["quotient", "divisor", "dividend"],
  ...     inputs_format="{dividend} by {divisor} is",
  ...     targets_format="{quotient}")
  >>> next(pairs.as_numpy_iterator())
  {'inputs': b'42 by 7 is', 'targets': b'6'}

  Args:
    dataset: lines, scalar tf.string.
    field_delim: one character, which separates fields.
    num_fields: how many fields a line has, where there are no names.
    inputs_format: template of the inputs. `{0}` is the first field, or
      `{name}` the field of that name if there are names; other braces stay as
      they are.
    targets_format: template of the targets.
    field_names: the names of all fields.
    use_quote_delim: whether fields may be in double quotes, as in CSV.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    UserError: a template names a field by a number that is too high, or the
      delimiter is not one character. A line of another number of fields fails
      when it is read; the message shows the line.
  """
  count = len(field_names) if field_names else num_fields
  _check_delimiter("preprocess_tsv", field_delim)
  inputs, targets = (
      _split_template(template, field_names, count)
      for template in (inputs_format, targets_format)
  )

  def to_text(line: tf.Tensor) -> dict[str, tf.Tensor]:
    given = _count_fields(line, field_delim, use_quote_delim)
    expected = f"preprocess_tsv: {count} fields"
    checks = [_require(given == count, expected, field_delim, given, line)]
    if not use_quote_delim:
      checks.append(_require_one_line("preprocess_tsv", line))
    with tf.control_dependencies(checks):
      fields = tf.io.decode_csv(
          line,
          record_defaults=[""] * count,
          field_delim=field_delim,
          use_quote_delim=use_quote_delim,
      )
    return {"inputs": _fill(inputs, fields), "targets": _fill(targets, fields)}

  return map_over_dataset(to_text)(dataset)


def _check_delimiter(preprocessor: str, field_delim: str) -> None:
  if len(field_delim.encode("utf-8")) != 1:
    raise errors.UserError(
        f"{preprocessor}: field_delim is {field_delim!r}, but must be one"
        " ASCII character."
    )


def _require(
    condition: tf.Tensor,
    expected: str,
    field_delim: str,
    given: tf.Tensor,
    line: tf.Tensor,
) -> tf.Operation:
  """Fails, with the line, if it has another number of fields."""
  message = f"{expected} separated by {field_delim!r} are needed, there are"
  return tf.debugging.Assert(condition, [message, given, "in the line", line])


def _require_one_line(preprocessor: str, line: tf.Tensor) -> tf.Operation:
  """Fails, with the line, if there is a line break in it."""
  broken = tf.strings.regex_full_match(line, "(?s).*[\r\n].*")
  message = f"{preprocessor}: there is a line break in the line"
  return tf.debugging.Assert(~broken, [message, line])


def _count_fields(
    line: tf.Tensor, field_delim: str, use_quote_delim: bool = False
) -> tf.Tensor:
  if use_quote_delim:
    line = tf.strings.regex_replace(line, '"(?:[^"]|"")*"', "")
  fields = tf.size(tf.strings.split(line, field_delim))
  return tf.where(tf.equal(line, ""), 0, fields)


def _split_template(
    template: str, field_names: Sequence[str] | None, count: int
) -> list[str | int]:
  """Text and numbers of fields, in turn."""
  if field_names:
    names = list(field_names)
    known = "|".join(map(re.escape, names))
    pieces: list[str | int] = list(re.split(rf"\{{({known})\}}", template))
    numbers = [names.index(name) for name in pieces[1::2]]
  else:
    pieces = list(re.split(r"\{(\d+)\}", template))
    numbers = [int(digits) for digits in pieces[1::2]]
  too_high = [number for number in numbers if number >= count]
  if too_high:
    raise errors.UserError(
        f"preprocess_tsv: the template {template!r} names field"
        f" {too_high[0]}, but there are {count}, from 0 on."
    )
  literal = re.findall(r"\{\w+\}", "\n".join(pieces[::2]))
  if literal:
    logging.warning(
        "preprocess_tsv: %s in the template %r is no field, so it stays as it"
        " is. Fields are %s.",
        ", ".join(literal),
        template,
        list(field_names) if field_names else f"0 to {count - 1}",
    )
  pieces[1::2] = numbers
  return pieces


def _fill(
    pieces: Sequence[str | int], fields: Sequence[tf.Tensor]
) -> tf.Tensor:
  return tf.strings.join(
      [fields[p] if isinstance(p, int) else p for p in pieces]
  )
