"""Decoding: texts in, texts out, with one checkpoint."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from typing import Any

import gin

from t5_mtf import errors, gin_config
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoints, estimator, hooks
from t5_mtf.models.predict_step import decode_options
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import tf


@dataclasses.dataclass(frozen=True)
class Decoded:
  """What a model answered.

  Attributes:
    outputs: one text for each input, in the order of the inputs.
    truncated_inputs: how many inputs were longer than the inputs length.
  """

  outputs: tuple[str, ...]
  truncated_inputs: int


def decode_texts(
    settings: RunSettings, inputs: Sequence[str], checkpoint: str
) -> Decoded:
  """Decodes texts, with their task prefixes; see `decode`."""
  vocabulary = settings.vocabulary[0]
  rows = [list(vocabulary.encode(t)) + [vocabulary.eos_id] for t in inputs]
  return decode(settings, rows, checkpoint)


def decode(
    settings: RunSettings, inputs: Sequence[Sequence[int]], checkpoint: str
) -> Decoded:
  """Decodes rows of token ids that end in EOS.

  Rows are decoded with others of similar length; answers are in the order of
  the inputs.

  Args:
    settings: of the run.
    inputs: the rows, without padding.
    checkpoint: path of the checkpoint to decode with.

  Returns:
    The answers, and how many inputs had to be cut (their EOS is kept).
  """
  length = settings.batch.sequence_length["inputs"]
  truncated = sum(len(row) > length for row in inputs)
  rows = [
      list(row) if len(row) <= length else [*row[: length - 1], row[-1]]
      for row in inputs
  ]
  order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
  outputs = [""] * len(rows)
  vocabulary = settings.vocabulary[1]
  answers = _predict(settings, [rows[i] for i in order], checkpoint)
  for i, ids in zip(order, answers, strict=True):
    outputs[i] = vocabulary.decode(ids)
  return Decoded(tuple(outputs), truncated)


def _predict(
    settings: RunSettings, rows: Sequence[list[int]], checkpoint: str
) -> Iterator[list[int]]:
  """Yields the output ids of each row, in order."""
  if not rows:
    return
  length = settings.batch.sequence_length["inputs"]
  batch_size = settings.batch.sequences

  def input_fn(params: Any) -> Any:
    del params
    full = [*rows, *([[]] * (-len(rows) % batch_size))]
    padded = [row + [0] * (length - len(row)) for row in full]
    dataset = tf.data.Dataset.from_tensor_slices({"inputs": padded})
    return dataset.batch(batch_size, drop_remainder=True)

  report = _start_report(settings, len(rows), checkpoint)
  predictions = estimator.make_estimator(settings, report).predict(
      input_fn,
      checkpoint_path=checkpoint,
      hooks=[hooks.ReportHook(report)],
  )
  for _, prediction in zip(rows, predictions, strict=False):
    yield [int(i) for i in prediction["outputs"]]


def _start_report(
    settings: RunSettings, num_inputs: int, checkpoint: str
) -> StartReport:
  report = StartReport()
  report.add("model", settings.model_type)
  report.add("devices", settings.mesh.description)
  report.add(
      "batch",
      f"{settings.batch.sequences:,} sequences x"
      f" {settings.batch.sequence_length['inputs']} tokens,"
      f" {num_inputs:,} inputs",
  )
  report.add("decoding", describe(settings))
  report.add("weights", f"all from {checkpoint}")
  return report


def infer(settings: RunSettings) -> list[str]:
  """The published mode `infer`: decodes a file of inputs, one a line.

  Reads gin's `decode_from_file.input_filename` and `output_filename` (or the
  lists of `decode_from_files`); writes `output_filename-STEP`, UTF-8, one line
  for each input line.

  Returns:
    The paths written, one for each checkpoint.

  Raises:
    UserError: the input file is not bound, missing or empty.
  """
  decode_fn = gin_config.bound("infer_model", "decode_fn")
  several = getattr(decode_fn, "__name__", "") == decode_from_files.__name__
  pairs = decode_from_files() if several else _file_pair()
  texts = {source: read_lines(source) for source, _ in pairs}
  written = []
  for path in checkpoints.select(settings.model_dir, settings.checkpoint_step):
    for source, target in pairs:
      output = f"{target}-{checkpoints.step_of(path)}"
      decoded = decode_texts(settings, texts[source], path)
      write_lines(output, decoded.outputs)
      written.append(output)
      print(
          f"{len(texts[source]):,} inputs decoded to {output}"
          f" ({describe(settings)})"
      )
      if decoded.truncated_inputs:
        print(
            f"{decoded.truncated_inputs:,} of them were cut to"
            f" {settings.batch.sequence_length['inputs']} tokens"
        )
  return written


@gin.configurable(module="mesh_tensorflow.transformer.utils")
def decode_from_files(
    input_filenames: Sequence[str] = (), output_filenames: Sequence[str] = ()
) -> list[tuple[str, str]]:
  """Returns the (input, output) files that `infer_multi_file.gin` binds.

  Raises:
    UserError: the lists are empty or differ in length.
  """
  if not input_filenames or len(input_filenames) != len(output_filenames):
    raise errors.UserError(
        f"decode_from_files has {len(input_filenames)} input_filenames and"
        f" {len(output_filenames)} output_filenames. Bind as many of the one as"
        " of the other."
    )
  return list(zip(input_filenames, output_filenames, strict=True))


def _file_pair() -> list[tuple[str, str]]:
  source = gin_config.bound("decode_from_file", "input_filename")
  target = gin_config.bound("decode_from_file", "output_filename")
  if not source or not target or "/path/to/inputs" in (source, target):
    raise errors.UserError(
        "infer needs a file to read and one to write. Add"
        " --gin_param=\"input_filename = 'in.txt'\""
        " --gin_param=\"output_filename = 'out.txt'\"."
    )
  return [(source, target)]


def describe(settings: RunSettings) -> str:
  """The decoding settings in a few words."""
  options = decode_options(settings.batch.sequence_length["targets"])
  if options["beam_size"] > 1:
    how = f"beam {options['beam_size']}, alpha {options['alpha']}"
  elif options["temperature"]:
    how = f"sampled at temperature {options['temperature']}"
  else:
    how = "greedy"
  return f"{how}, up to {options['max_decode_length']} tokens"


def read_lines(path: str) -> list[str]:
  """Reads a file of UTF-8 lines.

  Raises:
    UserError: it is missing, empty, or not UTF-8 (the line is named).
  """
  if not os.path.isfile(path):
    raise errors.UserError(f"input file {path!r} was not found.")
  lines = []
  with open(path, "rb") as f:
    for number, line in enumerate(f, 1):
      try:
        lines.append(line.decode("utf-8").rstrip("\r\n"))
      except UnicodeDecodeError as error:
        raise errors.DataError(f"{path}:{number} is not UTF-8.") from error
  if not lines:
    raise errors.UserError(f"input file {path!r} is empty.")
  return lines


def write_lines(path: str, lines: Sequence[str]) -> None:
  """Writes UTF-8 lines; a line break inside a text is written as a space."""
  files.write_atomically(
      path, "".join(" ".join(line.splitlines()) + "\n" for line in lines)
  )
