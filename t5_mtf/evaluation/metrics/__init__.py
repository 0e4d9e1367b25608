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
from t5_mtf.evaluation.metrics.question_answering import squad, trivia_qa
from t5_mtf.evaluation.metrics.sequences import (
    all_match,
    edit_distance,
    sequence_accuracy,
)
from t5_mtf.evaluation.metrics.summarization import rouge, rouge_mean
from t5_mtf.evaluation.metrics.translation import bleu

__all__ = [
    "accuracy",
    "all_match",
    "bleu",
    "edit_distance",
    "f1_score_with_invalid",
    "mean_multiclass_f1",
    "pearson_corrcoef",
    "rouge",
    "rouge_mean",
    "sequence_accuracy",
    "sklearn_metrics_wrapper",
    "spearman_corrcoef",
    "squad",
    "trivia_qa",
]
