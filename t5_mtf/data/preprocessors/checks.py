"""What a preprocessor asks of the examples before it maps over them."""

from __future__ import annotations

from collections.abc import Iterable

from t5_mtf import errors
from t5_mtf.tf_compat import tf


def require_features(
    preprocessor: str, dataset: tf.data.Dataset, names: Iterable[str]
) -> None:
  """Checks that the examples have the features that a preprocessor reads.

  Args:
    preprocessor: its name, for the message.
    dataset: the examples.
    names: the features that must be there.

  Raises:
    DataError: a feature is missing; says which there are.

  >>> from t5_mtf.tf_compat import tf
  >>> dataset = tf.data.Dataset.from_tensors({"sentence": "A.", "label": 0})
  >>> require_features("glue", dataset, ["sentence", "idx"])
  Traceback (most recent call last):
  t5_mtf.errors.DataError: preprocessor glue needs the feature 'idx'; the
  examples have 'label', 'sentence'. Rename features with preprocessors.rekey,
  or name others in the arguments.
  """
  spec = dataset.element_spec
  present = spec if isinstance(spec, dict) else {}
  missing = [name for name in names if name not in present]
  if missing:
    have = ", ".join(map(repr, sorted(present))) or "no named features"
    raise errors.DataError(
        f"preprocessor {preprocessor} needs the feature"
        f" {', '.join(map(repr, missing))}; the examples have {have}. Rename"
        " features with preprocessors.rekey, or name others in the arguments."
    )
