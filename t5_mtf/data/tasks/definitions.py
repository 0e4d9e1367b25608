"""What the paper's tasks have in common (Raffel et al. 2020, section 2.4).

Every one is a TensorFlow Datasets data set, made text-to-text, tokenized with
T5's vocabulary and ended with EOS. A module of this folder is one family of
them: a table of `TfdsTask` rows.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from t5_mtf.data import preprocessors
from t5_mtf.data.features import Feature

TRAIN = "train"


@functools.cache
def output_features() -> dict[str, Feature]:
  """The output features of all text-to-text tasks: `inputs` and `targets`.

  Both have T5's vocabulary and EOS. `inputs` is not required, since language
  models have targets only.
  """
  from t5_mtf.data import vocabularies

  vocabulary = vocabularies.get_default_vocabulary()
  return {
      "inputs": Feature(vocabulary, add_eos=True, required=False),
      "targets": Feature(vocabulary, add_eos=True),
  }


@dataclasses.dataclass(frozen=True)
class TfdsTask:
  """One row of a family's table.

  Attributes:
    name: registered name.
    tfds_name: "name:version" or "name/config:version".
    text_steps: preprocessors before tokenization (and the cached copy).
    token_steps: preprocessors after it.
    postprocess_fn: see `Task`.
    metric_fns: see `Task`.
    splits: the splits that may be used, or split -> the data set's; None for
      all that it has.
    train_examples: the published size of the training split (0 if there is
      none), for the mixtures that rate by size, where the data set is not
      prepared. None leaves it to TensorFlow Datasets.
    output_features: by default `output_features()`.
  """

  name: str
  tfds_name: str
  text_steps: tuple[Callable[..., Any], ...]
  token_steps: tuple[Callable[..., Any], ...] = (
      preprocessors.append_eos_after_trim,
  )
  postprocess_fn: Callable[..., Any] | None = None
  metric_fns: tuple[Callable[..., Mapping[str, float]], ...] = ()
  splits: tuple[str, ...] | Mapping[str, str] | None = None
  train_examples: int | None = None
  output_features: Mapping[str, Feature] | None = None


def register(rows: Iterable[TfdsTask]) -> None:
  """Adds the rows to the task registry."""
  from t5_mtf import data

  for row in rows:
    known = row.train_examples
    data.TaskRegistry.add(
        row.name,
        source=data.TfdsDataSource(
            row.tfds_name,
            splits=row.splits,
            num_input_examples=None if known is None else {TRAIN: known},
        ),
        preprocessors=[
            *row.text_steps,
            preprocessors.tokenize,
            data.CacheDatasetPlaceholder(),
            *row.token_steps,
        ],
        output_features=row.output_features or output_features(),
        postprocess_fn=row.postprocess_fn,
        metric_fns=row.metric_fns,
    )
