"""From the examples of a task to the rows that a Mesh TF model reads.

The three forms are the three architectures of Raffel et al. 2020, section 3.2.
Rows hold int32 ids, packed (see `packing.pack`) or padded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.data import packing
from t5_mtf.tf_compat import tf


def encoder_decoder(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    pack: bool = True,
) -> tf.data.Dataset:
  """Rows of "inputs" and "targets", apart.

  Mesh TF's `delimited_lm` model, too, reads this form: it joins inputs and
  targets itself.

  Args:
    dataset: dicts with ids "inputs" and "targets".
    sequence_length: their lengths.
    pack: whether to pack rather than pad.

  Returns:
    A dataset of rows: inputs and targets, and with `pack` inputs_segmentation,
    inputs_position, targets_segmentation and targets_position.

  Raises:
    UserError: a feature or its length is missing.
  """
  return _rows(dataset, sequence_length, ("inputs", "targets"), pack)


def language_model(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    pack: bool = True,
) -> tf.data.Dataset:
  """Rows of "targets" only; inputs are dropped.

  Args:
    dataset: dicts with ids "targets".
    sequence_length: the length of "targets".
    pack: whether to pack rather than pad.

  Returns:
    A dataset of rows: targets, and with `pack` targets_segmentation and
    targets_position.

  Raises:
    UserError: the feature or its length is missing.
  """
  return _rows(dataset, sequence_length, ("targets",), pack)


def prefix_language_model(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    pack: bool = True,
) -> tf.data.Dataset:
  """Rows of "targets" that are an example's inputs and targets, joined.

  Both must end with EOS: [inputs, EOS, targets, EOS] is how Mesh TF tells the
  one from the other. Each is trimmed to its own length before they are joined.

  Args:
    dataset: dicts with ids "inputs" and "targets".
    sequence_length: their lengths; a row has the sum of both.
    pack: whether to pack rather than pad.

  Returns:
    A dataset of rows: targets, and with `pack` targets_segmentation and
    targets_position.

  Raises:
    UserError: a feature or its length is missing.
  """
  _check(dataset, sequence_length, ("inputs", "targets"))
  lengths = {key: sequence_length[key] for key in ("inputs", "targets")}

  def join(example: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    parts = [example[key][:length] for key, length in lengths.items()]
    return {"targets": tf.concat(parts, 0)}

  joined = dataset.map(join, num_parallel_calls=tf.data.AUTOTUNE)
  return language_model(joined, {"targets": sum(lengths.values())}, pack)


def _rows(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    keys: tuple[str, ...],
    pack: bool,
) -> tf.data.Dataset:
  _check(dataset, sequence_length, keys)
  lengths = {key: sequence_length[key] for key in keys}
  if pack:
    return packing.pack(dataset, lengths)
  return packing.pad(dataset, lengths)


def _check(
    dataset: tf.data.Dataset,
    sequence_length: Mapping[str, int],
    keys: tuple[str, ...],
) -> None:
  for key in keys:
    if key not in dataset.element_spec:
      raise errors.UserError(
          f"the examples have no {key!r}, only {sorted(dataset.element_spec)}."
          " A language model reads targets alone; the other models need inputs"
          " and targets."
      )
    if not sequence_length.get(key):
      raise errors.UserError(
          f"sequence_length is {sequence_length!r}, but {key!r} needs a length"
          " above 0."
      )
