"""Tasks and mixtures that the paper's tables need beside the published ones.

Ours, not published: the first tokens of a corpus (Raffel et al. 2020, section
3.4.2, table 9), all supervised tasks together (section 3.5.3, table 12), and
over the embedded data what `paper_mixtures` is over the paper's.
"""

from __future__ import annotations

from collections.abc import Iterable

from t5_mtf.data import first_tokens
from t5_mtf.data.mixtures import rate_num_examples, rate_unsupervised
from t5_mtf.data.tasks import mini, paper_mixtures

_MINI = "mini_unsupervised"
_FIRST_TOKENS = "_first_tokens_unsupervised"


def _benchmarks() -> dict[str, tuple[str, ...]]:
  """What is fine-tuned on: mixture or task -> its tasks."""
  found = {}
  for column in mini.COLUMNS:
    tasks = tuple(task.name for task in column.tasks)
    several = {"MiniGLUE": "mini_glue", "MiniSGLUE": "mini_sglue"}
    found[several.get(column.name, tasks[0])] = tasks
  return found


def _register_first_tokens() -> None:
  from t5_mtf import data

  first_tokens.register(f"c4_v020{_FIRST_TOKENS}", "c4_v020_unsupervised")
  rates = mini.PRETRAINING_RATES
  total = sum(rates.values())
  for corpus, rate in rates.items():
    first_tokens.register(
        corpus + _FIRST_TOKENS, f"{corpus}_unsupervised", rate / total
    )
  data.MixtureRegistry.add(
      f"mini{_FIRST_TOKENS}",
      [(corpus + _FIRST_TOKENS, rate) for corpus, rate in rates.items()],
  )


def _proportional(tasks: Iterable[str]) -> list[tuple[str, object]]:
  return [(task, rate_num_examples) for task in tasks]


def register() -> None:
  """Registers the tasks and mixtures."""
  from t5_mtf import data

  _register_first_tokens()
  benchmarks = _benchmarks()
  supervised = [task for tasks in benchmarks.values() for task in tasks]
  # Nested, the unlabeled text counts as one data set, as C4 does.
  mixtures = {
      "all_supervised_proportional": paper_mixtures.supervised_proportional(),
      "mini_all_equal": [(task, 1.0) for task in (*supervised, _MINI)],
      "mini_all_proportional": _proportional([*supervised, _MINI]),
      "mini_all_mix": [
          (_MINI, rate_unsupervised), *_proportional(supervised)
      ],
      "mini_all_supervised_proportional": _proportional(supervised),
      "mini_acl_austen_unsupervised": [
          ("mini_acl_unsupervised", 1), ("mini_austen_unsupervised", 4)
      ],
  }  # fmt: skip
  for left_out in benchmarks:
    others = (t for name, t in benchmarks.items() if name != left_out)
    mixtures[f"mini_leave_one_out_{left_out}"] = _proportional(
        [_MINI, *(task for tasks in others for task in tasks)]
    )
  for name, tasks in mixtures.items():
    data.MixtureRegistry.add(name, tasks)
