"""Runs a work with this package."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import statistics
import tempfile
from typing import Any

from work import (
    VOCABULARY,
    Work,
    dataset,
    ids,
    packed,
    peak_memory,
    serve,
    timed,
    timer,
)


def measure(
    work: Work, batches: int, set_up: int, model: str
) -> dict[str, Any]:
  """Seconds of each batch, and what was decoded.

  Args:
    work: what to run.
    batches: how many.
    set_up: how many of them are left out.
    model: folder of the checkpoint, for all but training.
  """
  from t5_mtf.cli import console, t5_mesh_transformer

  console.quiet_tensorflow()

  lengths = {"inputs": work.inputs, "targets": work.targets}
  t5_mesh_transformer.load_gin(
      [
          "dataset.gin",
          work.gin_file,
          "learning_rate_schedules/constant_0_001.gin",
      ],
      [
          "MIXTURE_NAME = 'unused'",
          f"utils.run.sequence_length = {lengths}",
          f"utils.run.batch_size = ('sequences_per_batch', {work.sequences})",
      ],
  )
  with tempfile.TemporaryDirectory() as empty:
    if work.kind == "train":
      found = _train(_settings(empty, "train"), work, batches, set_up)
    else:
      found = _answer(_settings(model, "infer"), work, batches, set_up)
  names = ("t5_mtf", "tensorflow")
  versions = [f"{n} {importlib.metadata.version(n)}" for n in names]
  return {"version": ", ".join(versions), **found}


def _settings(folder: str, mode: str) -> Any:
  from t5_mtf import data
  from t5_mtf.models import settings

  vocabulary = data.PassThroughVocabulary(size=VOCABULARY)
  return settings.from_gin(
      folder, mode=mode, vocabulary=(vocabulary, vocabulary)
  )


def _train(
    settings: Any, work: Work, batches: int, set_up: int
) -> dict[str, Any]:
  """Trains under the estimator of the command."""
  from t5_mtf.models import estimator
  from t5_mtf.models.planning import step_costs
  from t5_mtf.models.start_report import StartReport
  from t5_mtf.tf_compat import tf

  hook, times = timer(tf)
  settings = dataclasses.replace(
      settings,
      training=dataclasses.replace(
          settings.training, steps=batches, save_checkpoints_steps=1_000_000
      ),
  )
  estimator.make_estimator(settings, StartReport()).train(
      lambda params: dataset(tf, packed(work, batches)),
      max_steps=batches,
      hooks=[hook],
  )
  found = {"seconds": times[set_up:], "memory": peak_memory()}
  return {
      **found,
      "flops": step_costs.of_run(settings, on_tpu=False).flops,
      "bfloat16_speed": bfloat16_speed(),
  }


def bfloat16_speed(size: int = 2048, runs: int = 20) -> float:
  """FLOP/s of a bfloat16 matrix product on all cores."""
  from t5_mtf.tf_compat import tf

  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    held = tf.compat.v1.Variable(
        tf.cast(tf.random.normal([size, size]), tf.bfloat16), use_resource=True
    )
    # The product itself stays where it is: only an operation is run.
    product = tf.matmul(held, held).op
    session.run(held.initializer)
    seconds = timed(lambda unused: session.run(product), range(runs), 3)
  return 2 * size**3 / statistics.median(seconds)


def _answer(
    settings: Any, work: Work, batches: int, set_up: int
) -> dict[str, Any]:
  """Decodes, or scores, with a model that is kept in memory."""
  from t5_mtf.models import checkpoints, decode_options, resident

  options = decode_options.DecodeOptions(
      beam_size=4 if work.kind == "beam" else 1, max_length=work.targets
  )
  outputs: list[Any] = []
  [checkpoint] = checkpoints.select(settings.model_dir, "latest")
  with resident.ResidentModel(settings, checkpoint, options) as model:

    def step(batch: dict[str, Any]) -> None:
      inputs, targets = batch["inputs"].tolist(), batch["targets"].tolist()
      if work.kind == "score":
        outputs.append([score for score, _ in model.score(inputs, targets)])
      else:
        found = model.decode(inputs)
        outputs.append([list(best.ids) for best, *_ in found])

    seconds = timed(step, ids(work, batches), set_up)
  return {"seconds": seconds, "outputs": outputs[-1]}


if __name__ == "__main__":
  serve(measure)
