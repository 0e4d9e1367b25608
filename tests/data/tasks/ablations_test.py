"""The mixtures of the tables: their tasks and rates."""

import gin
import pytest

from t5_mtf import data

_UNLABELED = {
    "mini_austen_unsupervised", "mini_kjv_unsupervised", "mini_acl_unsupervised"
}  # fmt: skip


def _rates(name):
  return data.MixtureRegistry.get(name).rates()


def _bind(**bindings):
  for name, value in bindings.items():
    gin.bind_parameter(f"rate_num_examples.{name}", value)


def test_equal_mixing_counts_the_unlabeled_text_once():
  rates = _rates("mini_all_equal")
  assert sum(rates[task] for task in _UNLABELED) == pytest.approx(1)
  assert {rates[t] for t in rates if t not in _UNLABELED} == {1.0}
  assert len(rates) == 11 + 3


def test_the_limit_holds_for_the_unlabeled_text_as_a_whole():
  _bind(maximum=1024)
  rates = _rates("mini_all_proportional")
  assert sum(rates[task] for task in _UNLABELED) == pytest.approx(1024)
  assert rates["mini_glue_sentiment"] == 1024
  assert rates["mini_cnndm"] == 300


def test_temperature_brings_rates_nearer_to_one_another():
  _bind(maximum=32768)
  before = _rates("mini_all_proportional")
  _bind(temperature=4)
  after = _rates("mini_all_proportional")
  ratio = [r["mini_glue_sentiment"] / r["mini_cnndm"] for r in (before, after)]
  assert ratio[1] == pytest.approx(ratio[0] ** 0.25)


def test_the_unlabeled_text_can_have_a_limit_of_its_own():
  gin.bind_parameter("rate_unsupervised.value", 500)
  rates = _rates("mini_all_mix")
  assert sum(rates[task] for task in _UNLABELED) == pytest.approx(500)


@pytest.mark.parametrize(
    "mixture, left_out",
    [
        ("mini_glue", {"mini_glue_sentiment", "mini_glue_rating",
                       "mini_glue_acceptability", "mini_glue_adjacent"}),
        ("mini_ende", {"mini_ende"}),
    ],
)  # fmt: skip
def test_a_left_out_benchmark_is_left_out_with_all_its_tasks(
    mixture, left_out
):
  every = set(_rates("mini_all_proportional"))
  assert every - set(_rates(f"mini_leave_one_out_{mixture}")) == left_out


def test_supervised_mixtures_are_the_proportional_ones_without_text():
  for prefix, unlabeled in (
      ("mini_all", _UNLABELED), ("all", {"c4_v020_unsupervised"})
  ):  # fmt: skip
    supervised = data.MixtureRegistry.get(f"{prefix}_supervised_proportional")
    every = data.MixtureRegistry.get(f"{prefix}_proportional")
    tasks = {task.name for task in every.tasks}
    assert tasks - {task.name for task in supervised.tasks} == unlabeled
