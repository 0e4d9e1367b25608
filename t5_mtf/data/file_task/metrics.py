"""Metrics by name, and how the answers they compare are read.

A task has one postprocessor, so the metrics that are chosen together must read
answers alike: as text, as one of several labels, as a number, or as one of
several accepted answers.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import postprocessors

TEXT = "text"
LABEL = "one of the labels"
NUMBER = "a number"
ANSWERS = "one of several accepted answers"

# Metric -> the ways of reading answers that it can compare; the first is its
# own, the others are used when metrics beside it need them.
READINGS = {
    "accuracy": (TEXT, LABEL, NUMBER),
    "all_match": (TEXT, LABEL, NUMBER),
    "bleu": (TEXT,),
    "coqa_f1": (ANSWERS,),
    "edit_distance": (TEXT,),
    "f1_score_with_invalid": (LABEL,),
    "matthews_corrcoef": (LABEL,),
    "mean_multiclass_f1": (LABEL,),
    "pearson_corrcoef": (NUMBER,),
    "rouge": (TEXT,),
    "rouge_mean": (TEXT,),
    "sequence_accuracy": (TEXT, LABEL, NUMBER),
    "spearman_corrcoef": (NUMBER,),
    "squad": (ANSWERS,),
    "trivia_qa": (ANSWERS,),
    "unigram_accuracy": (TEXT,),
}


@dataclasses.dataclass(frozen=True)
class FileMetrics:
  """What scores a task.

  Attributes:
    names: of the metrics.
    reading: how answers are read; one of the constants of this module.
  """

  names: tuple[str, ...]
  reading: str

  @classmethod
  def of(cls, names: Sequence[str]) -> FileMetrics:
    """Looks up metrics by their names.

    >>> FileMetrics.of(["accuracy", "f1_score_with_invalid"]).reading
    'one of the labels'

    Raises:
      UserError: a name is unknown, or two metrics read answers differently.
    """
    common = [TEXT, LABEL, NUMBER, ANSWERS]
    for name in names:
      if name not in READINGS:
        raise errors.unknown_name(
            "metric", name, READINGS, _reason_against(name)
        )
      both = [reading for reading in common if reading in READINGS[name]]
      if not both:
        raise errors.UserError(
            f"the metric {name!r} reads answers as {READINGS[name][0]}, but"
            f" {', '.join(names[: names.index(name)])} as {common[0]}. Score"
            " them in two runs."
        )
      common = both
    return cls(tuple(names), common[0])

  def functions(
      self, labels: Sequence[str] = ()
  ) -> list[Callable[..., Mapping[str, float]]]:
    """The metric functions.

    Args:
      labels: the labels, if answers are read so; of two, the second is the
        positive class of F1.

    Raises:
      UserError: a metric needs another number of labels.
    """
    return [_function(name, labels) for name in self.names]

  def postprocess_fn(
      self, labels: Sequence[str] = ()
  ) -> Callable[..., Any] | None:
    """The postprocessor that reads answers; None if they stay text."""
    return {
        TEXT: None,
        LABEL: functools.partial(
            postprocessors.string_label_to_class_id, label_classes=list(labels)
        ),
        NUMBER: postprocessors.string_to_float,
        ANSWERS: postprocessors.qa,
    }[self.reading]


def _function(
    name: str, labels: Sequence[str]
) -> Callable[..., Mapping[str, float]]:
  from t5_mtf.evaluation import metrics

  if name == "f1_score_with_invalid" and len(labels) != 2:
    raise errors.UserError(
        f"the metric {name!r} is for two labels, but there are {len(labels)}"
        f" ({', '.join(labels)}). For more: mean_multiclass_f1."
    )
  if name == "mean_multiclass_f1":
    return metrics.mean_multiclass_f1(num_classes=len(labels))
  if name == "matthews_corrcoef":
    return metrics.sklearn_metrics_wrapper(
        name, metric_post_process_fn=lambda x: 100 * x
    )
  return getattr(metrics, name)


def _reason_against(name: str) -> str:
  from t5_mtf.evaluation import metrics

  if name in getattr(metrics, "__all__", ()):
    return (
        f"{name!r} exists, but needs more than texts from a file; it can be"
        " used in a Task of your own (--module_import)."
    )
  return "The metrics for files are: " + ", ".join(READINGS) + "."
