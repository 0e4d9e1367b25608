"""Preprocessors: functions from a dataset to a dataset.

A preprocessor takes a `tf.data.Dataset` of dicts, and possibly
`output_features` and `sequence_length`, which a task fills in by name. All
published names are here, whichever module they are in; gin knows them as
`t5.data.preprocessors.<name>`.
"""

from __future__ import annotations

from t5_mtf.data.mapping import map_over_dataset, maybe_cast_seed
from t5_mtf.data.preprocessors.chunking import (
    reduce_concat_tokens,
    select_random_chunk,
    single_example_select_random_chunk,
)
from t5_mtf.data.preprocessors.classification import glue, stsb
from t5_mtf.data.preprocessors.denoising import denoise, single_example_denoise
from t5_mtf.data.preprocessors.filtering import filter_by_string_length, take
from t5_mtf.data.preprocessors.noise_fns import (
    drop_noise_tokens,
    drop_nonnoise_tokens,
    noise_span_to_sentinel,
    noise_span_to_unique_sentinel,
    noise_token_to_gathered_token,
    noise_token_to_random_token,
    noise_token_to_random_token_or_sentinel,
    noise_token_to_sentinel,
    nonnoise_span_to_sentinel,
    nonnoise_span_to_unique_sentinel,
    permute_noise_tokens,
    sentinel_id,
)
from t5_mtf.data.preprocessors.noise_masks import (
    iid_noise_mask,
    random_prefix_noise_mask,
    random_spans_noise_mask,
    regular_noise_mask,
)
from t5_mtf.data.preprocessors.objectives import (
    full_lm,
    iid_denoising,
    prefix_lm,
    targets_for_prefix_lm_objective,
    unsupervised,
)
from t5_mtf.data.preprocessors.prefix_lm_packing import (
    pack_prefix_lm_decoder_only,
    pack_prefix_lm_encoder_decoder,
)
from t5_mtf.data.preprocessors.question_answering import (
    _pad_punctuation as _pad_punctuation,
)
from t5_mtf.data.preprocessors.question_answering import (
    _span_answer as _span_answer,
)
from t5_mtf.data.preprocessors.question_answering import (
    _string_join as _string_join,
)
from t5_mtf.data.preprocessors.question_answering import (
    squad,
    squad_span_space_tokenized,
    trivia_qa,
    trivia_qa_truncate_inputs,
)
from t5_mtf.data.preprocessors.ranking import (
    rank_classification,
    rank_classification_formatter,
)
from t5_mtf.data.preprocessors.sentence_pairs import (
    neighboring_pairs,
    next_sentence_prediction,
)
from t5_mtf.data.preprocessors.spans import (
    random_spans_helper,
    random_spans_targets_length,
    random_spans_tokens_length,
    span_corruption,
)
from t5_mtf.data.preprocessors.splitting import (
    concatenate_and_split_to_fixed_length,
    split_tokens,
    split_tokens_to_inputs_length,
    split_tokens_to_random_length,
    split_tokens_to_targets_length,
)
from t5_mtf.data.preprocessors.summarization import summarize
from t5_mtf.data.preprocessors.super_glue import record, wsc
from t5_mtf.data.preprocessors.tabular import parse_tsv, preprocess_tsv
from t5_mtf.data.preprocessors.text_objectives import (
    fill_in_the_blank,
    fill_in_the_blank_sized,
    lm,
    random_split_text,
    split_text_to_words,
)
from t5_mtf.data.preprocessors.tokenization import (
    append_eos,
    append_eos_after_trim,
    rekey,
    tokenize,
)
from t5_mtf.data.preprocessors.translation import (
    multi_translate,
    pad_nonspaced_languages,
    translate,
)
from t5_mtf.data.preprocessors.trimming import (
    trim_and_pad_dataset,
    trim_tokens_at_front,
)
from t5_mtf.data.preprocessors.winograd import _wsc_inputs as _wsc_inputs
from t5_mtf.data.preprocessors.winograd import (
    definite_pronoun_resolution_simple,
    wnli_simple,
    wsc_simple,
)

__all__ = [
    "append_eos",
    "append_eos_after_trim",
    "concatenate_and_split_to_fixed_length",
    "definite_pronoun_resolution_simple",
    "denoise",
    "drop_noise_tokens",
    "drop_nonnoise_tokens",
    "fill_in_the_blank",
    "fill_in_the_blank_sized",
    "filter_by_string_length",
    "full_lm",
    "glue",
    "iid_denoising",
    "iid_noise_mask",
    "lm",
    "map_over_dataset",
    "maybe_cast_seed",
    "multi_translate",
    "neighboring_pairs",
    "next_sentence_prediction",
    "noise_span_to_sentinel",
    "noise_span_to_unique_sentinel",
    "noise_token_to_gathered_token",
    "noise_token_to_random_token",
    "noise_token_to_random_token_or_sentinel",
    "noise_token_to_sentinel",
    "nonnoise_span_to_sentinel",
    "nonnoise_span_to_unique_sentinel",
    "pack_prefix_lm_decoder_only",
    "pack_prefix_lm_encoder_decoder",
    "pad_nonspaced_languages",
    "parse_tsv",
    "permute_noise_tokens",
    "prefix_lm",
    "preprocess_tsv",
    "random_prefix_noise_mask",
    "random_spans_helper",
    "random_spans_noise_mask",
    "random_spans_targets_length",
    "random_spans_tokens_length",
    "random_split_text",
    "rank_classification",
    "rank_classification_formatter",
    "record",
    "reduce_concat_tokens",
    "regular_noise_mask",
    "rekey",
    "select_random_chunk",
    "sentinel_id",
    "single_example_denoise",
    "single_example_select_random_chunk",
    "span_corruption",
    "split_text_to_words",
    "split_tokens",
    "split_tokens_to_inputs_length",
    "split_tokens_to_random_length",
    "split_tokens_to_targets_length",
    "squad",
    "squad_span_space_tokenized",
    "stsb",
    "summarize",
    "take",
    "targets_for_prefix_lm_objective",
    "tokenize",
    "translate",
    "trim_and_pad_dataset",
    "trim_tokens_at_front",
    "trivia_qa",
    "trivia_qa_truncate_inputs",
    "unsupervised",
    "wnli_simple",
    "wsc",
    "wsc_simple",
]
