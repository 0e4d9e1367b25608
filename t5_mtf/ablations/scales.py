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

from t5_mtf import errors, gin_config

_FOLDER = pathlib.Path(__file__).parent / "scales"
_LAYOUT = "layout"


@dataclasses.dataclass(frozen=True)
class Downstream:
  """One fine-tuning.

  Attributes:
    mixture: a registered mixture or task.
    inputs: length in tokens; None for the lengths of a published file.
    targets: length in tokens.
    lengths: that file of gin/sequence_lengths, by default that of the mixture.
    tasks: what is evaluated; by default all tasks of the column.
    batch: replaces the scale's.
    save_checkpoints_steps: replaces the scale's.
    beams: whether it is decoded with 4 beams and a length penalty of 0.6.
  """

  mixture: str
  inputs: int | None = None
  targets: int | None = None
  lengths: str = ""
  tasks: tuple[str, ...] = ()
  batch: int | None = None
  save_checkpoints_steps: int | None = None
  beams: bool = False


@dataclasses.dataclass(frozen=True)
class Scale:
  """The size of everything.

  Attributes:
    name: of its file.
    description: what it is for, in a few words.
    columns_of: the columns of the tables, of `benchmarks.COLUMN_SETS`.
    columns: heading -> what it is fine-tuned on.
    model: gin macros of the 1x model that replace those of the published file.
    sizes: size or architecture -> macro -> factor on that of the 1x model.
    corpora: corpus of the paper -> the task or mixture that stands for it.
    no_corpora: corpus of the paper -> why nothing stands for it.
    first_tokens: the task or mixture of which `first_tokens` takes a part.
    repeats_divisor: the paper's numbers of repeats are divided by it.
    adapter_width_divisor: the paper's widths of adapters are divided by it.
    examples_divisor: the paper's limits K on numbers of examples are divided by
      it.
    mixtures: mixtures of several tasks: "equal", "proportional", "mix" (with a
      rate of its own for the unlabeled data), "supervised", and how the names
      start in which one is left out, "leave_one_out".
    pretraining_steps: of the baseline.
    finetuning_steps: of the baseline, for each column.
    batch_unit: a published unit of batches, such as "sequences_per_batch".
    pretraining_batch: in that unit.
    finetuning_batch: in that unit.
    multitask_batch: of a training on several tasks at once, in that unit.
    pretraining_inputs: length in tokens; None for the published lengths.
    pretraining_targets: objective -> length in tokens, where it is not that of
      the inputs.
    multitask_inputs: length in tokens; None for the published lengths.
    multitask_targets: length in tokens.
    released_pretraining_steps: of the released models.
    released_batch_factor: their pre-training's batch, times the baseline's.
    released_columns: heading (or task) -> what they are fine-tuned on.
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
  no_corpora: Mapping[str, str]
  first_tokens: str
  repeats_divisor: int
  adapter_width_divisor: int
  examples_divisor: int
  mixtures: Mapping[str, str]
  pretraining_steps: int
  finetuning_steps: int
  batch_unit: str
  pretraining_batch: int
  finetuning_batch: int
  multitask_batch: int
  pretraining_inputs: int | None
  pretraining_targets: Mapping[str, int]
  multitask_inputs: int | None
  multitask_targets: int | None
  released_pretraining_steps: int
  released_batch_factor: int
  released_columns: Mapping[str, Downstream]
  finetuning_schedule: str
  finetuning_learning_rate: float | None
  finetuning_decay: float
  save_checkpoints_steps: int | None
  evaluations: int | None
  keep_pretrained: int | None
  eval_params: tuple[str, ...]
  device_gin_files: tuple[str, ...]
  changed: Mapping[str, int | float | str] = dataclasses.field(
      default_factory=dict
  )

  def save_every(self, steps: int) -> int:
    """Steps between the checkpoints of a training of so many steps."""
    return self.save_checkpoints_steps or -(-steps // self.evaluations)

  def repeats(self, published: int) -> int:
    """What stands for the paper's number of repeats."""
    return max(1, published // self.repeats_divisor)

  def adapter_width(self, published: int) -> int:
    """What stands for the paper's width of adapters."""
    return max(1, published // self.adapter_width_divisor)

  def examples(self, published: int) -> int:
    """What stands for the paper's limit K on numbers of examples."""
    return published // self.examples_divisor

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
    overrides: "name=value": the scale's numbers, those of its 1x model, and
      `layout`, a file of gin/layouts without its ending.

  Raises:
    UnknownNameError: there is no such scale, setting or layout.
    UserError: a value cannot be used.
  """
  if name not in names():
    raise errors.unknown_name("scale", name, names())
  document = _read(name)
  changed = _read_overrides(overrides, document)
  for key, value in changed.items():
    if key == _LAYOUT:
      document["device_gin_files"] = [f"layouts/{value}.gin"]
    else:
      (document["model"] if key in document["model"] else document)[key] = value
  for key in ("columns", "released_columns"):
    document[key] = {
        heading: Downstream(**{**one, "tasks": tuple(one.get("tasks", ()))})
        for heading, one in document[key].items()
    }
  for key in ("eval_params", "device_gin_files"):
    document[key] = tuple(document[key])
  return Scale(name=name, changed=changed, **document)


def _read(name: str) -> dict[str, Any]:
  own = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
  base = own.pop("based_on", None)
  return {**_read(base), **own} if base else own


def _read_overrides(
    overrides: Sequence[str], document: Mapping[str, Any]
) -> dict[str, int | float | str]:
  known = {
      key: value
      for key, value in {**document, **document["model"]}.items()
      if isinstance(value, (int, float))
  }
  known[_LAYOUT] = "gpu_8"
  found = {}
  for override in overrides:
    name, equals, text = override.partition("=")
    name, text = name.strip(), text.strip()
    if not equals:
      raise errors.UserError(
          f"{override!r} was given, but must be NAME=VALUE, such as"
          f" finetuning_steps={known['finetuning_steps']}."
      )
    if name not in known:
      raise errors.unknown_name(
          "setting of the scale", name, known, f"It has {', '.join(known)}."
      )
    read = _layout if name == _LAYOUT else _number
    found[name] = read(name, text, known[name])
  return found


def _layout(name: str, text: str, present: str) -> str:
  del present
  folder = pathlib.Path(gin_config.GIN_DIRECTORY) / "layouts"
  layouts = [path.stem for path in folder.glob("*.gin")]
  if text not in layouts:
    raise errors.unknown_name(name, text, layouts)
  return text


def _number(name: str, text: str, present: int | float) -> int | float:
  is_whole = isinstance(present, int)
  try:
    value = (int if is_whole else float)(text.replace(",", ""))
  except ValueError:
    value = -1
  if not (0 < value if is_whole else 0 <= value <= 1):
    what = "a whole number from 1 on" if is_whole else "a number from 0 to 1"
    raise errors.UserError(
        f"{name}={text} was given, but must be {what} (now {present})."
    )
  return value
