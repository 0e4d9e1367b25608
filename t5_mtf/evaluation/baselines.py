"""What a trained model has to beat: predictions made without a model.

Each baseline takes the targets of the training split and the inputs of the
evaluated split, and returns one prediction, a text, for each input. A score is
only worth reporting beside the best of those that make sense for its task.
"""

from __future__ import annotations

import collections
import random
import statistics
from collections.abc import Sequence

from t5_mtf import errors


def _check_train_targets(baseline: str, train_targets: Sequence[str]) -> None:
  if not train_targets:
    raise errors.DataError(
        f"baseline {baseline}: no training targets. Give the targets of the"
        " training split."
    )


def majority_class(
    train_targets: Sequence[str], inputs: Sequence[str]
) -> list[str]:
  """Predicts the most frequent training target; of equals, the first seen.

  Raises:
    DataError: `train_targets` is empty.

  >>> majority_class(["positive", "negative", "positive"], ["fine", "dull"])
  ['positive', 'positive']
  """
  _check_train_targets("majority_class", train_targets)
  [(target, _)] = collections.Counter(train_targets).most_common(1)
  return [target] * len(inputs)


def random_class(
    train_targets: Sequence[str], inputs: Sequence[str], seed: int = 0
) -> list[str]:
  """Predicts one of the different training targets, each as likely as another.

  Args:
    train_targets: targets of the training split.
    inputs: texts to predict for.
    seed: of the random draws; the same seed gives the same predictions.

  Raises:
    DataError: `train_targets` is empty.

  >>> random_class(["yes", "no", "yes"], ["a", "b", "c", "d"], seed=1)
  ['no', 'yes', 'yes', 'no']
  """
  _check_train_targets("random_class", train_targets)
  classes = sorted(set(train_targets))
  return random.Random(seed).choices(classes, k=len(inputs))


def copy_source(
    train_targets: Sequence[str], inputs: Sequence[str], prefix: str = ""
) -> list[str]:
  """Predicts the input itself: an untranslated or unshortened text.

  Args:
    train_targets: not used; there so that all baselines are called alike.
    inputs: texts that all start with `prefix`.
    prefix: the task prefix, removed.

  Returns:
    The inputs without prefix and without white space around.

  Raises:
    DataError: an input does not start with `prefix`.

  >>> copy_source([], ["summarize: It rained. "], prefix="summarize:")
  ['It rained.']
  """
  del train_targets
  for index, text in enumerate(inputs):
    if not text.startswith(prefix):
      raise errors.DataError(
          f"baseline copy_source: input {index} is {text[:60]!r}, which does"
          f" not start with the task prefix {prefix!r}. Give the prefix that"
          " the task's preprocessor adds."
      )
  return [text[len(prefix) :].strip() for text in inputs]


def mean_target(
    train_targets: Sequence[str],
    inputs: Sequence[str],
    number_format: str = "{:.1f}",
) -> list[str]:
  """Predicts the mean of the training targets, which are numbers.

  A correlation with constant predictions is not defined; for such a metric this
  baseline's score is NaN.

  Args:
    train_targets: numbers as texts.
    inputs: texts to predict for.
    number_format: a `str.format` template of one number, that of the task.

  Returns:
    The same text for every input.

  Raises:
    DataError: `train_targets` is empty or holds a text that is no number.

  >>> mean_target(["1.0", "2.0", "4.5"], ["a", "b"])
  ['2.5', '2.5']
  """
  _check_train_targets("mean_target", train_targets)
  numbers = []
  for index, text in enumerate(train_targets):
    try:
      numbers.append(float(text))
    except ValueError:
      raise errors.DataError(
          f"baseline mean_target: training target {index} is {text!r}, not a"
          " number. Use majority_class for targets that are labels."
      ) from None
  return [number_format.format(statistics.fmean(numbers))] * len(inputs)
