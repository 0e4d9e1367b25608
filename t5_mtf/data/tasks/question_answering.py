"""Question answering: SQuAD (Raffel et al. 2020, section 2.3) and TriviaQA.

`squad_v010_allanswers` is the paper's task: SQuAD 1.1 (Rajpurkar et al. 2016),
scored against all answers. Its variants leave out the context, name the
answer's place, or score against one answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from t5_mtf.data import postprocessors, preprocessors
from t5_mtf.data.tasks import definitions
from t5_mtf.evaluation import metrics


def _squad(
    name: str,
    step: Callable[..., Any],
    postprocess_fn: Callable[..., Any] | None,
    metric_fn: Callable[..., Any] = metrics.squad,
) -> definitions.TfdsTask:
  return definitions.TfdsTask(
      name,
      "squad/v1.1:3.0.0",
      (step,),
      postprocess_fn=postprocess_fn,
      metric_fns=(metric_fn,),
      # Rajpurkar et al. 2016, the training file of version 1.1.
      train_examples=87599,
  )


_ROWS = (
    _squad("squad_v010_allanswers", preprocessors.squad, postprocessors.qa),
    _squad(
        "squad_v010_context_free",
        functools.partial(preprocessors.squad, include_context=False),
        postprocessors.qa,
    ),
    _squad(
        "squad_v010_allanswers_span",
        preprocessors.squad_span_space_tokenized,
        postprocessors.span_qa,
        metrics.span_squad,
    ),
    _squad("squad_v010", preprocessors.squad, None),
    definitions.TfdsTask(
        "trivia_qa_v010",
        "trivia_qa/rc:1.1.0",
        (preprocessors.trivia_qa,),
        (
            preprocessors.trivia_qa_truncate_inputs,
            preprocessors.append_eos_after_trim,
        ),
    ),
)


def register() -> None:
  """Registers the question answering tasks."""
  definitions.register(_ROWS)
