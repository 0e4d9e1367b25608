"""Preprocessors: functions from a dataset to a dataset.

A preprocessor takes a `tf.data.Dataset` of dicts, and possibly
`output_features` and `sequence_length`, which a task fills in by name. All
published names are here, whichever module they are in; gin knows them as
`t5.data.preprocessors.<name>`.
"""

from __future__ import annotations

from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.data.preprocessors.chunking import (
    reduce_concat_tokens,
    select_random_chunk,
    single_example_select_random_chunk,
    split_tokens,
    split_tokens_to_inputs_length,
    split_tokens_to_targets_length,
    trim_and_pad_dataset,
    unsupervised,
)
from t5_mtf.data.preprocessors.denoising import denoise, single_example_denoise
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
from t5_mtf.data.preprocessors.spans import (
    random_spans_helper,
    random_spans_targets_length,
    random_spans_tokens_length,
    span_corruption,
)
from t5_mtf.data.preprocessors.tokenization import (
    append_eos,
    append_eos_after_trim,
    rekey,
    tokenize,
)

__all__ = [
    "append_eos",
    "append_eos_after_trim",
    "denoise",
    "drop_noise_tokens",
    "drop_nonnoise_tokens",
    "iid_noise_mask",
    "map_over_dataset",
    "noise_span_to_sentinel",
    "noise_span_to_unique_sentinel",
    "noise_token_to_gathered_token",
    "noise_token_to_random_token",
    "noise_token_to_random_token_or_sentinel",
    "noise_token_to_sentinel",
    "nonnoise_span_to_sentinel",
    "nonnoise_span_to_unique_sentinel",
    "permute_noise_tokens",
    "random_prefix_noise_mask",
    "random_spans_helper",
    "random_spans_noise_mask",
    "random_spans_targets_length",
    "random_spans_tokens_length",
    "reduce_concat_tokens",
    "regular_noise_mask",
    "rekey",
    "select_random_chunk",
    "sentinel_id",
    "single_example_denoise",
    "single_example_select_random_chunk",
    "span_corruption",
    "split_tokens",
    "split_tokens_to_inputs_length",
    "split_tokens_to_targets_length",
    "tokenize",
    "trim_and_pad_dataset",
    "unsupervised",
]
