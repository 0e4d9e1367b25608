"""Ranking as text: score each choice, the most probable one is the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.tf_compat import tf

# The key of a feature in a template.
_KEY = r"\{([^{}\s]+)\}"

_MODES = ("train", "eval", "fewshot_eval")


class NotTextError(errors.UserError, TypeError):
  """A template names something that is not a text."""


def rank_classification(
    ds: tf.data.Dataset,
    inputs_fn: Callable[[Mapping[str, tf.Tensor]], tf.Tensor],
    targets_fn: Callable[[Mapping[str, tf.Tensor]], tf.Tensor],
    is_correct_fn: Callable[[Mapping[str, tf.Tensor]], tf.Tensor],
    weight_fn: Callable[[Mapping[str, tf.Tensor]], tf.Tensor] | None = None,
    mode: str = "eval",
    passthrough_feature_keys: Sequence[str] | None = None,
) -> tf.data.Dataset:
  """Makes an example of each choice, for metrics by the choices' scores.

  >>> dataset = tf.data.Dataset.from_tensors(
  ...     {"q": "Is it wet?", "choices": ["no", "yes"], "label": 1})
  >>> choices = rank_classification(
  ...     dataset,
  ...     inputs_fn=lambda example: tf.fill([2], example["q"]),
  ...     targets_fn=lambda example: example["choices"],
  ...     is_correct_fn=lambda example: tf.one_hot(example["label"], 2))
  >>> for choice in choices.as_numpy_iterator():
  ...   print(choice["idx"], choice["targets"], choice["is_correct"])
  [0 0] b'no' False
  [0 1] b'yes' True

  Args:
    ds: any examples.
    inputs_fn: an example's inputs, [choices].
    targets_fn: an example's targets, [choices].
    is_correct_fn: which choices are correct, [choices], true (or not 0).
    weight_fn: an example's weight in the metric, a scalar.
    mode: "train" keeps the correct choices only; "eval" makes an example of
      each choice; "fewshot_eval" keeps all choices of an example together.
    passthrough_feature_keys: features copied to each choice.

  Returns:
    A dataset with `idx` (int32 [2], the number of the example and of the
    choice), `inputs`, `targets`, `is_correct` (bool), `weight` (float32, if
    there is a `weight_fn`) and the features passed through. In "fewshot_eval"
    all have a first dimension [choices].

  Raises:
    UserError: an unknown mode, or a feature to pass through has the name of
      one that is made here.
    DataError: a feature to pass through is missing.
    tf.errors.InvalidArgumentError: the three functions give different numbers
      of choices; as published, and when the example is read.
  """
  if mode not in _MODES:
    raise errors.UserError(
        "Mode must be one of 'train', 'eval', or 'fewshot_eval'. Got"
        f" {mode!r}."
    )
  passed = list(passthrough_feature_keys or ())
  made = {"idx", "inputs", "targets", "is_correct"}
  made |= {"weight"} if weight_fn else set()
  if made.intersection(passed):
    raise errors.UserError(
        "rank_classification: the features to pass through"
        f" {sorted(made.intersection(passed))} are made here, too. Rename them"
        " with preprocessors.rekey."
    )
  require_features("rank_classification", ds, passed)

  def choices(index: tf.Tensor, example: Mapping[str, Any]) -> dict[str, Any]:
    inputs = tf.convert_to_tensor(inputs_fn(example))
    targets = tf.convert_to_tensor(targets_fn(example))
    is_correct = tf.cast(is_correct_fn(example), tf.bool)
    numbers = _choice_numbers(index, inputs, targets, is_correct)
    output = {
        "idx": numbers,
        "inputs": inputs,
        "targets": targets,
        "is_correct": is_correct,
    }
    if weight_fn:
      weight = tf.cast(weight_fn(example), tf.float32)
      output["weight"] = tf.fill(tf.shape(is_correct), weight)
    for key in passed:
      shape = tf.concat([tf.shape(is_correct), tf.shape(example[key])], 0)
      output[key] = tf.broadcast_to(example[key], shape)
    return output

  ds = ds.enumerate().map(choices, num_parallel_calls=tf.data.AUTOTUNE)
  if mode == "fewshot_eval":
    return ds
  ds = ds.unbatch()
  if mode == "train":
    ds = ds.filter(lambda example: example["is_correct"])
  return ds


def _choice_numbers(
    index: tf.Tensor,
    inputs: tf.Tensor,
    targets: tf.Tensor,
    is_correct: tf.Tensor,
) -> tf.Tensor:
  """The numbers of the example and of each choice, int32 [choices, 2]."""
  count = tf.size(is_correct)
  checks = [
      tf.debugging.assert_equal(
          tf.size(choices),
          count,
          "`inputs_fn`, `targets_fn`, and `is_correct_fn` must return the same"
          " size tensors.",
      )
      for choices in (inputs, targets)
  ]
  with tf.control_dependencies(checks):
    example = tf.fill([count], tf.cast(index, tf.int32))
    return tf.stack([example, tf.range(count)], axis=1)


def rank_classification_formatter(
    ds: tf.data.Dataset,
    inputs_formats: str | Sequence[str],
    targets_formats: str | Sequence[str],
    mode: str = "eval",
    label_key: str = "label",
    weight_key: str | None = None,
) -> tf.data.Dataset:
  r"""Makes an example of each choice by templates; see `rank_classification`.

  `{key}` in a template is replaced by that feature, `{key/subkey}` by one
  inside another. As published, the text of a feature is a replacement of
  regular expressions: it ends before a backslash, and `\\` is one backslash.

  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "premise": "It rained.", "a": "It was wet", "b": "I ran", "label": 0})
  >>> choices = rank_classification_formatter(
  ...     dataset, "{premise} So?", ["{a}.", "{b}."], mode="train")
  >>> for choice in choices.as_numpy_iterator():
  ...   print(choice["idx"], choice["inputs"], choice["targets"])
  [0 0] b'It rained. So?' b'It was wet.'

  Args:
    ds: dicts, which may hold dicts; features in templates are scalar
      tf.string.
    inputs_formats: the template of all inputs, or one for each choice.
    targets_formats: the template of all targets, or one for each choice.
    mode: as in `rank_classification`.
    label_key: the feature with the number of the correct choice, or with
      several [any], from 0; -1 where it is not known.
    weight_key: the feature with the weight, a scalar number.

  Returns:
    The dataset, as from `rank_classification`.

  Raises:
    UserError: neither has a template for each choice, or their numbers differ,
      or the mode is unknown, or a feature in a template is not there.
    NotTextError: a feature in a template is not a text.
    DataError: the label or the weight is missing. A label that is no choice's
      number fails when it is read.
  """
  count = _choice_count(inputs_formats, targets_formats)
  keys = [label_key] + ([weight_key] if weight_key else [])
  require_features("rank_classification_formatter", ds, keys)
  if not ds.element_spec[label_key].dtype.is_integer:
    raise errors.UserError(
        f"rank_classification_formatter: the label {label_key!r} must be the"
        " number of the correct choice, but is of type"
        f" {ds.element_spec[label_key].dtype.name}."
    )

  def filled(formats: str | Sequence[str]) -> Callable[..., tf.Tensor]:
    if isinstance(formats, str):
      formats = [formats] * count
    for template in formats:
      _check_template(template, ds.element_spec)
    return lambda example: tf.stack([_fill(f, example) for f in formats])

  def is_correct(example: Mapping[str, Any]) -> tf.Tensor:
    labels = tf.reshape(example[label_key], [-1, 1])
    check = tf.debugging.assert_less(
        labels,
        tf.cast(count, labels.dtype),
        f"the label {label_key!r} is not one of the {count} choices",
    )
    with tf.control_dependencies([check]):
      numbers = tf.range(count, dtype=labels.dtype)
    return tf.reduce_any(labels == numbers, axis=0)

  return rank_classification(
      ds,
      inputs_fn=filled(inputs_formats),
      targets_fn=filled(targets_formats),
      is_correct_fn=is_correct,
      weight_fn=(lambda example: example[weight_key]) if weight_key else None,
      mode=mode,
  )


def _choice_count(
    inputs_formats: str | Sequence[str], targets_formats: str | Sequence[str]
) -> int:
  per_choice = [
      formats
      for formats in (inputs_formats, targets_formats)
      if isinstance(formats, (list, tuple))
  ]
  if not per_choice:
    raise errors.UserError(
        "One of the inputs_formats and targets_formats has to be a list or"
        f" tuple, inputs_formats: {inputs_formats}, target_formats:"
        f" {targets_formats}."
    )
  count = len(per_choice[0])
  if not count:
    raise errors.UserError(
        "rank_classification_formatter: there is no template, so there are no"
        " choices. Give one for each choice."
    )
  if any(len(formats) != count for formats in per_choice):
    raise errors.UserError(
        f"The inputs_formats ({len(inputs_formats)}) and targets_formats"
        f" ({len(targets_formats)}) are both instances of list or tuple, but do"
        " not have matching lengths."
    )
  return count


def _check_template(template: str, spec: Mapping[str, Any]) -> None:
  for key in re.findall(_KEY, template):
    value = spec
    for subkey in key.split("/"):
      if not isinstance(value, Mapping) or subkey not in value:
        raise errors.unknown_name(
            f"feature in the template {template!r}:", key, _paths(spec)
        )
      value = value[subkey]
    kind = "dict" if isinstance(value, Mapping) else value.dtype.name
    if kind == "string" and value.shape.rank in (0, None):
      continue
    shape = "" if kind != "string" else f" of shape {value.shape}"
    raise NotTextError(
        f"Final value of key {key!r} must be a tf.string. Got: {kind}{shape}"
    )


def _paths(spec: Mapping[str, Any]) -> Iterator[str]:
  """The keys of all features, `a/b` for one inside another."""
  for key, value in spec.items():
    if isinstance(value, Mapping):
      yield from (f"{key}/{path}" for path in _paths(value))
    else:
      yield key


def _fill(template: str, example: Mapping[str, Any]) -> tf.Tensor:
  pieces: list[Any] = re.split(_KEY, template)
  for place, key in enumerate(pieces[1::2]):
    value = example
    for subkey in key.split("/"):
      value = value[subkey]
    # A replacement, though of all there is, because backslashes count there.
    pieces[2 * place + 1] = tf.strings.regex_replace(
        f"{{{key}}}", ".+", value
    )
  return tf.strings.join(pieces)
