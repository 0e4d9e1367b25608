"""Session hooks of a training run: progress, divergence, interruption."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from t5_mtf import errors, interrupts
from t5_mtf.models import initialization, progress
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import tf

LEARNING_RATE = "t5_mtf/learning_rate"  # graph collection
_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_LIVE_LINES = 0.5


class _StepHook(tf.estimator.SessionRunHook):
  """Base of hooks that look at the step, the loss and the learning rate."""

  def __init__(self, start_step: int) -> None:
    self._step = start_step

  def begin(self) -> None:
    losses = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.LOSSES)
    rates = tf.compat.v1.get_collection(LEARNING_RATE)
    self._fetches = {"step": tf.compat.v1.train.get_global_step()}
    self._fetches["loss"] = losses[-1]
    if rates:
      self._fetches["learning_rate"] = rates[-1]

  def before_run(self, run_context: Any) -> Any:
    return tf.estimator.SessionRunArgs(self._fetches)

  def _read(self, run_values: Any) -> tuple[int, float, float]:
    """Returns (step, loss, learning rate) of the step that just ended."""
    results = run_values.results
    # Within one run the step may be read before its update or after it.
    self._step = max(int(results["step"]), self._step + 1)
    rate = float(results.get("learning_rate", math.nan))
    return self._step, float(results["loss"]), rate


class BeginHook(tf.estimator.SessionRunHook):
  """Does something once the graph stands and is found right.

  Args:
    action: called before a session exists, so before anything is written.
  """

  def __init__(self, action: Callable[[], None]) -> None:
    self._action = action

  def begin(self) -> None:
    self._action()


class CheckpointFitsHook(BeginHook):
  """Checks that a checkpoint is of the graph's model, for modes that read.

  Args:
    path: the checkpoint, as for `estimator.predict(checkpoint_path=path)`.
    vocabulary: (inputs, targets) vocabularies, for the error.
  """

  def __init__(self, path: str, vocabulary: tuple[Any, Any]) -> None:
    super().__init__(
        lambda: initialization.check_same_model(
            path, initialization.Variables.of_graph(vocabulary=vocabulary)
        )
    )


class SaverHook(tf.estimator.CheckpointSaverHook):
  """Saves checkpoints, the first before the first step.

  TensorFlow's own also writes the graph as text (`graph.pbtxt`), which takes as
  long as building it and which nothing reads, and into the event file a second
  time. TensorBoard takes it from the event file, where it is since the file was
  opened; programs from the `.meta` file of a checkpoint.
  """

  def after_create_session(self, session: Any, coord: Any) -> None:
    del coord
    step = session.run(self._global_step_tensor)
    self._save(session, step)
    self._timer.update_last_triggered_step(step)


class ReportHook(tf.estimator.SessionRunHook):
  """Prints the start report once the session stands, before the first step."""

  def __init__(self, report: StartReport) -> None:
    self._report = report

  def after_create_session(self, session: Any, coord: Any) -> None:
    del session, coord
    self._report.print()


class ProgressHook(_StepHook):
  """Shows and records the progress of training.

  Args:
    model_dir: where `metrics.jsonl` and TensorBoard's events go.
    start_step: the step training starts from.
    last_step: the step it ends at.
    tokens_per_step: token positions of a step.
    every_n_steps: record each step that is a multiple of this.
  """

  def __init__(
      self,
      model_dir: str,
      start_step: int,
      last_step: int,
      tokens_per_step: int,
      every_n_steps: int,
  ) -> None:
    super().__init__(start_step)
    self._model_dir = model_dir
    self._start, self._last = start_step, last_step
    self._tokens_per_step = tokens_per_step
    self._every = every_n_steps
    self._line = progress.ProgressLine(last_step)
    self._timer = _StepTimer(start_step)
    self._record: progress.StepRecord | None = None
    self._recorded_step = self._shown_at = -1.0

  def begin(self) -> None:
    super().begin()
    self._file = progress.MetricsFile(self._model_dir, self._start)

  def after_create_session(self, session: Any, coord: Any) -> None:
    del session, coord
    self._writer = tf.compat.v1.summary.FileWriterCache.get(self._model_dir)
    self._timer.restart()

  def after_run(self, run_context: Any, run_values: Any) -> None:
    del run_context
    step, loss, rate = self._read(run_values)
    seconds = self._timer.tick(step)
    self._record = progress.StepRecord(
        step=step,
        loss=loss,
        learning_rate=rate,
        tokens_per_second=self._tokens_per_step / seconds,
        time=time.time(),
    )
    if step in (self._start + 1, self._last) or step % self._every == 0:
      self._write()
    pause = (
        _SECONDS_BETWEEN_LIVE_LINES
        if self._line.live
        else _SECONDS_BETWEEN_LINES
    )
    if step == self._last or time.monotonic() - self._shown_at > pause:
      is_first = step == self._start + 1
      self._line.show(self._record, None if is_first else seconds)
      self._shown_at = time.monotonic()

  def end(self, session: Any) -> None:
    del session
    if self._record and self._recorded_step != self._record.step:
      self._write()
    self._line.close()
    self._writer.flush()

  def _write(self) -> None:
    record = self._record
    assert record is not None
    self._recorded_step = record.step
    self._file.append(record)
    summary = tf.compat.v1.Summary()
    for tag in ("loss", "learning_rate", "tokens_per_second"):
      summary.value.add(tag=tag, simple_value=getattr(record, tag))
    self._writer.add_summary(summary, record.step)


class FiniteLossHook(_StepHook):
  """Stops at once, before a checkpoint is written, if the loss diverges."""

  def after_run(self, run_context: Any, run_values: Any) -> None:
    del run_context
    step, loss, rate = self._read(run_values)
    if not math.isfinite(loss):
      raise errors.TrainingDiverged(
          f"the loss is {loss} at step {step} (learning rate {rate:.3g})."
      )


class InterruptHook(interrupts.Interrupts, tf.estimator.SessionRunHook):
  """Ends training after the current step on SIGTERM or Ctrl-C, and saves."""

  def say_received(self, name: str) -> None:
    print(
        f"\n{name}: saving a checkpoint after this step (once more to stop"
        " without saving)",
        flush=True,
    )

  def after_run(self, run_context: Any, run_values: Any) -> None:
    del run_values
    if self.received is not None:
      run_context.request_stop()


class _StepTimer:
  """Seconds a step takes, as a moving average without the first step."""

  def __init__(self, step: int) -> None:
    self.step = step
    self._average = 0.0
    self._ticks = 0

  def restart(self) -> None:
    self._at = time.monotonic()

  def tick(self, step: int) -> float:
    now = time.monotonic()
    seconds = (now - self._at) / max(1, step - self.step)
    self._at, self.step = now, step
    self._ticks += 1
    weight = 1.0 if self._ticks <= 2 else 0.05
    self._average += weight * (seconds - self._average)
    return max(self._average, 1e-9)
