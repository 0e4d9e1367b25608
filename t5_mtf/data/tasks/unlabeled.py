"""Unlabeled text: C4, its variants and Wikipedia.

Raffel et al. 2020: C4 in section 2.2, its variants and Wikipedia in section
3.4 (table 8), the objectives in section 3.3, full and prefix language models
in section 3.2. `..._unsupervised` take their objective from gin
(`unsupervised.preprocessors`); the others have theirs in their name.

The data sets are named as published. TensorFlow Datasets has since renamed
the configurations `en.realnewslike` and `en.webtextlike` of version 2.2.0.
"""

from __future__ import annotations

import functools

from t5_mtf.data import preprocessors
from t5_mtf.data.features import Feature
from t5_mtf.data.tasks import definitions

# What the paper's vocabulary is called where its sentinels are pieces of the
# model file itself, so that `extra_ids` counts none.
_VOCABULARY_WITH_SENTINELS = (
    "gs://t5-data/vocabs/cc_all.32000.100extra/sentencepiece.model"
)

_C4 = "c4/en:2.2.0"
# Documents of `en`: Dodge et al. 2021 ("Documenting Large Webtext Corpora"),
# who count a later version. It stands where the data set is not prepared; the
# paper's limits K on a data set's size are far below it.
_C4_DOCUMENTS = 364868892

_TEXT_AS_TARGETS = functools.partial(
    preprocessors.rekey, key_map={"inputs": None, "targets": "text"}
)

# Task -> data set; the objective is configured through gin.
_UNSUPERVISED = {
    "c4_v020_unsupervised": _C4,
    "c4_noclean_v020_unsupervised": "c4/en.noclean:2.2.0",
    "c4_realnewslike_v020_unsupervised": "c4/en.realnewslike:2.2.0",
    "c4_webtextlike_v020_unsupervised": "c4/en.webtextlike:2.2.0",
    "wikipedia_20190301.en_v003_unsupervised": "wikipedia/20190301.en:1.0.0",
}

# Task -> objective.
_OBJECTIVES = {
    "c4_v220_span_corruption": preprocessors.span_corruption,
    "c4_v220_iid_denoising": preprocessors.iid_denoising,
    "c4_v220_prefix_lm": preprocessors.prefix_lm,
}

# Task -> what packs whole batches of it, and what that gives beside `targets`.
_PACKED_PREFIX_LM = {
    "c4_prefix_lm_objective_encoder_decoder_architecture": (
        preprocessors.pack_prefix_lm_encoder_decoder,
        (
            "encoder_input_tokens",
            "decoder_target_tokens",
            "decoder_input_tokens",
            "encoder_segment_ids",
            "encoder_positions",
            "decoder_segment_ids",
            "decoder_positions",
            "decoder_loss_weights",
        ),
    ),
    "c4_prefix_lm_objective_decoder_architecture": (
        preprocessors.pack_prefix_lm_decoder_only,
        (
            "decoder_target_tokens",
            "decoder_input_tokens",
            "decoder_loss_weights",
            "decoder_causal_attention",
        ),
    ),
}


def _feature(*, add_eos: bool, required: bool = True) -> Feature:
  from t5_mtf.data import vocabularies

  vocabulary = vocabularies.SentencePieceVocabulary(
      _VOCABULARY_WITH_SENTINELS, extra_ids=0
  )
  return Feature(vocabulary, add_eos=add_eos, required=required)


def _rows() -> list[definitions.TfdsTask]:
  ended = preprocessors.append_eos_after_trim
  text = (_TEXT_AS_TARGETS,)
  rows = [
      definitions.TfdsTask(
          name,
          tfds_name,
          text,
          (preprocessors.unsupervised, ended),
          train_examples=_C4_DOCUMENTS if tfds_name == _C4 else None,
      )
      for name, tfds_name in _UNSUPERVISED.items()
  ]
  rows += [
      definitions.TfdsTask(name, _C4, text, (objective, ended))
      for name, objective in _OBJECTIVES.items()
  ]
  rows += [
      definitions.TfdsTask(
          name,
          _C4,
          text,
          (preprocessors.targets_for_prefix_lm_objective, pack),
          output_features={
              **{packed: _feature(add_eos=False) for packed in features},
              "targets": _feature(add_eos=True, required=False),
          },
      )
      for name, (pack, features) in _PACKED_PREFIX_LM.items()
  ]
  rows.append(
      definitions.TfdsTask(
          "c4_v220_full_lm",
          _C4,
          text,
          (preprocessors.full_lm,),
          output_features={"targets": _feature(add_eos=True)},
      )
  )
  return rows


def register() -> None:
  """Registers the tasks over C4 and Wikipedia."""
  definitions.register(_rows())
