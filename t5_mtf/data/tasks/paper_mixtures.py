"""The paper's mixtures of tasks (Raffel et al. 2020, section 3.5).

GLUE and SuperGLUE are each fine-tuned on as one mixture, rated by the sizes of
their training sets (section 2.3). Multi-task learning (section 3.5.2) is
`all_equal` (equal mixing) and `all_proportional`; the artificial limit
K = 2^16 ... 2^21 and the temperature T = 2, 4, 8 are
`rate_num_examples.maximum` and `.temperature` in gin. Multi-task pre-training
is `all_mix` (section 3.5.3), leaving one task out of it
`leave_one_out_<task>`, supervised pre-training `large_supervised_...`
(section 3.5.3, table 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from t5_mtf.data import glue_utils
from t5_mtf.data.dataset_providers import MixtureEntry, Rate
from t5_mtf.data.mixtures import (
    assign_weight_or_rate_num_examples,
    rate_num_examples,
    rate_unsupervised,
)

_C4 = "c4_v020_unsupervised"
_CNN_DAILYMAIL = "cnn_dailymail_v002"
_SQUAD = "squad_v010_allanswers"
_ENDE = "wmt_t2t_ende_v003"
_ENFR = "wmt15_enfr_v003"
_ENRO = "wmt16_enro_v003"
_WSC_DPR = (
    "dpr_v001_simple",
    "super_glue_wsc_v102_simple_train",
    "super_glue_wsc_v102_simple_eval",
)
# RTE is in both benchmarks; where both are in a mixture, each counts half.
_RTE = ("glue_rte_v002", "super_glue_rte_v102")


def _benchmarks() -> dict[str, tuple[str, ...]]:
  """What the paper fine-tunes on: mixture or task -> its tasks."""
  return {
      "glue_v002_proportional": tuple(glue_utils.get_glue_weight_mapping()),
      "super_glue_v102_proportional": tuple(
          glue_utils.get_super_glue_weight_mapping()
      ),
      **{
          task: (task,)
          for task in (_CNN_DAILYMAIL, _SQUAD, _ENDE, _ENFR, _ENRO)
      },
  }


def _proportional(tasks: Iterable[str]) -> list[tuple[str, Rate]]:
  """Rates tasks by their published weights, or else by their size."""
  tasks = list(tasks)
  rates: dict[str, Rate] = {
      task: assign_weight_or_rate_num_examples(task) for task in tasks
  }
  if all(task in rates for task in _RTE):
    rates.update({task: rates[task] / 2 for task in _RTE})
  return list(rates.items())


def _flat(groups: Iterable[Sequence[str]]) -> list[str]:
  return [task for group in groups for task in group]


def supervised_proportional() -> list[tuple[str, Rate]]:
  """All supervised tasks, rated as in `all_proportional`."""
  return _proportional(_flat(_benchmarks().values()))


def _leave_one_out() -> dict[str, list[MixtureEntry]]:
  benchmarks = _benchmarks()
  return {
      f"leave_one_out_{left_out}": _proportional(
          [_C4, *_flat(t for n, t in benchmarks.items() if n != left_out)]
      )
      for left_out in benchmarks
  }


def _mixtures() -> dict[str, list[MixtureEntry]]:
  """Mixture -> tasks with their rates; those without one are equal."""
  benchmarks = _benchmarks()
  supervised = _flat(benchmarks.values())
  glue = benchmarks["glue_v002_proportional"]
  super_glue = benchmarks["super_glue_v102_proportional"]
  large = [_ENDE, _ENFR, _CNN_DAILYMAIL]
  sentinel = glue_utils.get_super_glue_weight_mapping_sentinel()
  by_size = [(t, rate_num_examples) for t in (*glue, *super_glue, _SQUAD)]
  return {
      "glue_v002_proportional": _proportional(glue),
      "super_glue_v102_proportional": _proportional(super_glue),
      "super_glue_v102_proportional_sentinel": list(sentinel.items()),
      "glue_mnli_and_dev_v002": [
          "glue_mnli_v002",
          "glue_mnli_mismatched_v002",
          "glue_mnli_matched_v002",
      ],
      "en_mix": [(_C4, rate_unsupervised), *by_size],
      "all_equal": [*supervised, _C4],
      "all_proportional": _proportional([*supervised, _C4]),
      "all_mix": [(_C4, rate_unsupervised), *_proportional(supervised)],
      **_leave_one_out(),
      "large_supervised_equal": large,
      "large_supervised_proportional": _proportional(large),
      "large_translation_equal": [_ENDE, _ENFR],
      "squad_trivia_qa_equal": [_SQUAD, "trivia_qa_v010"],
      "wsc_dpr_simple_proportional": _proportional(_WSC_DPR),
  }


def register() -> None:
  """Registers the paper's mixtures."""
  from t5_mtf import data

  for name, tasks in _mixtures().items():
    data.MixtureRegistry.add(name, tasks, default_rate=1.0)
