"""Pairs of neighboring sentences, and the question whether they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t5_mtf.data.mapping import map_over_dataset, next_map_seed
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.tf_compat import tf


def neighboring_pairs(
    dataset: tf.data.Dataset,
    text_key: str = "text",
    reuse_sentences: bool = True,
) -> tf.data.Dataset:
  """Pairs of sentences that follow each other in a line.

  A sentence ends after a run of `.`, `!` or `?`, whatever follows: "1.5" is
  the end of one and the beginning of another.

  >>> dataset = tf.data.Dataset.from_tensors({"text": "One. Two! Three?"})
  >>> for pair in neighboring_pairs(dataset).as_numpy_iterator():
  ...   print(pair["first"], pair["second"])
  b'One.' b'Two!'
  b'Two!' b'Three?'

  Args:
    dataset: dicts with a scalar tf.string.
    text_key: the text, of one or more lines.
    reuse_sentences: whether the second sentence of a pair is also the first of
      the next one.

  Returns:
    The dataset with `first` and `second`, scalar tf.string.

  Raises:
    DataError: the examples lack the feature.
  """
  require_features("neighboring_pairs", dataset, [text_key])

  def pairs(line: tf.Tensor) -> dict[str, tf.Tensor]:
    ended = tf.strings.regex_replace(line, "([.!?]+)", "\\1\n")
    sentences = tf.strings.strip(tf.strings.split(ended, "\n"))
    sentences = tf.boolean_mask(sentences, tf.not_equal(sentences, ""))
    first, second = sentences[:-1], sentences[1:]
    step = 1 if reuse_sentences else 2
    return {"first": first[::step], "second": second[::step]}

  lines = map_over_dataset(
      lambda example: tf.strings.split(example[text_key], "\n")
  )(dataset).unbatch()
  return map_over_dataset(pairs)(lines).unbatch()


def next_sentence_prediction(
    dataset: tf.data.Dataset,
    text_key: str = "text",
    reuse_sentences: bool = True,
    label_sentences: bool = False,
    p_neighbors: float = 0.5,
    label: str = "nsp: ",
    buffer_size: int = 50_000,
) -> tf.data.Dataset:
  """Asks whether one sentence follows the other.

  Pairs of neighbors are shuffled, and taken two by two: either both stay, or
  they exchange their second sentences. An odd last pair is dropped.

  >>> dataset = tf.data.Dataset.from_tensors({"text": "A. B. C."})
  >>> pairs = next_sentence_prediction(
  ...     dataset, label_sentences=True, p_neighbors=1.0, buffer_size=1)
  >>> for pair in pairs.as_numpy_iterator():
  ...   print(pair["inputs"], pair["targets"])
  b'nsp: sentence1: A. sentence2: B.' b'next'
  b'nsp: sentence1: B. sentence2: C.' b'next'

  Args:
    dataset: dicts with a scalar tf.string.
    text_key: the text, as in `neighboring_pairs`.
    reuse_sentences: as in `neighboring_pairs`.
    label_sentences: whether `sentence1:` and `sentence2:` precede them.
    p_neighbors: the probability of neighbors.
    label: what the inputs begin with.
    buffer_size: number of pairs to shuffle at a time.

  Returns:
    The dataset with `inputs`, and `targets`: "next" or "not_next".

  Raises:
    DataError: the examples lack the feature.
  """
  names = ("sentence1: ", "sentence2: ") if label_sentences else ("", "")

  @map_over_dataset(num_seeds=1)
  def to_text(pairs: Mapping[str, Any], seed: tf.Tensor) -> dict[str, Any]:
    are_neighbors = tf.random.stateless_uniform([], seed) < p_neighbors
    second = pairs["second"]
    second = tf.where(are_neighbors, second, second[::-1])
    inputs = tf.strings.join(
        [label, names[0], pairs["first"], " ", names[1], second]
    )
    targets = tf.where(are_neighbors, "next", "not_next")
    return {
        "inputs": tf.strings.strip(inputs),
        "targets": tf.fill([2], targets),
    }

  pairs = neighboring_pairs(dataset, text_key, reuse_sentences)
  if buffer_size > 1:
    pairs = pairs.shuffle(buffer_size, seed=next_map_seed())
  return to_text(pairs.batch(2, drop_remainder=True)).unbatch()
