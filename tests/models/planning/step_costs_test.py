"""The plan counts what Mesh TF's own lowering counts, on any mesh."""

from __future__ import annotations

import dataclasses

import pytest

from t5_mtf import errors
from t5_mtf.models import layouts, model_fn, train_step
from t5_mtf.models.planning import one_device, step_costs
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import mtf, tf
from tests.models import tiny

MICROBATCHES = (
    "utils.serialize_num_microbatches.tokens_per_microbatch_per_replica = 8"
)


@pytest.fixture(autouse=True)
def _clear():
  yield
  tiny.clear_gin()


def _settings(tmp_path, mesh, *bindings):
  run = tiny.settings(tmp_path, *bindings)
  shape = mtf.convert_to_shape(mesh)
  devices = tuple(f"cpu:{i}" for i in range(shape.size))
  return dataclasses.replace(
      run, mesh=layouts.Mesh(shape, run.mesh.layout, devices, mesh)
  )


def _lowered(settings):
  """A training step as it is really lowered.

  Returns:
    Its counters, bytes of variables on a device, and how many iterations of a
    loop may run side by side.
  """
  with tf.Graph().as_default():
    tf.compat.v1.train.get_or_create_global_step()
    context = model_fn.make_context(
        dataclasses.replace(settings, autostack=False),
        model_fn.build_model(settings),
        StartReport(),
    )
    features = {
        name: tf.compat.v1.placeholder(tf.int32, shape)
        for name, shape in step_costs.feature_shapes(settings).items()
    }
    batch_dim = mtf.Dimension("batch", settings.batch.sequences)
    imported = model_fn.import_features(
        features, context, [mtf.Dimension("outer_batch", 1), batch_dim]
    )
    loss, gradients = train_step._loss_and_gradients(
        imported, batch_dim, context
    )
    train_step._optimizer_updates(gradients, 0.01, context)
    lowering = context.lower()
    slices = sum(
        tensor.shape.num_elements() * tensor.dtype.size
        for variable in lowering.variables.values()
        for tensor in variable.laid_out_tensor.all_slices[:1]
    )
    del loss
    side_by_side = {
        op.get_attr("parallel_iterations")
        for op in tf.compat.v1.get_default_graph().get_operations()
        if op.type in ("While", "StatelessWhile")
    }
    return one_device.summed(lowering.counters), slices, side_by_side


@pytest.mark.parametrize(
    ("mesh", "bindings", "microbatches"),
    [
        ("model:2", (), 1),
        ("batch:2,model:2", (MICROBATCHES,), 2),
    ],
)
def test_counters_and_variables_are_those_of_the_lowering(
    tmp_path, mesh, bindings, microbatches
):
  settings = _settings(tmp_path, mesh, *bindings)
  counters, slices, side_by_side = _lowered(settings)
  costs = step_costs.of_run(settings, on_tpu=False)
  assert costs.microbatches == microbatches
  assert side_by_side == ({1} if microbatches > 1 else set())
  for key in counters:
    if key.startswith(("allreduce", "allconcat", "einsum", "variables")):
      assert costs.counters[key] == counters[key], key
  assert costs.weights + costs.slots == slices


def test_deep_models_follow_from_shallow_ones_exactly(tmp_path):
  settings = _settings(tmp_path, "batch:2,model:2", "num_layers = 5")
  quick, whole = (
      step_costs.of_run(settings, False, exact=exact) for exact in (False, True)
  )
  for name in ("parameters", "weights", "slots", "masters", "flops", "sent"):
    assert getattr(quick, name) == getattr(whole, name), name
  assert quick.counters == whole.counters
  assert quick.working == pytest.approx(whole.working, rel=0.02)


def test_recomputation_takes_less_memory_and_more_compute(tmp_path):
  settings = _settings(
      tmp_path, "", "num_layers = 4", "utils.run.batch_size = 64"
  )
  kept = step_costs.of_run(settings, True, recompute=False)
  again = step_costs.of_run(settings, True, recompute=True)
  assert again.working < 0.6 * kept.working
  assert 1.1 * kept.flops < again.flops < 1.5 * kept.flops
  assert step_costs.of_run(settings, True) == kept  # nothing stays bound


def test_a_small_microbatch_takes_less_memory_for_the_same_products(tmp_path):
  settings = _settings(tmp_path, "", "utils.run.batch_size = 64")
  whole = step_costs.of_run(settings, True)
  parts = step_costs.of_run(settings, True, microbatch_tokens=64)
  assert parts.microbatches == 8
  assert parts.working < whole.working / 2
  assert parts.flops == pytest.approx(whole.flops, rel=0.02)


def test_products_of_a_dense_model_are_six_for_each_weight_and_token(tmp_path):
  """Forward 2, backward 4 (Kaplan et al. 2020); attention adds a little."""
  settings = _settings(
      tmp_path, "", "d_ff = 512", "num_layers = 2",
      "utils.run.batch_size = 8",
  )
  costs = step_costs.of_run(settings, True)
  encoder = 2 * (4 * 16 * 16 + 2 * 16 * 512)
  decoder = 2 * (8 * 16 * 16 + 2 * 16 * 512)
  tokens = 8 * 8
  expected = 6 * tokens * (encoder + decoder + 384 * 16)
  assert costs.flops == pytest.approx(expected, rel=0.25)


def test_a_mesh_that_does_not_divide_names_the_variable_and_sizes(tmp_path):
  settings = _settings(tmp_path, "model:3")
  with pytest.raises(errors.UserError, match="'vocab'|'heads'|'d_ff'"):
    step_costs.of_run(settings, False)
