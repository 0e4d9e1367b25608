"""Summarization as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.tf_compat import tf


def summarize(
    dataset: tf.data.Dataset, article_key: str, summary_key: str
) -> tf.data.Dataset:
  """Articles and their summaries (Raffel et al. 2020, section 2.4).

  >>> dataset = tf.data.Dataset.from_tensors(
  ...     {"article": "An article.", "highlights": "A summary."})
  >>> next(summarize(dataset, "article", "highlights").as_numpy_iterator())
  {'inputs': b'summarize: An article.', 'targets': b'A summary.'}

  Args:
    dataset: dicts with the two texts, scalar tf.string.
    article_key: the feature that is the article.
    summary_key: the feature that is its summary.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    DataError: the examples lack one of the two.
  """
  require_features("summarize", dataset, [article_key, summary_key])

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "inputs": tf.strings.join(["summarize: ", example[article_key]]),
        "targets": example[summary_key],
    }

  return map_over_dataset(to_text)(dataset)
