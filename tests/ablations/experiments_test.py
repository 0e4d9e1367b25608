"""Every row is there, and changes what the published facts say it changes."""

import ast
import re

import pytest

from t5_mtf import errors
from t5_mtf.ablations import (
    configurations,
    experiments,
    model_bindings,
    runs,
    scales,
    training_data,
    trainings,
)
from t5_mtf.evaluation import paper

_TABLES = [f"table_{n}" for n in (1, 2, *range(4, 16))]
_EXPERIMENTS = [e for rows in experiments.tables().values() for e in rows]
_RUN = [e for e in _EXPERIMENTS if not e.no_runs]
_PAPER = scales.load("paper")

# Words about what is checked by other keys, or the same in all rows.
_WORDS = {
    "note", "attention_mask", "inputs_and_targets", "noise", "target", "input",
    "dataset_size", "placement", "trainable", "order", "always_trainable",
    "episodes", "steps_per_episode", "checkpoint_selection", "combine",
    "same_as", "init", "params", "num_layers", "eval_split", "pretrain.tokens",
    "pretrain.seq_len", "pretrain.mixture", "num_layers_encoder",
    "num_layers_decoder", "d_model", "d_ff", "d_kv", "num_heads", "objective",
    "unsupervised_task_in_mixture", "pretrain_finetune", "corruption_rate",
    "tfds_name",
}  # fmt: skip


def _columns(experiment):
  return configurations.row_runs(experiment, _PAPER).columns


def _pretraining(experiment):
  run = next(iter(_columns(experiment).values()))
  while run.parents:
    run = run.parents[0]
  return run


def _binding(run, name):
  values = [p.split(" = ", 1)[1] for p in run.gin_params
            if p.startswith(f"{name} = ")]  # fmt: skip
  return ast.literal_eval(values[-1]) if values else None


def _finetuning(experiment):
  return next(iter(_columns(experiment).values()))


def _has_gin_param(experiment, text):
  run = _pretraining(experiment)
  for part in text.split(", "):
    name, value = part.split("=")
    name = name if "." in name else f"rate_num_examples.{name}"
    power = value.split("**")
    wanted = int(power[0]) ** int(power[1] if len(power) > 1 else 1)
    assert _binding(run, name) == wanted, part


def _model_file(experiment):
  file, _ = model_bindings.of(experiment, _PAPER)
  return file.removeprefix("models/")


def _check_model(experiment, name):
  # Ours differ from two published files, which read targets only.
  ours = {
      "lm_v1.gin": "lm_v1_delimited.gin", "lm_v1_ifa.gin": "lm_v1_prefix.gin"
  }  # fmt: skip
  assert _model_file(experiment) == ours.get(name, name)


def _steps(experiment, value):
  wanted = 1_000_000 if value == "1M" else value
  assert trainings.pretraining_steps(experiment, _PAPER) == wanted


def _check_corpus(experiment, value):
  assert experiment.corpus == value.split(",")[0]


def _check_strategy(experiment, value):
  assert experiment.strategy == {
      "unsupervised + all supervised tasks": "multitask_pretraining",
      "unsupervised + all supervised tasks except the one fine-tuned on": (
          "leave_one_out"
      ),
      "all supervised tasks, no unsupervised task": "supervised_pretraining",
      "multi-task, examples-proportional, unlabeled K per size, EnFr and EnDe"
      " capped at 1M examples": "multitask_pretraining",
  }[value]


def _check_mixing(experiment, value):
  is_equal = value == "equal"
  assert experiment.mixing == ("equal" if is_equal else "proportional")
  assert (experiment.temperature != 1) == (value == "temperature")


def _check_mixture(experiment, value):
  pattern = value.replace("<task>", ".*")
  found = {_binding(run.parents[0] if run.parents else run, "MIXTURE_NAME")
           for run in _columns(experiment).values()}  # fmt: skip
  assert all(re.fullmatch(pattern, name) for name in found)
  assert len(found) == (7 if "<task>" in value else 1)


def _check_sequences(experiment, value):
  _, tokens = _binding(_pretraining(experiment), "utils.run.batch_size")
  assert tokens == value * 512


def _check_members(experiment, value):
  parents = _finetuning(experiment).parents
  pretrained = {member.parents[0].name for member in parents}
  assert len({member.name for member in parents}) == 4
  assert len(pretrained) == (4 if value.startswith("separately") else 1)


def _check_method(experiment, value):
  assert experiment.trained == value


def _check_glue(experiment, value):
  assert value.startswith("each task separately, batch 8 x 512")
  run = _columns(experiment)["CoLA Matthews"]
  assert run.tasks == ("glue_cola_v002",)
  assert _binding(run, "utils.run.batch_size")[1] == 8 * 512
  assert _binding(run, "utils.run.save_checkpoints_steps") == 1000


def _check_decoding(experiment, value):
  assert value == "beam 4, alpha 0.6 for WMT and CNN/DM"
  binding = "Bitransformer.decode.beam_size = 4"
  beams = {h for h, run in _columns(experiment).items()
           if binding in run.eval_params}  # fmt: skip
  assert beams == {"WMT EnDe BLEU", "WMT EnFr BLEU", "WMT EnRo BLEU",
                   "CNN/DM ROUGE-1", "CNN/DM ROUGE-2", "CNN/DM ROUGE-L"}


_CHECKS = {
    "gin_model": _check_model,
    "gin_param": _has_gin_param,
    "pretrain.dataset": _check_corpus,
    "pretrain.mixture": _check_strategy,
    "mixing": _check_mixing,
    "gin_mixture": _check_mixture,
    "pretrain.batch_sequences": _check_sequences,
    "ensemble_members": _check_members,
    "finetune.method": _check_method,
    "finetune.glue_superglue": _check_glue,
    "decode": _check_decoding,
}
_VALUES = {
    "gin_objective": lambda e: f"{e.objective}.gin",
    "share_encoder_decoder_params": lambda e: e.architecture == "shared",
    "architecture": lambda e: (
        "decoder_only" if e.architecture in ("language_model", "prefix_lm")
        else "encoder_decoder"
    ),
    "mean_span_length": lambda e: int(e.objective.split("_")[1]),
    "adapter_dim": lambda e: e.adapter_width,
    "K": lambda e: e.limit,
    "unsupervised_K": lambda e: e.unsupervised_limit,
    "temperature": lambda e: e.temperature,
    "pretrain.repeats": lambda e: e.repeats,
    "pretrain.unique_tokens": lambda e: training_data.unique_tokens(e, _PAPER),
    "batch_size_factor": lambda e: e.batch_factor,
    "ensemble": lambda e: e.ensemble,
    "steps": lambda e: _finetuning(e).steps,
    "finetune.steps": lambda e: _finetuning(e).steps,
    "train.steps": lambda e: _finetuning(e).total_steps,
}  # fmt: skip


def _check(experiment, key, value):
  if key == "pretrain.steps" and value == 0:
    assert experiment.strategy == "no_pretraining"
  elif key == "pretrain.steps":
    _steps(experiment, value)
  elif key in _CHECKS:
    _CHECKS[key](experiment, value)
  elif key in _VALUES:
    assert _VALUES[key](experiment) == value
  else:
    assert key in _WORDS, f"{experiment.id}: {key} = {value!r} is not checked"


def test_every_row_of_the_tables_of_experiments_is_there_in_order():
  for name in _TABLES:
    published = list(paper.table(name).rows)
    assert [e.id for e in experiments.table(name)] == published
  assert list(experiments.tables()) == _TABLES


@pytest.mark.parametrize("experiment", _RUN, ids=lambda e: e.id)
def test_a_row_changes_what_is_published_and_nothing_else(experiment):
  published = paper.row(experiment.id).change
  assert bool(experiment.changes()) == bool(published)
  if experiment.corpus != "wikipedia_tbc":  # of which there is no task
    for key, value in published.items():
      _check(experiment, key, value)


def test_rows_without_runs_are_those_of_statistics_and_of_others():
  found = {e.id for e in _EXPERIMENTS if e.no_runs}
  assert found == {
      "table_1/baseline_standard_deviation", "table_14/previous_best"
  }
  for row in found:
    with pytest.raises(errors.UserError, match="cannot be run"):
      configurations.row_runs(experiments.of_row(row), _PAPER)


def test_the_baseline_is_each_starred_row():
  starred = {e.id for e in _EXPERIMENTS if paper.row(e.id).starred}
  unchanged = {e.id for e in _RUN if not e.changes()}
  # The tables without a star in print have it under its name.
  assert starred <= unchanged
  assert len({_finetuning(experiments.of_row(row)).name
              for row in unchanged}) == 1  # fmt: skip


def test_a_row_is_found_by_the_names_that_its_table_has():
  assert experiments.of_row("table_6/25%").id == "table_6/25"
  assert experiments.of_row("table_16/average_span_length_3_t7").id == (
      "table_7/3"
  )
  with pytest.raises(errors.UnknownNameError, match="bert_style"):
    experiments.of_row("table_4/bert_styl")
  with pytest.raises(errors.UnknownNameError, match="row with an experiment"):
    experiments.of_row("table_3/bert_style")


def test_a_change_that_does_not_exist_is_refused():
  with pytest.raises(errors.UnknownNameError, match="prefix_lm"):
    experiments.Experiment("table_2/x", architecture="prefix_l")


def test_runs_of_one_seed_that_differ_have_other_labels():
  every = {}
  for experiment in _RUN:
    if experiment.corpus == "wikipedia_tbc" or experiment.ensemble > 1:
      continue
    for run in runs.in_order(_columns(experiment).values()):
      every.setdefault((run.kind, run.label), set()).add(run.name)
  assert {n: found for n, found in every.items() if len(found) > 1} == {}
