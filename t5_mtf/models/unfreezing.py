"""Gradual unfreezing: layers are trained from the top down, one after another.

Raffel et al. 2020, section 3.5.1 (table 10), after Howard and Ruder 2018. At
first only the last layer of each stack is updated; after as many steps the one
below it as well, and so on. Encoder and decoder are unfrozen in parallel. What
is in no layer (the embedding that the softmax shares, the final norms) is
updated throughout. Training has as many episodes as the deeper stack has
layers, all of the same length, as in the paper: 12 of 2^18 / 12 steps.

It is one graph: each episode's variables have an optimizer of their own, whose
learning rate is 0 until their step comes. What the optimizer accumulates is
accumulated from the start.

  --gin_param="utils.run.variable_filter = @gradual_unfreezing()"
"""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.models.model_fn import StepContext
from t5_mtf.tf_compat import mtf, tf

_LAYER = re.compile(r"^(.*?)block_(\d+)/")


@dataclasses.dataclass(frozen=True)
class GradualUnfreezing:
  """When which variables are trained.

  Attributes:
    steps_per_episode: steps until the next layer is unfrozen; None for equal
      episodes that fill the whole fine-tuning.
  """

  steps_per_episode: int | None = None

  def __call__(self, variable: Any) -> bool:
    """As a published variable filter: all variables are trained in the end."""
    del variable
    return True

  def first_steps(
      self, names: Sequence[str], start: int, end: int
  ) -> dict[str, int]:
    """Returns the first step at which each variable is trained.

    Args:
      names: of all variables.
      start: the step fine-tuning starts at.
      end: the step it ends at.

    Raises:
      UserError: the model has no stack of layers, or fewer steps than layers.
    """
    depths = episodes(names)
    count = max(depths.values()) + 1
    if count < 2:
      raise errors.UserError(
          "gradual_unfreezing needs variables in two layers or more, named"
          f" block_000/..., but the model has for example {names[0]!r}."
      )
    if self.steps_per_episode is None and end - start < count:
      raise errors.UserError(
          f"gradual_unfreezing divides {end - start} steps into {count}"
          f" episodes. Train for {count} steps or more."
      )
    length = self.steps_per_episode or (end - start) / count
    return {name: start + round(n * length) for name, n in depths.items()}


@gin.configurable(module="t5_mtf.models.unfreezing")
def gradual_unfreezing(
    steps_per_episode: int | None = None,
) -> GradualUnfreezing:
  """Makes the schedule; see `GradualUnfreezing`.

  Raises:
    UserError: `steps_per_episode` is not a whole number from 1 on.
  """
  if steps_per_episode is not None and (
      not isinstance(steps_per_episode, int) or steps_per_episode < 1
  ):
    raise errors.UserError(
        f"gradual_unfreezing.steps_per_episode is {steps_per_episode!r}, but"
        " must be a whole number from 1 on."
    )
  return GradualUnfreezing(steps_per_episode)


def episodes(names: Sequence[str]) -> dict[str, int]:
  """Returns the episode, from 0 on, in which each variable is unfrozen.

  >>> episodes(["encoder/block_000/k", "encoder/block_001/k", "embedding"])
  {'encoder/block_000/k': 1, 'encoder/block_001/k': 0, 'embedding': 0}
  """
  layers = {name: _LAYER.match(name) for name in names}
  last: dict[str, int] = {}
  for match in filter(None, layers.values()):
    last[match[1]] = max(last.get(match[1], 0), int(match[2]))
  return {
      name: last[match[1]] - int(match[2]) if match else 0
      for name, match in layers.items()
  }


def optimizer_updates(
    pairs: Sequence[tuple[Any, Any]], learning_rate: Any, context: StepContext
) -> tuple[list[Any], str]:
  """Makes the update operations of a gradual unfreezing.

  Args:
    pairs: (gradient, variable) of all variables.
    learning_rate: a number or a TensorFlow scalar.
    context: of the step; the run's `variable_filter` is a `GradualUnfreezing`.

  Returns:
    The Mesh TF operations, and a line that describes the episodes.
  """
  from t5_mtf.models import adafactor, training

  settings = context.settings
  schedule = settings.training.variable_filter
  start = training.start_step(settings, context.resume_from)
  end = settings.training.steps
  first_steps = schedule.first_steps([v.name for _, v in pairs], start, end)
  groups = collections.defaultdict(list)
  for gradient, variable in pairs:
    groups[first_steps[variable.name]].append((gradient, variable))
  updates = []
  for first, group in sorted(groups.items()):
    with mtf.utils.outside_all_rewrites():
      step = tf.compat.v1.train.get_global_step()
      rate = learning_rate * tf.cast(step >= first, tf.float32)
    optimizer = adafactor.on_mesh(
        settings.training.optimizer(learning_rate=rate), settings.mesh
    )
    gradients, variables = zip(*group, strict=True)
    updates += optimizer.apply_grads(list(gradients), list(variables))
  return updates, describe(groups)


def describe(groups: Mapping[int, Sequence[Any]]) -> str:
  """One line: how many variables are trained from which step on."""
  parts, count = [], 0
  for first, group in sorted(groups.items()):
    count += len(group)
    parts.append(f"{count} from step {first:,}")
  shown = parts if len(parts) <= 4 else [*parts[:2], "...", parts[-1]]
  return f"gradually unfrozen variables: {', '.join(shown)}"
