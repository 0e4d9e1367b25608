"""First weights from a checkpoint: what fits is settled before anything runs.

By default every variable of the model must be in the checkpoint with its shape;
what else the checkpoint has is left out and counted. Two departures:

* `allow_partial` loads what fits, and of an embedding of another vocabulary the
  rows in common. The rest starts at random.
* Variables that are all new, and are all that `variable_filter` trains, such as
  the adapters of `task_adapter.gin`, need no leave: they are what is learned.

What became of every variable is written to `initialization.json`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gin

from t5_mtf import errors, gin_config
from t5_mtf.models import checkpoints
from t5_mtf.tf_compat import tf

ACCOUNT_FILE = "initialization.json"
_SHOWN = 5  # differences that an error lists
# Variables with a row or a column for each id -> the axis of the ids.
_VOCABULARY_AXIS = {"embedding": 0, "logits/kernel": 1}
_SLOT = re.compile(
    r"_slot_(v|vr|vc|m)$|/adam_[mv]$|_momentum_v$|^global_step$"
)

Shape = tuple[int, ...]


@gin.configurable("initialization", module="t5_mtf.models")
def allow_partial_initialization(allow_partial: bool = False) -> bool:
  """The gin name of the flag --allow_partial_initialization."""
  return allow_partial


def bound_allow_partial() -> bool:
  """Whether gin allows it.

  Read without a call, so that the leave given for one run is not part of the
  operative config that later runs load.
  """
  return bool(gin_config.bound("initialization", "allow_partial"))


@dataclasses.dataclass(frozen=True)
class Variables:
  """The variables of a graph that are saved.

  Attributes:
    shapes: name -> shape of all of them.
    types: name -> type of their values, such as "float32".
    model: names of the model's own; the others are an optimizer's.
    filtered: names of those that are trained, if a filter leaves some out.
    vocabulary_sizes: numbers of ids of inputs and targets, for messages.
  """

  shapes: Mapping[str, Shape]
  types: Mapping[str, str]
  model: frozenset[str]
  filtered: frozenset[str] = frozenset()
  vocabulary_sizes: tuple[int, int] | None = None

  @classmethod
  def of_graph(
      cls,
      model: Iterable[str] | None = None,
      filtered: Iterable[str] = (),
      vocabulary: tuple[Any, Any] | None = None,
  ) -> Variables:
    """Collects those of the default graph; all are the model's by default."""
    found = {v.op.name: v for v in tf.compat.v1.global_variables()}
    own = found.keys() - {"global_step"} if model is None else model
    return cls(
        {name: tuple(v.shape.as_list()) for name, v in found.items()},
        {name: v.dtype.base_dtype.name for name, v in found.items()},
        frozenset(own),
        frozenset(filtered),
        vocabulary and tuple(v.vocab_size for v in vocabulary),
    )


@dataclasses.dataclass(frozen=True)
class Plan:
  """What becomes of each variable of a model and of a checkpoint.

  Attributes:
    path: the checkpoint.
    step: its step.
    loaded: variables of the model that it gives whole.
    resized: name -> (shape in the checkpoint, shape in the model) of those of
      which it gives the rows (ids) in common.
    random: name -> why, of those that start at random.
    optimizer_loaded: the optimizer's variables that it gives.
    optimizer_new: the optimizer's variables that start anew.
    ignored: what the checkpoint has and the model does not.
    optimizer_ignored: of an optimizer in the checkpoint, and not used.
  """

  path: str
  step: int
  loaded: tuple[str, ...]
  resized: Mapping[str, tuple[Shape, Shape]]
  random: Mapping[str, str]
  optimizer_loaded: tuple[str, ...]
  optimizer_new: tuple[str, ...]
  ignored: tuple[str, ...]
  optimizer_ignored: tuple[str, ...]

  def describe(self) -> str:
    """One line: how much of the model comes from where."""
    total = len(self.loaded) + len(self.resized) + len(self.random)
    text = (
        f"{len(self.loaded)} of {total} variables from {self.path}"
        f" (step {self.step:,})"
    )
    for name, (there, here) in self.resized.items():
      axis = _differing_axis(there, here)
      common, new = min(there[axis], here[axis]), here[axis] - there[axis]
      text += f"; of {name} rows 0 to {common - 1:,} from there"
      text += f", {new:,} more at random" if new > 0 else ""
    if self.random:
      text += f"; NOT from there, started at random: {_some(self.random)}"
    if self.ignored:
      text += f"; not used of it: {_some(self.ignored)}"
    if self.optimizer_new or self.optimizer_ignored:
      text += (
          f"; of the optimizer {len(self.optimizer_loaded)} variables from"
          f" there, {len(self.optimizer_new)} new,"
          f" {len(self.optimizer_ignored)} not used"
      )
    return text

  def to_json(self) -> str:
    """The account of every variable, for `initialization.json`."""
    return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def plan(path: str, variables: Variables, allow_partial: bool = False) -> Plan:
  """Matches a graph's variables with those of a checkpoint.

  Args:
    path: the checkpoint.
    variables: of the graph.
    allow_partial: load what fits, though not everything does.

  Raises:
    CheckpointError: the checkpoint does not fit the model. All differences are
      counted, the first are listed, likely causes are named.
  """
  there, here = checkpoints.shapes(path), variables.shapes
  same = {name for name in here if there.get(name) == here[name]}
  loaded = same & variables.model
  if not loaded:
    raise _nothing_fits(path, there, variables)
  differing = sorted(variables.model - same)
  adapters = not (variables.filtered & there.keys())
  if not (allow_partial or (adapters and variables.filtered >= {*differing})):
    raise _not_all_fits(path, there, variables, differing)
  resized = {
      name: (there[name], here[name])
      for name in differing
      if name in there and _is_resizable(name, there[name], here[name])
  }
  optimizer, unused = here.keys() - variables.model, there.keys() - here.keys()
  return Plan(
      path=path,
      step=checkpoints.step_in(path),
      loaded=tuple(sorted(loaded)),
      resized=resized,
      random={
          name: _difference(name, there, variables)
          for name in differing
          if name not in resized
      },
      optimizer_loaded=tuple(sorted(optimizer & same)),
      optimizer_new=tuple(sorted(optimizer - same)),
      ignored=tuple(sorted(n for n in unused if not _SLOT.search(n))),
      optimizer_ignored=tuple(sorted(n for n in unused if _SLOT.search(n))),
  )


def scaffold(plan: Plan) -> Any:
  """Gives all variables of the default graph their first values.

  Returns:
    A Scaffold; what the checkpoint gives is not initialised at random before.
  """
  variables = tf.compat.v1.global_variables()
  types = checkpoints.reader(plan.path).get_variable_to_dtype_map()
  given = {*plan.loaded, *plan.resized, *plan.optimizer_loaded}
  operations = []
  for variable in variables:
    name = variable.op.name
    if name not in given:
      operations.append(variable.initializer)
      continue
    [value] = tf.raw_ops.RestoreV2(
        prefix=plan.path,
        tensor_names=[name],
        shape_and_slices=[""],
        dtypes=[types[name]],
    )
    value = tf.cast(value, variable.dtype.base_dtype)
    if name in plan.resized:
      value = _with_rows_in_common(value, variable, plan.resized[name])
    else:
      value = tf.ensure_shape(value, variable.shape)
    operations.append(variable.assign(value).op)
  return tf.compat.v1.train.Scaffold(init_op=tf.group(operations))


def _with_rows_in_common(
    value: Any, variable: Any, shapes: tuple[Shape, Shape]
) -> Any:
  """The checkpoint's values for the ids both have, random ones for others."""
  there, here = shapes
  axis = _differing_axis(there, here)
  common = min(there[axis], here[axis])
  old = tf.gather(tf.ensure_shape(value, there), range(common), axis=axis)
  new = tf.gather(
      variable.initial_value, range(common, here[axis]), axis=axis
  )
  return tf.concat([old, tf.cast(new, old.dtype)], axis=axis)


def check_same_model(path: str, variables: Variables) -> None:
  """Checks that a checkpoint has just the variables of the graph.

  Raises:
    CheckpointError: it has not; differences and what to do are named.
  """
  there, here = checkpoints.shapes(path), variables.shapes
  differing = sorted(
      name for name in here if there.get(name) != here[name]
      and name != "global_step"
  )
  more = [n for n in there.keys() - here.keys() if not _SLOT.search(n)]
  types = checkpoints.types(path)
  lines = [
      *(_difference(name, there, variables) for name in differing),
      *(f"{name!r} is only in the checkpoint" for name in sorted(more)),
  ]
  optimizer_only = not more and not variables.model.intersection(differing)
  what = "optimizer" if optimizer_only else "model"
  if not lines:
    lines = [
        f"{name!r} is {here_type} here and {types[name]} in the checkpoint"
        for name, here_type in sorted(variables.types.items())
        if types.get(name, here_type) != here_type
    ]
    what = "type of values (utils.get_variable_dtype.master_dtype)"
  if lines:
    raise errors.CheckpointError(
        f"{path} is of another {what} than gin configures; {_listed(lines)}."
        f" {_cause(differing, there, variables)}To use it, load the"
        " operative_config.gin beside it; for another model, give another"
        " model_dir. Nothing was written."
    )


def _nothing_fits(
    path: str, there: Mapping[str, Shape], variables: Variables
) -> errors.CheckpointError:
  example = [*sorted(variables.model)[:1], *sorted(there)[:1]]
  return errors.CheckpointError(
      f"none of the model's {len(variables.model)} variables is in {path!r}:"
      f" the model has for example {example[0]!r}, the checkpoint"
      f" {example[-1]!r}. Load the checkpoint's own operative_config.gin, or"
      " rename its variables with `t5_mtf checkpoints rewrite`."
  )


def _not_all_fits(
    path: str,
    there: Mapping[str, Shape],
    variables: Variables,
    differing: Sequence[str],
) -> errors.CheckpointError:
  lines = [_difference(name, there, variables) for name in differing]
  fitting = len(variables.model) - len(differing)
  return errors.CheckpointError(
      f"only {fitting} of the model's {len(variables.model)} variables are in"
      f" {path!r} with their shape; {_listed(lines)}."
      f" {_cause(differing, there, variables)}To load what fits and start the"
      " rest at random, add --allow_partial_initialization (in gin:"
      " initialization.allow_partial = True)."
  )


def _difference(
    name: str, there: Mapping[str, Shape], variables: Variables
) -> str:
  if name not in there:
    return f"{name!r} is not in the checkpoint"
  return (
      f"{name!r} has shape {list(variables.shapes[name])} in the model but"
      f" {list(there[name])} in the checkpoint"
  )


def _some(names: Iterable[str]) -> str:
  names = sorted(names)
  more = f" and {len(names) - 3} more" if len(names) > 3 else ""
  return ", ".join(names[:3]) + more


def _listed(lines: Sequence[str]) -> str:
  more = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
  return "; ".join(lines[:_SHOWN]) + more


def _cause(
    differing: Sequence[str], there: Mapping[str, Shape], variables: Variables
) -> str:
  """What probably makes the difference, as sentences; may be empty."""
  other = [n for n in differing if n in there and n in variables.model]
  causes = []
  if any(_vocabulary_axis(name) is not None for name in other):
    sizes = variables.vocabulary_sizes
    has = (
        f" (it has {' and '.join(f'{n:,}' for n in dict.fromkeys(sizes))} ids)"
        if sizes
        else ""
    )
    causes.append(
        f"The vocabulary{has} does not fit the checkpoint's embedding: compare"
        " the SentencePiece model and its extra_ids (sizes are rounded up to a"
        " multiple of 128). "
    )
  if any(_vocabulary_axis(name) is None for name in other) or any(
      _vocabulary_axis(name) is not None
      and not _is_resizable(name, there[name], variables.shapes[name])
      for name in other
  ):
    causes.append(
        "The sizes of the model differ (d_model, d_ff, num_heads, d_kv). "
    )
  return "".join(causes)


def _vocabulary_axis(name: str) -> int | None:
  for ending, axis in _VOCABULARY_AXIS.items():
    if name == ending or name.endswith("/" + ending):
      return axis
  return None


def _differing_axis(there: Shape, here: Shape) -> int:
  [axis] = [i for i in range(len(here)) if there[i] != here[i]]
  return axis


def _is_resizable(name: str, there: Shape, here: Shape) -> bool:
  """Whether only the number of ids differs."""
  axis = _vocabulary_axis(name)
  return (
      axis is not None
      and len(there) == len(here) > axis
      and there[:axis] + there[axis + 1 :] == here[:axis] + here[axis + 1 :]
  )
