"""The first tokens of a task's training split, repeated (section 3.4.2).

Raffel et al. 2020, table 9: pre-training on the first 2^29 ... 2^23 tokens of
C4, so often that as many tokens are seen as in the baseline.
"""

from __future__ import annotations

from typing import Any

import gin

from t5_mtf import errors
from t5_mtf.data.sources.base import FunctionDataSource
from t5_mtf.data.task import Task
from t5_mtf.tf_compat import tf

_KEPT_IN_MEMORY = 2**23  # tokens; few are repeated too often to be read anew


@gin.configurable(module="t5_mtf.data.first_tokens")
def first_tokens(
    dataset: tf.data.Dataset,
    max_tokens: int | None = None,
    share: float = 1.0,
    feature_key: str = "targets",
) -> tf.data.Dataset:
  """Takes the first examples, until they have so many tokens together.

  >>> dataset = tf.data.Dataset.from_tensor_slices({"targets": [[5, 6]] * 9})
  >>> len(list(first_tokens(dataset, max_tokens=5)))
  3

  Args:
    dataset: dicts with ids.
    max_tokens: the number; the example that reaches it is the last, and whole.
    share: the part of that number to take, for one of several corpora.
    feature_key: the feature to count.

  Returns:
    The first examples.

  Raises:
    UserError: `max_tokens` is not set, or not a number from 1 on.
  """
  if not isinstance(max_tokens, int) or max_tokens < 1:
    raise errors.UserError(
        f"first_tokens.max_tokens is {max_tokens!r}, but must be the number of"
        " tokens to take, from 1 on:"
        ' --gin_param="first_tokens.max_tokens = 2**29".'
    )

  def count(before: tf.Tensor, example: Any) -> tuple[tf.Tensor, Any]:
    size = tf.size(example[feature_key], out_type=tf.int64)
    return before + size, (before, example)

  counted = dataset.scan(tf.constant(0, tf.int64), count)
  limit = max(1, round(max_tokens * share))
  taken = counted.take_while(lambda before, _: before < limit).map(
      lambda _, example: example
  )
  return taken.cache() if limit <= _KEPT_IN_MEMORY else taken


class FirstTokensDataSource(FunctionDataSource):
  """A task's tokenized examples; of "train" the first tokens only.

  Attributes:
    of: the task.
  """

  def __init__(self, task: Task, share: float = 1.0):
    """Initializes the source.

    Args:
      task: tokenizes before its `CacheDatasetPlaceholder`.
      share: see `first_tokens`.
    """
    super().__init__(self._read, (), caching_permitted=False)
    self.of = task
    self._share = share

  @property
  def splits(self) -> list[str]:
    return self.of.splits

  def _read(
      self, split: str, shuffle_files: bool, seed: int | None = None
  ) -> tf.data.Dataset:
    # The order of the files stays, so that the first are the same in each
    # epoch; the task shuffles what is taken.
    del shuffle_files
    dataset = self.of.preprocess_precache(
        self.of.source.get_dataset(split, shuffle=False, seed=seed), seed
    )
    if split == "train":
      dataset = first_tokens(dataset, share=self._share)
    return dataset


def register(name: str, of: str, share: float = 1.0) -> None:
  """Registers a task that reads the first tokens of another.

  Args:
    name: of the new task.
    of: the registered task, with a `CacheDatasetPlaceholder` after tokenizing.
    share: see `first_tokens`.
  """
  from t5_mtf import data

  task = data.TaskRegistry.get(of)
  before = len(task.steps_before_cache)
  data.TaskRegistry.add_provider(
      name,
      task.replace(
          name=name,
          source=FirstTokensDataSource(task, share),
          preprocessors=task.preprocessors[before + 1 :],
      ),
  )
