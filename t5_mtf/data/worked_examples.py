"""Examples of a task from raw text to ids and back, for a person to read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from t5_mtf.data import dataset_providers, mapping, statistics
from t5_mtf.tf_compat import tf

# Raw examples that are looked at before giving up on those that are left out.
_TRIED = 200


@dataclasses.dataclass(frozen=True)
class FeatureOfExample:
  """One output feature of a processed example.

  Attributes:
    text: the text before it was tokenized; None if the task did not keep it.
    ids: what the model is given.
    decoded: the ids as text; None for features that are not ids of text.
    length: number of ids before they were cut; None if that is not known.
    lost: the text of the ids that were cut off.
  """

  text: str | None
  ids: list[Any]
  decoded: str | None
  length: int | None
  lost: str = ""


@dataclasses.dataclass(frozen=True)
class WorkedExample:
  """A raw example and one that was made from it.

  Attributes:
    index: place of the raw example in its split, from 0.
    raw: the raw example, as the source gives it.
    features: output feature -> what became of it; empty for a raw example
      alone.
    number: which of the examples made from this raw one, from 0.
  """

  index: int
  raw: Any
  features: Mapping[str, FeatureOfExample]
  number: int = 0


def raw_examples(
    task: dataset_providers.Task, split: str, count: int
) -> list[WorkedExample]:
  """The first raw examples of a split, as the source gives them."""
  dataset = task.source.get_dataset(split, shuffle=False).take(count)
  return [
      WorkedExample(i, raw, {})
      for i, raw in enumerate(dataset.as_numpy_iterator())
  ]


def worked_examples(
    task: dataset_providers.Task,
    split: str,
    count: int,
    sequence_length: Mapping[str, int],
) -> list[WorkedExample]:
  """The first examples of a split, each beside the raw one it comes from.

  Every raw example is preprocessed alone, so that it is known what was made
  of it. Those of which nothing is made are passed over: their places are
  missing among the `index`es. Random choices are those of seed 0.

  Args:
    task: the task.
    split: one of its splits.
    count: number of examples.
    sequence_length: feature -> maximum number of ids.

  Returns:
    Up to `count` examples; fewer if the first 200 raw ones do not give as
    many. Runs eagerly.
  """
  raw = task.source.get_dataset(split, shuffle=False).take(_TRIED)
  process = _alone(task, raw.element_spec, sequence_length, trim=True)
  process_whole = None
  if not statistics.needs_sequence_length(task):  # those lose nothing
    process_whole = _alone(task, raw.element_spec, None, trim=False)
  found: list[WorkedExample] = []
  for index, source in enumerate(raw):
    processed = process(source)
    whole = process_whole(source) if process_whole else processed
    # A step that chooses at random may make other examples without lengths;
    # then how long each was is not known.
    known = len(processed) == len(whole)
    for number, made in enumerate(processed):
      uncut = whole[number] if known else {}
      features = {
          key: _feature(task, key, made, uncut)
          for key in task.output_features
          if key in made
      }
      found.append(WorkedExample(index, _numpy(source), features, number))
    if len(found) >= count:
      break
  return found[:count]


def _alone(
    task: dataset_providers.Task,
    spec: Any,
    sequence_length: Mapping[str, int] | None,
    trim: bool,
) -> Callable[[Any], list[dict[str, Any]]]:
  """Returns a function from a raw example to those that are made of it.

  The steps are traced once: the dataset they are given holds whichever raw
  example is in `box` when it is read.
  """
  box: list[Any] = []
  source = tf.data.Dataset.from_generator(
      lambda: iter(box), output_signature=spec
  )
  with mapping.map_seed_manager(0):
    made = task.preprocess(source, sequence_length)
  if trim:
    made = dataset_providers.trim_dataset(
        made, sequence_length, task.output_features
    )

  def process(example: Any) -> list[dict[str, Any]]:
    box[:] = [example]
    return list(made.as_numpy_iterator())

  return process


def _numpy(example: Any) -> Any:
  return tf.nest.map_structure(lambda t: t.numpy(), example)


def _feature(
    task: dataset_providers.Task,
    key: str,
    made: Mapping[str, Any],
    whole: Mapping[str, Any],
) -> FeatureOfExample:
  vocabulary = task.output_features[key].vocabulary
  ids = made[key].tolist()
  uncut = whole[key].tolist() if key in whole else None
  text = made.get(f"{key}_pretokenized")
  is_text = not ids or (isinstance(ids, list) and isinstance(ids[0], int))

  def decode(some: list[int]) -> str | None:
    decoded = vocabulary.decode(some) if is_text else None
    return decoded if isinstance(decoded, str) else None

  lost = ""
  if is_text and uncut is not None and len(uncut) > len(ids):
    ends = ids[-1:] == uncut[-1:] and ids[-1:] == [vocabulary.eos_id]
    lost = decode(uncut[len(ids) - ends :]) or ""
  return FeatureOfExample(
      as_text(text) if isinstance(text, bytes) else None,
      ids,
      decode(ids),
      len(uncut) if is_text and uncut is not None else None,
      lost,
  )


def as_text(value: Any) -> str:
  r"""A value of an example as text; bytes that are not UTF-8 are escaped.

  >>> as_text(b"caf\xc3\xa9"), as_text([b"a", b"b"]), as_text(7)
  ('café', "['a', 'b']", '7')
  """
  if isinstance(value, bytes):
    return value.decode("utf-8", errors="backslashreplace")
  if hasattr(value, "tolist"):
    value = value.tolist()
    return value if isinstance(value, str) else as_text(value)
  if isinstance(value, list):
    return repr([as_text(v) if isinstance(v, bytes) else v for v in value])
  return str(value)
