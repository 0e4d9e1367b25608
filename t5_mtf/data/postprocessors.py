"""From the text that a model writes to the value that a metric compares.

Every function takes the text first and, by keyword, `example` (the features of
the example, strings as bytes) and `is_target` (whether the text is the target
rather than a prediction); those that need neither ignore them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# What wsc_simple does not compare, as published.
_DETERMINERS = frozenset(
    "a an each every few her his many much my our some that the their these"
    " this those which whose your".split()
)


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


def multirc(
    string_label: str,
    example: Mapping[str, Any] | None = None,
    is_target: bool = False,
) -> dict[str, Any]:
  """The class of an answer to a question of MultiRC, and the question.

  Args:
    string_label: `True` or `False`; any other text becomes -1.
    example: features; `idx/question` is the number of the question.
    is_target: whether `string_label` is the target.

  Returns:
    `value`, the class; a target has `group`, the question, too.

  >>> multirc("True", example={"idx/question": 60}, is_target=True)
  {'value': 1, 'group': 60}
  >>> multirc("maybe")
  {'value': -1}
  """
  value = string_label_to_class_id(string_label, ("False", "True"))
  if not is_target:
    return {"value": value}
  return {"value": value, "group": example["idx/question"]}


def record(
    answer: str,
    example: Mapping[str, Any] | None = None,
    is_target: bool = False,
) -> dict[str, Any]:
  """An answer to a query of ReCoRD; all accepted ones for a target.

  Args:
    answer: text of the target or of the prediction.
    example: features; `answers`, `idx/passage` and `idx/query` are used.
    is_target: whether `answer` is the target.

  Returns:
    `value`, the answer or the accepted answers; a target has `group`, which
    tells the query, too.

  >>> record("Osk", is_target=True, example={
  ...     "answers": [b"Osk", b"Marta Osk"], "idx/passage": 4, "idx/query": 9})
  {'value': ['Osk', 'Marta Osk'], 'group': (4, 9)}
  >>> record("Osk")
  {'value': 'Osk'}
  """
  if not is_target:
    return {"value": answer}
  return {
      "value": [_text(a) for a in example["answers"]],
      "group": (example["idx/passage"], example["idx/query"]),
  }


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
  return [_text(a) for a in example["answers"]]


def span_qa(
    answer: str,
    example: Mapping[str, Any] | None = None,
    is_target: bool = False,
) -> str | dict[str, Any]:
  """What `metrics.span_squad` needs to turn a predicted span into words.

  Args:
    answer: text of the target or of the prediction, `start: 3 end: 5`.
    example: features; `answers` and `context` are used.
    is_target: whether `answer` is the target.

  Returns:
    A dict of `answers` and `context` for a target, the text itself for a
    prediction.

  >>> span_qa("start: 0 end: 0", is_target=True,
  ...         example={"answers": [b"Nairobi"], "context": b"Nairobi is big"})
  {'answers': ['Nairobi'], 'context': 'Nairobi is big'}
  >>> span_qa("start: 0 end: 1")
  'start: 0 end: 1'
  """
  if not is_target:
    return answer
  return {
      "answers": [_text(a) for a in example["answers"]],
      "context": _text(example["context"]),
  }


def wsc_simple(
    prediction: str,
    example: Mapping[str, Any] | None = None,
    is_target: bool = False,
) -> int:
  """Whether a predicted noun is the candidate of a Winograd schema.

  It is when all the words of one are among those of the other, in any case and
  order, determiners aside: "fuzzy bunny" is "the bunny" (Raffel et al. 2020,
  section 2.4). Where only one has an apostrophe they differ: "Bob's hat" is not
  "hat".

  Args:
    prediction: text of the target or of the prediction.
    example: features; `label` for a target, else `targets_pretokenized`, the
      candidate.
    is_target: whether `prediction` is the target.

  Returns:
    1 for the candidate, 0 for another noun, -1 for nothing but determiners;
    for a target its label.

  >>> wsc_simple("the cat", example={"targets_pretokenized": b"Cat"})
  1
  >>> wsc_simple("", example={"targets_pretokenized": b"Cat"})
  -1
  >>> wsc_simple("Cat", example={"label": 0}, is_target=True)
  0
  """
  if is_target:
    return example["label"]
  predicted = _without_determiners(prediction)
  candidate = _without_determiners(_text(example["targets_pretokenized"]))
  if not predicted:
    return -1
  if ("'" in predicted) != ("'" in candidate):
    return 0
  # Two spaces in a row enclose an empty word, as published.
  words, candidate_words = set(predicted.split(" ")), set(candidate.split(" "))
  return int(words <= candidate_words or candidate_words <= words)


def rank_classification(
    score: float,
    example: Mapping[str, Any] | None = None,
    is_target: bool = False,
    passthrough_feature_keys: Sequence[str] | None = None,
) -> float | tuple[Any, ...]:
  """What `metrics.rank_classification` needs to rank the choices of an input.

  Args:
    score: the model's log likelihood of the choice; ignored for a target.
    example: features; `idx` [2] (input and choice), `is_correct`, `targets`
      (ids), `weight` where there is one, and those of
      `passthrough_feature_keys`.
    is_target: whether the target is asked for.
    passthrough_feature_keys: features to append.

  Returns:
    For a target (idx, whether correct, weight or 1, length of the targets,
    further features...), else the score.

  >>> rank_classification(0.0, is_target=True, example={
  ...     "idx": [5, 1], "is_correct": True, "targets": [12, 7, 1]})
  ((5, 1), True, 1.0, 3)
  >>> rank_classification(-13.4)
  -13.4
  """
  if not is_target:
    return score
  return (
      tuple(example["idx"]),
      example["is_correct"],
      example.get("weight", 1.0),
      len(example["targets"]),
      *(example[key] for key in passthrough_feature_keys or ()),
  )


def _text(value: bytes | str) -> str:
  return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _without_determiners(text: str) -> str:
  words = text.strip().lower().split(" ")
  return " ".join(word for word in words if word not in _DETERMINERS)
