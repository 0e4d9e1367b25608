"""Seconds to the first training step, and to a first answer, of both commands.

`t5_mesh_transformer` of this package and of the published `t5` train the same
model by one step on the same file of pairs, and decode one line (greedily, up
to 64 tokens) from the checkpoint they have just written; each in a process of
its own, in turn. Timed is from the start of the command to the line that says
that the first step was taken, and to the end of decoding. Prints medians and
ratios (published by ours; above 1, ours is faster), or with --json medians
alone. On a machine that does other work too, the CPU time of the process says
more than the seconds.

  python benchmarks/startup.py --peer_python=PEER/bin/python --repeats=3

PEER is a virtual environment with the published `t5`.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from t5_mtf import gin_config

MODELS = {"mini": "models/mini.gin", "small": "models/bi_v1_small.gin"}
# After the first step ours shows its progress, the published one saves.
_FIRST_STEP = re.compile(r"step 1 of|listeners before saving checkpoint 1\b")

_TASK = """\
import functools
{imports}

feature = data.Feature(data.SentencePieceVocabulary({vocabulary!r}, 100))
data.TaskRegistry.add(
    "startup",
    source=data.TextLineDataSource({{"train": {pairs!r}}}),
    preprocessors=[t5_preprocessors.parse_tsv, preprocessors.tokenize,
                   preprocessors.append_eos],
    output_features={{"inputs": feature, "targets": feature}},
    metric_fns=[],
)
"""
_IMPORTS = {
    "ours": (
        "from t5_mtf import data\nfrom t5_mtf.data import preprocessors\n"
        "t5_preprocessors = preprocessors"
    ),
    "published": (
        "import seqio as data\nfrom seqio import preprocessors\n"
        "from t5.data import preprocessors as t5_preprocessors"
    ),
}
# The alias is what Mesh TF 0.1.21 needs on TensorFlow 2.15.
_PROGRAMS = {
    "ours": (
        "import sys; from t5_mtf.cli import t5_mesh_transformer as command;"
        " sys.exit(command.main(sys.argv[1:]))"
    ),
    "published": (
        "from tensorflow.python.framework import ops,"
        " tensor_conversion_registry as registry;"
        " ops.register_tensor_conversion_function ="
        " registry.register_tensor_conversion_function;"
        " from t5.models import mesh_transformer_main as command;"
        " command.console_entry_point()"
    ),
}


def measure(
    python: str, which: str, arguments: list[str], until: re.Pattern | None
) -> tuple[float, float]:
  """Runs a command to its end.

  Args:
    python: the interpreter.
    which: "ours" or "published".
    arguments: of the command.
    until: the line of output that ends the time; None for the end.

  Returns:
    Seconds, and seconds of CPU, from the start to that line.
  """
  start = time.perf_counter()
  process = subprocess.Popen(
      [python, "-c", _PROGRAMS[which], *arguments],
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      text=True,
      env=dict(os.environ, PYTHONUNBUFFERED="1", NO_GCE_CHECK="true"),
      cwd=os.path.dirname(_value_of(arguments, "--model_dir")),
  )
  lines, found = [], None
  for line in process.stdout:
    lines.append(line)
    if until and not found and until.search(line):
      found = time.perf_counter() - start, _cpu_seconds(process.pid)
  _, status, usage = os.wait4(process.pid, 0)
  if status or (until and not found):
    sys.exit(f"{which} {arguments} failed:\n{''.join(lines)[-3000:]}")
  whole = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
  return found or whole


def _value_of(arguments: list[str], flag: str) -> str:
  [value] = [a.split("=", 1)[1] for a in arguments if a.startswith(flag)]
  return value


def _cpu_seconds(process: int) -> float:
  with open(f"/proc/{process}/stat", encoding="utf-8") as f:
    fields = f.read().rpartition(")")[2].split()
  return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _arguments(folder: pathlib.Path, gin_file: str) -> dict[str, list[str]]:
  """The arguments of each subject, for both commands."""
  model_dir = folder / "model"
  bindings = {
      "MIXTURE_NAME": "startup",
      "utils.run.sequence_length": {"inputs": 64, "targets": 64},
      "utils.run.batch_size": ("sequences_per_batch", 8),
      "utils.run.mesh_shape": "model:1,batch:1",
      "utils.run.layout_rules": "batch:batch",
      "utils.run.mesh_devices": ["cpu:0"],
      "utils.get_variable_dtype.master_dtype": "float32",
      "serialize_num_microbatches.tokens_per_microbatch_per_replica": None,
      "utils.run.train_steps": 1,
  }
  greedy = {
      "Bitransformer.decode.beam_size": 1,
      "Bitransformer.decode.temperature": 0.0,
  }
  decode = {
      "input_filename": str(folder / "line.txt"),
      "output_filename": str(folder / "answer.txt"),
      "infer_checkpoint_step": 1,
  }

  def flags(files: list[str], bound: dict) -> list[str]:
    return [
        "--module_import=startup_task",
        f"--model_dir={model_dir}",
        *(f"--gin_file={name}" for name in files),
        *(f"--gin_param={k} = {v!r}" for k, v in bound.items()),
    ]

  files = ["dataset.gin", gin_file]
  return {
      "first step": flags(files, bindings),
      "one answer": flags(
          [*files, "infer.gin"], {**bindings, **decode, **greedy}
      ),
  }


def _prepare(folder: pathlib.Path, which: str) -> None:
  from t5_mtf import data

  vocabulary = data.get_default_vocabulary().sentencepiece_model_file
  pairs = folder / "pairs.tsv"
  pairs.write_text("".join(f"{n} and {n}\t{2 * n}\n" for n in range(1, 1000)))
  (folder / "line.txt").write_text("3 and 3\n")
  (folder / "startup_task.py").write_text(
      _TASK.format(
          imports=_IMPORTS[which], vocabulary=vocabulary, pairs=str(pairs)
      )
  )


def main() -> None:
  """Runs the two in turn and prints the table."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--peer_python", help="Python with the published t5")
  parser.add_argument("--models", default="mini,small")
  parser.add_argument("--repeats", type=int, default=3)
  parser.add_argument("--json", action="store_true")
  flags = parser.parse_args()
  pythons = {"ours": sys.executable}
  if flags.peer_python:
    pythons["published"] = flags.peer_python
  cases: dict[str, dict[str, list[tuple[float, float]]]] = {}
  for model in flags.models.split(","):
    gin_file = os.path.join(gin_config.GIN_DIRECTORY, MODELS[model])
    for _ in range(flags.repeats):
      for which, python in pythons.items():
        for subject, seconds in _measure_all(which, python, gin_file).items():
          case = cases.setdefault(f"{model} {subject}", {})
          case.setdefault(which, []).append(seconds)
  if flags.json:
    medians = {
        case: {which: _medians(runs) for which, runs in found.items()}
        for case, found in cases.items()
    }
    print(json.dumps({"cases": medians}))
  else:
    _print_table(cases)


def _measure_all(
    which: str, python: str, gin_file: str
) -> dict[str, tuple[float, float]]:
  """(seconds, seconds of CPU) of each subject, in a folder of their own."""
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    _prepare(folder, which)
    return {
        subject: measure(
            python,
            which,
            arguments,
            _FIRST_STEP if subject == "first step" else None,
        )
        for subject, arguments in _arguments(folder, gin_file).items()
    }


def _medians(runs: list[tuple[float, float]]) -> dict[str, float]:
  seconds, cpu = map(statistics.median, zip(*runs, strict=True))
  return {"seconds": round(seconds, 2), "cpu": round(cpu, 2)}


def _print_table(
    cases: dict[str, dict[str, list[tuple[float, float]]]],
) -> None:
  print(f"{'':<28} {'s':>7} {'ratio':>6} {'CPU s':>7} {'ratio':>6}")
  for case, found in cases.items():
    for which, runs in found.items():
      columns = []
      for i in (0, 1):
        ratio = statistics.median(
            run[i] / our[i]
            for run, our in zip(runs, found["ours"], strict=True)
        )
        median = statistics.median(run[i] for run in runs)
        columns.append(f"{median:7.1f} {ratio:6.2f}")
      print(f"{case:<17} {which:<10} {' '.join(columns)}")


if __name__ == "__main__":
  main()
