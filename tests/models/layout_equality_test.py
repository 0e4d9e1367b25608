"""A layout changes where numbers are computed, not which: loss, gradients,
an Adafactor step, decoded ids and scores are those of one device, and so they
are with micro-batches and recomputation. Tolerances: docs/several_processes.md.
"""

import json
import os

import numpy as np
import pytest

from t5_mtf.models import training
from t5_mtf.tf_compat import mtf, mtf_utils
from tests.models import one_step, tiny

# Of the largest value of each variable, and of each loss and score.
TOLERANCE = 1e-5

# (mesh shape, layout rules or None for those of T5: batch, and heads, d_ff and
# vocab over model).
_COVERING = [
    ("batch:1,model:1", None),
    ("batch:2,model:2", None),
    ("model:2", "vocab:model"),
]
_MORE = [("model:8", None)]
_EVERY = [
    (mesh, None)
    for mesh in (
        "batch:2",
        "model:2",
        "batch:4",
        "model:4",
        "batch:8",
        "batch:2,model:4",
        "batch:4,model:2",
    )
] + [
    (f"model:{n}", f"{dimension}:model")
    for n in (2, 4, 8)
    for dimension in ("heads", "d_ff", "vocab")
    if (n, dimension) != (2, "vocab")
]
_MICROBATCHES = (
    "serialize_num_microbatches.tokens_per_microbatch_per_replica = 16"
)
_RECOMPUTE = "transformer.LayerStack.recompute_grads = True"


def _all_layouts():
  return [
      *_COVERING,
      *(pytest.param(*layout, marks=pytest.mark.slow) for layout in _MORE),
      # Minutes of building graphs.
      *(_EVERY if os.environ.get("T5_MTF_EVERY_LAYOUT") else ()),
  ]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
  """A checkpoint after one step, so that Adafactor's slots are not empty."""
  run = tiny.settings(
      tmp_path_factory.mktemp("equality"),
      *one_step.BINDINGS,
      "utils.run.train_steps = 1",
  )
  return training.train(run)


@pytest.fixture(scope="module")
def on_one_device(checkpoint):
  run = one_step.make_settings()
  return one_step.take(run, checkpoint), one_step.answers(run, checkpoint)


def _check_step(found, expected):
  assert found.loss == pytest.approx(expected.loss, rel=TOLERANCE)
  for name in ("gradients", "variables"):
    difference = one_step.largest_difference(
        getattr(found, name), getattr(expected, name)
    )
    assert difference < TOLERANCE, name


@pytest.mark.parametrize("mesh_shape, layout_rules", _all_layouts())
def test_a_layout_computes_what_one_device_does(
    mesh_shape, layout_rules, checkpoint, on_one_device
):
  run = one_step.make_settings(mesh_shape, layout_rules)
  step, (decoded, scores) = on_one_device
  assert any(step.gradients["shared/embedding"].ravel())
  _check_step(one_step.take(run, checkpoint), step)
  found = one_step.answers(run, checkpoint)
  assert found[0] == decoded
  np.testing.assert_allclose(found[1], scores, rtol=TOLERANCE)


@pytest.mark.parametrize(
    "bindings, count",
    [([_MICROBATCHES], 4), ([_RECOMPUTE], 1), ([_MICROBATCHES, _RECOMPUTE], 4)],
    ids=["microbatches", "recomputed", "both"],
)
def test_microbatches_and_recomputation_compute_the_plain_step(
    bindings, count, checkpoint, on_one_device
):
  run = one_step.make_settings("", None, *bindings)
  assert count == mtf_utils.serialize_num_microbatches(
      mtf.Dimension("batch", 8), tiny.LENGTHS, run.mesh.shape, run.mesh.layout
  )
  _check_step(one_step.take(run, checkpoint), on_one_device[0])


def test_a_model_that_recomputes_answers_as_it_does_without(
    checkpoint, on_one_device
):
  run = one_step.make_settings("", None, _RECOMPUTE)
  decoded, scores = one_step.answers(run, checkpoint)
  assert decoded == on_one_device[1][0]
  np.testing.assert_allclose(scores, on_one_device[1][1], rtol=TOLERANCE)


@pytest.mark.slow
def test_training_goes_on_under_another_layout(tmp_path):
  def train(folder, steps, *bindings):
    run = tiny.settings(
        tmp_path / folder, *bindings, f"utils.run.train_steps = {steps}"
    )
    training.train(run, log_every=1)
    lines = (tmp_path / folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]

  expected = train("one", 3)
  split = "utils.run.mesh_shape = 'model:2'"
  train("moved", 2, split)
  losses = train("moved", 3)
  assert len(losses) == 3
  np.testing.assert_allclose(losses, expected, rtol=TOLERANCE)
