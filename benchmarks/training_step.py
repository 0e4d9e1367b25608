"""Steps a second of a training step: ours against Mesh TF's own estimator.

Both train the same model on the same data, in turn, in processes of their own;
the first steps (set-up) are left out. Prints the median of each and the ratio.

  python benchmarks/training_step.py --gin_file=mini/pretraining.gin
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

_SET_UP_STEPS = 10


def measure(which: str, gin_file: str, steps: int) -> float:
  """Trains in this process; returns the median seconds of a step."""
  from t5_mtf.cli import console, t5_mesh_transformer

  console.quiet_tensorflow()
  from t5_mtf.models import estimator, training_input
  from t5_mtf.models import settings as run_settings
  from t5_mtf.models.start_report import StartReport
  from t5_mtf.tf_compat import mtf_utils, tf

  bindings = []
  if which == "mesh_tf":
    bindings.append(
        "transformer.get_vocab_embedding_cls.cls = @transformer.VocabEmbedding"
    )
  t5_mesh_transformer.load_gin([gin_file], bindings)
  times: list[float] = []

  class Timer(tf.estimator.SessionRunHook):

    def after_run(self, run_context, run_values):
      del run_context, run_values
      times.append(time.perf_counter())

  with tempfile.TemporaryDirectory() as folder:
    settings = run_settings.from_gin(folder)
    if which == "ours":
      made = estimator.make_estimator(settings, StartReport())
    else:
      made = mtf_utils.get_estimator(
          model_type=settings.model_type,
          vocabulary=settings.vocabulary,
          mesh_shape=settings.mesh.shape,
          layout_rules=settings.mesh.layout,
          model_dir=folder,
          batch_size=settings.batch.sequences,
          sequence_length=settings.batch.sequence_length,
          autostack=True,
          learning_rate_schedule=settings.training.learning_rate_schedule,
          keep_checkpoint_max=1,
          save_checkpoints_steps=10_000,
          optimizer=settings.training.optimizer,
          predict_fn=None,
          variable_filter=None,
          ensemble_inputs=None,
          use_tpu=None,
          tpu_job_name=None,
          iterations_per_loop=1,
          cluster=None,
      )
    made.train(
        lambda params: training_input.batches(settings), max_steps=steps,
        hooks=[Timer()],
    )
  gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
  return statistics.median(gaps[_SET_UP_STEPS:])


def main() -> None:
  """Runs the two in turn and prints the comparison."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--gin_file", default="mini/pretraining.gin")
  parser.add_argument("--steps", type=int, default=60)
  parser.add_argument("--repeats", type=int, default=3)
  parser.add_argument("--only", choices=["ours", "mesh_tf"])
  flags = parser.parse_args()
  if flags.only:
    print(measure(flags.only, flags.gin_file, flags.steps))
    return
  seconds: dict[str, list[float]] = {"ours": [], "mesh_tf": []}
  for _ in range(flags.repeats):
    for which, found in seconds.items():
      run = subprocess.run(
          [
              sys.executable,
              __file__,
              f"--only={which}",
              f"--gin_file={flags.gin_file}",
              f"--steps={flags.steps}",
          ],
          capture_output=True,
          text=True,
          check=True,
      )
      found.append(float(run.stdout.split()[-1]))
  for which, found in seconds.items():
    print(f"{which:<8} {1 / statistics.median(found):6.2f} steps/s")
  ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
  print(f"ratio    {statistics.median(ratios):6.2f}")


if __name__ == "__main__":
  main()
