"""Summarization: CNN/Daily Mail (Raffel et al. 2020, section 2.3).

Hermann et al. 2015, as made a summarization task by Nallapati et al. 2016;
not anonymized (See et al. 2017).
"""

from __future__ import annotations

import functools

from t5_mtf.data import preprocessors
from t5_mtf.data.tasks import definitions
from t5_mtf.evaluation import metrics

_ROWS = (
    definitions.TfdsTask(
        "cnn_dailymail_v002",
        "cnn_dailymail:3.4.0",
        (
            functools.partial(
                preprocessors.summarize,
                article_key="article",
                summary_key="highlights",
            ),
        ),
        metric_fns=(metrics.rouge,),
        # See et al. 2017, section 4.
        train_examples=287113,
    ),
)


def register() -> None:
  """Registers the summarization task."""
  definitions.register(_ROWS)
