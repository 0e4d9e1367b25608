"""The experiments of the paper's tables, in terms of no scale.

`experiments.json` has every row of tables 1, 2 and 4 to 15 with what it changes
in the baseline (Raffel et al. 2020, section 3.1). What a change means in steps,
tasks and gin bindings is said by a scale: see `scales` and `configurations`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os

from t5_mtf import errors
from t5_mtf.evaluation import paper

_FILE = os.path.join(os.path.dirname(__file__), "experiments.json")

ARCHITECTURES = (
    "encoder_decoder", "shared", "half_depth", "language_model", "prefix_lm"
)  # fmt: skip
CORPORA = (
    "c4", "c4_unfiltered", "realnews_like", "webtext_like", "wikipedia",
    "wikipedia_tbc",
)  # fmt: skip
TRAINED = ("all", "adapters", "gradual_unfreezing")
STRATEGIES = (
    "pretrain_then_finetune",
    "no_pretraining",
    "multitask",
    "multitask_pretraining",
    "leave_one_out",
    "supervised_pretraining",
)
MIXINGS = ("", "equal", "proportional")
SIZES = ("1x", "2x", "4x", "small", "base", "large", "3B", "11B")
MEMBERS = ("", "pretrained", "fine_tuned")
RECIPES = ("ablation", "1t_tokens", "released")


@dataclasses.dataclass(frozen=True)
class Experiment:
  """One row: what differs from the baseline; the baseline is all defaults.

  Numbers of tokens, of examples and of units are the paper's.

  Attributes:
    id: table and row, as in `evaluation.paper`.
    architecture: one of ARCHITECTURES (section 3.2).
    objective: a file of gin/objectives, without its ending (section 3.3).
    corpus: one of CORPORA (section 3.4.1).
    repeats: how often the unique tokens of the corpus are seen; 0 where none
      is seen twice (section 3.4.2).
    trained: which parameters fine-tuning updates, one of TRAINED (3.5.1).
    adapter_width: d of the adapter layers.
    strategy: one of STRATEGIES (3.5.2 and 3.5.3).
    mixing: how a mixture of several tasks is rated, one of MIXINGS.
    limit: K, the artificial limit on the size of a data set.
    unsupervised_limit: K of the unlabeled data, where it has one of its own.
    temperature: T, of the mixing rates.
    pretraining_steps_factor: times the baseline's steps (3.6).
    finetuning_steps_factor: times the baseline's steps.
    batch_factor: times the baseline's sequences, in both trainings.
    size: one of SIZES.
    ensemble: number of models whose logits are averaged.
    members: what an ensemble's models do not share, one of MEMBERS.
    recipe: one of RECIPES; "released" is how the published models were trained
      (section 3.7), "1t_tokens" the baseline on as many tokens.
    no_runs: why the row is not an experiment; empty for most.
  """

  id: str
  architecture: str = "encoder_decoder"
  objective: str = "iid_15_u_u"
  corpus: str = "c4"
  repeats: int = 0
  trained: str = "all"
  adapter_width: int | None = None
  strategy: str = "pretrain_then_finetune"
  mixing: str = ""
  limit: int | None = None
  unsupervised_limit: int | None = None
  temperature: float = 1
  pretraining_steps_factor: int = 1
  finetuning_steps_factor: int = 1
  batch_factor: int = 1
  size: str = "1x"
  ensemble: int = 1
  members: str = ""
  recipe: str = "ablation"
  no_runs: str = ""

  def __post_init__(self) -> None:
    for name, allowed in (
        ("architecture", ARCHITECTURES),
        ("corpus", CORPORA),
        ("trained", TRAINED),
        ("strategy", STRATEGIES),
        ("mixing", MIXINGS),
        ("size", SIZES),
        ("members", MEMBERS),
        ("recipe", RECIPES),
    ):
      if getattr(self, name) not in allowed:
        raise errors.unknown_name(
            f"{name} of {self.id}", getattr(self, name), allowed
        )

  @property
  def table(self) -> str:
    """The table's name, such as "table_7"."""
    return self.id.split("/")[0]

  def changes(self) -> dict[str, object]:
    """What differs from the baseline: setting -> value."""
    baseline = Experiment(self.id)
    return {
        field.name: value
        for field in dataclasses.fields(self)
        if (value := getattr(self, field.name)) != getattr(baseline, field.name)
    }


@functools.cache
def _all() -> dict[str, Experiment]:
  with open(_FILE, encoding="utf-8") as f:
    document = json.load(f)
  return {
      f"{table}/{row}": Experiment(f"{table}/{row}", **changes)
      for table, rows in document.items()
      for row, changes in rows.items()
  }


def tables() -> dict[str, tuple[Experiment, ...]]:
  """Returns every table's rows, in the paper's order.

  >>> list(tables())[:3]
  ['table_1', 'table_2', 'table_4']
  """
  found: dict[str, list[Experiment]] = {}
  for experiment in _all().values():
    found.setdefault(experiment.table, []).append(experiment)
  return {name: tuple(rows) for name, rows in found.items()}


def table(name: str) -> tuple[Experiment, ...]:
  """Returns the rows of a table, in the paper's order.

  >>> [experiment.objective for experiment in table("table_6")][:2]
  ['iid_10_u_u', 'iid_15_u_u']

  Raises:
    UnknownNameError: there is no such table of experiments.
  """
  if name not in tables():
    raise errors.unknown_name("table of experiments", name, tables())
  return tables()[name]


def of_row(name: str) -> Experiment:
  """Returns a row, by its id, or otherwise as `evaluation.paper.row` does.

  >>> of_row("table_7/3").changes()
  {'objective': 'span_3_15_u_u'}

  Raises:
    UnknownNameError: there is no such row, or the table has no experiments.
  """
  if name in _all():
    return _all()[name]
  row = paper.row(name)
  found = row.same_row_as or row.id
  if found not in _all():
    raise errors.unknown_name("row with an experiment", name, _all())
  return _all()[found]
