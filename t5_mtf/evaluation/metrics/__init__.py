"""The published metrics, by their published names.

A metric takes `targets` and `predictions`, lists of the same length holding
what the task's postprocessor returned for each example, and returns a dict of
named scores. Percentages run from 0 to 100. A score that is not defined (the
correlation with constant predictions) is NaN, never a number in its place.
"""

from t5_mtf.evaluation.metrics.classification import (
    accuracy,
    f1_score_with_invalid,
    mean_multiclass_f1,
    sklearn_metrics_wrapper,
)
from t5_mtf.evaluation.metrics.correlation import (
    pearson_corrcoef,
    spearman_corrcoef,
)
from t5_mtf.evaluation.metrics.groups import (
    deduplicate_metric,
    mean_group_metric,
    multirc_f1_over_all_answers,
)
from t5_mtf.evaluation.metrics.question_answering import (
    ShardedSquad,
    _coqa_tokenize,  # noqa: F401  as in the published module
    _sequence_f1,  # noqa: F401
    coqa_f1,
    span_squad,
    squad,
    trivia_qa,
)
from t5_mtf.evaluation.metrics.scores import (
    auc,
    perplexity,
    rank_classification,
    score_auc,
)
from t5_mtf.evaluation.metrics.sequences import (
    all_match,
    edit_distance,
    sequence_accuracy,
    unigram_accuracy,
)
from t5_mtf.evaluation.metrics.summarization import rouge, rouge_mean
from t5_mtf.evaluation.metrics.translation import bleu

# Scores of these names are the better the lower they are.
LOWER_IS_BETTER = frozenset({
    "loss",
    "max_edit",
    "mean_edit",
    "median_edit",
    "min_edit",
    "perplexity",
    "sum_edit",
})

__all__ = [
    "ShardedSquad",
    "accuracy",
    "all_match",
    "auc",
    "bleu",
    "coqa_f1",
    "deduplicate_metric",
    "edit_distance",
    "f1_score_with_invalid",
    "mean_group_metric",
    "mean_multiclass_f1",
    "multirc_f1_over_all_answers",
    "pearson_corrcoef",
    "perplexity",
    "rank_classification",
    "rouge",
    "rouge_mean",
    "score_auc",
    "sequence_accuracy",
    "sklearn_metrics_wrapper",
    "span_squad",
    "spearman_corrcoef",
    "squad",
    "trivia_qa",
    "unigram_accuracy",
]
