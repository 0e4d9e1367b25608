"""A step that is too large for the machine is told from one that is not."""

import re

import pytest

from t5_mtf.models import memory, model_fn, train_step
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import mtf, tf
from tests.models import tiny

_SMALL = (  # T5-small
    "d_model = 512",
    "d_ff = 2048",
    "d_kv = 64",
    "num_heads = 8",
    "num_layers = 6",
)


def _context(*bindings):
  settings = tiny.settings("", *_SMALL, *bindings)
  model = model_fn.build_model(settings)
  context = model_fn.make_context(settings, model, StartReport())
  batch_dim = mtf.Dimension("batch", settings.batch.sequences)
  with tf.Graph().as_default():
    lengths = settings.batch.sequence_length
    features = {
        name: tf.ones([batch_dim.size, length], tf.int32)
        for name, length in lengths.items()
    }
    imported = model_fn.import_features(features, context, [batch_dim])
    train_step.compute_loss(imported, context)
  return context, batch_dim


_LONG = "utils.run.sequence_length = {'inputs': 128, 'targets': 128}"


def test_an_estimate_is_near_what_was_measured():
  context, batch_dim = _context(_LONG, "utils.run.batch_size = 32")
  assert memory.note(context, batch_dim, 6_000_000_000) is None
  assert "5." in memory.note(context, batch_dim, 4_000_000_000)


def test_what_would_fit_is_named_and_does_fit():
  context, batch_dim = _context(_LONG, "utils.run.batch_size = 512")
  text = memory.note(context, batch_dim, 8_000_000_000)
  fits = int(re.search(r"batch_size = (\d+)", text)[1])
  assert 32 < fits < 100
  context, batch_dim = _context(_LONG, f"utils.run.batch_size = {fits}")
  assert memory.note(context, batch_dim, 8_000_000_000) is None


def test_microbatches_are_counted_one_by_one():
  split = "utils.serialize_num_microbatches.tokens_per_microbatch_per_replica"
  context, batch_dim = _context(
      _LONG, "utils.run.batch_size = 512", f"{split} = 4096"
  )
  assert memory.sequences_at_once(context, batch_dim) == 32
  assert memory.note(context, batch_dim, 8_000_000_000) is None


def test_a_model_too_large_by_itself_is_told():
  context, batch_dim = _context("utils.run.batch_size = 4")
  assert "Even one sequence" in memory.note(context, batch_dim, 600_000_000)


def test_this_machine_has_memory():
  assert memory.physical_memory() > 1e8


def test_of_two_models_the_larger_needs_more():
  small, _ = _context()
  large, _ = _context("num_layers = 12")
  found = memory.bytes_per_sequence(large) / memory.bytes_per_sequence(small)
  assert found == pytest.approx(2, rel=0.3)
