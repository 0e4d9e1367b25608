"""Unsupervised objectives and segments of raw text, counted in words.

Words are what whitespace separates. The objectives on ids, which the paper
compares, are in `objectives`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data.mapping import map_over_dataset, unconverted
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.tf_compat import tf


def split_text_to_words(
    dataset: tf.data.Dataset, text_key: str = "text", min_num_words: int = 2
) -> tf.data.Dataset:
  """Adds the words of a text; drops texts of too few.

  >>> dataset = tf.data.Dataset.from_tensor_slices({"text": ["one", "a  b"]})
  >>> for example in split_text_to_words(dataset).as_numpy_iterator():
  ...   print(example["text"], example["words"])
  b'a  b' [b'a' b'b']

  Args:
    dataset: dicts with a scalar tf.string.
    text_key: the feature to split.
    min_num_words: the fewest words of a text that is kept.

  Returns:
    The dataset with `words`, tf.string [words]; other features stay.

  Raises:
    DataError: the examples lack the feature.
  """
  require_features("split_text_to_words", dataset, [text_key])

  def split(example: Mapping[str, Any]) -> dict[str, Any]:
    return {**example, "words": tf.strings.split(example[text_key])}

  return map_over_dataset(split)(dataset).filter(
      unconverted(lambda example: tf.size(example["words"]) >= min_num_words)
  )


def fill_in_the_blank(
    dataset: tf.data.Dataset, text_key: str = "text", label: str = "fill: "
) -> tf.data.Dataset:
  """Blanks random runs of words with X, and asks for them.

  A text is cut at random places, each with the same probability, which is
  drawn log-uniformly for each text between 1 / (words + 2) and 1 / 2; there is
  one cut at least. Every other piece becomes X. Of each text come two
  examples, which exchange what is blank. Texts of one word are dropped.

  >>> dataset = tf.data.Dataset.from_tensors({"text": "Hello there"})
  >>> for example in fill_in_the_blank(dataset).as_numpy_iterator():
  ...   print(example["inputs"], example["targets"])
  b'fill: X there' b'Hello X'
  b'fill: Hello X' b'X there'

  Args:
    dataset: dicts with a scalar tf.string.
    text_key: the text.
    label: what the inputs begin with.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    DataError: the examples lack the feature.
  """

  @map_over_dataset(num_seeds=3)
  def blank(example: Mapping[str, Any], seeds: list[Any]) -> dict[str, Any]:
    words = example["words"]
    places = tf.size(words) - 1
    log_rate = tf.random.stateless_uniform(
        [],
        seeds[0],
        minval=-tf.math.log(tf.cast(places, tf.float32) + 3.0),
        maxval=-math.log(2.0),
    )
    draws = tf.random.stateless_uniform([places], seeds[1])
    cuts = tf.cast(draws < tf.exp(log_rate), tf.int32)
    only = tf.random.stateless_uniform(
        [], seeds[2], maxval=places, dtype=tf.int32
    )
    if_none = tf.one_hot(only, places, dtype=tf.int32)
    cuts = tf.cond(tf.reduce_any(cuts > 0), lambda: cuts, lambda: if_none)
    begins = tf.concat([[1], cuts], 0)
    odd = tf.cumsum(begins) % 2 == 1
    first, second = (
        _with_blanks(words, begins > 0, masked) for masked in (odd, ~odd)
    )
    return {
        "inputs": tf.strings.join([label, tf.stack([first, second])]),
        "targets": tf.stack([second, first]),
    }

  return blank(split_text_to_words(dataset, text_key)).unbatch()


def _with_blanks(
    words: tf.Tensor, begins: tf.Tensor, masked: tf.Tensor
) -> tf.Tensor:
  """The text with X for each piece that is masked."""
  shown = tf.where(masked, "X", words)
  kept = tf.boolean_mask(shown, begins | ~masked)
  return tf.strings.reduce_join(kept, separator=" ")


def fill_in_the_blank_sized(
    dataset: tf.data.Dataset,
    size_bins: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
    text_key: str = "text",
    label: str = "fill: ",
) -> tf.data.Dataset:
  """Blanks one random run of words, and tells about how long it is.

  The number of words is drawn uniformly from the least bin up to, but without,
  the greatest bin or the length of the text. The blank shows the nearest bin
  (the lesser of two). Texts that are not longer than the least bin are
  dropped, as are those of one word.

  >>> dataset = tf.data.Dataset.from_tensors({"text": "so far so good"})
  >>> from t5_mtf.data.mapping import map_seed_manager
  >>> with map_seed_manager(1):
  ...   blanks = fill_in_the_blank_sized(dataset)
  >>> next(blanks.as_numpy_iterator())
  {'inputs': b'fill: _2_ so good', 'targets': b'so far'}

  Args:
    dataset: dicts with a scalar tf.string.
    size_bins: the sizes that are told apart, in words.
    text_key: the text.
    label: what the inputs begin with.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    UserError: there are no bins, or one below 1.
    DataError: the examples lack the feature.
  """
  bins = sorted(size_bins)
  if not bins or bins[0] < 1:
    raise errors.UserError(
        f"fill_in_the_blank_sized: size_bins is {size_bins}. Give numbers of"
        " words, from 1 on."
    )
  limits = [(low + high) / 2 for low, high in zip(bins, bins[1:], strict=False)]
  longest = max(bins[-1], bins[0] + 1)

  @map_over_dataset(num_seeds=2)
  def blank(example: Mapping[str, Any], seeds: list[Any]) -> dict[str, Any]:
    words = example["words"]
    count = tf.size(words)
    size = tf.random.stateless_uniform(
        [],
        seeds[0],
        minval=bins[0],
        maxval=tf.minimum(count, longest),
        dtype=tf.int32,
    )
    start = tf.random.stateless_uniform(
        [], seeds[1], maxval=count - size + 1, dtype=tf.int32
    )
    above = tf.cast(size, tf.float32) > tf.constant(limits, tf.float32)
    nearest = tf.gather(bins, tf.math.count_nonzero(above))
    gap = tf.strings.join(["_", tf.as_string(nearest), "_"])
    shown = tf.concat([words[:start], [gap], words[start + size :]], 0)
    text = tf.strings.reduce_join(shown, separator=" ")
    blanked = tf.strings.reduce_join(
        words[start : start + size], separator=" "
    )
    inputs = tf.strings.strip(tf.strings.join([label, text]))
    return {"inputs": inputs, "targets": blanked}

  fewest = max(2, bins[0] + 1)
  return blank(split_text_to_words(dataset, text_key, fewest))


def lm(dataset: tf.data.Dataset) -> tf.data.Dataset:
  """Language modelling: empty inputs, the whole text as the targets.

  >>> dataset = tf.data.Dataset.from_tensors({"text": "That is good."})
  >>> next(lm(dataset).as_numpy_iterator())
  {'inputs': b'', 'targets': b'That is good.'}

  Args:
    dataset: dicts with `text`, a scalar tf.string.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    DataError: the examples have no `text`.
  """
  require_features("lm", dataset, ["text"])

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputs": "", "targets": example["text"]}

  return map_over_dataset(to_text)(dataset)


def random_split_text(
    dataset: tf.data.Dataset,
    text_key: str = "text",
    min_words_per_segment: int = 16,
    max_words_per_segment: int = 512,
    max_words_total: int = 8192,
) -> tf.data.Dataset:
  """Splits texts into segments of words.

  The length of a text's segments is drawn log-uniformly; the last one may be
  shorter. Of a text longer than `max_words_total` one random piece of that
  length (counted from its start) is split. Texts without words are dropped.

  >>> dataset = tf.data.Dataset.from_tensors({"text": "a b c d e"})
  >>> segments = random_split_text(
  ...     dataset, min_words_per_segment=2, max_words_per_segment=2)
  >>> [segment["text"] for segment in segments.as_numpy_iterator()]
  [b'a b', b'c d', b'e']

  Args:
    dataset: dicts with a scalar tf.string.
    text_key: the feature to split; other features are dropped.
    min_words_per_segment: the shortest length that is drawn.
    max_words_per_segment: the longest.
    max_words_total: the most words that are taken of a text.

  Returns:
    The dataset of segments, words joined by spaces.

  Raises:
    UserError: the lengths are below 1 or in the wrong order.
    DataError: the examples lack the feature.
  """
  require_features("random_split_text", dataset, [text_key])
  lengths = (min_words_per_segment, max_words_per_segment)
  if not 1 <= min_words_per_segment <= max_words_per_segment:
    raise errors.UserError(
        f"random_split_text: segments of {lengths[0]} to {lengths[1]} words."
        " Give 1 or more, and a maximum that is not below the minimum."
    )

  @map_over_dataset(num_seeds=2)
  def segments(example: Mapping[str, Any], seeds: list[Any]) -> dict[str, Any]:
    words = tf.strings.split(example[text_key])
    pieces = tf.maximum(1, -(-tf.size(words) // max_words_total))
    start = max_words_total * tf.random.stateless_uniform(
        [], seeds[0], maxval=pieces, dtype=tf.int32
    )
    words = words[start : start + max_words_total]
    low, high = map(math.log, lengths)
    draw = tf.random.stateless_uniform([], seeds[1], minval=low, maxval=high)
    length = tf.cast(tf.exp(draw), tf.int32)
    numbers = tf.range(tf.size(words)) // length
    count = -(-tf.size(words) // length)
    return {
        text_key: tf.strings.unsorted_segment_join(
            words, numbers, count, separator=" "
        )
    }

  return segments(dataset).unbatch()
