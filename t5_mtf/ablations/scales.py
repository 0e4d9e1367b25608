"""Scales: how large the experiments of the tables are run.

A scale is a file `scales/NAME.json`. "paper" has the published
hyperparameters, "mini" is for a CPU and the embedded data, "tiny" for a first
look. The same code makes the runs of all of them.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors

_FOLDER = pathlib.Path(__file__).parent / "scales"


@dataclasses.dataclass(frozen=True)
class Downstream:
  """What a column is fine-tuned on.

  Attributes:
    mixture: a registered mixture or task.
    inputs: length in tokens; None for sequence_lengths/MIXTURE.gin.
    targets: length in tokens.
  """

  mixture: str
  inputs: int | None = None
  targets: int | None = None


@dataclasses.dataclass(frozen=True)
class Scale:
  """The size of everything.

  Attributes:
    name: of its file.
    description: what it is for, in a sentence.
    columns_of: the columns of the tables, of `benchmarks.COLUMN_SETS`.
    columns: heading -> what it is fine-tuned on.
    model: gin macros of the 1x model that replace those of the published file.
    sizes: size or architecture -> macro -> factor on that of the 1x model.
    corpora: corpus of the paper -> the task or mixture that stands for it.
    pretraining_steps: of the baseline.
    finetuning_steps: of the baseline, for each column.
    batch_unit: a published unit of batches, such as "sequences_per_batch".
    pretraining_batch: in that unit.
    finetuning_batch: in that unit.
    pretraining_inputs: length in tokens; None for the published lengths.
    pretraining_targets: objective -> length in tokens, where it is not that of
      the inputs.
    finetuning_schedule: gin file of the learning rate.
    finetuning_learning_rate: replaces the one of that file, or None.
    finetuning_decay: the part of the steps over which the learning rate falls
      to 0 in the end; 0 where it is constant.
    save_checkpoints_steps: steps between checkpoints; None for `evaluations`.
    evaluations: checkpoints of a fine-tuning, equally far apart; each is
      evaluated.
    keep_pretrained: number of checkpoints of a pre-training that are kept;
      None for all.
    eval_params: gin bindings of evaluations.
    device_gin_files: layouts, for all runs.
    changed: what the user has set, name -> value.
  """

  name: str
  description: str
  columns_of: str
  columns: Mapping[str, Downstream]
  model: Mapping[str, int | float]
  sizes: Mapping[str, Mapping[str, float]]
  corpora: Mapping[str, str]
  pretraining_steps: int
  finetuning_steps: int
  batch_unit: str
  pretraining_batch: int
  finetuning_batch: int
  pretraining_inputs: int | None
  pretraining_targets: Mapping[str, int]
  finetuning_schedule: str
  finetuning_learning_rate: float | None
  finetuning_decay: float
  save_checkpoints_steps: int | None
  evaluations: int | None
  keep_pretrained: int | None
  eval_params: tuple[str, ...]
  device_gin_files: tuple[str, ...]
  changed: Mapping[str, int | float] = dataclasses.field(default_factory=dict)

  def save_every(self, steps: int) -> int:
    """Steps between the checkpoints of a training of so many steps."""
    return self.save_checkpoints_steps or -(-steps // self.evaluations)

  def settings(self) -> dict[str, Any]:
    """The settings as plain data, to be written with results."""
    return dataclasses.asdict(self)


def names() -> list[str]:
  """Returns the names of the scales.

  >>> names()
  ['mini', 'paper', 'tiny']
  """
  return sorted(path.stem for path in _FOLDER.glob("*.json"))


def load(name: str, overrides: Sequence[str] = ()) -> Scale:
  """Reads a scale.

  >>> load("mini", ["finetuning_steps=50"]).finetuning_steps
  50

  Args:
    name: such as "mini".
    overrides: "name=value", of the scale's numbers and of its model's macros.

  Raises:
    UnknownNameError: there is no such scale, or no such setting.
    UserError: a value cannot be used.
  """
  if name not in names():
    raise errors.unknown_name("scale", name, names())
  document = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
  changed = _read_overrides(overrides, document)
  for key, value in changed.items():
    target = document["model"] if key in document["model"] else document
    target[key] = value
  columns = {
      heading: Downstream(**settings)
      for heading, settings in document.pop("columns").items()
  }
  for key in ("eval_params", "device_gin_files"):
    document[key] = tuple(document[key])
  return Scale(name=name, columns=columns, changed=changed, **document)


def _read_overrides(
    overrides: Sequence[str], document: Mapping[str, Any]
) -> dict[str, int | float]:
  numbers = {
      key: value
      for key, value in {**document, **document["model"]}.items()
      if isinstance(value, (int, float))
  }
  found = {}
  for override in overrides:
    name, equals, text = override.partition("=")
    name = name.strip()
    if not equals:
      raise errors.UserError(
          f"{override!r} was given, but must be NAME=VALUE, such as"
          f" {next(iter(numbers))}={next(iter(numbers.values()))}."
      )
    if name not in numbers:
      raise errors.unknown_name(
          "setting of the scale", name, numbers,
          f"It has {', '.join(numbers)}.",
      )  # fmt: skip
    found[name] = _number(name, text, numbers[name])
  return found


def _number(name: str, text: str, present: int | float) -> int | float:
  is_whole = isinstance(present, int)
  try:
    value = (int if is_whole else float)(text.replace(",", ""))
  except ValueError:
    value = -1
  if not 0 <= value < float("inf") or (is_whole and value < 1):
    what = "a whole number from 1 on" if is_whole else "a number from 0 on"
    raise errors.UserError(
        f"{name}={text.strip()} was given, but must be {what} (now {present})."
    )
  return value
