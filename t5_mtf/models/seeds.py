"""The seed of a run: of first weights, dropout, order and corruption.

One gin binding sets them all: `run_seed.value = 1`. Runs of one seed are the
same run; those of others differ in all four. A seed of the data alone, the
published `mesh_train_dataset_fn.seed`, wins over it for the data.
"""

from __future__ import annotations

import gin

from t5_mtf import errors, gin_config

DEFAULT_SEED = 0
_END = 2**31


@gin.configurable(module="t5_mtf.models.seeds")
def run_seed(value: int = DEFAULT_SEED) -> int:
  """The gin name of the seed; see `current`."""
  return value


def current() -> int:
  """Returns the seed that gin binds, or 0.

  Raises:
    UserError: it is not a number that can be a seed.
  """
  if gin_config.bound("run_seed", "value") is None:
    return DEFAULT_SEED  # no call: operative configs stay as published
  value = run_seed()
  if type(value) is not int or not 0 <= value < _END:
    raise errors.UserError(
        f"run_seed.value is {value!r}. Bind it to a whole number from 0 to"
        f" {_END - 1:,}."
    )
  return value
