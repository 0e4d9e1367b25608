"""Scoring: how likely a model finds given targets."""

from __future__ import annotations

import dataclasses
import math

from t5_mtf import errors
from t5_mtf.models import estimator, hooks, rows
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
) -> Scores:
  """Scores rows of token ids.

  A language model (`lm`) reads the inputs before the targets, without EOS
  between, and scores only the targets, as published.

  Args:
    settings: of the run.
    inputs: rows that end in EOS, or None.
    targets: rows that end in EOS, as many.
    checkpoint: path of the checkpoint to score with.

  Returns:
    The scores, and how many rows had to be cut (their last token is kept).

  Raises:
    UserError: the model needs inputs and there are none, or the numbers of
      rows differ.
  """
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
  if inputs is not None and settings.model_type == "lm":
    joined = [
        [-i for i in prefix[:-1]] + list(row)
        for prefix, row in zip(inputs, targets, strict=True)
    ]
    inputs, targets = None, joined
  lengths = settings.batch.sequence_length
  features, cut = {}, {"inputs": 0}
  for name, given in (("inputs", inputs), ("targets", targets)):
    if given is not None:
      features[name], cut[name] = rows.cut(given, lengths[name])
  order = rows.longest_first(*features.values())
  found = [(0.0, 0)] * len(order)
  ordered = {name: [r[i] for i in order] for name, r in features.items()}
  answers = _predict(settings, ordered, checkpoint)
  for i, answer in zip(order, answers, strict=True):
    found[i] = answer
  return Scores(
      tuple(score for score, _ in found),
      tuple(count for _, count in found),
      cut["inputs"],
      cut["targets"],
  )


def _predict(
    settings: RunSettings, features: dict[str, rows.Rows], checkpoint: str
) -> list[tuple[float, int]]:
  """The score and the number of tokens of each row, in order."""
  count = len(features["targets"])
  if not count:
    return []
  report = StartReport()
  report.add("model", settings.model_type)
  report.add("devices", settings.mesh.description)
  report.add(
      "scoring",
      f"{count:,} targets, {settings.batch.sequences:,} a batch",
  )
  report.add("weights", f"all from {checkpoint}")
  predictions = estimator.make_estimator(settings, report).predict(
      lambda params: rows.batches(
          features, settings.batch.sequence_length, settings.batch.sequences
      ),
      checkpoint_path=checkpoint,
      hooks=[
          hooks.CheckpointFitsHook(checkpoint, settings.vocabulary),
          hooks.ReportHook(report),
      ],
  )
  return [
      (float(found["scores"]), int(found["tokens"]))
      for _, found in zip(range(count), predictions, strict=False)
  ]
