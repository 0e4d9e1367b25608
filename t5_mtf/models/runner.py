"""Sends a run to the module that carries out its mode."""

from __future__ import annotations

from typing import Any

from t5_mtf.models import (
    evaluating,
    export,
    inference,
    score_files,
    training,
)
from t5_mtf.models.settings import RunSettings


def run(settings: RunSettings) -> Any:
  """Carries out a run; returns what its mode returns."""
  modes = {
      "train": training.train,
      "eval": evaluating.evaluate,
      "score_eval": evaluating.evaluate,
      "perplexity_eval": evaluating.evaluate,
      "infer": inference.infer,
      "score_from_dataset": score_files.score_from_dataset,
      "score_from_strings": score_files.score_from_strings,
      "export": export.export,
      "export_infer": export.export,
  }
  return modes[settings.mode](settings)
