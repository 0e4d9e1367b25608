"""GLUE (Wang et al. 2018), as in Raffel et al. 2020, section 2.3.

One task a row of table 14's GLUE columns, in the formats of appendix D.
`glue_wnli_v002_simple_eval` is the WNLI of the final models: the pronoun's
referent is to be named (section 3.7; appendix B).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from t5_mtf.data import glue_utils, postprocessors, preprocessors
from t5_mtf.data.tasks import definitions
from t5_mtf.evaluation import metrics

_VERSION = "1.0.0"
_NLI = ["entailment", "neutral", "contradiction"]
_ENTAILMENT = ["entailment", "not_entailment"]


@dataclasses.dataclass(frozen=True)
class Configuration:
  """One data set of GLUE or SuperGLUE, as `glue_utils` wants it described.

  Attributes:
    name: its configuration in TensorFlow Datasets.
    train_examples: its published number of training examples; 0 for a test
      set.
    label_classes: the names of its labels in the order of their ids; None for
      a number or a text.
    splits: the splits that may be used; None for all.
  """

  name: str
  train_examples: int
  label_classes: list[str] | None = None
  splits: tuple[str, ...] | None = None


_CONFIGURATIONS = (
    Configuration("cola", 8551, ["unacceptable", "acceptable"]),
    Configuration("sst2", 67349, ["negative", "positive"]),
    Configuration("mrpc", 3668, ["not_equivalent", "equivalent"]),
    Configuration("qqp", 363849, ["not_duplicate", "duplicate"]),
    Configuration("stsb", 5749),
    Configuration("mnli", 392702, _NLI),
    Configuration("mnli_mismatched", 0, _NLI),
    Configuration("mnli_matched", 0, _NLI),
    Configuration("qnli", 104743, _ENTAILMENT),
    Configuration("rte", 2490, _ENTAILMENT),
    Configuration("wnli", 635, ["not_entailment", "entailment"]),
    Configuration("ax", 0, _NLI, splits=("test",)),
)


def _rows() -> Iterator[definitions.TfdsTask]:
  for config in _CONFIGURATIONS:
    yield definitions.TfdsTask(
        f"glue_{config.name}_v002",
        f"glue/{config.name}:{_VERSION}",
        (glue_utils.get_glue_text_preprocessor(config),),
        postprocess_fn=glue_utils.get_glue_postprocess_fn(config),
        metric_fns=tuple(glue_utils.get_glue_metric(config.name)),
        splits=config.splits,
        train_examples=config.train_examples,
    )
  yield definitions.TfdsTask(
      "glue_wnli_v002_simple_eval",
      f"glue/wnli:{_VERSION}",
      (preprocessors.wnli_simple,),
      postprocess_fn=postprocessors.wsc_simple,
      metric_fns=(metrics.accuracy,),
      splits=("validation", "test"),
      train_examples=0,
  )


def register() -> None:
  """Registers the tasks of GLUE."""
  definitions.register(_rows())
