"""Scoring: how likely a model finds given targets."""

from __future__ import annotations

import contextlib
import dataclasses
import math

from t5_mtf import errors
from t5_mtf.models import estimator, hooks, resident, rows, score_step
from t5_mtf.models.decoding import Progress
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport


@dataclasses.dataclass(frozen=True)
class Scores:
  """The log-likelihoods of targets, in the order they were given.

  Attributes:
    log_likelihoods: for each target the sum over its tokens, EOS among them, of
      the natural logarithm of their probabilities.
    tokens: for each target how many tokens that were.
    truncated_inputs: how many inputs were longer than the inputs length.
    truncated_targets: how many targets were longer than the targets length.
  """

  log_likelihoods: tuple[float, ...]
  tokens: tuple[int, ...]
  truncated_inputs: int
  truncated_targets: int

  @property
  def means(self) -> list[float]:
    """The mean log-likelihood of a token, for each target."""
    pairs = zip(self.log_likelihoods, self.tokens, strict=True)
    return [score / max(count, 1) for score, count in pairs]

  @property
  def perplexities(self) -> list[float]:
    """exp(-mean) of each target; infinite where that is too large a number."""
    return [math.exp(-m) if m > -700 else math.inf for m in self.means]


def score(
    settings: RunSettings,
    inputs: rows.Rows | None,
    targets: rows.Rows,
    checkpoint: str,
    reloadable: resident.Reloadable | None = None,
) -> Scores:
  """Scores rows of token ids.

  A language model (`lm`) reads the inputs before the targets, without EOS
  between, and scores only the targets, as published.

  Args:
    settings: of the run.
    inputs: rows that end in EOS, or None.
    targets: rows that end in EOS, as many.
    checkpoint: path of the checkpoint to score with.
    reloadable: a model that is kept between calls; None to load one for this.

  Returns:
    The scores, and how many rows had to be cut (their last token is kept).

  Raises:
    UserError: the model needs inputs and there are none, or the numbers of
      rows differ.
    CheckpointError: the checkpoint is of another model.
  """
  _check(settings, inputs, targets)
  lengths = settings.batch.sequence_length
  targets, longer_targets = rows.cut(targets, lengths["targets"])
  longer_inputs = 0
  if inputs is not None:
    inputs, longer_inputs = rows.cut(inputs, resident.inputs_length(settings))
    if settings.model_type == "lm":
      inputs = [row[:-1] for row in inputs]
  found: list[tuple[float, int]] = []
  if targets and settings.use_tpu:
    found = _score_by_estimator(settings, inputs, targets, checkpoint)
  elif targets:
    with contextlib.ExitStack() as stack:
      if reloadable is None:
        reloadable = stack.enter_context(resident.Reloadable(settings))
      if not reloadable.is_loaded:
        _start_report(settings, len(targets), checkpoint).print()
      found = reloadable.model(checkpoint).score(
          inputs, targets, Progress("targets")
      )
  return Scores(
      tuple(score for score, _ in found),
      tuple(count for _, count in found),
      longer_inputs,
      longer_targets,
  )


def _check(
    settings: RunSettings, inputs: rows.Rows | None, targets: rows.Rows
) -> None:
  if inputs is not None and len(inputs) != len(targets):
    raise errors.UserError(
        f"there are {len(inputs):,} inputs but {len(targets):,} targets to"
        " score. Give one input for each target."
    )
  if inputs is None and settings.model_type != "lm":
    raise errors.UserError(
        f"a {settings.model_type} scores targets given inputs, but there are"
        " no inputs. Give one for each target; it may be empty."
    )


def _start_report(
    settings: RunSettings, count: int, checkpoint: str
) -> StartReport:
  report = StartReport()
  report.add("model", settings.model_type)
  report.add("devices", settings.mesh.description)
  report.add(
      "scoring",
      f"{count:,} targets, up to {settings.batch.sequences:,} a batch",
  )
  report.add("weights", f"all from {checkpoint}")
  return report


def _score_by_estimator(
    settings: RunSettings,
    inputs: rows.Rows | None,
    targets: rows.Rows,
    checkpoint: str,
) -> list[tuple[float, int]]:
  """Scores where there must be a TPUEstimator: on a TPU.

  All batches have the shape of the settings' batch.
  """
  features = {"targets": targets}
  if inputs is not None and settings.model_type == "lm":
    joined = score_step.behind_inputs(inputs, targets)
    length = settings.batch.sequence_length["targets"]
    features["targets"], _ = rows.cut(joined, length)
  elif inputs is not None:
    features["inputs"] = inputs
  order = rows.longest_first(*features.values())
  ordered = {name: [r[i] for i in order] for name, r in features.items()}
  report = _start_report(settings, len(targets), checkpoint)
  predictions = estimator.make_estimator(settings, report).predict(
      lambda params: rows.batches(
          ordered, settings.batch.sequence_length, settings.batch.sequences
      ),
      checkpoint_path=checkpoint,
      hooks=[
          hooks.CheckpointFitsHook(checkpoint, settings.vocabulary),
          hooks.ReportHook(report),
      ],
  )
  found = [(0.0, 0)] * len(order)
  for i, values in zip(order, predictions, strict=False):
    found[i] = float(values["scores"]), int(values["tokens"])
  return found
