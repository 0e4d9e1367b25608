"""A resident predictor: loads a model once, and answers many times.

>>> with Predictor("my_model") as predictor:  # doctest: +SKIP
...   predictor.predict(["translate English to German: Good morning."])
['Guten Morgen.']
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors, gin_config
from t5_mtf.models import (
    checkpoints,
    decode_options,
    decoding,
    gin_loading,
    resident,
    settings,
)
from t5_mtf.models import rows as rows_lib
from t5_mtf.models.decode_options import DecodeOptions
from t5_mtf.models.decoding import Decoded
from t5_mtf.models.training import OPERATIVE_CONFIG


class Predictor:
  """A checkpoint on one device, ready to answer; use it as a context manager.

  The parts of its graph are built at first use, for a few batch sizes and
  lengths: the first answer takes seconds, later ones of similar size and length
  only their computation.

  Attributes:
    checkpoint: path of the checkpoint.
    options: of decoding.
    settings: of the run.
  """

  def __init__(
      self,
      model_dir: str,
      checkpoint_step: int | str = "latest",
      decode: DecodeOptions | Mapping[str, Any] | None = None,
      batch_size: int = 32,
      gin_params: Sequence[str] = (),
      vocabulary: Any = None,
  ) -> None:
    """Loads a model, as its operative config describes it.

    gin's configuration is afterwards what it was before.

    Args:
      model_dir: holds checkpoints and `operative_config.gin`.
      checkpoint_step: a step, or "latest".
      decode: options, or those of them that differ from what the model's
        config binds.
      batch_size: most texts that are computed together.
      gin_params: further bindings, which win.
      vocabulary: None for the one of the config; else for inputs and targets.

    Raises:
      UserError: there is no config, or the options cannot be used.
      CheckpointError: there is no such checkpoint, or it does not fit.
    """
    config = os.path.join(model_dir, OPERATIVE_CONFIG)
    if isinstance(checkpoint_step, str) and checkpoint_step != "latest":
      raise errors.UserError(
          f"checkpoint_step is {checkpoint_step!r}, but a predictor has one"
          ' checkpoint: give its step, or "latest".'
      )
    [self.checkpoint] = checkpoints.select(model_dir, checkpoint_step)
    with gin_config.using(gin_config.snapshot()):
      gin_loading.load([config], gin_params)
      changes = {"vocabulary": vocabulary} if vocabulary else {}
      self.settings = settings.from_gin(
          model_dir,
          mode="infer",
          batch_size=batch_size,
          mesh_shape=[],
          mesh_devices=None,
          **changes,
      )
      self.options = _options(decode, self.settings)
      self._model = resident.ResidentModel(
          self.settings, self.checkpoint, self.options
      )
    self._model.load()

  def __enter__(self) -> Predictor:
    return self

  def __exit__(self, *unused: Any) -> None:
    self.close()

  def close(self) -> None:
    """Frees the model; it answers no more."""
    self._model.close()

  def predict(self, texts: Sequence[str]) -> list[str]:
    """Returns one answer to each text, in order."""
    return list(self.decode(texts).outputs)

  def decode(self, texts: Sequence[str], scores: bool = False) -> Decoded:
    """Answers texts, those of similar length together.

    Args:
      texts: with their task prefixes.
      scores: whether to score the answers; those of beam search, and where
        several are asked for, always are.

    Returns:
      All answers, in the order of the texts, and how many texts were cut.
    """
    encoded = decoding.encode(self.settings, _checked(texts))
    cut, truncated = rows_lib.cut(
        encoded, resident.inputs_length(self.settings)
    )
    found = self._model.decode(cut, scores or self.options.num_outputs > 1)
    return decoding.as_texts(found, self.settings.vocabulary[1], truncated)

  def score(self, inputs: Sequence[str], targets: Sequence[str]) -> list[float]:
    """Returns the log-likelihood of each target, given its input.

    It is the sum over the target's tokens, EOS included, of the natural
    logarithm of their probabilities. Texts are cut to the model's lengths.

    Raises:
      UserError: there are not as many inputs as targets.
    """
    if len(_checked(inputs)) != len(_checked(targets)):
      raise errors.UserError(
          f"there are {len(inputs)} inputs but {len(targets)} targets to score."
          " Give one input for each target."
      )
    lengths = self.settings.batch.sequence_length
    target_rows, _ = rows_lib.cut(
        rows_lib.encode(self.settings.vocabulary[1], targets),
        lengths["targets"],
    )
    input_rows, _ = rows_lib.cut(
        decoding.encode(self.settings, inputs),
        resident.inputs_length(self.settings),
    )
    return [s for s, _ in self._model.score(input_rows, target_rows)]


def _checked(texts: Sequence[str]) -> Sequence[str]:
  if isinstance(texts, str):
    raise errors.UserError(
        "one text was given where a list of texts is expected: write [text]."
    )
  return texts


def _options(
    decode: DecodeOptions | Mapping[str, Any] | None,
    run_settings: settings.RunSettings,
) -> DecodeOptions:
  targets_length = run_settings.batch.sequence_length["targets"]
  if isinstance(decode, DecodeOptions):
    return decode.with_max_length(targets_length)
  return decode_options.from_gin(
      targets_length, run_settings.model_type, decode
  )
