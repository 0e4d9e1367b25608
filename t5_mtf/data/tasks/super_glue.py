"""SuperGLUE (Wang et al. 2019) and DPR, as in Raffel et al. 2020, section 2.3.

Training on WSC uses its positive examples alone, with those of Definite
Pronoun Resolution (Rahman and Ng 2012) beside them, and the referent as the
target (section 2.3; appendix B). `..._1_sentinel` are the same tasks with a
sentinel between inputs and targets, see `sentinels`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from t5_mtf.data import glue_utils, postprocessors, preprocessors
from t5_mtf.data.tasks import definitions, sentinels
from t5_mtf.data.tasks.glue import Configuration
from t5_mtf.evaluation import metrics

_VERSION = "1.0.2"
_TRUTH = ["False", "True"]
_ENTAILMENT = ["entailment", "not_entailment"]

_CONFIGURATIONS = (
    Configuration("boolq", 9427, _TRUTH),
    Configuration("cb", 250, ["entailment", "contradiction", "neutral"]),
    Configuration("copa", 400, ["choice1", "choice2"]),
    Configuration("multirc", 27243, _TRUTH),
    Configuration("record", 100730),
    Configuration("rte", 2490, _ENTAILMENT),
    Configuration("wic", 5428, _TRUTH),
    Configuration("axb", 0, _ENTAILMENT, splits=("test",)),
    Configuration("axg", 0, _ENTAILMENT, splits=("test",)),
)

# The diagnostic set AX-b is RTE under other names.
_AXB_AS_RTE = functools.partial(
    preprocessors.rekey,
    key_map={
        "premise": "sentence1",
        "hypothesis": "sentence2",
        "label": "label",
        "idx": "idx",
    },
)


def _rows() -> Iterator[definitions.TfdsTask]:
  for config in _CONFIGURATIONS:
    renamed = (_AXB_AS_RTE,) if config.name == "axb" else ()
    yield definitions.TfdsTask(
        f"super_glue_{config.name}_v102",
        f"super_glue/{config.name}:{_VERSION}",
        (*renamed, glue_utils.get_glue_text_preprocessor(config)),
        postprocess_fn=glue_utils.get_glue_postprocess_fn(config),
        metric_fns=tuple(glue_utils.get_super_glue_metric(config.name)),
        splits=config.splits,
        train_examples=config.train_examples,
    )
  yield definitions.TfdsTask(
      "dpr_v001_simple",
      "definite_pronoun_resolution:1.1.0",
      (preprocessors.definite_pronoun_resolution_simple,),
      metric_fns=(metrics.accuracy,),
      train_examples=1322,
  )
  wsc = f"super_glue/wsc.fixed:{_VERSION}"
  yield definitions.TfdsTask(
      "super_glue_wsc_v102_simple_train",
      wsc,
      (
          functools.partial(
              preprocessors.wsc_simple, correct_referent_only=True
          ),
      ),
      splits=("train",),
      train_examples=554,
  )
  yield definitions.TfdsTask(
      "super_glue_wsc_v102_simple_eval",
      wsc,
      (
          functools.partial(
              preprocessors.wsc_simple, correct_referent_only=False
          ),
      ),
      postprocess_fn=postprocessors.wsc_simple,
      metric_fns=(metrics.accuracy,),
      splits=("validation", "test"),
      train_examples=0,
  )


def register() -> None:
  """Registers the tasks of SuperGLUE, and each with one sentinel."""
  rows = list(_rows())
  definitions.register(rows)
  for row in rows:
    sentinels.add_task_with_sentinels(row.name, num_sentinels=1)
