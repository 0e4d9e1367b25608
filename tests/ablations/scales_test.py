"""A scale is read from its file; what a user changes is checked."""

import json

import pytest

from t5_mtf import errors
from t5_mtf.ablations import scales
from t5_mtf.evaluation import benchmarks


@pytest.mark.parametrize("name", scales.names())
def test_a_scale_has_the_columns_of_its_tables(name):
  scale = scales.load(name)
  columns = benchmarks.COLUMN_SETS[scale.columns_of]
  assert list(scale.columns) == [column.name for column in columns]
  assert json.loads(json.dumps(scale.settings()))["name"] == name


def test_the_paper_scale_has_the_published_baseline(shared_dir):
  facts = json.loads((shared_dir / "facts" / "paper_setup.json").read_text())
  baseline, scale = facts["baseline"], scales.load("paper")
  pretrain, finetune = baseline["pretrain"], baseline["finetune"]
  assert scale.pretraining_steps == pretrain["steps"]
  assert scale.pretraining_batch == pretrain["tokens_per_batch"]
  assert scale.finetuning_steps == finetune["steps"]
  assert scale.finetuning_batch == finetune["batch_sequences"] * 512
  assert scale.save_checkpoints_steps == finetune["checkpoint_every_steps"]
  final = facts["t5_final"]["pretrain"]
  sequences = scale.pretraining_batch * scale.released_batch_factor // 512
  assert sequences == final["batch_sequences"]
  lengths = facts["gin_sequence_lengths"]["finetune"]
  assert {c.mixture for c in scale.columns.values()} == set(lengths)


def test_numbers_of_the_scale_and_of_its_model_can_be_set():
  scale = scales.load(
      "mini", ["d_model=64", "finetuning_steps=1,000", "dropout_rate=0.1"]
  )
  assert scale.model["d_model"] == 64
  assert scale.model["dropout_rate"] == 0.1
  assert scale.finetuning_steps == 1000
  assert scale.changed["finetuning_steps"] == 1000
  assert scales.load("mini").changed == {}


def test_a_layout_can_be_set():
  scale = scales.load("paper", ["layout=gpu_8"])
  assert scale.device_gin_files == ("layouts/gpu_8.gin",)


def test_a_smaller_scale_takes_from_another_what_it_does_not_say():
  tiny, mini = scales.load("tiny"), scales.load("mini")
  assert tiny.columns == mini.columns
  assert tiny.pretraining_steps < mini.pretraining_steps


def test_evaluations_are_equally_far_apart():
  assert scales.load("mini").save_every(200) == 100
  assert scales.load("mini", ["evaluations=3"]).save_every(200) == 67
  assert scales.load("paper").save_every(200) == 5000


@pytest.mark.parametrize(
    "override, message",
    [
        ("d_modell=64", "Did you mean 'd_model'"),
        ("finetuning_step=9", "Did you mean 'finetuning_steps'"),
        ("columns=9", "unknown setting"),
        ("finetuning_steps=0", "whole number from 1 on"),
        ("finetuning_steps=1.5", "whole number from 1 on"),
        ("finetuning_decay=2", "from 0 to 1"),
        ("dropout_rate=nan", "from 0 to 1"),
        ("finetuning_steps", "NAME=VALUE"),
        ("layout=gpu_9", "Did you mean 'gpu_"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_can(override, message):
  with pytest.raises(errors.UserError, match=message):
    scales.load("mini", [override])


def test_the_model_of_the_paper_scale_is_that_of_the_published_files():
  with pytest.raises(errors.UnknownNameError):
    scales.load("paper", ["d_model=64"])
  with pytest.raises(errors.UnknownNameError, match="mini"):
    scales.load("minni")
