"""T5s of the three families, so small that a test can convert them."""

from __future__ import annotations

import pathlib

import numpy as np

from t5_mtf import data
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.convert import gin_model, mesh_checkpoint, names, tokenizer_files
from t5_mtf.convert.architecture import Architecture
from t5_mtf.tf_compat import tf

FAMILIES = ("T5 1.0", "T5 1.1", "mT5")


def architecture(family: str, rows: int = 3072) -> Architecture:
  """Two blocks on the one side, three on the other."""
  new = family != "T5 1.0"
  return Architecture(
      vocab_rows=rows,
      d_model=16,
      d_ff=24,
      d_kv=4,
      num_heads=2,
      encoder_layers=2,
      decoder_layers=3,
      gated=new,
      tied=not new,
      dropout_rate=0.0 if new else 0.1,
  )


def variables(model: Architecture, dtype: str = "float32") -> dict:
  """Random Mesh TF variables; norms are not all ones, so that they count."""
  random = np.random.RandomState(0)
  kind = tf.as_dtype(dtype).as_numpy_dtype
  return {
      pair.mesh: (
          random.uniform(0.5, 1.5, pair.mesh_shape)
          if pair.mesh.endswith("scale")
          else random.normal(0, 0.3, pair.mesh_shape)
      ).astype(kind)
      for pair in names.pairs(model)
  }


def vocabulary_file(family: str, folder: pathlib.Path) -> str:
  """The mini vocabulary; for mT5 with its sentinels in the file itself."""
  mini = data.get_mini_vocabulary()
  if family != "mT5":
    return mini.sentencepiece_model_file
  path = folder / "own_sentinels.model"
  path.write_bytes(mini._model_bytes)
  return str(path)


def write_model_dir(
    folder: pathlib.Path, family: str, dtype: str = "float32", step: int = 5
) -> str:
  """Writes a model directory with slots; loads its gin; returns the path."""
  model = architecture(family)
  folder.mkdir(exist_ok=True)
  arrays = variables(model, dtype)
  slots = {
      f"{name}_slot_v": np.ones(array.shape, "float32")
      for name, array in arrays.items()
  }
  path = mesh_checkpoint.write(str(folder), step, {**arrays, **slots})
  vocabulary = tokenizer_files.load(vocabulary_file(family, folder))
  (folder / "operative_config.gin").write_text(
      gin_model.write(
          model,
          dtype,
          vocabulary=(vocabulary_file(family, folder), vocabulary.extra_ids),
      )
  )
  load_gin(folder)
  return path


def load_gin(folder: pathlib.Path, *bindings: str) -> None:
  """Loads the operative config of a model directory."""
  t5_mesh_transformer.load_gin(
      [str(folder / "operative_config.gin")], list(bindings)
  )
