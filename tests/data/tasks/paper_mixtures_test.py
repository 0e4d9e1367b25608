"""Tests of t5_mtf.data.tasks.paper_mixtures (Raffel et al. 2020, 3.5)."""

from __future__ import annotations

import gin
import pytest

from t5_mtf import data
from t5_mtf.data import mixtures

_FINE_TUNED = (
    "glue_v002_proportional",
    "super_glue_v102_proportional",
    "cnn_dailymail_v002",
    "squad_v010_allanswers",
    "wmt_t2t_ende_v003",
    "wmt15_enfr_v003",
    "wmt16_enro_v003",
)
# Sizes of training sets: K of section 3.5.2 limits the largest.
_SIZES = {
    "wmt15_enfr_v003": 40853298,
    "wmt_t2t_ende_v003": 4592289,
    "wmt16_enro_v003": 610320,
    "glue_mnli_v002": 392702,
    "cnn_dailymail_v002": 287113,
    "squad_v010_allanswers": 87599,
}


@pytest.fixture(autouse=True)
def no_data_sets(tmp_path):
  """Rates must not depend on what is prepared on this machine."""
  data.set_tfds_data_dir_override(str(tmp_path))
  yield
  data.set_tfds_data_dir_override(None)


def _rates(name):
  return data.MixtureRegistry.get(name).rates()


def test_glue_and_super_glue_are_rated_by_their_training_sets():
  glue = _rates("glue_v002_proportional")
  assert glue["glue_cola_v002"] == 8551
  assert glue["glue_rte_v002"] == 2490
  assert glue["glue_mnli_matched_v002"] == 0
  assert "glue_wnli_v002" not in glue
  assert _rates("super_glue_v102_proportional")["dpr_v001_simple"] == 1322


def test_weights_of_the_benchmarks_come_before_sizes():
  rate = mixtures.assign_weight_or_rate_num_examples
  assert rate("glue_rte_v002") == rate("super_glue_rte_v102") == 2490
  assert rate("squad_v010_allanswers") is data.rate_num_examples


def test_rte_counts_half_where_it_comes_twice():
  declared = data.MixtureRegistry.get("all_mix").rate_per_task_name
  assert declared["glue_rte_v002"] == declared["super_glue_rte_v102"] == 1245
  alone = data.MixtureRegistry.get("leave_one_out_super_glue_v102_proportional")
  assert alone.rate_per_task_name["glue_rte_v002"] == 2490


def test_all_sizes_are_known_without_data():
  rates = _rates("all_proportional")
  assert {name: rates[name] for name in _SIZES} == _SIZES


@pytest.mark.parametrize("exponent", range(16, 22))
def test_the_limit_k_is_configured_through_gin(exponent):
  gin.parse_config(f"rate_num_examples.maximum = {2**exponent}")
  rates = _rates("all_proportional")
  assert rates["c4_v020_unsupervised"] == 2**exponent
  assert rates["wmt15_enfr_v003"] == 2**exponent
  assert rates["squad_v010_allanswers"] == min(87599, 2**exponent)


@pytest.mark.parametrize("temperature", [2, 4, 8])
def test_the_temperature_is_configured_through_gin(temperature):
  gin.parse_config(f"""
      rate_num_examples.maximum = {2**21}
      rate_num_examples.temperature = {temperature}
  """)
  rates = _rates("all_proportional")
  assert rates["wmt_t2t_ende_v003"] == pytest.approx(2 ** (21 / temperature))
  assert rates["squad_v010_allanswers"] == pytest.approx(
      87599 ** (1 / temperature)
  )


def test_the_share_of_the_unsupervised_task_is_configured_through_gin():
  gin.parse_config("rate_unsupervised.value = 710000")
  assert _rates("all_mix")["c4_v020_unsupervised"] == 710000


@pytest.mark.parametrize("left_out", _FINE_TUNED)
def test_one_fine_tuned_task_is_left_out(left_out):
  kept = set(_rates(f"leave_one_out_{left_out}"))
  everything = set(_rates("all_proportional"))
  if left_out in data.MixtureRegistry.names():
    gone = set(_rates(left_out))
  else:
    gone = {left_out}
  assert kept == everything - gone


def test_equal_mixing_is_equal():
  assert set(_rates("all_equal").values()) == {1.0}
  assert set(_rates("squad_trivia_qa_equal").values()) == {1.0}


def test_tasks_without_a_training_split_have_no_rate_by_size():
  rates = _rates("en_mix")
  assert rates["glue_ax_v002"] == rates["super_glue_axb_v102"] == 0
  assert rates["glue_cola_v002"] == 8551
  assert rates["c4_v020_unsupervised"] == 1e6
