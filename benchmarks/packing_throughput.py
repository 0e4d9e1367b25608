"""Examples a second of the pre-training input: ours beside the published one.

Paragraphs of real text are tokenized with T5's vocabulary, corrupted in spans,
ended with EOS and packed in rows of 512 inputs and 114 targets. Both packages
read the same file in processes of their own, in turn; what is timed is the
iteration over the rows, after as many as are made ahead of their use. Prints
medians, ratios (of ours to each; above 1, ours is better) and the share of
inputs that is not padding. On a machine that does other work too, the CPU time
of the process says more than the rows a second. With --json all is printed as
JSON; each row holds one example, as span corruption makes them to fill rows.

  python benchmarks/packing_throughput.py --peer_python=PEER/bin/python

PEER is a virtual environment with the published `t5` and `seqio`. Its rows are
packed once as its Mesh TF models were fed (`mesh_tensorflow.transformer.
dataset`), and once by SeqIO's feature converter.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

LENGTHS = {"inputs": 512, "targets": 114}
_BATCH = 128
_REPEATS_OF_TEXT = 1000
# More than either package makes ahead of its use.
_WARM_UP = 6144


def ours(text: str, vocabulary: str) -> tuple[str, Any]:
  """Our version, and the dataset of packed rows of a text file."""
  import importlib.metadata

  import tensorflow as tf

  from t5_mtf import data
  from t5_mtf.data import feature_converters, preprocessors

  feature = data.Feature(data.SentencePieceVocabulary(vocabulary, 100))
  features = {"inputs": feature, "targets": feature}
  with data.map_seed_manager(1):
    dataset = _lines(tf, text)
    dataset = preprocessors.tokenize(dataset, features, copy_pretokenized=False)
    dataset = preprocessors.span_corruption(dataset, LENGTHS, features)
    dataset = preprocessors.append_eos_after_trim(dataset, features, LENGTHS)
  version = importlib.metadata.version("t5_mtf")
  return f"t5_mtf {version}", feature_converters.encoder_decoder(
      dataset, LENGTHS
  )


def published(text: str, vocabulary: str, packing: str) -> tuple[str, Any]:
  """The same of the published packages."""
  import importlib.metadata

  import tensorflow as tf
  from tensorflow.python.framework import ops, tensor_conversion_registry

  ops.register_tensor_conversion_function = (
      tensor_conversion_registry.register_tensor_conversion_function
  )
  import seqio
  from t5.data import preprocessors

  feature = seqio.Feature(seqio.SentencePieceVocabulary(vocabulary, 100))
  features = {"inputs": feature, "targets": feature}
  with seqio.map_seed_manager(1):
    dataset = _lines(tf, text)
    dataset = seqio.preprocessors.tokenize(
        dataset, features, copy_pretokenized=False
    )
    dataset = preprocessors.span_corruption(dataset, LENGTHS, features)
    dataset = seqio.preprocessors.append_eos_after_trim(
        dataset, features, LENGTHS
    )
  if packing == "seqio":
    converter = seqio.EncDecFeatureConverter(pack=True)
    dataset = converter(dataset, LENGTHS)
  else:
    from mesh_tensorflow.transformer import dataset as mesh_dataset

    dataset = mesh_dataset.pack_or_pad(
        dataset, LENGTHS, pack=True, feature_keys=list(LENGTHS), ensure_eos=True
    )
  versions = [f"t5 {importlib.metadata.version('t5')}"]
  package = "seqio" if packing == "seqio" else "mesh_tensorflow"
  versions.append(f"{package} {importlib.metadata.version(package)}")
  return ", ".join(versions), dataset


_PIPELINES: dict[str, Callable[[str, str], tuple[str, Any]]] = {
    "ours": ours,
    "mesh": lambda text, vocabulary: published(text, vocabulary, "mesh"),
    "seqio": lambda text, vocabulary: published(text, vocabulary, "seqio"),
}


def _lines(tf: Any, text: str) -> Any:
  return (
      tf.data.TextLineDataset(text)
      .repeat(_REPEATS_OF_TEXT)
      .map(lambda line: {"targets": line})
  )


def measure(which: str, text: str, vocabulary: str, rows: int) -> dict:
  """Reads rows in this process; returns rows a second, and what was run."""
  name, dataset = _PIPELINES[which](text, vocabulary)
  batches = iter(dataset.batch(_BATCH).prefetch(2))
  for _ in range(_WARM_UP // _BATCH):
    next(batches)
  start, cpu_start = time.perf_counter(), time.process_time()
  filled = 0
  for _ in range(rows // _BATCH):
    batch = next(batches)
    filled += int((batch[_INPUTS[which]] != 0).numpy().sum())
  seconds = time.perf_counter() - start
  cpu_seconds = time.process_time() - cpu_start
  return {
      "name": name,
      "rows_per_second": rows / seconds,
      "cpu_ms": 1000 * cpu_seconds / rows,
      "filled": filled / rows / LENGTHS["inputs"],
  }


_INPUTS = {"ours": "inputs", "mesh": "inputs", "seqio": "encoder_input_tokens"}


def write_text(path: str) -> None:
  """Writes the paragraphs of the embedded Austen and King James texts."""
  from t5_mtf.data.embedded import files

  with open(path, "w", encoding="utf-8") as f:
    for corpus in ("austen", "kjv"):
      for row in files.read_rows(corpus, "train"):
        f.write(row["text"] + "\n")


def _run(python: str, which: str, text: str, vocabulary: str, rows: int) -> Any:
  command = [python, __file__, f"--only={which}", f"--text={text}"]
  command += [f"--vocabulary={vocabulary}", f"--rows={rows}"]
  environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3")
  run = subprocess.run(
      command, capture_output=True, text=True, check=False, env=environment
  )
  if run.returncode:
    sys.exit(f"{' '.join(command)} failed:\n{run.stderr[-3000:]}")
  return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
  """Runs the pipelines in turn and prints the comparison."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--peer_python", help="Python with the published t5")
  parser.add_argument("--rows", type=int, default=12_288)
  parser.add_argument("--repeats", type=int, default=3)
  parser.add_argument("--json", action="store_true")
  parser.add_argument("--only", choices=sorted(_PIPELINES))
  parser.add_argument("--text")
  parser.add_argument("--vocabulary")
  flags = parser.parse_args()
  if flags.only:
    measured = measure(flags.only, flags.text, flags.vocabulary, flags.rows)
    print(json.dumps(measured))
    return
  from t5_mtf import data

  pythons = {"ours": sys.executable}
  if flags.peer_python:
    pythons |= dict.fromkeys(("mesh", "seqio"), flags.peer_python)
  found: dict[str, list[dict]] = {which: [] for which in pythons}
  with tempfile.TemporaryDirectory() as folder:
    text = str(pathlib.Path(folder) / "text.txt")
    write_text(text)
    vocabulary = data.get_default_vocabulary().sentencepiece_model_file
    for _ in range(flags.repeats):
      for which, python in pythons.items():
        found[which].append(_run(python, which, text, vocabulary, flags.rows))
  medians = {
      which: _medians(runs, found["ours"]) for which, runs in found.items()
  }
  if flags.json:
    print(json.dumps(_as_json(medians)))
  else:
    _print_table(medians)


def _medians(runs: list[dict], ours_runs: list[dict]) -> dict:
  """Medians of what was measured, and of the ratios of each turn."""
  pairs = list(zip(ours_runs, runs, strict=True))
  return {
      "name": runs[0]["name"],
      "filled": runs[0]["filled"],
      "rows_per_second": statistics.median(r["rows_per_second"] for r in runs),
      "cpu_ms": statistics.median(r["cpu_ms"] for r in runs),
      "faster": statistics.median(
          mine["rows_per_second"] / run["rows_per_second"]
          for mine, run in pairs
      ),
      "cheaper": statistics.median(
          run["cpu_ms"] / mine["cpu_ms"] for mine, run in pairs
      ),
  }


def _as_json(medians: dict[str, dict]) -> dict:
  """What is measured of each package, and the ratios of ours to each peer.

  Above 1, ours is better, of the CPU seconds too.
  """
  return {
      "packages": {
          of["name"]: {
              "examples_per_second": of["rows_per_second"],
              "cpu_seconds_per_1000_examples": of["cpu_ms"],
          }
          for of in medians.values()
      },
      "ratios": {
          of["name"]: {
              "examples_per_second": of["faster"],
              "cpu_seconds": of["cheaper"],
          }
          for which, of in medians.items()
          if which != "ours"
      },
  }


def _print_table(medians: dict[str, dict]) -> None:
  print(
      f"{'rows/s':>8} {'ratio':>6} {'CPU ms/row':>11} {'ratio':>6}"
      f" {'filled':>7}  (rows of 512 + 114 ids)"
  )
  for of in medians.values():
    print(
        f"{of['rows_per_second']:8.0f} {of['faster']:6.2f}"
        f" {of['cpu_ms']:11.2f} {of['cheaper']:6.2f}"
        f" {of['filled']:7.1%}  {of['name']}"
    )


if __name__ == "__main__":
  main()
