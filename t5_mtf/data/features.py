"""The description of one feature of a task: its vocabulary and its shape."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from t5_mtf import errors

if TYPE_CHECKING:
  from t5_mtf.data import vocabularies


@dataclasses.dataclass(frozen=True)
class Feature:
  """One output feature of a task, as published (`Feature` of SeqIO).

  Attributes:
    vocabulary: turns the text of the feature into ids and back.
    add_eos: whether `append_eos` and `append_eos_after_trim` end the feature
      with the vocabulary's EOS id.
    required: whether every example must have the feature.
    dtype: name of the TensorFlow dtype of the ids.
    rank: number of dimensions; 1 is a sequence of ids.
  """

  vocabulary: vocabularies.Vocabulary
  add_eos: bool = True
  required: bool = True
  dtype: str = "int32"
  rank: int = 1

  def __post_init__(self) -> None:
    if not hasattr(self.vocabulary, "encode_tf"):
      raise errors.UserError(
          f"Feature.vocabulary is {self.vocabulary!r}, which is no"
          " vocabulary. Give one of t5_mtf.data, for example"
          " t5_mtf.data.get_default_vocabulary()."
      )
    # A tf.DType is accepted and kept by its name, so that features compare
    # and hash without TensorFlow.
    object.__setattr__(
        self, "dtype", getattr(self.dtype, "name", str(self.dtype))
    )


def _no_vocabulary() -> vocabularies.Vocabulary:
  from t5_mtf.data import vocabularies

  return vocabularies.PassThroughVocabulary(size=0)


@dataclasses.dataclass(frozen=True)
class ContinuousFeature(Feature):
  """A feature that is numbers rather than text: it has no vocabulary."""

  vocabulary: vocabularies.Vocabulary = dataclasses.field(
      default_factory=_no_vocabulary
  )
  add_eos: bool = False
