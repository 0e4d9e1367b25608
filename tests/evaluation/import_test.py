"""What importing t5_mtf.evaluation must not bring in."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("tensorflow", "scipy", "sklearn", "sacrebleu", "rouge_score", "nltk",
         "matplotlib", "t5_mtf.data", "t5_mtf.models")


def test_importing_every_module_loads_no_heavy_library() -> None:
  program = (
      "import importlib, pkgutil, sys\n"
      "from t5_mtf import evaluation\n"
      "for m in pkgutil.walk_packages(evaluation.__path__,"
      " 't5_mtf.evaluation.'): importlib.import_module(m.name)\n"
      f"print([m for m in {HEAVY} if m in sys.modules])\n"
  )
  run = subprocess.run(
      [sys.executable, "-c", program],
      capture_output=True,
      text=True,
      check=True,
      env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
  )
  assert run.stdout.strip() == "[]"
