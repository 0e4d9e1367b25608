"""Logits of a Hugging Face folder, by Transformers; run as a program.

Usage: PYTHON peer_logits.py FOLDER IDS.npz LOGITS.npy

PYTHON is one that has Transformers and PyTorch, which usually stand in an
environment of their own; of this package it needs nothing.
"""

from __future__ import annotations

import importlib
import os
import sys


def main(folder: str, ids_path: str, logits_path: str) -> None:
  """Writes float32 logits [batch, targets length, vocab]; prints a version."""
  import numpy as np

  os.environ["HF_HUB_OFFLINE"] = "1"
  # No requirements of this package, so not imported by statement.
  torch = importlib.import_module("torch")
  transformers = importlib.import_module("transformers")

  transformers.utils.logging.disable_progress_bar()
  with np.load(ids_path) as ids:
    inputs = torch.from_numpy(ids["inputs"]).long()
    targets = torch.from_numpy(ids["targets"]).long()
  shifted = torch.zeros_like(targets)
  shifted[:, 1:] = targets[:, :-1]
  model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder)
  model = model.eval().float()
  with torch.no_grad():
    logits = model(
        input_ids=inputs,
        attention_mask=(inputs != 0).long(),
        decoder_input_ids=shifted,
    ).logits
  np.save(logits_path, logits.numpy())
  print(f"transformers {transformers.__version__}")


if __name__ == "__main__":
  main(*sys.argv[1:])
