"""Decoding: texts in, texts out, with one checkpoint."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Sequence
from typing import Any

from t5_mtf.models import decode_options, estimator, hooks, resident
from t5_mtf.models import rows as rows_lib
from t5_mtf.models.decode_options import DecodeOptions
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport

_SECONDS_BETWEEN_LINES = 10.0


@dataclasses.dataclass(frozen=True)
class Answer:
  """One output of a model, as text.

  Attributes:
    text: the output.
    score: its log-likelihood given the input (natural logarithm, EOS
      included); None if it was not asked for.
  """

  text: str
  score: float | None = None


@dataclasses.dataclass(frozen=True)
class Decoded:
  """What a model answered.

  Attributes:
    outputs: one text for each input, in the order of the inputs.
    truncated_inputs: how many inputs were longer than the inputs length.
    every: for each input all its answers, the best of beam search first; they
      have scores if there are several, or if scores were asked for.
    unfinished_outputs: how many answers came to no end within the length limit.
  """

  outputs: tuple[str, ...]
  truncated_inputs: int
  every: tuple[tuple[Answer, ...], ...] = ()
  unfinished_outputs: int = 0


def decode_texts(
    settings: RunSettings, inputs: Sequence[str], checkpoint: str
) -> Decoded:
  """Decodes texts, with their task prefixes; see `decode`."""
  return decode(settings, encode(settings, inputs), checkpoint)


def encode(settings: RunSettings, texts: Sequence[str]) -> list[list[int]]:
  """Token ids of texts, as the model reads them: ended with EOS.

  A language model goes on behind its inputs, so those have no end.
  """
  encoded = rows_lib.encode(settings.vocabulary[0], texts)
  if settings.model_type == "lm":
    return [row[:-1] for row in encoded]
  return encoded


def decode(
    settings: RunSettings,
    inputs: rows_lib.Rows,
    checkpoint: str,
    reloadable: resident.Reloadable | None = None,
) -> Decoded:
  """Decodes rows of token ids that end in EOS, as gin configures it.

  Rows are decoded with others of similar length; answers are in the order of
  the inputs.

  Args:
    settings: of the run.
    inputs: the rows, without padding.
    checkpoint: path of the checkpoint to decode with.
    reloadable: a model that is kept between calls; None to load one for this.

  Returns:
    The answers, and how many inputs had to be cut (their EOS is kept).
  """
  options = options_of(settings)
  cut, truncated = rows_lib.cut(inputs, resident.inputs_length(settings))
  if not cut:
    return Decoded((), 0)
  report = _start_report(settings, len(cut), checkpoint)
  if settings.use_tpu:
    found = _decode_by_estimator(settings, cut, checkpoint, options, report)
  else:
    with contextlib.ExitStack() as stack:
      if reloadable is None:
        reloadable = stack.enter_context(resident.Reloadable(settings))
      if not reloadable.is_loaded:
        report.print()
      model = reloadable.model(checkpoint)
      found = model.decode(cut, options.num_outputs > 1, Progress("inputs"))
  return as_texts(found, settings.vocabulary[1], truncated)


def as_texts(
    found: Sequence[tuple[resident.Output, ...]],
    vocabulary: Any,
    truncated: int,
) -> Decoded:
  """The outputs of each row as texts."""
  every = tuple(
      tuple(Answer(vocabulary.decode(o.ids), o.score) for o in outputs)
      for outputs in found
  )
  return Decoded(
      outputs=tuple(answers[0].text if answers else "" for answers in every),
      truncated_inputs=truncated,
      every=every,
      unfinished_outputs=sum(
          not output.ended for outputs in found for output in outputs
      ),
  )


def options_of(settings: RunSettings) -> DecodeOptions:
  """The decoding options that gin binds for a run."""
  return decode_options.from_gin(
      settings.batch.sequence_length["targets"], settings.model_type
  )


def describe(settings: RunSettings) -> str:
  """The decoding options in a few words."""
  options = options_of(settings)
  own = settings.batch.sequence_length["targets"]
  if options.max_length < own:
    return (
        f"{options.describe()} (as bound; the task's targets have up to {own})"
    )
  return options.describe()


def _decode_by_estimator(
    settings: RunSettings,
    inputs: rows_lib.Rows,
    checkpoint: str,
    options: DecodeOptions,
    report: StartReport,
) -> list[tuple[resident.Output, ...]]:
  """Decodes where there must be a TPUEstimator: on a TPU.

  All batches have the shape of the settings' batch.
  """
  order = rows_lib.longest_first(inputs)
  repeats = options.num_outputs if options.is_sampling else 1
  ordered = [inputs[i] for i in order for _ in range(repeats)]
  lengths = {"inputs": resident.inputs_length(settings)}
  predictions = estimator.make_estimator(settings, report).predict(
      lambda params: rows_lib.batches(
          {"inputs": ordered}, lengths, settings.batch.sequences
      ),
      checkpoint_path=checkpoint,
      hooks=[hooks.ReportHook(report)],
  )
  found: list[tuple[resident.Output, ...]] = [()] * len(inputs)
  for n, (_, values) in enumerate(zip(ordered, predictions, strict=False)):
    found[order[n // repeats]] += resident.outputs_of_row(values, options)
  return found


def _start_report(
    settings: RunSettings, num_inputs: int, checkpoint: str
) -> StartReport:
  report = StartReport()
  report.add("model", settings.model_type)
  report.add("devices", settings.mesh.description)
  report.add(
      "batch",
      f"up to {settings.batch.sequences:,} sequences x"
      f" {resident.inputs_length(settings)} tokens, {num_inputs:,} inputs",
  )
  report.add("decoding", describe(settings))
  report.add("weights", f"all from {checkpoint}")
  return report


class Progress:
  """Says now and then how many rows are done."""

  def __init__(self, what: str) -> None:
    """Starts the clock.

    Args:
      what: the rows are, in the plural.
    """
    self._what = what
    self._started = self._said = time.monotonic()

  def __call__(self, done: int, total: int) -> None:
    """Is told that `done` of `total` rows are done."""
    now = time.monotonic()
    if done == total or now - self._said < _SECONDS_BETWEEN_LINES:
      return
    self._said = now
    left = (now - self._started) / max(done, 1) * (total - done)
    print(
        f"{done:,} of {total:,} {self._what} done, {left:,.0f}s left",
        file=sys.stderr,
        flush=True,
    )
