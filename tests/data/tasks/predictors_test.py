"""Perfect and random predictors on every published task that has metrics.

The examples are drawn, in the form that the tasks' postprocessors take; the
scores go through the registered postprocessor and metrics. A perfect predictor
gets the best score. A random one gets what chance gives, which follows from the
number of labels, names or words and the shares of the drawn targets; bounds are
three standard deviations wide where no other width is given. No published task
has an edit distance.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from t5_mtf import data

_COUNT = 600
_NAMES = ("Oslo", "Ida", "мост", "北京", "مدينة", "Łódź", "दिल्ली", "tram7")
_NLI_DIGITS = ("0", "1", "2")
_SENTINEL = "<extra_id_0> "


@dataclasses.dataclass(frozen=True)
class Drawn:
  """Examples of a task, and what two predictors answer.

  Attributes:
    examples: what the postprocessor is given.
    targets: texts.
    perfect: the right answers.
    guesses: seeded random ones.
    chance: score -> expected score of the guesses, and half the width of its
      bounds.
  """

  examples: Sequence[Mapping[str, Any]]
  targets: Sequence[str]
  perfect: Sequence[str]
  guesses: Sequence[str]
  chance: Mapping[str, tuple[float, float]]


def _share(probability: float, count: int = _COUNT) -> tuple[float, float]:
  """A share in percent: expected, and three standard deviations."""
  deviation = math.sqrt(probability * (1 - probability) / count)
  return 100 * probability, 300 * deviation


def _f1(positive: float, guessed: float) -> float:
  """F1 of a class by shares: precision `positive`, recall `guessed`."""
  return 2 * positive * guessed / (positive + guessed)


def _labels(rng: random.Random, labels: Sequence[str]) -> Drawn:
  """Uniform guesses of labels; the last labels are more frequent."""
  targets = rng.choices(labels, range(2, 2 + len(labels)), k=_COUNT)
  guess = 1 / len(labels)
  shares = [targets.count(label) / _COUNT for label in labels]
  mean_f1 = sum(_f1(share, guess) for share in shares) / len(labels)
  return Drawn(
      [{}] * _COUNT,
      targets,
      targets,
      rng.choices(labels, k=_COUNT),
      {
          "accuracy": _share(guess),
          "matthews_corrcoef": (0, 300 / math.sqrt(_COUNT)),
          "f1": (100 * _f1(shares[1], guess), 6),
          "mean_3class_f1": (100 * mean_f1, 6),
      },
  )


def _numbers(rng: random.Random) -> Drawn:
  targets = [f"{rng.randrange(26) / 5:.1f}" for _ in range(_COUNT)]
  none = (0, 300 / math.sqrt(_COUNT))
  return Drawn(
      [{}] * _COUNT,
      targets,
      targets,
      [f"{rng.randrange(26) / 5:.1f}" for _ in range(_COUNT)],
      {"pearson_corrcoef": none, "spearman_corrcoef": none},
  )


def _multirc(rng: random.Random) -> Drawn:
  """Questions with four answers each; all four are seldom guessed."""
  targets = rng.choices(["False", "True"], (3, 2), k=_COUNT)
  positive = targets.count("True") / _COUNT
  return Drawn(
      [{"idx/question": i // 4} for i in range(_COUNT)],
      targets,
      targets,
      rng.choices(["False", "True"], k=_COUNT),
      {
          "f1": (100 * _f1(positive, 1 / 2), 6),
          "exact_match": _share((1 / 2) ** 4, _COUNT // 4),
      },
  )


def _record(rng: random.Random) -> Drawn:
  """Two examples of each query, one for each of its answers."""
  examples, targets = [], []
  for query in range(_COUNT // 2):
    answers = rng.sample(_NAMES, 2)
    for answer in answers:
      examples.append({
          "idx/passage": query // 3,
          "idx/query": query,
          "answers": [a.encode("utf-8") for a in answers],
      })
      targets.append(answer)
  chance = _share(2 / len(_NAMES), _COUNT // 2)
  guesses = rng.choices(_NAMES, k=_COUNT)
  return Drawn(
      examples, targets, targets, guesses, {"em": chance, "f1": chance}
  )


def _referents(rng: random.Random) -> Drawn:
  """Winograd schemas with a candidate; the targets name it, right or wrong."""
  examples, candidates, perfect, guesses = [], [], [], []
  for _ in range(_COUNT):
    candidate, other = rng.sample(_NAMES, 2)
    label = rng.randrange(2)
    examples.append({
        "label": label,
        "targets_pretokenized": f"the {candidate}".encode(),
    })
    candidates.append(f"the {candidate}")
    perfect.append(candidate if label else other)
    guesses.append(rng.choice([candidate, other]))
  chance = {"accuracy": _share(1 / 2)}
  return Drawn(examples, candidates, perfect, guesses, chance)


def _answers(rng: random.Random) -> Drawn:
  """Questions with two gold answers; the target is the first."""
  golds = [rng.sample(_NAMES, 2) for _ in range(_COUNT)]
  first = [gold[0] for gold in golds]
  chance = _share(2 / len(_NAMES))
  return Drawn(
      [{"answers": [a.encode("utf-8") for a in gold]} for gold in golds],
      first,
      first,
      rng.choices(_NAMES, k=_COUNT),
      {"em": chance, "f1": chance},
  )


def _spans(rng: random.Random) -> Drawn:
  """A word of a context of eight, by its number."""
  examples, targets = [], []
  words = [f"word{i}" for i in range(8)]
  for _ in range(_COUNT):
    place = rng.randrange(8)
    context = " , ".join(words)
    examples.append(
        {"answers": [words[place].encode()], "context": context.encode()}
    )
    targets.append(f"start: {place} end: {place}")
  guesses = [f"start: {i} end: {i}" for i in rng.choices(range(8), k=_COUNT)]
  chance = {"em": _share(1 / 8), "f1": _share(1 / 8)}
  return Drawn(examples, targets, targets, guesses, chance)


def _entities(rng: random.Random) -> Drawn:
  def draw() -> list[str]:
    return [
        f"{rng.choice(('PER', 'LOC', 'ORG'))}: {rng.choice(_NAMES)}"
        for _ in range(_COUNT)
    ]

  targets = draw()
  chance = {"span_f1": _share(1 / (3 * len(_NAMES)))}
  return Drawn([{}] * _COUNT, targets, targets, draw(), chance)


def _nouns(rng: random.Random) -> Drawn:
  targets = rng.choices(("the bee", "the flower"), k=_COUNT)
  guesses = rng.choices(("the bee", "the flower"), k=_COUNT)
  chance = {"accuracy": _share(1 / 2)}
  return Drawn([{}] * _COUNT, targets, targets, guesses, chance)


def _texts(rng: random.Random) -> Drawn:
  """Texts of 21 of 1,000 words; a guess is the target of another example.

  Of the 21 words of one text, about 21 * 21 / 1,000 are in another.
  """
  words = [f"word{i}" for i in range(1000)]
  targets = [
      " . ".join(" ".join(rng.choices(words, k=7)) for _ in range(3)) + " ."
      for _ in range(_COUNT // 4)
  ]
  common = 100 * 21 / 1000
  return Drawn(
      [{}] * len(targets),
      targets,
      targets,
      [*targets[1:], targets[0]],
      {
          "rouge1": (common, 1.5),
          "rouge2": (0, 0.5),
          "rougeLsum": (common, 1.5),
          # The full stops are common to all texts; no other four words are.
          "bleu": (0, 2),
      },
  )


_KINDS: tuple[tuple[str, Callable[[random.Random], Drawn]], ...] = (
    ("glue_stsb_v002", _numbers),
    ("super_glue_multirc_.*", _multirc),
    ("super_glue_record_.*", _record),
    ("super_glue_wsc_.*_eval|glue_wnli_v002_simple_eval", _referents),
    ("dpr_.*", _nouns),
    ("squad_v010_allanswers_span", _spans),
    ("squad_v010_.*|.*_(squad|xquad|tydiqa|mlqa)_.*", _answers),
    (".*_ner_.*", _entities),
    (".*_xnli_.*", functools.partial(_labels, labels=_NLI_DIGITS)),
    ("cnn_dailymail_.*|wmt.*", _texts),
)
# Has no postprocessor, see below.
_ONE_ANSWER = "squad_v010"
TASKS = [
    name
    for name in data.TaskRegistry.names()
    if not name.startswith("mini_")
    and name != _ONE_ANSWER
    and data.TaskRegistry.get(name).metric_fns
]


@functools.cache
def _drawn(maker: Callable[[random.Random], Drawn]) -> Drawn:
  return maker(random.Random(0))


def _examples_of(name: str) -> Drawn:
  for pattern, maker in _KINDS:
    if re.fullmatch(pattern, name):
      return _drawn(maker)
  of_labels = data.TaskRegistry.get(name).postprocessor
  of_labels = of_labels.keywords.get("postprocess_fn", of_labels)
  return _labels(random.Random(0), of_labels.keywords["label_classes"])


def _scores(name: str, drawn: Drawn, predictions: Sequence[str]) -> dict:
  task = data.TaskRegistry.get(name)
  before = _SENTINEL if "_1_sentinel" in name else ""
  targets, answers = (
      [
          task.postprocess_fn(text, example=example, is_target=is_target)
          for text, example in zip(texts, drawn.examples, strict=True)
      ]
      for texts, is_target in (
          ([before + text for text in drawn.targets], True),
          ([before + text for text in predictions], False),
      )
  )
  scores = {}
  for metric_fn in task.metric_fns:
    scores |= metric_fn(targets, answers)
  return scores


def test_every_published_task_with_metrics_is_here():
  of_t5 = [name for name in TASKS if not re.match("(mt5|byt5)_", name)]
  assert len(of_t5) == 40  # of 60 names; the others have no metric
  assert len(TASKS) > 390


@pytest.mark.parametrize("name", TASKS)
def test_a_perfect_predictor_has_the_best_score(name):
  drawn = _examples_of(name)
  scores = _scores(name, drawn, drawn.perfect)
  assert scores == {key: pytest.approx(100) for key in scores}


@pytest.mark.parametrize("name", TASKS)
def test_a_random_predictor_has_the_score_of_chance(name):
  drawn = _examples_of(name)
  for key, score in _scores(name, drawn, drawn.guesses).items():
    expected, width = drawn.chance[key]
    assert score == pytest.approx(expected, abs=width), key


def _of(targets: Sequence[str], **example: Any) -> Drawn:
  """A predictor that answers the targets, all of one example's features."""
  return Drawn([example] * len(targets), targets, targets, targets, {})


@pytest.mark.parametrize(
    ("name", "drawn", "scores"),
    [
        # Matthews' correlation and F1 need both classes; F1 of a class that
        # no example has is 0.
        ("glue_cola_v002", _of(["acceptable"] * 3), {"matthews_corrcoef": 0}),
        (
            "glue_mrpc_v002",
            _of(["not_equivalent"] * 3),
            {"f1": 0, "accuracy": 100},
        ),
        (
            "super_glue_cb_v102",
            _of(["entailment", "neutral"]),
            {"mean_3class_f1": 200 / 3, "accuracy": 100},
        ),
        (
            "super_glue_multirc_v102",
            _of(["False", "False"], **{"idx/question": 0}),
            {"f1": 0, "exact_match": 100},
        ),
        # Equal numbers have no correlation.
        (
            "glue_stsb_v002",
            _of(["3.2", "3.2"]),
            {"pearson_corrcoef": math.nan, "spearman_corrcoef": math.nan},
        ),
        # Nothing is left of an article; two empty answers share no word.
        (
            "squad_v010_allanswers",
            _of(["The"], answers=[b"The"]),
            {"em": 100, "f1": 0},
        ),
        (
            "mt5_mlqa_dev_test.de",
            _of(["Die"], answers=[b"Die"]),
            {"em": 100, "f1": 0},
        ),
        # The words of a span end at punctuation, those of an answer do not.
        (
            "squad_v010_allanswers_span",
            _of(["start: 1 end: 2"], answers=[b"3.5"], context=b"Is 3.5 much"),
            {"em": 0, "f1": 0},
        ),
        # The target names the candidate even where that is the wrong one, and
        # determiners are not compared.
        (
            "super_glue_wsc_v102_simple_eval",
            _of(["the cat"], targets_pretokenized=b"the cat", label=0),
            {"accuracy": 0},
        ),
        (
            "super_glue_wsc_v102_simple_eval",
            _of(["his"], targets_pretokenized=b"his", label=1),
            {"accuracy": 0},
        ),
        # BLEU counts runs of four words, ROUGE-2 of two.
        ("wmt14_ende_v003", _of(["Danke sehr"] * 3), {"bleu": 0}),
        (
            "cnn_dailymail_v002",
            _of(["Goal"] * 3),
            {"rouge1": 100, "rouge2": 0, "rougeLsum": 100},
        ),
        ("mt5_ner_eval.en", _of([""] * 3), {"span_f1": math.nan}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore")
def test_where_the_targets_themselves_score_less_as_published(
    name, drawn, scores
):
  found = _scores(name, drawn, drawn.perfect)
  assert found == {
      key: pytest.approx(score, nan_ok=True) for key, score in scores.items()
  }


def test_squad_v010_is_scored_against_its_one_answer():
  """As published it has no postprocessor, but a metric of lists of answers.

  The published metric takes a target for the list of its letters; here it is
  the only gold answer. `squad_v010_allanswers` has all of them.
  """
  scores = _scores(_ONE_ANSWER, _of(["Oslo", "Rome"]), ["Oslo.", "Paris"])
  assert scores == {"em": 50.0, "f1": 50.0}
