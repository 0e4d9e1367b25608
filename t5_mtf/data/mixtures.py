"""Rates at which a mixture draws from its tasks (Raffel et al. 2020, 3.5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gin

from t5_mtf import errors

if TYPE_CHECKING:
  from t5_mtf.data import dataset_providers


@gin.configurable(module="t5.data.utils")
def rate_num_examples(
    task: dataset_providers.Task,
    maximum: float | None = None,
    temperature: float = 1.0,
    scale: float = 1.0,
    fallback_to_num_input_examples: bool = True,
) -> float:
  """Examples-proportional mixing: min(examples * scale, maximum)^(1/T).

  Args:
    task: the task (or mixture) to rate.
    maximum: the artificial limit K on the size of a data set; None is none.
    temperature: T; 1 is proportional, large values make all rates equal.
    scale: multiplies the number of examples.
    fallback_to_num_input_examples: take the number of the source's examples
      when the task is not cached. No task is cached here, so False is an
      error.

  Returns:
    The rate, not normalized.

  Raises:
    UserError: the number of training examples is not known.
  """
  if not fallback_to_num_input_examples:
    raise errors.UserError(
        f"task {task.name!r} has no cached copy whose size could be its rate."
        " Leave fallback_to_num_input_examples=True."
    )
  examples = task.num_input_examples("train")
  if examples is None:
    raise errors.UserError(
        f"the number of training examples of {task.name!r} is not known, so"
        " rate_num_examples cannot rate it. Give num_input_examples to its"
        " source, or a number as its rate in the mixture."
    )
  rate = examples * scale
  if maximum is not None:
    rate = min(rate, maximum)
  return rate ** (1.0 / temperature)


@gin.configurable(module="t5.data.utils")
def rate_unsupervised(
    task: dataset_providers.Task, value: float = 1e6
) -> float:
  """The rate of the unsupervised task in a multi-task mixture: `value`."""
  del task
  return value
