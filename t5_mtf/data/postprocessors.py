"""From the text that a model writes to the value that a metric compares.

Every function takes the text first and, by keyword, `example` (the features of
the example, strings as bytes) and `is_target` (whether the text is the target
rather than a prediction); those that need neither ignore them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def lower_text(string: str, **unused_kwargs: Any) -> str:
  """Lower-cases the text (published name `lower_text`).

  >>> lower_text("Good Movie")
  'good movie'
  """
  return string.lower()


def string_label_to_class_id(
    string_label: str,
    label_classes: Sequence[str],
    default: int | None = -1,
    **unused_kwargs: Any,
) -> int | None:
  """Index of the label among `label_classes` (Raffel et al. 2020, section 2.4).

  Text that is not exactly one of the labels counts as wrong: it becomes
  `default`, which is no class.

  >>> string_label_to_class_id("positive", ["negative", "positive"])
  1
  >>> string_label_to_class_id("hamburger", ["negative", "positive"])
  -1
  """
  if string_label in label_classes:
    return label_classes.index(string_label)
  return default


def string_to_float(
    string: str, default: float = -1.0, **unused_kwargs: Any
) -> float:
  """The number that the text spells, `default` when it spells none.

  >>> string_to_float("3.4")
  3.4
  >>> string_to_float("good")
  -1.0
  """
  try:
    return float(string)
  except ValueError:
    return default


def qa(
    answer: str,
    example: Mapping[str, Any] | None = None,
    is_target: bool = False,
) -> str | list[str]:
  """All accepted answers for a target, the text itself for a prediction.

  Args:
    answer: text of the target or of the prediction.
    example: features; `answers` holds the accepted answers, as bytes or str.
    is_target: whether `answer` is the target.

  >>> qa("Nairobi", example={"answers": [b"Nairobi"]}, is_target=True)
  ['Nairobi']
  >>> qa("Lima")
  'Lima'
  """
  if not is_target:
    return answer
  return [
      a.decode("utf-8") if isinstance(a, bytes) else str(a)
      for a in example["answers"]
  ]
