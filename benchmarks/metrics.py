"""Seconds to score predictions: our metrics against the published functions.

Both score the same made-up predictions, in processes of their own, smaller sets
first; the import and a first call on ten examples are left out. "growth" is the
time for the largest set over that for the smallest, per example: 1 is linear.

  python benchmarks/metrics.py --peer_python=/path/to/venv/bin/python

The peer's environment needs the published `t5` (0.9.4) with its dependencies.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

_WORDS = [f"w{i}" for i in range(2000)]


def _text(rng: random.Random, words: int) -> str:
  return " ".join(rng.choices(_WORDS, k=words)) + " ."


def _near(rng: random.Random, text: str) -> str:
  return " ".join(w if rng.random() < 0.7 else "x" for w in text.split())


def _cases(
    metrics: Any, examples: int
) -> dict[str, tuple[Callable[..., Any], list[Any], list[Any]]]:
  """Returns each metric with its targets and its predictions or scores."""
  rng = random.Random(0)
  labels = [rng.randint(0, 1) for _ in range(examples)]
  guesses = [rng.choice([0, 1, label, -1]) for label in labels]
  numbers = [rng.random() for _ in range(examples)]
  answers = [_text(rng, 3) for _ in range(examples)]
  near_answers = [_near(rng, text) for text in answers]
  gold = [[text, "w1"] for text in answers]
  texts = [_text(rng, 20) for _ in range(examples)]
  near_texts = [_near(rng, text) for text in texts]
  grouped = [
      {"group": i // 4, "value": label} for i, label in enumerate(labels)
  ]
  values = [{"value": guess} for guess in guesses]
  spans = [{"context": text, "answers": [text]} for text in texts]
  choices = [((i // 2, i % 2), i % 4 < 2, 1.0, 5) for i in range(examples)]
  matthews = metrics.sklearn_metrics_wrapper("matthews_corrcoef")
  return {
      "accuracy": (metrics.accuracy, labels, guesses),
      "f1_score_with_invalid": (
          metrics.f1_score_with_invalid,
          labels,
          guesses,
      ),
      "mean_multiclass_f1": (metrics.mean_multiclass_f1(2), labels, guesses),
      "matthews_corrcoef": (matthews, labels, guesses),
      "pearson_corrcoef": (metrics.pearson_corrcoef, numbers, guesses),
      "spearman_corrcoef": (metrics.spearman_corrcoef, numbers, guesses),
      "sequence_accuracy": (metrics.sequence_accuracy, answers, near_answers),
      "mean_group_metric": (
          metrics.mean_group_metric(metrics.all_match),
          grouped,
          values,
      ),
      "deduplicate_metric": (
          metrics.deduplicate_metric(metrics.accuracy),
          grouped,
          values,
      ),
      "multirc_f1": (metrics.multirc_f1_over_all_answers, grouped, values),
      "auc": (metrics.auc, labels, numbers),
      "rank_classification": (metrics.rank_classification, choices, numbers),
      "squad": (metrics.squad, gold, near_answers),
      "trivia_qa": (metrics.trivia_qa, gold, near_answers),
      "coqa_f1": (metrics.coqa_f1, gold, near_answers),
      "span_squad": (metrics.span_squad, spans, ["start:2 end:4"] * examples),
      "edit_distance": (metrics.edit_distance, texts, near_texts),
      "bleu": (metrics.bleu, texts, near_texts),
      "rouge": (metrics.rouge, texts, near_texts),
  }


def _import_metrics(which: str) -> tuple[Any, str]:
  """Returns the metrics module and its package's name and version."""
  if which == "ours":
    import t5_mtf
    from t5_mtf.evaluation import metrics

    return metrics, f"t5_mtf {t5_mtf.__version__}"
  # Mesh TensorFlow looks for it where TensorFlow 2.15 no longer has it.
  from tensorflow.python.framework import ops, tensor_conversion_registry

  ops.register_tensor_conversion_function = (
      tensor_conversion_registry.register_tensor_conversion_function
  )
  t5 = importlib.import_module("t5")
  return importlib.import_module("t5.evaluation.metrics"), (
      f"t5 {t5.__version__}"
  )


def measure(which: str, sizes: Sequence[int], only: Sequence[str]) -> None:
  """Prints seconds by metric and size, and the version, as JSON."""
  metrics, version = _import_metrics(which)
  seconds: dict[str, dict[int, float]] = {}
  for size in sizes:
    warm = _cases(metrics, 10)
    for name, (fn, targets, predictions) in _cases(metrics, size).items():
      if only and name not in only:
        continue
      fn(*warm[name][1:])
      start = time.perf_counter()
      fn(targets, predictions)
      seconds.setdefault(name, {})[size] = time.perf_counter() - start
  print(json.dumps({"version": version, "seconds": seconds}))


def _run(python: str, which: str, flags: argparse.Namespace) -> dict[str, Any]:
  command = [python, __file__, f"--which={which}", "--sizes"]
  command += map(str, flags.sizes)
  command += ["--only", *flags.only]
  run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
  return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
  """Measures both and prints one row a metric."""
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  parser.add_argument("--peer_python", help="Python that has published t5")
  parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
  parser.add_argument(
      "--only", nargs="*", default=[], help="measure only these metrics"
  )
  parser.add_argument(
      "--which", choices=["ours", "published"], help=argparse.SUPPRESS
  )
  flags = parser.parse_args()
  flags.sizes.sort()
  if flags.which:
    measure(flags.which, flags.sizes, flags.only)
    return
  results = [_run(sys.executable, "ours", flags)]
  if flags.peer_python:
    results.append(_run(flags.peer_python, "published", flags))
  smallest, *_, largest = map(str, [flags.sizes[0], *flags.sizes])
  print(f"seconds for {int(largest):,} examples")
  versions = [result["version"] for result in results]
  print(f"{'metric':<22}" + "".join(f"{v:>14}{'growth':>8}" for v in versions)
        + ("   published/ours" if len(results) > 1 else ""))
  for name in results[0]["seconds"]:
    row = f"{name:<22}"
    for result in results:
      took = result["seconds"][name]
      growth = took[largest] / took[smallest] * int(smallest) / int(largest)
      row += f"{took[largest]:>14.3f}{growth:>8.2f}"
    if len(results) > 1:
      ours, theirs = (r["seconds"][name][largest] for r in results)
      row += f"{theirs / ours:>17.2f}"
    print(row)


if __name__ == "__main__":
  main()
