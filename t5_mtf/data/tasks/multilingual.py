"""The multilingual tasks that mT5 and ByT5 are fine-tuned and scored on.

XTREME's, as in Xue et al. 2021 ("mT5", arXiv 2010.11934), section 4.1: XNLI,
PAWS-X, WikiANN (NER), XQuAD, MLQA and TyDi QA GoldP. Each is there once with
mT5's vocabulary (`mt5_...`) and once on bytes (`byt5_...`); the part of a name
after the last dot is the language. The three settings are mixtures:
`..._zeroshot` trains on English alone, `..._translate_train` on machine
translations, too, and `mt5_tydiqa` and `mt5_ner_multilingual` on data of all
languages; all have the validation and test sets of every language.

Names and formats follow google-research/multilingual-t5, where the first
release had no prefix. No facts were recorded from it, so names may differ in
detail. The rates of the mixtures are ours: equal, but by size for NER.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from t5_mtf.data import mixtures, postprocessors, preprocessors
from t5_mtf.data.preprocessors import multilingual
from t5_mtf.data.tasks import definitions, multilingual_features
from t5_mtf.evaluation import metrics
from t5_mtf.evaluation.metrics import multilingual as multilingual_metrics

if TYPE_CHECKING:
  from t5_mtf.data.dataset_providers import MixtureEntry

XNLI_LANGUAGES = tuple("ar bg de el en es fr hi ru sw th tr ur vi zh".split())
PAWSX_LANGUAGES = tuple("de en es fr ja ko zh".split())
XQUAD_LANGUAGES = tuple("ar de el en es hi ru th tr vi zh".split())
MLQA_LANGUAGES = tuple("ar de en es hi vi zh".split())
TYDIQA_LANGUAGES = tuple("ar bn en fi id ko ru sw te".split())
# Those of XTREME (Hu et al. 2020, table 1), of the 176 that WikiANN has.
NER_LANGUAGES = tuple(
    "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml"
    " mr ms my nl pt ru sw ta te th tl tr ur vi yo zh".split()
)
_ENGLISH = "en"
_TRAIN = ("train",)
_EVAL = ("validation", "test")
_PARAPHRASE = ["different_meaning", "paraphrase"]


def _foreign(languages: tuple[str, ...]) -> list[str]:
  return [language for language in languages if language != _ENGLISH]


def _named(prefix: str, languages: tuple[str, ...] | list[str]) -> list[str]:
  return [f"{prefix}.{language}" for language in languages]


def _xnli() -> Iterator[definitions.TfdsTask]:
  row = functools.partial(
      definitions.TfdsTask, metric_fns=(metrics.accuracy,)
  )

  def step(*languages: str) -> tuple[Any, ...]:
    return (
        functools.partial(
            multilingual.process_xnli, target_languages=languages
        ),
    )

  yield row(
      "xnli_train",
      "multi_nli:1.1.0",
      (multilingual.process_mnli,),
      splits=_TRAIN,
  )
  for language in _foreign(XNLI_LANGUAGES):
    yield row(
        f"xnli_translate_train.{language}",
        "xtreme_xnli:1.1.0",
        step(language),
        splits=_TRAIN,
    )
  for language in XNLI_LANGUAGES:
    yield row(
        f"xnli_dev_test.{language}", "xnli:1.1.0", step(language), splits=_EVAL
    )
  yield row(
      "xnli_dev_test.all_langs",
      "xnli:1.1.0",
      step(*XNLI_LANGUAGES),
      splits=_EVAL,
  )


def _pawsx() -> Iterator[definitions.TfdsTask]:
  row = functools.partial(
      definitions.TfdsTask,
      text_steps=(
          functools.partial(
              preprocessors.glue,
              benchmark_name="paws",
              label_names=_PARAPHRASE,
              feature_names=("sentence1", "sentence2"),
              id_key=None,
          ),
      ),
      postprocess_fn=functools.partial(
          postprocessors.string_label_to_class_id, label_classes=_PARAPHRASE
      ),
      metric_fns=(metrics.accuracy,),
  )
  yield row("paws", "paws_x_wiki/en:1.0.0", splits=_TRAIN)
  for language in _foreign(PAWSX_LANGUAGES):
    # The translations of XTREME, and those that PAWS-X came with.
    yield row(
        f"pawsx_translate_train.{language}",
        f"xtreme_pawsx/{language}:1.0.0",
        splits=_TRAIN,
    )
    yield row(
        f"pawsx_translate_train_original.{language}",
        f"paws_x_wiki/{language}:1.0.0",
        splits=_TRAIN,
    )
  for language in PAWSX_LANGUAGES:
    yield row(
        f"pawsx_dev_test.{language}",
        f"paws_x_wiki/{language}:1.0.0",
        splits=_EVAL,
    )


def _question_answering() -> Iterator[definitions.TfdsTask]:
  row = functools.partial(
      definitions.TfdsTask,
      text_steps=(multilingual.xquad,),
      postprocess_fn=postprocessors.qa,
      metric_fns=(metrics.squad,),
  )
  yield row(
      "squad_train_dev", "squad/v1.1:3.0.0", splits=("train", "validation")
  )
  for language in _foreign(XQUAD_LANGUAGES):
    yield row(
        f"xquad_translate_train_dev.{language}",
        f"xquad/{language}:3.0.0",
        splits={"train": "translate-train", "validation": "translate-dev"},
    )
  for language in XQUAD_LANGUAGES:
    yield row(
        f"xquad_test.{language}", f"xquad/{language}:3.0.0", splits=("test",)
    )
  for language in MLQA_LANGUAGES:
    yield row(
        f"mlqa_dev_test.{language}",
        f"mlqa/{language}:1.0.0",
        splits=_EVAL,
        metric_fns=(
            functools.partial(multilingual_metrics.mlqa, lang=language),
        ),
    )


def _tydiqa() -> Iterator[definitions.TfdsTask]:
  row = functools.partial(
      definitions.TfdsTask,
      tfds_name="tydi_qa/goldp:3.0.0",
      text_steps=(multilingual.xquad,),
      postprocess_fn=postprocessors.qa,
      metric_fns=(metrics.squad,),
  )
  english = functools.partial(
      multilingual.filter_tydiqa_by_language, lang="english"
  )
  yield row("tydiqa_train", splits=_TRAIN)
  yield row(
      "tydiqa_train.en",
      text_steps=(english, multilingual.xquad),
      splits=_TRAIN,
  )
  for language in _foreign(TYDIQA_LANGUAGES):
    yield row(
        f"tydiqa_translate_train.{language}",
        splits={"train": f"translate-train-{language}"},
    )
  for language in TYDIQA_LANGUAGES:
    yield row(
        f"tydiqa_dev.{language}",
        splits={"validation": f"validation-{language}"},
    )


def _ner() -> Iterator[definitions.TfdsTask]:
  for language in NER_LANGUAGES:
    for kind, splits in (("train", _TRAIN), ("eval", _EVAL)):
      yield definitions.TfdsTask(
          f"ner_{kind}.{language}",
          f"wikiann/{language}:1.0.0",
          (multilingual.wikiann,),
          splits=splits,
          metric_fns=(multilingual_metrics.span_f1,),
      )


def _mixtures() -> dict[str, list[MixtureEntry]]:
  """Mixture -> its tasks, with their rates where those are not 1."""
  xnli = [
      "xnli_train",
      *_named("xnli_dev_test", XNLI_LANGUAGES),
      "xnli_dev_test.all_langs",
  ]
  pawsx = ["paws", *_named("pawsx_dev_test", PAWSX_LANGUAGES)]
  xquad = ["squad_train_dev", *_named("xquad_test", XQUAD_LANGUAGES)]
  mlqa = ["squad_train_dev", *_named("mlqa_dev_test", MLQA_LANGUAGES)]
  tydiqa = _named("tydiqa_dev", TYDIQA_LANGUAGES)
  ner = _named("ner_eval", NER_LANGUAGES)
  by_size = mixtures.rate_num_examples

  def translated(name: str, languages: tuple[str, ...]) -> list[str]:
    return _named(name, _foreign(languages))

  return {
      "xnli_zeroshot": xnli,
      "xnli_translate_train": [
          *xnli,
          *translated("xnli_translate_train", XNLI_LANGUAGES),
      ],
      "pawsx_zeroshot": pawsx,
      **{
          name: [*pawsx, *translated(name, PAWSX_LANGUAGES)]
          for name in (
              "pawsx_translate_train",
              "pawsx_translate_train_original",
          )
      },
      "xquad_zeroshot": xquad,
      "xquad_translate_train": [
          *xquad,
          *translated("xquad_translate_train_dev", XQUAD_LANGUAGES),
      ],
      "mlqa_zeroshot": mlqa,
      "mlqa_translate_train": [
          *mlqa,
          *translated("xquad_translate_train_dev", MLQA_LANGUAGES),
      ],
      "tydiqa": ["tydiqa_train", *tydiqa],
      "tydiqa_zeroshot": ["tydiqa_train.en", *tydiqa],
      "tydiqa_translate_train": [
          "tydiqa_train.en",
          *tydiqa,
          *translated("tydiqa_translate_train", TYDIQA_LANGUAGES),
      ],
      "ner_zeroshot": ["ner_train.en", *ner],
      "ner_multilingual": [
          *[(task, by_size) for task in _named("ner_train", NER_LANGUAGES)],
          *ner,
      ],
  }


def _prefixed(prefix: str, entry: MixtureEntry) -> MixtureEntry:
  if isinstance(entry, str):
    return f"{prefix}{entry}"
  name, rate = entry
  return f"{prefix}{name}", rate


def register_family(prefix: str, features: Mapping[str, Any]) -> None:
  """Registers all tasks and mixtures of this module with other features.

  Args:
    prefix: what their names begin with, such as `mt5_`.
    features: the output features `inputs` and `targets`.
  """
  from t5_mtf import data

  rows = (
      *_xnli(),
      *_pawsx(),
      *_question_answering(),
      *_tydiqa(),
      *_ner(),
  )
  definitions.register(
      dataclasses.replace(
          row, name=f"{prefix}{row.name}", output_features=features
      )
      for row in rows
  )
  for name, entries in _mixtures().items():
    data.MixtureRegistry.add(
        f"{prefix}{name}",
        [_prefixed(prefix, entry) for entry in entries],
        default_rate=1.0,
    )


def register() -> None:
  """Registers the tasks for mT5 and for ByT5."""
  register_family("mt5_", multilingual_features.mt5_features())
  register_family("byt5_", multilingual_features.byt5_features())
