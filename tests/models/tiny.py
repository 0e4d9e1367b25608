"""A model and a task so small that a test can train them."""

from __future__ import annotations

from collections.abc import Sequence

import gin
import numpy as np

from t5_mtf import gin_config
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.data import vocabularies
from t5_mtf.models import settings as run_settings
from t5_mtf.tf_compat import tf

LENGTHS = {"inputs": 8, "targets": 8}
BINDINGS = (
    "d_model = 16",
    "d_ff = 32",
    "num_layers = 1",
    "num_heads = 2",
    "d_kv = 8",
    "dropout_rate = 0.0",
    "utils.run.batch_size = 4",
    f"utils.run.sequence_length = {LENGTHS}",
    "utils.run.train_steps = 4",
    "utils.run.save_checkpoints_steps = 2",
    # Tests compare numbers, on any machine.
    "mixed_precision.enabled = False",
)


def load_gin(*bindings: str, gin_files: Sequence[str] = ()) -> None:
  """Loads the tiny model's configuration, and gin files over it."""
  t5_mesh_transformer.load_gin(
      [
          "models/bi_v1.gin",
          "learning_rate_schedules/constant_0_001.gin",
          *gin_files,
      ],
      [*BINDINGS, *bindings],
  )


def settings(
    model_dir, *bindings: str, gin_files: Sequence[str] = (), **changes
) -> run_settings.RunSettings:
  """Returns settings that train the tiny model to copy random bytes."""
  load_gin(*bindings, gin_files=gin_files)
  vocabulary = vocabularies.ByteVocabulary()
  changes = {
      "vocabulary": (vocabulary, vocabulary),
      "train_dataset_fn": dataset_fn,
      **changes,
  }
  return run_settings.from_gin(str(model_dir), **changes)


def dataset_fn(sequence_length, vocabulary, dataset_split) -> tf.data.Dataset:
  """An endless stream of distinct rows; row i starts with the digits of i."""
  del vocabulary, dataset_split
  rows = np.random.RandomState(0).randint(3, 250, (100, 8)).astype("int32")
  assert sequence_length == LENGTHS
  return tf.data.Dataset.from_tensor_slices(
      {"inputs": rows, "targets": rows}
  ).repeat()


def clear_gin() -> None:
  """Forgets the configuration."""
  gin.clear_config()


__all__ = ["clear_gin", "dataset_fn", "gin_config", "load_gin", "settings"]
