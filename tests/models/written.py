"""Checkpoints for tests, written without a model."""

from __future__ import annotations

import numpy as np

from t5_mtf.models import checkpoint_rewriting


def checkpoint(folder, step: int, **values) -> str:
  """Writes `model.ckpt-STEP` with variables of these names; returns its path.

  `__` stands for `/` in names. A tuple is a shape, filled with the step.
  """
  arrays = {
      name.replace("__", "/"): np.full(value, step, np.float32)
      if isinstance(value, tuple)
      else value
      for name, value in values.items()
  }
  arrays["global_step"] = np.int64(step)
  path = f"{folder}/model.ckpt-{step}"
  checkpoint_rewriting.write_checkpoint(
      path, ((n, lambda a=a: np.asarray(a)) for n, a in sorted(arrays.items()))
  )
  return path
