"""Export of a checkpoint as a SavedModel: text in, text out.

The exported folder needs TensorFlow and tensorflow-text to be loaded, not this
package; `ask.py` is written beside it as an example client.
"""

from __future__ import annotations

import importlib.resources
import os
import shutil
from typing import Any

from t5_mtf import errors
from t5_mtf.models import checkpoints, estimator, predict_step
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import tf

CLIENT = "ask.py"


def export(settings: RunSettings) -> str:
  """Exports the chosen checkpoint.

  The signature `serving_default` takes `input`, a vector of up to
  `settings.batch.sequences` texts with their task prefixes, and gives `inputs`
  (what the model read of them) and `outputs`.

  Args:
    settings: of the run; `export_path` must be set.

  Returns:
    The folder of the SavedModel, `export_path/STEP`.

  Raises:
    UserError: no export path is given.
  """
  if not settings.export_path:
    raise errors.UserError(
        "export needs a folder to write to. Add"
        " --gin_param=\"utils.run.export_path = 'export'\"."
    )
  [path] = checkpoints.select(settings.model_dir, settings.checkpoint_step)
  target = os.path.join(
      settings.export_path, str(checkpoints.step_of(path))
  )
  if os.path.exists(target):
    print(
        f"{target} is there already: nothing exported. Remove it to export"
        " this step again.",
        flush=True,
    )
    return target
  made = estimator.make_estimator(settings, StartReport()).export_saved_model(
      settings.export_path,
      lambda: serving_input(settings),
      checkpoint_path=path,
  )
  os.rename(made.decode(), target)
  client = importlib.resources.files("t5_mtf.models") / "saved_model_client.py"
  with importlib.resources.as_file(client) as source:
    shutil.copy(source, os.path.join(target, CLIENT))
  print(
      f"exported step {checkpoints.step_of(path):,} to {target}: up to"
      f" {settings.batch.sequences} texts a request. Ask it:"
      f" python {os.path.join(target, CLIENT)} 'your text'",
      flush=True,
  )
  return target


def serving_input(settings: RunSettings) -> Any:
  """Tokenizes, cuts (keeping EOS) and pads texts, inside the graph.

  Returns:
    A ServingInputReceiver whose features are those of `predict_step`.
  """
  vocabulary = settings.vocabulary[0]
  length = settings.batch.sequence_length["inputs"]
  batch_size = settings.batch.sequences
  texts = tf.compat.v1.placeholder(tf.string, [None], name="input")
  count = tf.shape(texts)[0]
  fits = tf.debugging.assert_less_equal(
      count,
      batch_size,
      message=f"this model was exported for at most {batch_size} texts a"
      " request",
  )
  with tf.control_dependencies([fits]):
    padded = tf.pad(texts, [[0, batch_size - count]])
  ids = vocabulary.encode_tf(padded)[:, : length - 1]
  eos = tf.fill([batch_size, 1], vocabulary.eos_id)
  ids = tf.concat([ids, tf.cast(eos, ids.dtype)], axis=1)
  inputs = ids.to_tensor(shape=[batch_size, length])
  return tf.estimator.export.ServingInputReceiver(
      {"inputs": tf.cast(inputs, tf.int32), predict_step.EXAMPLES: count},
      texts,
  )
