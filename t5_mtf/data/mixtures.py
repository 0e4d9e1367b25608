"""Rates at which a mixture draws from its tasks (Raffel et al. 2020, 3.5.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import gin

from t5_mtf import errors

if TYPE_CHECKING:
  from t5_mtf.data import task as task_lib


def mixing_rate_num_examples(
    task: task_lib.Task,
    maximum: float | None = None,
    scale: float = 1.0,
    temperature: float = 1.0,
    fallback_to_num_input_examples: bool = True,
    split: str = "train",
) -> float:
  """Examples-proportional mixing: min(examples * scale, maximum)^(1/T).

  The examples of the task's offline cache are counted if it has one, else
  those of its source.

  Args:
    task: the task (or mixture) to rate.
    maximum: the artificial limit K on the size of a data set; None is none.
    scale: multiplies the number of examples.
    temperature: T; 1 is proportional, large values make all rates equal.
    fallback_to_num_input_examples: whether the number of the source's examples
      serves when there is no cache; if not, that is an error.
    split: the split that is counted.

  Returns:
    The rate, not normalized.

  Raises:
    UserError: the number of training examples is not known.
  """
  if getattr(task, "cache_dir", None) or not fallback_to_num_input_examples:
    examples = task.get_cached_stats(split)["examples"]
  else:
    examples = task.num_input_examples(split)
  if examples is None:
    raise errors.UserError(
        f"the number of examples of {task.name!r} (split {split!r}) is not"
        " known, so it has no rate by the number of its examples. Give"
        " num_input_examples to its source, or a number as its rate in the"
        " mixture."
    )
  rate = examples * scale
  if maximum is not None:
    rate = min(rate, maximum)
  return rate ** (1.0 / temperature)


@gin.configurable(module="t5.data.utils")
def rate_num_examples(
    task: task_lib.Task,
    maximum: float | None = None,
    temperature: float = 1.0,
    scale: float = 1.0,
    fallback_to_num_input_examples: bool = True,
) -> float:
  """`mixing_rate_num_examples` of the split "train", under T5's own name."""
  return mixing_rate_num_examples(
      task, maximum, scale, temperature, fallback_to_num_input_examples
  )


@gin.configurable(module="t5.data.utils")
def rate_unsupervised(
    task: task_lib.Task, value: float = 1e6
) -> float:
  """The rate of the unsupervised task in a multi-task mixture: `value`."""
  del task
  return value


def assign_weight_or_rate_num_examples(
    name: str,
) -> float | Callable[..., float]:
  """Returns the rate of a task in the paper's proportional mixtures.

  Args:
    name: name of a task.

  Returns:
    The published weight of a task of GLUE or SuperGLUE; for any other,
    `rate_num_examples`.
  """
  from t5_mtf.data import glue_utils

  weights = {
      **glue_utils.get_glue_weight_mapping(),
      **glue_utils.get_super_glue_weight_mapping(),
  }
  return weights.get(name, rate_num_examples)
