"""Scores of predictions: metrics, baselines, the results file and its reports.

A leaf of the package: lists of targets and predictions in, numbers and files
out; nothing here knows tasks or models.

  metrics     the published metrics, by their published names
  qa_utils    answer normalization and the question-answering scores
  baselines   what a model has to beat: predictions made without one
  bootstrap   confidence intervals; mean and deviation across training runs
  results     results.json, its schema, and the table for the terminal
  curves      metrics.jsonl, and the loss curves drawn from it
  report      one self-contained HTML page
"""

from t5_mtf.evaluation import metrics, qa_utils

__all__ = ["metrics", "qa_utils"]
