"""Our logits beside those of Transformers, for the same weights."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

from t5_mtf import errors
from t5_mtf.convert import logits

# Of the largest logit, or of 1 where that is larger: what the order of float32
# sums makes of equal weights.
TOLERANCE = 1e-4
_LENGTH = 144  # beyond the 128 from where on all distances are one bucket
_SEED = 0


@dataclasses.dataclass(frozen=True)
class Comparison:
  """How far two models are apart.

  Attributes:
    difference: the largest difference of two logits.
    largest: the largest logit, without its sign.
    count: how many logits were compared.
    peer: name and version of the other library.
  """

  difference: float
  largest: float
  count: int
  peer: str

  @property
  def equal(self) -> bool:
    """Whether the difference is within the tolerance."""
    return self.difference <= TOLERANCE * max(1.0, self.largest)

  def describe(self) -> str:
    """One line."""
    return (
        f"largest difference from {self.peer} {self.difference:.1e}, in"
        f" {self.count:,} logits up to {self.largest:.1f}"
    )


def find_peer(python: str | None = None) -> str | None:
  """Returns a Python that has Transformers: the one given, or the running one.

  Raises:
    UserError: the one given has not.
  """
  if python is None:
    found = all(map(importlib.util.find_spec, ("transformers", "torch")))
    return sys.executable if found else None
  program = (
      "import importlib.util as u, sys;"
      "sys.exit(not all(map(u.find_spec, ('transformers', 'torch'))))"
  )
  try:
    run = subprocess.run([python, "-c", program], check=False)
  except OSError as error:
    raise errors.UserError(
        f"--peer_python={python} cannot be run: {error.strerror}."
    ) from error
  if run.returncode:
    raise errors.UserError(
        f"--peer_python={python} has no Transformers and PyTorch. Install them"
        f" there: {python} -m pip install transformers torch."
    )
  return python


def compare(
    checkpoint: str, vocab_rows: int, dtype: str, hf_folder: str, python: str
) -> Comparison:
  """Computes logits of random ids with both.

  gin must be loaded with the configuration of the checkpoint.

  Args:
    checkpoint: path of our checkpoint.
    vocab_rows: rows of the embedding.
    dtype: of the weights in the Hugging Face folder.
    hf_folder: folder with the same weights, for Transformers.
    python: a Python that has Transformers.

  Raises:
    UserError: Transformers cannot load the folder; its words are shown.
  """
  import numpy as np

  inputs, targets = _random_ids(vocab_rows)
  ours = logits.teacher_forced(checkpoint, vocab_rows, dtype, inputs, targets)
  theirs, peer = _peer_logits(hf_folder, inputs, targets, python)
  real = targets != 0
  difference = np.abs(ours[real] - theirs[real])
  return Comparison(
      difference=float(difference.max()),
      largest=float(np.abs(theirs[real]).max()),
      count=difference.size,
      peer=peer,
  )


def _random_ids(vocab_rows: int) -> tuple[Any, Any]:
  """Inputs and targets: one row in full, and one with padding."""
  import numpy as np

  random = np.random.RandomState(_SEED)
  inputs, targets = random.randint(1, vocab_rows, (2, 2, _LENGTH), np.int32)
  inputs[1, _LENGTH // 3 :] = 0
  targets[1, _LENGTH // 2 :] = 0
  return inputs, targets


def _peer_logits(
    folder: str, inputs: Any, targets: Any, python: str
) -> tuple[Any, str]:
  import numpy as np

  script = pathlib.Path(__file__).with_name("peer_logits.py")
  with tempfile.TemporaryDirectory() as scratch:
    ids, found = (os.path.join(scratch, n) for n in ("ids.npz", "logits.npy"))
    np.savez(ids, inputs=inputs, targets=targets)
    run = subprocess.run(
        [python, str(script), folder, ids, found],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
      raise errors.UserError(
          f"Transformers cannot compute logits with {folder}:\n"
          + "\n".join(run.stderr.strip().splitlines()[-5:])
      )
    return np.load(found), run.stdout.strip().splitlines()[-1]
