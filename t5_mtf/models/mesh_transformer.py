"""Vocabulary and datasets of a run, under the names published configs bind.

`utils.run.vocabulary`, `train_dataset_fn` and `eval_dataset_fn` of a published
config refer to the functions here (module `t5.models.mesh_transformer`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import gin

from t5_mtf import data, errors, gin_config
from t5_mtf.data import feature_converters, file_task
from t5_mtf.models import seeds
from t5_mtf.tf_compat import tf

_SAMPLE = 100  # examples of each task that are measured before training


@dataclasses.dataclass(frozen=True)
class EvalDataset:
  """One task of an evaluation.

  Attributes:
    task: the `data.Task`.
    split: the split to evaluate.
    max_examples: how many of its first examples to take; None for all.
    use_cached: whether to read the task's offline cache.
  """

  task: Any
  split: str
  max_examples: int | None = None
  use_cached: bool = False


@gin.configurable(module="t5.models.mesh_transformer")
def get_vocabulary(mixture_or_task_name: str | None = None) -> tuple[Any, Any]:
  """Returns the (inputs, targets) vocabularies of a task or mixture.

  Args:
    mixture_or_task_name: a registered name; None takes what is trained on or
      evaluated, and if gin binds neither, T5's own vocabulary.
  """
  mixture_or_task_name = mixture_or_task_name or bound_task()
  if mixture_or_task_name is None:
    vocabulary = data.get_default_vocabulary()
    return vocabulary, vocabulary
  features = data.get_mixture_or_task(mixture_or_task_name).output_features
  targets = features["targets"].vocabulary
  inputs = features["inputs"].vocabulary if "inputs" in features else targets
  return inputs, targets


@gin.configurable(module="t5_mtf.models.mesh_transformer")
def sentencepiece_vocabulary(
    file: str = gin.REQUIRED, extra_ids: int = data.DEFAULT_EXTRA_IDS
) -> tuple[Any, Any]:
  """Returns the (inputs, targets) vocabularies of a SentencePiece model.

  For models without a task of their own, such as converted ones:
  `utils.run.vocabulary = @sentencepiece_vocabulary()`.

  Args:
    file: path of the model.
    extra_ids: sentinels to add at its end; 0 if it has its own.
  """
  vocabulary = data.SentencePieceVocabulary(file, extra_ids)
  return vocabulary, vocabulary


@gin.configurable(module="t5.models.mesh_transformer")
def mesh_train_dataset_fn(
    mixture_or_task_name: str,
    sequence_length: Mapping[str, int],
    vocabulary: Any = None,
    dataset_split: str = "train",
    shuffle: bool = True,
    seed: int | None = None,
    use_cached: bool = False,
    pack: bool = True,
) -> tf.data.Dataset:
  """Returns the endless, seeded stream of training sequences.

  Args:
    mixture_or_task_name: a registered name.
    sequence_length: feature -> length in tokens that every sequence is packed
      or padded to.
    vocabulary: of the model, (inputs, targets); has to be the task's.
    dataset_split: the split to read.
    shuffle: whether to shuffle, with `seed`.
    seed: of the order and of the corruption; None for that of the run (see
      `seeds`), so that a run that was interrupted can continue in the same
      stream.
    use_cached: whether to read the task's offline cache.
    pack: whether several examples share a sequence.

  Returns:
    A dataset of dicts of int32 [length] vectors: inputs and targets with their
    `_segmentation` and `_position`.
  """
  provider = data.get_mixture_or_task(mixture_or_task_name)
  check_split(provider, dataset_split)
  check_vocabulary(provider, vocabulary)
  dataset = provider.get_dataset(
      sequence_length=sequence_length,
      split=dataset_split,
      use_cached=use_cached,
      shuffle=shuffle,
      seed=seeds.current() if seed is None else seed,
      num_epochs=None,
  )
  if "inputs" not in dataset.element_spec:  # which objectives/lm.gin gives
    return feature_converters.language_model(dataset, sequence_length, pack)
  return feature_converters.encoder_decoder(dataset, sequence_length, pack)


@gin.configurable(module="t5.models.mesh_transformer")
def tsv_dataset_fn(
    filename: str,
    sequence_length: Mapping[str, int],
    dataset_split: str = "train",
    vocabulary: Any = None,
    shuffle_buffer_size: int = 10000,
) -> tf.data.Dataset:
  """Returns the endless, seeded stream of a TSV file's rows, packed.

  Every row is checked first. `--train_file` of the command does this and more.

  Args:
    filename: a file, or a pattern, of lines `inputs TAB targets` without a
      heading.
    sequence_length: feature -> length in tokens that sequences are packed to.
    dataset_split: accepted because published configs pass it; the file is one
      split.
    vocabulary: (inputs, targets) vocabularies, one and the same.
    shuffle_buffer_size: rows that are shuffled at a time.

  Returns:
    As `mesh_train_dataset_fn`.

  Raises:
    DataError: the file is missing, or a row is malformed; it is named.
    UserError: inputs and targets have different vocabularies.
  """
  del dataset_split
  inputs_vocabulary, targets_vocabulary = vocabulary or get_vocabulary()
  if inputs_vocabulary != targets_vocabulary:
    raise errors.UserError(
        "tsv_dataset_fn takes one vocabulary for inputs and targets, but they"
        " differ. Use a Task of your own: docs/tasks.md."
    )
  spec = file_task.FileSpec(
      files={"train": (filename,)},
      columns=("inputs", "targets"),
      file_format="tsv",
  )
  task, found = file_task.register_file_task(spec, inputs_vocabulary)
  print("\n".join(found), flush=True)
  dataset = task.get_dataset(
      sequence_length=sequence_length,
      shuffle_buffer_size=shuffle_buffer_size,
      seed=seeds.current(),
      num_epochs=None,
  )
  return feature_converters.encoder_decoder(dataset, sequence_length, True)


@gin.configurable(module="t5.models.mesh_transformer")
def mesh_eval_dataset_fn(
    mixture_or_task_name: str | Sequence[str],
    sequence_length: Mapping[str, int] | None = None,
    dataset_split: str = "validation",
    vocabulary: Any = None,
    num_eval_examples: int | None = None,
    use_cached: bool = False,
) -> list[EvalDataset]:
  """Returns what to evaluate for a task, or for every task of a mixture.

  Args:
    mixture_or_task_name: a registered name, or several.
    sequence_length: accepted because published configs pass it.
    dataset_split: the split to read.
    vocabulary: of the model, (inputs, targets); has to be the tasks'.
    num_eval_examples: take only so many of each task's first examples.
    use_cached: whether to read the tasks' offline caches.

  Raises:
    UserError: a task has no such split; the splits present are named.
  """
  del sequence_length
  names = mixture_or_task_name
  tasks = {}
  for name in [names] if isinstance(names, str) else names:
    provider = data.get_mixture_or_task(name)
    check_vocabulary(provider, vocabulary)
    for task in getattr(provider, "tasks", None) or [provider]:
      check_split(task, dataset_split)
      tasks[task.name] = task
  return [
      EvalDataset(task, dataset_split, num_eval_examples, use_cached)
      for task in tasks.values()
  ]


def describe_data(
    mixture_or_task_name: str, split: str, sequence_length: Mapping[str, int]
) -> tuple[str, str | None]:
  """Says what a run trains on, and how much of it the lengths cut.

  Args:
    mixture_or_task_name: a registered name.
    split: the split.
    sequence_length: feature -> length in tokens.

  Returns:
    A line about tasks and their shares, and a line about cut examples, measured
    on the first of each task; None if none of those is cut.
  """
  provider = data.get_mixture_or_task(mixture_or_task_name)
  check_split(provider, split)
  rates = getattr(provider, "rates", lambda: {})()
  text = f"{provider.name}, split {split}"
  count = provider.num_input_examples(split)
  if count is not None:
    text += f", {count:,} examples"
  if rates:
    total = sum(rates.values())
    shares = sorted(rates.items(), key=lambda pair: -pair[1])
    named = [f"{name} {rate / total:.0%}" for name, rate in shares[:4]]
    more = [f"{len(rates) - 4} more"] if len(rates) > 4 else []
    text += f": {', '.join(named + more)}"
  measured: dict[str, list[data.LengthStatistics]] = {}
  for task in getattr(provider, "tasks", None) or [provider]:
    found = data.length_statistics(task, split, sequence_length, _SAMPLE)
    for feature, statistics in found.items():
      measured.setdefault(feature, []).append(statistics)
  cut = [
      f"{sum(s.truncated for s in every):,} of"
      f" {sum(s.examples for s in every):,} {feature}"
      for feature, every in measured.items()
      if any(s.truncated for s in every)
  ]
  if not cut:
    return text, None
  return text, f"longer than their length, and CUT: {', '.join(cut)}"


def check_split(provider: Any, split: str) -> None:
  """Raises UserError if a task or mixture has no such split."""
  if split not in provider.splits:
    raise errors.unknown_name(
        f"split of {provider.name!r}", split, provider.splits
    )


def bound_task() -> str | None:
  """The task or mixture that gin binds, first for training; None if none."""
  for function in (
      "mesh_train_dataset_fn", "mesh_eval_dataset_fn", "get_vocabulary"
  ):
    name = gin_config.bound(
        f"t5.models.mesh_transformer.{function}", "mixture_or_task_name"
    )
    if name is not None:
      return name if isinstance(name, str) else name[0]
  return None


def check_vocabulary(provider: Any, vocabulary: Any) -> None:
  """Raises UserError if a model's vocabulary is not that of the data.

  Args:
    provider: a task or mixture.
    vocabulary: the model's (inputs, targets) vocabularies, or None.
  """
  if vocabulary is None:
    return
  for feature, ours in zip(("inputs", "targets"), vocabulary, strict=True):
    theirs = provider.output_features.get(feature)
    if theirs is not None and theirs.vocabulary != ours:
      raise errors.UserError(
          f"utils.run.vocabulary has {ours} for {feature}, but"
          f" {provider.name!r} is made with {theirs.vocabulary}. Leave"
          " utils.run.vocabulary to dataset.gin, which takes the task's, or"
          " register the task with yours."
      )
