"""Lowers the published sizes for TPU slices, as far as that goes without a TPU.

For each size and slice the training, scoring and decoding graphs are lowered
through Mesh TF's `SimdMeshImpl` on a topology made by hand, each pair in a
process of its own. Prints a Markdown table: bytes of variables on a core, what
the lowering counts as communication, and whether `t5_mtf plan` counts the same.
Takes about half an hour, and 3 GB of memory.

  python benchmarks/tpu_lowering.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys

PAIRS = (  # size, slice, cores that share a model (None: the published number)
    ("small", "v3-8", None),
    ("base", "v3-32", None),
    ("large", "v3-64", None),
    ("3B", "v3-256", None),
    ("11B", "v3-8", 8),
    ("11B", "v3-1024", None),
)
_HEAD = ("model", "slice", "mesh", "step", "operations", "seconds",
         "variables a core", "communication, numbers over all cores",
         "plan counts the same")


def lower(size: str, name: str, model_parallelism: int | None) -> None:
  """Lowers one pair in this process; prints its rows."""
  from t5_mtf.cli import console

  console.quiet_tensorflow()
  from t5_mtf.models import layouts
  from t5_mtf.models.planning import (
      configured,
      hardware,
      proof,
      published,
      tpu_lowering,
  )
  from t5_mtf.models.planning.hardware import gigabytes

  there = hardware.parse(name)
  bindings = list(published.BINDINGS)
  if model_parallelism:
    bindings.append(
        f"utils.tpu_mesh_shape.model_parallelism = {model_parallelism}"
    )
  configured.load_gin(published.gin_files(size), bindings, there)
  settings = configured.configured(there).settings
  for step in tpu_lowering.STEPS:
    lowered = tpu_lowering.lower(settings, step)
    totals: dict[str, int] = {}
    for key, count in lowered.communication().items():
      kind = key.split("/")[0]
      totals[kind] = totals.get(kind, 0) + count
    same = ""
    if step == "train":
      differences = proof.compare(settings, lowered)
      same = "yes" if not differences else f"no: {differences[0]}"
    cells = (
        size,
        name,
        layouts.named(settings.mesh.shape),
        step,
        f"{lowered.operations:,}",
        f"{lowered.seconds:,.0f}",
        gigabytes(lowered.variable_bytes),
        ", ".join(f"{k} {n:.3g}" for k, n in sorted(totals.items())) or "none",
        same,
    )
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
  """Lowers all pairs, one after the other."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--only", nargs=3, metavar=("SIZE", "SLICE", "CORES"))
  flags = parser.parse_args()
  if flags.only:
    size, name, cores = flags.only
    lower(size, name, int(cores) or None)
    return
  print(f"| {' | '.join(_HEAD)} |\n|{'---|' * len(_HEAD)}", flush=True)
  for size, name, cores in PAIRS:
    subprocess.run(
        [sys.executable, __file__, "--only", size, name, str(cores or 0)],
        check=True,
    )


if __name__ == "__main__":
  main()
