"""Translation: WMT English to German, French and Romanian.

The paper's three (Raffel et al. 2020, section 2.3) are `wmt_t2t_ende_v003`
(training data of Vaswani et al. 2017), `wmt15_enfr_v003` and
`wmt16_enro_v003`. Their test sets: newstest2014, newstest2015, newstest2016.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from t5_mtf.data import preprocessors
from t5_mtf.data.tasks import definitions
from t5_mtf.evaluation import metrics

# Task, data set, its configuration, target language, training pairs. The
# numbers are those of TensorFlow Datasets' catalog; the mixtures rate the
# tasks by them.
_PAIRS = (
    ("wmt14_ende_v003", "wmt14_translate", "de-en", "de", None),
    ("wmt14_enfr_v003", "wmt14_translate", "fr-en", "fr", None),
    ("wmt16_enro_v003", "wmt16_translate", "ro-en", "ro", 610320),
    ("wmt15_enfr_v003", "wmt15_translate", "fr-en", "fr", 40853298),
    ("wmt19_ende_v003", "wmt19_translate", "de-en", "de", None),
    ("wmt_t2t_ende_v003", "wmt_t2t_translate", "de-en", "de", 4592289),
)


def _rows() -> Iterator[definitions.TfdsTask]:
  for name, dataset, config, target, train_examples in _PAIRS:
    yield definitions.TfdsTask(
        name,
        f"{dataset}/{config}:1.0.0",
        (
            functools.partial(
                preprocessors.translate,
                source_language="en",
                target_language=target,
            ),
        ),
        metric_fns=(metrics.bleu,),
        train_examples=train_examples,
    )


def register() -> None:
  """Registers the translation tasks."""
  definitions.register(_rows())
