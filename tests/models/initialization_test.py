"""A checkpoint that differs from the model is refused, or told of in full."""

import json

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.models import initialization
from t5_mtf.tf_compat import tf
from tests.models import tiny, written

_MODEL = {"shared/embedding": (8, 2), "block/kernel": (2, 3)}
_SLOTS = {"shared/embedding_slot_vr": (8,), "block/kernel_slot_v": (2, 3)}


def _variables(model=_MODEL, slots=_SLOTS, filtered=()):
  every = {**model, **slots, "global_step": ()}
  return initialization.Variables(
      every,
      {name: "float32" for name in every} | {"global_step": "int64"},
      frozenset(model),
      frozenset(filtered),
      (7, 7),
  )


def _checkpoint(folder, shapes, step=5):
  names = {name.replace("/", "__"): shape for name, shape in shapes.items()}
  return written.checkpoint(folder, step, **names)


def test_all_of_the_model_is_loaded_and_what_is_beside_it_counted(tmp_path):
  slots = {"block/kernel_slot_v": (2, 3), "block/kernel_slot_vr": (2,)}
  path = _checkpoint(tmp_path, {**_MODEL, **slots, "other/bias": (4,)})
  plan = initialization.plan(path, _variables())
  assert plan.loaded == ("block/kernel", "shared/embedding")
  assert plan.optimizer_loaded == ("block/kernel_slot_v", "global_step")
  assert plan.optimizer_new == ("shared/embedding_slot_vr",)
  assert plan.optimizer_ignored == ("block/kernel_slot_vr",)
  assert plan.ignored == ("other/bias",)
  assert plan.step == 5
  text = plan.describe()
  assert text.startswith(f"2 of 2 variables from {path} (step 5)")
  assert "not used of it: other/bias" in text
  assert "of the optimizer 2 variables from there, 1 new, 1 not used" in text


@pytest.mark.parametrize(
    "there, message",
    [
        (
            {"shared/embedding": (8, 2)},
            "only 1 of the model's 2.*'block/kernel' is not in the checkpoint"
            ".*--allow_partial_initialization",
        ),
        (
            {**_MODEL, "shared/embedding": (16, 2)},
            r"\[8, 2\].*\[16, 2\].*vocabulary \(it has 7 ids\) does not fit"
            ".*initialization.allow_partial",
        ),
        ({**_MODEL, "block/kernel": (2, 9)}, "sizes of the model.*d_ff"),
        ({"no": (1,)}, "none of the model's 2.*'block/kernel'.*'global_step'"),
    ],
)
def test_any_difference_is_an_error_that_names_it_and_the_flag(
    tmp_path, there, message
):
  path = _checkpoint(tmp_path, there)
  with pytest.raises(errors.CheckpointError, match=message):
    initialization.plan(path, _variables())


def test_many_differences_are_counted_and_the_first_listed(tmp_path):
  model = {f"v{i:02d}": (1,) for i in range(20)}
  path = _checkpoint(tmp_path, {"v00": (1,)})
  with pytest.raises(errors.CheckpointError, match="'v05'.*; and 14 more"):
    initialization.plan(path, _variables(model, {}))


def test_new_variables_need_no_flag_where_only_they_are_trained(tmp_path):
  model = {**_MODEL, "block/adapter/w": (3,), "block/adapter/b": (3,)}
  adapters = ["block/adapter/w", "block/adapter/b"]
  path = _checkpoint(tmp_path, _MODEL)
  plan = initialization.plan(path, _variables(model, {}, adapters))
  assert sorted(plan.random) == sorted(adapters)
  assert "at random: block/adapter/b, block/adapter/w" in plan.describe()


def test_new_variables_need_the_flag_if_others_of_the_filter_are_there(
    tmp_path,
):
  model = {**_MODEL, "block/adapter/w": (3,), "block/adapter/b": (3,)}
  adapters = ["block/adapter/w", "block/adapter/b"]
  for there in ({**_MODEL, "block/adapter/w": (3,)}, {"block/kernel": (2, 3)}):
    path = _checkpoint(tmp_path, there)
    with pytest.raises(errors.CheckpointError, match="is not in the check"):
      initialization.plan(path, _variables(model, {}, adapters))


def test_partly_loaded_variables_have_the_values_that_the_account_says(
    tmp_path,
):
  path = written.checkpoint(
      tmp_path,
      5,
      shared__embedding=np.arange(10, dtype="float32").reshape(5, 2),
      logits__kernel=np.arange(12, dtype="float32").reshape(2, 6),
      block__kernel=np.full((2, 3), 4, np.float16),
      block__bias=np.ones(7, np.float32),
  )
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    one = tf.compat.v1.constant_initializer(-1)
    for name, shape in {
        "shared/embedding": (8, 2),
        "logits/kernel": (2, 4),
        "block/kernel": (2, 3),
        "block/bias": (3,),
        "block/new": (3,),
    }.items():
      tf.compat.v1.get_variable(name, shape, initializer=one)
    tf.compat.v1.train.get_or_create_global_step()
    plan = initialization.plan(
        path, initialization.Variables.of_graph(), allow_partial=True
    )
    session.run(initialization.scaffold(plan).finalize().init_op)
    values = {
        v.op.name: session.run(v) for v in tf.compat.v1.global_variables()
    }
  embedding = values["shared/embedding"]
  np.testing.assert_array_equal(embedding[:5].ravel(), np.arange(10))
  np.testing.assert_array_equal(embedding[5:], np.full((3, 2), -1))
  np.testing.assert_array_equal(
      values["logits/kernel"], [[0, 1, 2, 3], [6, 7, 8, 9]]
  )
  np.testing.assert_array_equal(values["block/kernel"], np.full((2, 3), 4))
  np.testing.assert_array_equal(values["block/bias"], [-1] * 3)
  np.testing.assert_array_equal(values["block/new"], [-1] * 3)
  assert values["global_step"] == 5
  account = json.loads(plan.to_json())
  assert account["loaded"] == ["block/kernel"]
  assert account["resized"]["shared/embedding"] == [[5, 2], [8, 2]]
  assert sorted(account["random"]) == ["block/bias", "block/new"]
  text = plan.describe()
  assert "of shared/embedding rows 0 to 4 from there, 3 more at random" in text
  assert "of logits/kernel rows 0 to 3 from there;" in text


@pytest.mark.parametrize(
    "there, message",
    [
        ({**_MODEL, **_SLOTS, "more/kernel": (1,)}, "model.*'more/kernel' is"),
        ({**_MODEL, **_SLOTS, "block/kernel": (9, 9)}, "another model.*d_ff"),
        (_MODEL, "another optimizer.*_slot_v.*operative_config"),
    ],
)
def test_a_checkpoint_of_another_model_is_not_continued(
    tmp_path, there, message
):
  path = _checkpoint(tmp_path, there)
  with pytest.raises(errors.CheckpointError, match=message):
    initialization.check_same_model(path, _variables())


def test_the_same_model_is_continued_with_more_of_an_optimizer(tmp_path):
  there = {**_MODEL, **_SLOTS, "block/kernel_slot_m": (1,)}
  path = _checkpoint(tmp_path, there)
  initialization.check_same_model(path, _variables())


def test_values_of_another_type_name_the_binding(tmp_path):
  path = written.checkpoint(tmp_path, 1, a=np.zeros(2, np.float16))
  variables = initialization.Variables(
      {"a": (2,)}, {"a": "float32"}, frozenset("a")
  )
  with pytest.raises(errors.CheckpointError, match="master_dtype.*float16"):
    initialization.check_same_model(path, variables)


def test_the_gin_binding_allows_it_and_does_not_stay_in_the_config(tmp_path):
  assert not tiny.settings(tmp_path).training.allow_partial_initialization
  binding = "initialization.allow_partial = True"
  settings = tiny.settings(tmp_path, binding)
  assert settings.training.allow_partial_initialization
  assert "allow_partial" not in tiny.gin_config.operative_config()
