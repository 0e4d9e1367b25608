"""The speed of this package beside its peers, on this machine.

Training, decoding and scoring, starting, and the input pipeline: each in a
process of its own, with the packages in turn; a ratio is the median of those of
the repeats. Nothing else should run meanwhile; it takes 25 minutes a repeat.

  python benchmarks/peers --published=T5/bin/python \
    --hugging_face=HF/bin/python

T5 is a virtual environment with the published `t5`, HF one with transformers
and PyTorch. Writes the table into docs/speed.md, and what was measured to
results/speed.json. With --check nothing is written: it fails if a ratio is less
than 0.85 of the one in results/speed.json.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import table
from comparisons import (
    COMPARISONS,
    HOW,
    OURS,
    PACKING,
    PROGRAMS,
    PUBLISHED,
    STARTING,
    Comparison,
)
from work import T5_1_1_SMALL, T5_SMALL

_HERE = pathlib.Path(__file__).parent
_ROOT = _HERE.parent.parent
_SET_UP = 2  # batches that are left out


def main() -> None:
  """Measures, and writes or checks."""
  flags = _flags()
  pythons = {name: flags.hugging_face for name in PROGRAMS}
  pythons.update({OURS: sys.executable, PUBLISHED: flags.published})
  runs = table.Runs()
  with tempfile.TemporaryDirectory() as name:
    models = _make_models(pathlib.Path(name), flags.hugging_face)
    for repeat in range(flags.repeats):
      for comparison in COMPARISONS:
        if flags.only in comparison.name:
          outputs: dict[str, Any] = {}
          for package in (OURS, *comparison.goals):
            found = _run(pythons[package], package, comparison, models)
            outputs[package] = found.pop("outputs", None)
            found["outputs_as_ours"] = _near(outputs[package], outputs[OURS])
            runs.add(comparison.name, package, found)
            print(f"{repeat + 1}: {table.brief(comparison, package, found)}",
                  flush=True)  # fmt: skip
      for subject, package, found in _programs(flags):
        runs.add(subject, package, found)
  rows = table.rows(runs)
  print("\n".join(table.lines(rows)))
  if flags.check:
    sys.exit(table.check(rows, _ROOT / "results/speed.json"))
  table.write(rows, runs, _ROOT)


def _flags() -> argparse.Namespace:
  parser = argparse.ArgumentParser(
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  add = parser.add_argument
  add("--published", required=True, help="Python with the published t5")
  add("--hugging_face", required=True, help="Python with transformers")
  add("--repeats", type=int, default=3)
  add("--only", default="", help="what the names of the rows have in them")
  add("--check", action="store_true", help="compare with the recorded ratios")
  return parser.parse_args()


def _make_models(folder: pathlib.Path, python: str) -> dict[str, list[str]]:
  """For each gin file, Hugging Face's random model and the same as ours."""
  models = {}
  for gin_file in (T5_SMALL, T5_1_1_SMALL):
    theirs = folder / f"{gin_file.replace('/', '_')}.hugging_face"
    ours = folder / f"{gin_file.replace('/', '_')}.ours"
    subprocess.run(
        [python, str(_HERE / "random_model.py"), gin_file, str(theirs)],
        check=True,
        capture_output=True,
    )
    command = ["from-hf", f"--input={theirs}", f"--output={ours}"]
    program = "from t5_mtf.cli import t5_mtf; t5_mtf.main()"
    subprocess.run(
        [sys.executable, "-c", program, "convert", *command, "--vocabulary=t5"],
        check=True,
        capture_output=True,
    )
    models[gin_file] = [str(ours), str(theirs)]
  return models


def _run(
    python: str,
    package: str,
    comparison: Comparison,
    models: dict[str, list[str]],
) -> dict[str, Any]:
  """Runs one comparison with one package."""
  work = comparison.work
  ours, theirs = models[work.gin_file]
  is_mesh_tf = package in (OURS, PUBLISHED)
  model = ours if is_mesh_tf else theirs
  if is_mesh_tf and work.kind == "train":
    model = ""  # which starts at random
  asked = {
      "work": vars(work),
      "batches": comparison.batches,
      "set_up": _SET_UP,
      "model": model,
      "how": HOW.get(package, {}),
  }
  return _json_of([python, str(_HERE / PROGRAMS[package]), json.dumps(asked)])


def _near(outputs: Any, ours: Any) -> bool:
  """Whether ids are equal, or log-likelihoods to a thousandth."""
  if isinstance(outputs, list) and isinstance(outputs[0], float):
    pairs = zip(outputs, ours, strict=True)
    return all(math.isclose(a, b, rel_tol=1e-3) for a, b in pairs)
  return outputs == ours


def _programs(
    flags: argparse.Namespace,
) -> Iterator[tuple[str, str, dict[str, Any]]]:
  """Runs the benchmarks that are programs of their own."""
  once = [f"--peer_python={flags.published}", "--repeats=1", "--json"]
  if flags.only in STARTING:
    program = str(_ROOT / "benchmarks/startup.py")
    found = _json_of([sys.executable, program, *once])
    for case, packages in found["cases"].items():
      for package, values in packages.items():
        yield f"{STARTING}: {case}", package, values
  if flags.only in PACKING:
    program = str(_ROOT / "benchmarks/packing_throughput.py")
    found = _json_of([sys.executable, program, *once])
    seconds = {
        name: {"seconds": 1 / values["examples_per_second"], "version": name}
        for name, values in found["packages"].items()
    }
    [ours] = [name for name in seconds if name.startswith("t5_mtf")]
    for name in [name for name in seconds if name != ours]:
      # The published code has two of them, of different packages.
      subject = f"{PACKING}, by {name.split(', ')[-1]}"
      yield subject, OURS, seconds[ours]
      yield subject, PUBLISHED, seconds[name]


def _json_of(command: list[str]) -> dict[str, Any]:
  """The last line that a command prints."""
  run = subprocess.run(command, capture_output=True, text=True, check=False)
  if run.returncode:
    sys.exit(f"{command} failed:\n{run.stdout[-1000:]}\n{run.stderr[-3000:]}")
  return json.loads(run.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
  main()
