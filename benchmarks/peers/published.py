"""Runs a work with the published `t5`, in the environment it needs."""

from __future__ import annotations

import os
import tempfile
import time
from typing import Any

from work import VOCABULARY, Work, dataset, ids, packed, serve, timer

# Its gin files are for TPUs. bfloat16 activations are far slower on a CPU.
_BINDINGS = [
    "utils.get_variable_dtype.activation_dtype = 'float32'",
    "utils.get_variable_dtype.slice_dtype = 'float32'",
    "utils.get_variable_dtype.master_dtype = 'float32'",
]
_DECODING = {
    "greedy": [
        "Bitransformer.decode.beam_size = 1",
        "Bitransformer.decode.max_decode_length = 64",
        "Bitransformer.decode.temperature = 0.0",
    ],
    "beam": [
        "Bitransformer.decode.beam_size = 4",
        "Bitransformer.decode.alpha = 0.6",
        "Bitransformer.decode.max_decode_length = 64",
        "Bitransformer.decode.temperature = 0.0",
    ],
}


def measure(
    work: Work, batches: int, set_up: int, model: str
) -> dict[str, Any]:
  """Seconds of each batch, and what was decoded."""
  os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", NO_GCE_CHECK="true")
  from tensorflow.python.framework import ops, tensor_conversion_registry

  ops.register_tensor_conversion_function = (
      tensor_conversion_registry.register_tensor_conversion_function
  )
  import gin
  import t5.models
  import tensorflow as tf

  tf.compat.v1.disable_eager_execution()
  tf.compat.v1.logging.set_verbosity("ERROR")
  from mesh_tensorflow.transformer import utils

  for module in (utils, t5.models):
    folder = os.path.join(os.path.dirname(module.__file__), "gin")
    gin.add_config_file_search_path(folder)
  gin.parse_config_files_and_bindings(
      ["defaults.gin", work.gin_file],
      [*_BINDINGS, *_DECODING.get(work.kind, [])],
  )
  with tempfile.TemporaryDirectory() as empty:
    estimator = _estimator(work, model or empty)
    if work.kind == "train":
      times, outputs = _train(tf, estimator, work, batches), None
    else:
      times, outputs = _predict(tf, estimator, work, batches)
  return {"seconds": times[set_up:], "outputs": outputs, "version": _version()}


def _estimator(work: Work, folder: str) -> Any:
  import mesh_tensorflow as mtf
  import seqio
  from mesh_tensorflow.transformer import utils

  return utils.get_estimator(
      model_type="bitransformer",
      vocabulary=seqio.PassThroughVocabulary(VOCABULARY),
      mesh_shape=mtf.Shape([]),
      layout_rules=mtf.convert_to_layout_rules(""),
      model_dir=folder,
      batch_size=work.sequences,
      sequence_length={"inputs": work.inputs, "targets": work.targets},
      autostack=True,
      learning_rate_schedule=0.001,
      keep_checkpoint_max=1,
      save_checkpoints_steps=1_000_000,
      optimizer=mtf.optimize.AdafactorOptimizer,
      predict_fn=None,
      variable_filter=None,
      ensemble_inputs=None,
      use_tpu=None,
      tpu_job_name=None,
      iterations_per_loop=1,
      cluster=None,
      score_in_predict_mode=work.kind == "score",
  )


def _train(tf: Any, estimator: Any, work: Work, batches: int) -> list[float]:
  hook, times = timer(tf)
  estimator.train(
      lambda params: dataset(tf, packed(work, batches)),
      max_steps=batches,
      hooks=[hook],
  )
  return times


def _predict(
    tf: Any, estimator: Any, work: Work, batches: int
) -> tuple[list[float], list[Any]]:
  """Seconds between the batches; the outputs, or scores, of the last."""
  found, times = [], []
  rows = estimator.predict(lambda params: dataset(tf, ids(work, batches)))
  start = time.perf_counter()
  for n, row in enumerate(rows, 1):
    if n % work.sequences == 0:
      now = time.perf_counter()
      times.append(now - start)
      start = now
    found.append(row["scores" if work.kind == "score" else "outputs"].tolist())
  return times, found[-work.sequences :]


def _version() -> str:
  import importlib.metadata

  names = ("t5", "mesh-tensorflow", "tensorflow")
  return ", ".join(f"{n} {importlib.metadata.version(n)}" for n in names)


if __name__ == "__main__":
  serve(measure)
