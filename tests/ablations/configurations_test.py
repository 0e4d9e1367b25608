"""Rows become runs: shared where they are the same, different where not."""

import ast
import collections
import contextlib
import io

import pytest

from t5_mtf import gin_config
from t5_mtf.ablations import (
    assumptions,
    configurations,
    experiments,
    runs,
    scales,
)

_EXPERIMENTS = [e for rows in experiments.tables().values() for e in rows]
_MINI, _PAPER = scales.load("mini"), scales.load("paper")


def _columns(row, scale=_MINI, seed=0):
  return configurations.row_runs(experiments.of_row(row), scale, seed).columns


def _in_order(row, scale=_MINI):
  return runs.in_order(_columns(row, scale).values())


def _all_rows(scale):
  return {
      e.id: configurations.row_runs(e, scale)
      for e in _EXPERIMENTS
      if not configurations.why_not(e, scale)
  }


def _binding(run, name):
  [value] = [p.split(" = ", 1)[1] for p in run.gin_params
             if p.startswith(f"{name} = ")]  # fmt: skip
  return ast.literal_eval(value)


@pytest.mark.parametrize("name", scales.names())
def test_rows_are_the_same_runs_only_if_they_are_the_same_experiment(name):
  by_runs = collections.defaultdict(set)
  for row, found in _all_rows(scales.load(name)).items():
    changes = tuple(sorted(experiments.of_row(row).changes().items()))
    by_runs[tuple(r.name for r in found.columns.values())].add(changes)
  assert all(len(changes) == 1 for changes in by_runs.values())
  different = {c for changes in by_runs.values() for c in changes}
  assert len(different) == len(by_runs)


@pytest.mark.parametrize(
    "one, other",
    [
        ("table_4/bert_style", "table_5/bert_style"),
        ("table_11/examples_proportional_k_2^19",
         "table_12/multi_task_training"),
        ("table_2/encoder_decoder_lm", "table_4/prefix_language_modeling"),
        ("table_14/t5_base", "table_15/t5_base"),
        ("table_7/baseline_i.i.d.", "table_13/baseline"),
    ],
)  # fmt: skip
def test_rows_of_two_tables_share_their_runs(one, other):
  assert _columns(one) == _columns(other)


def test_one_pretraining_serves_all_columns():
  kinds = collections.Counter(run.kind for run in _in_order("table_7/3"))
  assert kinds == {runs.PRETRAINING: 1, runs.FINE_TUNING: 7}


def test_seeds_are_runs_of_their_own():
  first, second = (_columns("table_7/3", seed=seed) for seed in (0, 1))
  names = [{r.name for r in runs.in_order(c.values())}
           for c in (first, second)]  # fmt: skip
  assert not names[0] & names[1]


def test_fine_tuning_methods_share_the_baselines_pretraining():
  [baseline] = _columns("table_10/all_parameters")["MiniGLUE"].parents
  for row in ("adapter_layers_d_32", "gradual_unfreezing"):
    assert _columns(f"table_10/{row}")["MiniGLUE"].parents == (baseline,)


def test_without_pretraining_nothing_comes_before_the_fine_tuning():
  run = _columns("table_1/no_pre_training")["MiniGLUE"]
  assert run.parents == ()
  assert run.total_steps == _MINI.finetuning_steps


def test_leaving_one_out_is_another_pretraining_for_each_column():
  found = _columns("table_12/leave_one_out_multi_task_training")
  mixtures = {
      heading: _binding(run.parents[0], "MIXTURE_NAME")
      for heading, run in found.items()
  }
  assert mixtures["MiniGLUE"] == "mini_leave_one_out_mini_glue"
  assert mixtures["MiniEnDe"] == "mini_leave_one_out_mini_ende"
  assert len(set(mixtures.values())) == 7


def test_multitask_training_is_one_run_evaluated_as_a_fine_tuning():
  found = _columns("table_11/equal")
  [run] = {r.name: r for r in found.values()}.values()
  assert run.steps == _MINI.pretraining_steps + _MINI.finetuning_steps
  assert len(run.tasks) == 11
  assert _binding(run, "utils.run.keep_checkpoint_max") == _MINI.evaluations


def test_an_ensembles_first_member_is_the_row_itself():
  for row in ("4x_ensembled", "4x_ensembled_fine_tune_only"):
    members = _columns(f"table_13/{row}")["MiniSQuAD"].parents
    assert members[0] == _columns("table_13/baseline")["MiniSQuAD"]
    assert [m.seed for m in members] == [0, 1000, 2000, 3000]


def test_a_language_model_is_pretrained_on_targets_and_then_delimited():
  pretraining, finetuning, *_ = _in_order("table_2/language_model_lm")
  assert "models/lm_v1.gin" in pretraining.gin_files
  assert "models/lm_v1_delimited.gin" in finetuning.gin_files
  pretraining, *_ = _in_order("table_2/language_model_denoising")
  assert "models/lm_v1_delimited.gin" in pretraining.gin_files


def test_larger_models_grow_in_proportion_to_what_the_user_set():
  scale = scales.load("mini", ["num_layers=4", "d_model=64"])
  run = _columns("table_13/2x_size_2x_training_steps", scale)["MiniGLUE"]
  assert _binding(run, "num_layers") == 6
  assert _binding(run, "d_model") == 80
  assert _binding(run.parents[0], "utils.run.train_steps") == 600


def test_a_corpus_that_is_missing_is_refused_with_the_reason():
  experiment = experiments.of_row("table_8/wikipedia_tbc")
  assert "Toronto" in configurations.why_not(experiment, _PAPER)
  assert not configurations.why_not(experiment, _MINI)


@pytest.mark.parametrize("scale", [_MINI, _PAPER], ids=lambda s: s.name)
def test_what_a_row_assumes_is_said_in_sentences(scale):
  for experiment in _EXPERIMENTS:
    if not configurations.why_not(experiment, scale):
      said = assumptions.of(experiment, scale)
      assert all(line.endswith(".") for line in said)
  said = assumptions.of(experiments.of_row("table_9/2^29"), _MINI)
  assert said == [
      "307,200 tokens are seen 4 times, for the paper's 64."
  ]  # fmt: skip


def _shape(run):
  """What makes its configuration another one, but for numbers."""
  names = tuple(param.partition(" = ")[0] for param in run.gin_params)
  return run.gin_files, names, _binding(run, "MIXTURE_NAME")


def _settings(run):
  from t5_mtf.models import gin_loading, settings

  said = io.StringIO()
  with contextlib.redirect_stdout(said):
    gin_loading.load(run.gin_files, run.gin_params)
  assert "no effect" not in said.getvalue(), (run.name, said.getvalue())
  return settings.from_gin("unused")


@pytest.mark.parametrize("scale", [_MINI, _PAPER], ids=lambda s: s.name)
def test_the_command_takes_the_configuration_of_every_run(scale):
  # One of those runs that differ in numbers only.
  distinct = {
      _shape(run): run
      for found in _all_rows(scale).values()
      for run in runs.in_order(found.columns.values())
      if run.kind != runs.ENSEMBLE
  }
  assert len(distinct) > 60
  for run in distinct.values():
    settings = _settings(run)
    assert settings.training.steps == run.total_steps, run.name
    if scale is _MINI:
      assert max(settings.batch.sequence_length.values()) <= 256, run.name


@pytest.mark.parametrize(
    "row, heading, lengths",
    [
        ("table_6/15", None, (512, 192)),
        ("table_6/50", None, (512, 512)),
        ("table_7/3", None, (512, 114)),
        ("table_4/deshuffling", None, (512, 512)),
        ("table_11/equal", None, (512, 512)),
        ("table_14/t5_11b", None, (512, 114)),
        ("table_6/15", "GLUE", (512, 84)),
        ("table_6/15", "SQuAD", (512, 97)),
    ],
)
def test_the_paper_scale_trains_on_the_published_lengths(
    row, heading, lengths
):
  run = _in_order(row, _PAPER)[0]
  if heading:
    run = _columns(row, _PAPER)[heading]
  settings = _settings(run)
  assert tuple(settings.batch.sequence_length.values()) == lengths
  released = experiments.of_row(row).recipe == "released"
  assert settings.batch.sequences == (2048 if released else 128)


def test_the_mini_scale_masks_spans_of_its_own_length():
  settings = _settings(_in_order("table_7/3")[0])
  assert settings.batch.sequence_length["inputs"] == 64
  assert gin_config.bound("random_spans_helper", "inputs_length") == 64


def test_adapters_and_unfreezing_say_what_is_trained():
  run = _columns("table_10/adapter_layers_d_2048")["MiniGLUE"]
  training = _settings(run).training
  assert training.variable_filter == "task_adapter|rms_norm"
  assert training.allow_partial_initialization
  assert gin_config.bound("task_adapter/DenseReluDense", "hidden_size") == 128
  run = _columns("table_10/gradual_unfreezing")["MiniGLUE"]
  filter_ = _settings(run).training.variable_filter
  assert type(filter_).__name__ == "GradualUnfreezing"
