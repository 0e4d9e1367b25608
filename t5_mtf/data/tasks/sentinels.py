"""Tasks with sentinels between inputs and targets, as span corruption has.

The sentinels, from the vocabulary's last id downwards, are appended to
`inputs` and put before `targets`, so that fine-tuning looks like the
pre-training objective. Name and behavior as published
(`seqio.experimental.add_task_with_sentinels`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from t5_mtf import errors
from t5_mtf.data import preprocessors
from t5_mtf.data.features import Feature
from t5_mtf.tf_compat import tf

if TYPE_CHECKING:
  from t5_mtf.data import dataset_providers


def add_task_with_sentinels(
    task_name: str, num_sentinels: int = 1
) -> dataset_providers.Task:
  """Registers `<task_name>_<num_sentinels>_sentinel`.

  In a name that ends with `_train` or `_eval`, that stays at the end.

  Args:
    task_name: a registered task.
    num_sentinels: how many sentinels to add.

  Returns:
    The new task: the old one with `add_sentinels`, with
    `append_eos_after_trim_and_preserve` in place of `append_eos_after_trim`,
    and with its postprocessor after `remove_sentinels`.

  Raises:
    UserError: `num_sentinels` is less than 1.
    UnknownNameError: there is no such task.
  """
  from t5_mtf import data

  if num_sentinels < 1:
    raise errors.UserError(
        f"num_sentinels is {num_sentinels}, but must be 1 or more."
    )
  task = data.TaskRegistry.get(task_name)
  base, role = re.fullmatch(r"(.*?)((?:_train|_eval)?)", task_name).groups()
  steps = list(task.preprocessors)
  ends = preprocessors.append_eos_after_trim
  position = steps.index(ends) if ends in steps else len(steps)
  if ends in steps:
    steps[position] = functools.partial(
        append_eos_after_trim_and_preserve,
        preserve_final_n_tokens_when_trimming=num_sentinels,
    )
  steps.insert(
      position, functools.partial(add_sentinels, num_sentinels=num_sentinels)
  )
  then = task.postprocessor
  return data.TaskRegistry.add(
      f"{base}_{num_sentinels}_sentinel{role}",
      source=task.source,
      output_features=task.output_features,
      preprocessors=steps,
      postprocess_fn=functools.partial(
          remove_sentinels,
          vocabulary=task.output_features["targets"].vocabulary,
          num_sentinels=num_sentinels,
          **({"postprocess_fn": then} if then else {}),
      ),
      metric_fns=task.metric_fns,
  )


def _sentinel_ids(vocabulary: Any, num_sentinels: int) -> list[int]:
  last = vocabulary.vocab_size - 1
  return list(range(last, last - num_sentinels, -1))


def add_sentinels(
    dataset: tf.data.Dataset,
    output_features: Mapping[str, Feature],
    num_sentinels: int = 1,
) -> tf.data.Dataset:
  """Puts sentinels at the end of `inputs` and at the start of `targets`.

  >>> from t5_mtf.data import ByteVocabulary
  >>> features = {k: Feature(ByteVocabulary()) for k in ("inputs", "targets")}
  >>> dataset = tf.data.Dataset.from_tensors({"inputs": [5], "targets": [6]})
  >>> for key, ids in next(
  ...     add_sentinels(dataset, features, 2).as_numpy_iterator()).items():
  ...   print(key, ids)
  inputs [  5 258 257]
  targets [258 257   6]

  Args:
    dataset: dicts of ids [length]; others than the two are left alone.
    output_features: name -> feature; their vocabularies have the sentinels.
    num_sentinels: how many to add, from the last id of the vocabulary down.

  Returns:
    The dataset, with sentinels.
  """

  def add(example: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    added = dict(example)
    for key, at_end in (("inputs", True), ("targets", False)):
      ids = example[key]
      sentinels = tf.constant(
          _sentinel_ids(output_features[key].vocabulary, num_sentinels),
          ids.dtype,
      )
      parts = [ids, sentinels] if at_end else [sentinels, ids]
      added[key] = tf.concat(parts, 0)
    return added

  return dataset.map(add, num_parallel_calls=tf.data.AUTOTUNE)


def append_eos_after_trim_and_preserve(
    dataset: tf.data.Dataset,
    output_features: Mapping[str, Feature],
    sequence_length: Mapping[str, int] | None = None,
    preserve_final_n_tokens_when_trimming: int = 1,
) -> tf.data.Dataset:
  """`append_eos_after_trim` that keeps the last ids of what it trims.

  So inputs keep their sentinels. Targets keep their last ids, too, and the
  ids before those go.

  >>> from t5_mtf.data import ByteVocabulary
  >>> features = {"inputs": Feature(ByteVocabulary())}
  >>> dataset = tf.data.Dataset.from_tensors({"inputs": [5, 6, 7, 258]})
  >>> trimmed = append_eos_after_trim_and_preserve(
  ...     dataset, features, {"inputs": 4})
  >>> next(trimmed.as_numpy_iterator())
  {'inputs': array([  5,   6, 258,   1], dtype=int32)}

  Args:
    dataset: dicts of ids [length].
    output_features: name -> feature; those that have `add_eos` are changed.
    sequence_length: feature -> maximum length, EOS included; None trims none.
    preserve_final_n_tokens_when_trimming: how many of the last ids to keep.

  Returns:
    The dataset, with EOS.
  """

  def trim(example: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    trimmed = dict(example)
    for key, feature in output_features.items():
      limit = (sequence_length or {}).get(key)
      if key not in example or not feature.add_eos or limit is None:
        continue
      room = max(0, limit - 1)
      kept = min(preserve_final_n_tokens_when_trimming, room)
      ids = example[key]
      size = tf.size(ids)
      trimmed[key] = tf.cond(
          size > room,
          lambda ids=ids, size=size, room=room, kept=kept: tf.concat(
              [ids[: room - kept], ids[size - kept :]], 0
          ),
          lambda ids=ids: ids,
      )
    return trimmed

  return preprocessors.append_eos(
      dataset.map(trim, num_parallel_calls=tf.data.AUTOTUNE), output_features
  )


def remove_sentinels(
    text: str,
    vocabulary: Any,
    num_sentinels: int = 1,
    postprocess_fn: Callable[..., Any] | None = None,
    **kwargs: Any,
) -> Any:
  """Strips the decoded sentinels from the start, then postprocesses.

  Text that does not start with all of them is left as it is.

  >>> from t5_mtf.data import get_default_vocabulary
  >>> remove_sentinels("<extra_id_0> entailment", get_default_vocabulary())
  'entailment'
  >>> remove_sentinels("entailment", get_default_vocabulary())
  'entailment'

  Args:
    text: the decoded output, or the target.
    vocabulary: decodes the sentinels.
    num_sentinels: how many there are.
    postprocess_fn: called on what is left; None gives that.
    **kwargs: passed to `postprocess_fn`.

  Returns:
    What `postprocess_fn` returns, or the text.
  """
  start = vocabulary.decode(_sentinel_ids(vocabulary, num_sentinels))
  if text.startswith(start):
    text = text[len(start) :].strip()
  return text if postprocess_fn is None else postprocess_fn(text, **kwargs)
