"""The stream of training batches, continued where a checkpoint left it.

The stream is a pure function of its seed. Each checkpoint `model.ckpt-STEP` has
a file `input_position-STEP` beside it: the state of the input pipeline, shuffle
buffers included, as `tf.data` saves it. Training continues from there at once.
Where there is no such file, or it belongs to another stream, the batches that
were trained on are read again and left out, which gives the same stream.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from t5_mtf import data, gin_config
from t5_mtf.data import mapping
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoints, seeds
from t5_mtf.models.settings import RunSettings
from t5_mtf.tf_compat import tf

_FEATURES = tuple(
    feature + suffix
    for feature in ("inputs", "targets")
    for suffix in ("", "_segmentation", "_position")
)
_PREFIX = "input_position-"


def batches(settings: RunSettings, skipped: Any = 0) -> Any:
  """Returns the stream of batches as a dataset.

  Args:
    settings: of the run.
    skipped: how many batches to leave out at the start.

  Returns:
    A dataset of dicts of int32 [sequences, length] features.
  """
  dataset = settings.train_dataset_fn(
      sequence_length=settings.batch.sequence_length,
      vocabulary=settings.vocabulary,
      dataset_split=settings.dataset_split,
  )
  dataset = dataset.map(
      mapping.unconverted(
          lambda ex: {k: v for k, v in ex.items() if k in _FEATURES}
      )
  )
  dataset = dataset.batch(settings.batch.sequences, drop_remainder=True)
  return dataset.skip(skipped).prefetch(tf.data.AUTOTUNE)


class TrainingInput:
  """The batches of a run from one step on.

  Attributes:
    hook: a session hook that brings the stream to its position.
    listener: saves the position with every checkpoint.
  """

  def __init__(
      self, settings: RunSettings, step: int, batches_before: int
  ) -> None:
    """Initializes the stream.

    Args:
      settings: of the run.
      step: the step of the checkpoint that training continues from.
      batches_before: how many batches were trained on before it.
    """
    self._settings = settings
    self._step = step
    self._batches_before = batches_before
    self.hook = _StartHook(self)
    self.listener = _SaveListener(self)

  def input_fn(self, params: Any) -> Any:
    """Builds the pipeline in the current graph.

    Returns:
      The features of the next batch: int32 [sequences, length] tensors. On a
      TPU, the dataset of them, because the TPU's own loop reads it.
    """
    del params
    self._skipped = tf.compat.v1.placeholder_with_default(
        tf.constant(self._batches_before, tf.int64), []
    )
    if self._settings.use_tpu:
      self._iterator = None
      return batches(self._settings, self._batches_before)
    self._iterator = tf.compat.v1.data.make_initializable_iterator(
        batches(self._settings, self._skipped)
    )
    # Stateful are only the tokenizers, whose tables are constant, and Python
    # generators, which refuse to be saved whatever the policy.
    saveable = tf.data.experimental.make_saveable_from_iterator(
        self._iterator, external_state_policy="ignore"
    )
    self._saver = tf.compat.v1.train.Saver([saveable], max_to_keep=None)
    return self._iterator.get_next()

  def start(self, session: Any) -> None:
    """Brings the stream to its position."""
    if self._iterator is None:
      return
    reason = self._restore(session)
    if reason is None:
      return
    if self._batches_before:
      print(
          f"reading past the {self._batches_before:,} batches that were trained"
          f" on: {reason}",
          flush=True,
      )
    session.run(self._iterator.initializer)

  def _restore(self, session: Any) -> str | None:
    """Restores the position; returns the reason if that was not possible."""
    path = self._path(self._step)
    if not tf.io.gfile.exists(path + ".json"):
      return "their position in the data was not saved"
    with tf.io.gfile.GFile(path + ".json") as f:
      saved = json.load(f)
    for key, value in self._description().items():
      if saved.get(key) != value:
        return f"{key} was {saved.get(key)!r} and is {value!r} now"
    session.run(self._iterator.initializer, {self._skipped: 0})
    try:
      self._saver.restore(session, path)
    except (tf.errors.OpError, ValueError) as error:
      return f"their position cannot be restored ({_first_line(error)})"
    return None

  def save(self, session: Any, step: int) -> None:
    """Writes the position that goes with the checkpoint of `step`."""
    if self._iterator is None:
      return
    path = self._path(step)
    try:
      self._saver.save(
          session, path, write_meta_graph=False, write_state=False
      )
    except tf.errors.OpError as error:
      print(
          "the position in the data cannot be saved, so continuing this run"
          f" will read it from the start ({_first_line(error)})",
          flush=True,
      )
      self._iterator = None
      return
    files.write_atomically(path + ".json", json.dumps(self._description()))
    self._remove_stale(step)

  def _remove_stale(self, step: int) -> None:
    """Removes the positions whose checkpoints are gone."""
    folder = self._settings.model_dir
    there = checkpoints.list_checkpoints(folder)
    kept = {step, *map(checkpoints.step_of, there)}
    for name in tf.io.gfile.listdir(folder):
      number = name.removeprefix(_PREFIX).split(".")[0]
      if name.startswith(_PREFIX) and number.isdigit():
        if int(number) not in kept:
          tf.io.gfile.remove(os.path.join(folder, name))

  def _path(self, step: int) -> str:
    return os.path.join(self._settings.model_dir, f"{_PREFIX}{step}")

  def _description(self) -> Mapping[str, Any]:
    """What must not change if a saved position is to mean the same batch."""
    bound = {
        name: gin_config.bound("mesh_train_dataset_fn", name)
        for name in (
            "mixture_or_task_name",
            "seed",
            "pack",
            "shuffle",
            "use_cached",
        )
    }
    if bound["seed"] is None and seeds.current() != seeds.DEFAULT_SEED:
      bound["seed"] = seeds.current()
    name, split = bound["mixture_or_task_name"], self._settings.dataset_split
    return {
        **bound,
        "split": split,
        "examples": name
        and data.get_mixture_or_task(name).num_input_examples(split),
        "sequence_length": dict(self._settings.batch.sequence_length),
        "sequences": self._settings.batch.sequences,
    }


class _StartHook(tf.estimator.SessionRunHook):
  """Starts the stream once the session stands."""

  def __init__(self, stream: TrainingInput) -> None:
    self._stream = stream

  def after_create_session(self, session: Any, coord: Any) -> None:
    del coord
    self._stream.start(session)


class _SaveListener(tf.estimator.CheckpointSaverListener):
  """Saves the position before each checkpoint, so that none lacks it."""

  def __init__(self, stream: TrainingInput) -> None:
    self._stream = stream

  def before_save(self, session: Any, global_step_value: int) -> None:
    self._stream.save(session, int(global_step_value))


def _first_line(error: Exception) -> str:
  return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
