"""The commands of a run are those of the command line, and do the same."""

from __future__ import annotations

import shlex

import pytest

from t5_mtf.ablations import commands, runs
from t5_mtf.cli import t5_mesh_transformer, t5_mtf

PRETRAINING = runs.Run(runs.PRETRAINING, "base", ("x.gin",), steps=100)
FINE_TUNING = runs.Run(
    runs.FINE_TUNING,
    "glue",
    ("dataset.gin", "y.gin"),
    (
        "MIXTURE_NAME = 'mini_glue'",
        "utils.run.batch_size = ('sequences_per_batch', 16)",
        "utils.run.train_steps = 150",
        "utils.run.save_checkpoints_steps = 20",
        "utils.run.keep_checkpoint_max = None",
    ),
    steps=50,
    seed=3,
    parents=(PRETRAINING,),
    tasks=("mini_glue_sentiment", "mini_glue_rating"),
    eval_params=("utils.run.batch_size = 8",),
)
ENSEMBLE = runs.Run(
    runs.ENSEMBLE,
    "two",
    parents=(FINE_TUNING, FINE_TUNING),
    tasks=("mini_squad",),
)


def test_a_pretraining_is_trained_to_its_steps_with_its_seed():
  [command] = commands.commands(PRETRAINING, "out")
  flags = t5_mesh_transformer.make_parser().parse_strictly(command[1:])
  assert flags.model_dir == PRETRAINING.folder("out")
  assert flags.gin_file == ["x.gin"]
  assert flags.gin_param == [
      "run_seed.value = 0",
      "mixed_precision.enabled = False",
      "utils.run.train_steps = 100",
  ]


def test_a_fine_tuning_starts_from_its_parent_and_is_evaluated():
  train, evaluate = commands.commands(FINE_TUNING, "out")
  assert train[-3:] == [
      "--gin_param=run_seed.value = 3",
      "--gin_param=mixed_precision.enabled = False",
      f"--gin_param=utils.run.init_checkpoint = '{PRETRAINING.folder('out')}'",
  ]
  flags = t5_mesh_transformer.make_parser().parse_strictly(evaluate[1:])
  assert flags.gin_file == ["dataset.gin", "y.gin", "eval.gin"]
  assert flags.gin_param == [
      "MIXTURE_NAME = 'mini_glue'",
      "utils.run.batch_size = ('sequences_per_batch', 16)",
      "run_seed.value = 3",
      "mesh_eval_dataset_fn.mixture_or_task_name = ('mini_glue_sentiment',"
      " 'mini_glue_rating')",
      "utils.run.dataset_split = 'validation'",
      "utils.run.eval_checkpoint_step = [120, 140, 150]",
      "utils.run.batch_size = 8",
  ]


def test_an_ensemble_is_made_of_its_members_and_evaluated_as_it_says():
  make, evaluate = commands.commands(ENSEMBLE, "out")
  flags = t5_mtf.make_parser().parse_strictly(make[1:])
  assert flags.models == [FINE_TUNING.folder("out")] * 2
  assert flags.output == ENSEMBLE.folder("out")
  assert f"--gin_file={ENSEMBLE.folder('out')}/operative_config.gin" in evaluate
  assert "--gin_param=utils.run.eval_checkpoint_step = 'all'" in evaluate


@pytest.mark.parametrize(
    ("params", "steps"),
    [
        (("save_checkpoints_steps = 100",), [100, 200, 250]),
        (("save_checkpoints_steps = 125",), [125, 250]),
        (("save_checkpoints_steps = 1000",), [250]),
        (("save_checkpoints_steps = 50", "keep_checkpoint_max = 2"),
         [200, 250]),
        ((), []),
    ],
)  # fmt: skip
def test_evaluated_are_the_checkpoints_that_are_saved_and_kept(params, steps):
  run = runs.Run(
      runs.MULTITASK,
      "x",
      gin_params=tuple(f"utils.run.{p}" for p in params),
      steps=250,
  )
  assert commands.evaluated_steps(run) == steps


def test_the_text_of_a_command_is_read_back_by_a_shell():
  for command in commands.commands(FINE_TUNING, "out"):
    assert shlex.split(commands.text(command)) == command
  odd = ["t5_mtf", "--gin_param=a = \"$b\" 'c'", "two words", "it's", "a\\b"]
  assert shlex.split(commands.text(odd)) == odd
