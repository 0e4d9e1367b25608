"""What the GLUE and SuperGLUE tasks are made of, by the names TFDS gives them.

Preprocessors, postprocessors, metrics and the rates of the two mixtures (the
training examples of each task: Raffel et al. 2020, section 3.5.2).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from t5_mtf import errors
from t5_mtf.data import postprocessors, preprocessors
from t5_mtf.evaluation import metrics


class BuilderConfig(Protocol):
  """What is used of a TFDS builder config of `glue` or `super_glue`.

  Attributes:
    name: name of the task, for example `mnli_matched`.
    label_classes: texts of its classes; None where there are none.
  """

  name: str
  label_classes: Sequence[str] | None


# The tasks that are shown to the model under another name: it is trained on
# that one, and these only test it.
_SHOWN_AS = {
    "ax": "mnli",
    "axb": "rte",
    "axg": "rte",
    "mnli_matched": "mnli",
    "mnli_mismatched": "mnli",
}
_FEATURE_NAMES = {
    "multirc": ("question", "answer", "paragraph"),
    "wic": ("sentence1", "sentence2", "word"),
}
# Names in `preprocessors` and `postprocessors`; the rest are classified.
_PREPROCESSORS = {"record": "record", "stsb": "stsb", "wsc.fixed": "wsc"}
_POSTPROCESSORS = {
    "multirc": "multirc",
    "record": "record",
    "stsb": "string_to_float",
}
# The training examples of each task. Tasks with 0 only test a trained model;
# WNLI is left out of GLUE because its validation set contradicts its training
# set, and stands in SuperGLUE's mixture as WSC.
_GLUE_WEIGHTS = {
    "glue_cola_v002": 8_551,
    "glue_sst2_v002": 67_349,
    "glue_mrpc_v002": 3_668,
    "glue_qqp_v002": 363_849,
    "glue_stsb_v002": 5_749,
    "glue_mnli_v002": 392_702,
    "glue_qnli_v002": 104_743,
    "glue_rte_v002": 2_490,
    "glue_mnli_mismatched_v002": 0,
    "glue_mnli_matched_v002": 0,
    "glue_ax_v002": 0,
}
# "{}" is where the tasks with a sentinel have a part of their name.
_SUPER_GLUE_WEIGHTS = {
    "dpr_v001_simple{}": 1_322,
    "super_glue_wsc_v102_simple{}_train": 259,
    "super_glue_wsc_v102_simple{}_eval": 0,
    "super_glue_boolq_v102{}": 9_427,
    "super_glue_cb_v102{}": 250,
    "super_glue_copa_v102{}": 400,
    "super_glue_multirc_v102{}": 27_243,
    "super_glue_record_v102{}": 138_854,
    "super_glue_rte_v102{}": 2_490,
    "super_glue_wic_v102{}": 5_428,
    "super_glue_axb_v102{}": 0,
    "super_glue_axg_v102{}": 0,
}

_Metric = Callable[[Sequence[Any], Sequence[Any]], dict[str, float]]


def get_glue_text_preprocessor(
    builder_config: BuilderConfig,
) -> Callable[..., Any]:
  """Returns the preprocessor of a task of GLUE or SuperGLUE.

  The examples of `axb` need `sentence1` and `sentence2` renamed to `premise`
  and `hypothesis` first, as RTE of SuperGLUE has them.

  >>> import types
  >>> config = types.SimpleNamespace(name="ax", label_classes=["yes", "no"])
  >>> get_glue_text_preprocessor(config).keywords["benchmark_name"]
  'mnli'
  """
  name = builder_config.name
  if name in _PREPROCESSORS:
    return getattr(preprocessors, _PREPROCESSORS[name])
  return functools.partial(
      preprocessors.glue,
      benchmark_name=_SHOWN_AS.get(name, name),
      label_names=builder_config.label_classes,
      feature_names=_FEATURE_NAMES.get(name),
  )


def get_glue_postprocess_fn(
    builder_config: BuilderConfig,
) -> Callable[..., Any]:
  """Returns the postprocessor of a task of GLUE or SuperGLUE.

  >>> import types
  >>> config = types.SimpleNamespace(name="rte", label_classes=["yes", "no"])
  >>> get_glue_postprocess_fn(config)("no")
  1
  """
  if builder_config.name in _POSTPROCESSORS:
    return getattr(postprocessors, _POSTPROCESSORS[builder_config.name])
  return functools.partial(
      postprocessors.string_label_to_class_id,
      label_classes=builder_config.label_classes,
  )


def get_glue_metric(task_name: str) -> list[_Metric]:
  """Returns the metrics of a task of GLUE, none for the diagnostic set `ax`.

  Raises:
    UnknownNameError: GLUE has no such task.

  >>> [metric.__name__ for metric in get_glue_metric("mrpc")]
  ['f1_score_with_invalid', 'accuracy']
  """
  accuracy = [metrics.accuracy]
  f1_and_accuracy = [metrics.f1_score_with_invalid, metrics.accuracy]
  return _of_task(
      "GLUE",
      task_name,
      {
          "cola": [
              metrics.sklearn_metrics_wrapper(
                  "matthews_corrcoef", metric_post_process_fn=_percent
              )
          ],
          "sst2": accuracy,
          "mrpc": f1_and_accuracy,
          "stsb": [metrics.pearson_corrcoef, metrics.spearman_corrcoef],
          "qqp": f1_and_accuracy,
          "mnli": accuracy,
          "mnli_matched": accuracy,
          "mnli_mismatched": accuracy,
          "qnli": accuracy,
          "rte": accuracy,
          "wnli": accuracy,
          "ax": [],
      },
  )


def get_super_glue_metric(task_name: str) -> list[_Metric]:
  """Returns the metrics of a task of SuperGLUE, none for `axb` and `axg`.

  WSC is not among them: it is trained and scored as `wsc_simple`.

  Raises:
    UnknownNameError: SuperGLUE has no such task, or it is WSC.

  >>> [metric.__name__ for metric in get_super_glue_metric("boolq")]
  ['accuracy']
  """
  accuracy = [metrics.accuracy]
  return _of_task(
      "SuperGLUE",
      task_name,
      {
          "boolq": accuracy,
          "cb": [metrics.mean_multiclass_f1(num_classes=3), metrics.accuracy],
          "copa": accuracy,
          "multirc": [
              metrics.multirc_f1_over_all_answers,
              metrics.mean_group_metric(metrics.all_match),
          ],
          "record": [metrics.deduplicate_metric(metrics.squad)],
          "rte": accuracy,
          "wic": accuracy,
          "axb": [],
          "axg": [],
      },
  )


def get_glue_weight_mapping() -> dict[str, float]:
  """Returns task -> rate of the GLUE mixture: its training examples.

  >>> get_glue_weight_mapping()["glue_rte_v002"]
  2490.0
  """
  return {task: float(rate) for task, rate in _GLUE_WEIGHTS.items()}


def get_super_glue_weight_mapping() -> dict[str, float]:
  """Returns task -> rate of the SuperGLUE mixture, with DPR for WSC.

  >>> get_super_glue_weight_mapping()["super_glue_cb_v102"]
  250.0
  """
  return _super_glue_weights("")


def get_super_glue_weight_mapping_sentinel() -> dict[str, float]:
  """Returns task -> rate of SuperGLUE's tasks with one sentinel.

  >>> get_super_glue_weight_mapping_sentinel()["super_glue_cb_v102_1_sentinel"]
  250.0
  """
  return _super_glue_weights("_1_sentinel")


def _super_glue_weights(part: str) -> dict[str, float]:
  return {
      task.format(part): float(rate)
      for task, rate in _SUPER_GLUE_WEIGHTS.items()
  }


def _of_task(
    benchmark: str, task_name: str, table: dict[str, list[_Metric]]
) -> list[_Metric]:
  if task_name not in table:
    raise errors.unknown_name(f"task of {benchmark}", task_name, table)
  return list(table[task_name])


def _percent(score: float) -> float:
  return 100 * score
