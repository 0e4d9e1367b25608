"""Decoding a task's split with a language model primed with its first tokens.

What the published `infer_from_task.gin` binds.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Mapping
from typing import Any

import gin

from t5_mtf import data, errors, gin_config
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoints, decoding
from t5_mtf.models.mesh_transformer import check_split
from t5_mtf.models.settings import RunSettings


@dataclasses.dataclass(frozen=True)
class PrimedTask:
  """One task to decode.

  Attributes:
    name: of the task.
    primes: token ids that the model reads, of each example.
    inputs: the same as texts.
    targets: texts of what follows them in the example.
    too_short: how many examples had no token left to follow; they are not
      among the others.
  """

  name: str
  primes: tuple[list[int], ...]
  inputs: tuple[str, ...]
  targets: tuple[str, ...]
  too_short: int = 0


@gin.configurable(module="t5.models.mesh_transformer")
def mesh_inference_dataset_fn(
    mixture_or_task_name: str,
    sequence_length: Mapping[str, int],
    dataset_split: str,
    vocabulary: Any = None,
    num_inference_examples: int | None = None,
    use_cached: bool = False,
    priming_sequence_length: int | None = None,
) -> list[PrimedTask]:
  """Returns the primed examples of a task, or of every task of a mixture.

  Args:
    mixture_or_task_name: a registered name.
    sequence_length: feature -> length in tokens.
    dataset_split: the split to read.
    vocabulary: accepted because published configs pass it.
    num_inference_examples: take only so many of each task's first examples;
      None or -1 takes all.
    use_cached: whether to read the tasks' offline caches.
    priming_sequence_length: how many tokens of an example's targets prime the
      model; None for tasks that have inputs, which then prime it.

  Raises:
    UserError: a task has no such split, or nothing that could prime a model.
  """
  del vocabulary
  provider = data.get_mixture_or_task(mixture_or_task_name)
  every = []
  for task in getattr(provider, "tasks", None) or [provider]:
    check_split(task, dataset_split)
    if priming_sequence_length is None and "inputs" not in task.output_features:
      raise errors.UserError(
          f"task {task.name!r} has no inputs. Bind"
          " mesh_inference_dataset_fn.priming_sequence_length: so many tokens"
          " of its targets then prime the model."
      )
    dataset = task.get_dataset(
        sequence_length=sequence_length,
        split=dataset_split,
        use_cached=use_cached,
        shuffle=False,
        seed=0,
        num_epochs=1,
    )
    if num_inference_examples is not None and num_inference_examples >= 0:
      dataset = dataset.take(num_inference_examples)
    every.append(_primed(task, dataset, priming_sequence_length))
  return every


def _primed(task: Any, dataset: Any, length: int | None) -> PrimedTask:
  vocabulary = task.output_features["targets"].vocabulary
  primes, targets = [], []
  for example in dataset.as_numpy_iterator():
    ids = [int(i) for i in example["targets"]]
    if length is None:
      prime = [int(i) for i in example["inputs"]]
      # A language model goes on behind its prime, so that has no end.
      prime = prime[:-1] if prime[-1:] == [vocabulary.eos_id] else prime
    else:
      prime, ids = ids[:length], ids[length:]
    primes.append(prime)
    targets.append(ids)
  kept = [i for i, ids in enumerate(targets) if ids]
  return PrimedTask(
      name=task.name,
      primes=tuple(primes[i] for i in kept),
      inputs=tuple(vocabulary.decode(primes[i]) for i in kept),
      targets=tuple(vocabulary.decode(targets[i]) for i in kept),
      too_short=len(targets) - len(kept),
  )


def infer_dataset(settings: RunSettings) -> list[str]:
  """Decodes what `decode_from_dataset` binds, with the chosen checkpoints.

  Writes, for each task, `TASK_inputs`, `TASK_targets` and
  `TASK_STEP_predictions` to `decode_from_dataset.decode_output_dir`, one line
  for each example.

  Returns:
    The paths of the predictions.

  Raises:
    UserError: the model is not a language model, or a binding is missing.
  """
  value = _bindings(settings)
  tasks = value["infer_dataset_fn"](
      sequence_length=settings.batch.sequence_length,
      vocabulary=settings.vocabulary,
      dataset_split=value["dataset_split"],
  )
  paths = checkpoints.select(settings.model_dir, settings.checkpoint_step)
  folder = value["decode_output_dir"]
  targets = {
      (path, task.name): os.path.join(
          folder, f"{task.name}_{checkpoints.step_of(path)}_predictions"
      )
      for path in paths
      for task in tasks
  }
  for output in targets.values():
    if files.exists(output):
      raise errors.UserError(
          f"{output} is there already. Nothing was overwritten: remove it, or"
          " give another decode_from_dataset.decode_output_dir."
      )
  for task in tasks:
    _check(task)
  for task in tasks:
    prefix = os.path.join(folder, task.name)
    files.write_lines(f"{prefix}_inputs", task.inputs)
    files.write_lines(f"{prefix}_targets", task.targets)
  primes = [prime for task in tasks for prime in task.primes]
  for path in paths:
    outputs = iter(decoding.decode(settings, primes, path).outputs)
    for task in tasks:
      output = targets[path, task.name]
      texts = itertools.islice(outputs, len(task.primes))
      files.write_lines(output, texts)
      print(
          f"{output}: {len(task.primes):,} examples decoded"
          f" ({decoding.describe(settings)})",
          flush=True,
      )
  return list(targets.values())


def _check(task: PrimedTask) -> None:
  if task.too_short:
    print(
        f"{task.name}: {task.too_short:,} examples are left out, for they have"
        " no token beyond those that prime the model",
        flush=True,
    )
  if not task.primes:
    raise errors.UserError(
        f"{task.name}: no example is longer than what primes the model. Bind"
        " a smaller num_priming_tokens."
    )


def _bindings(settings: RunSettings) -> dict[str, Any]:
  """The arguments of the published `decode_from_dataset`."""
  if settings.model_type != "lm":
    raise errors.UserError(
        "decode_from_dataset primes language models, but this model is a"
        f" {settings.model_type}. To decode a task with it, evaluate it"
        " (--gin_file=eval.gin)."
    )
  found = {"dataset_split": "validation"}
  for name in ("infer_dataset_fn", "dataset_split", "decode_output_dir"):
    bound = gin_config.bound("decode_from_dataset", name)
    if bound is not None:
      found[name] = bound
  for name in ("infer_dataset_fn", "decode_output_dir"):
    if name not in found or str(found[name]).startswith("/path/to/"):
      raise errors.UserError(
          f"decode_from_dataset.{name} is not bound. Add"
          " --gin_file=infer_from_task.gin and"
          " --gin_param=\"output_filename = 'FOLDER'\"."
      )
  return found
