"""Peak memory and time of training steps on CPU meshes, against `t5_mtf plan`.

Each run trains a few steps in a process of its own, whose peak memory the
operating system tells (all of it: program, graph, variables, activations). The
plan is made of the same configuration.

  python benchmarks/plan_memory.py
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

_STEPS = 3
_SMALL = (
    "d_model = 512", "d_ff = 2048", "num_heads = 8", "d_kv = 64",
    "num_layers = 4", "dropout_rate = 0.1",
    "utils.run.sequence_length = {'inputs': 256, 'targets': 128}",
)
_WIDE = (
    "d_model = 1024", "d_ff = 4096", "num_heads = 16", "d_kv = 64",
    "num_layers = 6", "utils.run.batch_size = 2",
    "utils.run.sequence_length = {'inputs': 64, 'targets': 32}",
)
_GATED = (
    "d_model = 384", "d_ff = 1024", "num_heads = 6", "d_kv = 64",
    "num_layers = 7", "dropout_rate = 0.0", "utils.run.batch_size = 12",
    "DenseReluDense.activation = ['gelu', 'linear']",
    "utils.run.sequence_length = {'inputs': 192, 'targets': 96}",
)
_BASE = (
    "d_model = 768", "d_ff = 3072", "num_heads = 12", "d_kv = 64",
    "num_layers = 3", "dropout_rate = 0.1", "utils.run.batch_size = 8",
    "utils.run.sequence_length = {'inputs': 128, 'targets': 64}",
)
_LONG = (
    "d_model = 256", "d_ff = 1024", "num_heads = 4", "d_kv = 64",
    "num_layers = 8", "dropout_rate = 0.1", "utils.run.batch_size = 4",
    "utils.run.sequence_length = {'inputs': 512, 'targets': 128}",
)
_RECOMPUTED = "LayerStack.recompute_grads = True"
CASES = {
    "mini": ("cpu:1", "", ()),
    "small, 8 x (256 + 128)": ("cpu:1", "", (
        *_SMALL, "utils.run.batch_size = 8")),
    "the same, recomputed": ("cpu:1", "", (
        *_SMALL, "utils.run.batch_size = 8",
        _RECOMPUTED)),
    "the same, in 4 micro-batches": ("cpu:1", "", (
        *_SMALL, "utils.run.batch_size = 8",
        "utils.serialize_num_microbatches.tokens_per_microbatch_per_replica"
        " = 1024")),
    "the same, 2 devices": ("cpu:2", "batch:2", (
        *_SMALL, "utils.run.batch_size = 8")),
    "the same, split model": ("cpu:2", "model:2", (
        *_SMALL, "utils.run.batch_size = 8")),
    "the same, 2 x 2 devices": ("cpu:4", "batch:2,model:2", (
        *_SMALL, "utils.run.batch_size = 8")),
    "wide, few tokens": ("cpu:1", "", _WIDE),
    "wide, 2 devices": ("cpu:2", "model:2", _WIDE),
    "small, 16 x (256 + 128)": ("cpu:1", "", (
        *_SMALL, "utils.run.batch_size = 16")),
    "small, 16 x (256 + 128), recomputed": ("cpu:1", "", (
        *_SMALL, "utils.run.batch_size = 16",
        _RECOMPUTED)),
    "gated, 12 x (192 + 96)": ("cpu:1", "", _GATED),
    "gated, recomputed": ("cpu:1", "", (
        *_GATED, _RECOMPUTED)),
    "gated, 4 devices": ("cpu:4", "batch:4", _GATED),
    # The model of memory was adjusted on the cases above, not on these.
    "held out: base, 8 x (128 + 64)": ("cpu:1", "", _BASE),
    "held out: base, recomputed": ("cpu:1", "", (*_BASE, _RECOMPUTED)),
    "held out: long, 4 x (512 + 128)": ("cpu:1", "", _LONG),
    "held out: long, recomputed": ("cpu:1", "", (*_LONG, _RECOMPUTED)),
    "held out: long, recomputed, 2 devices": ("cpu:2", "batch:2", (
        *_LONG, _RECOMPUTED)),
}


def train(name: str) -> None:
  """Trains in this process; prints peak bytes and the median step's time."""
  from t5_mtf.cli import console, t5_mesh_transformer

  console.quiet_tensorflow()
  from t5_mtf.models import estimator, training_input
  from t5_mtf.models import settings as run_settings
  from t5_mtf.models.start_report import StartReport
  from t5_mtf.tf_compat import tf

  _, mesh, bindings = CASES[name]
  shape = [f"utils.run.mesh_shape = {mesh!r}"] if mesh else []
  t5_mesh_transformer.load_gin(["mini/pretraining.gin"], [*bindings, *shape])
  times: list[float] = []

  class Timer(tf.estimator.SessionRunHook):

    def after_run(self, run_context, run_values):
      del run_context, run_values
      times.append(time.perf_counter())

  with tempfile.TemporaryDirectory() as folder:
    settings = run_settings.from_gin(folder)
    made = estimator.make_estimator(settings, StartReport())
    made.train(lambda params: training_input.batches(settings),
               max_steps=_STEPS, hooks=[Timer()])
  gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
  print(json.dumps([peak, statistics.median(gaps)]))


def plan(name: str) -> None:
  """Prints planned bytes of all devices and the estimated time of a step."""
  from t5_mtf.cli import console

  console.quiet_tensorflow()
  from t5_mtf.models.planning import configured, estimate, hardware

  where, mesh, bindings = CASES[name]
  there = hardware.parse(where)
  configured.load_gin(["mini/pretraining.gin"], bindings, there)
  settings = configured.configured(there, mesh=mesh or None).settings
  made = estimate.make_plan(settings, there, with_recomputation=False)
  print(json.dumps([made.memory * there.devices, made.seconds[1]]))


def main() -> None:
  """Measures each case and prints a Markdown table."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--only", nargs=2, metavar=("train | plan", "CASE"))
  flags = parser.parse_args()
  if flags.only:
    {"train": train, "plan": plan}[flags.only[0]](flags.only[1])
    return
  print("| step | mesh | measured | planned | error | measured | estimated |")
  print("|---|---|---|---|---|---|---|", flush=True)
  for name, (_, mesh, _) in CASES.items():
    found = []
    for what in ("train", "plan"):
      run = subprocess.run(
          [sys.executable, os.path.abspath(__file__), "--only", what, name],
          capture_output=True, text=True, check=False,
      )
      if run.returncode:
        sys.exit(run.stderr)
      found.append(json.loads(run.stdout.splitlines()[-1]))
    (peak, took), (planned, estimated) = found
    print(f"| {name} | {mesh or 'one device'} | {peak / 1e9:.2f} GB |"
          f" {planned / 1e9:.2f} GB | {planned / peak - 1:+.0%} |"
          f" {took:.1f} s | {estimated:.1f} s |", flush=True)


if __name__ == "__main__":
  main()
