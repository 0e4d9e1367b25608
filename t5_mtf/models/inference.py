"""The published mode `infer`: decodes files of texts, or a task's split.

`infer_model.decode_fn` says which: `decode_from_file` (the default),
`decode_from_files` or `decode_from_dataset`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

import gin

from t5_mtf import errors, gin_config
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoints, decoding, priming, resident
from t5_mtf.models.decoding import Decoded
from t5_mtf.models.settings import RunSettings

_PLACEHOLDER = "/path/to/"  # in the published files, to be replaced
ANSWERS = ".jsonl"  # beside an output: all answers with their scores
SETTINGS = ".json"  # beside an output: how it was made


@dataclasses.dataclass(frozen=True)
class _Job:
  """Texts to decode, and the file for the answers.

  Attributes:
    source: where the texts are from, for messages and the record.
    inputs: the texts.
    output: the file to write.
  """

  source: str
  inputs: tuple[str, ...]
  output: str

  def record(self, settings: RunSettings, checkpoint: str) -> dict[str, Any]:
    """What the answers depend on, and what is known before decoding."""
    text = "\n".join(self.inputs).encode("utf-8")
    return {
        "inputs_from": self.source,
        "inputs": len(self.inputs),
        "inputs_sha256": hashlib.sha256(text).hexdigest(),
        "checkpoint": os.path.basename(checkpoint),
        # The index has a checksum of every variable.
        "checkpoint_sha256": _sha256(f"{checkpoint}.index"),
        "decoding": decoding.options_of(settings).published(),
        "inputs_length": resident.inputs_length(settings),
    }


def infer(settings: RunSettings) -> list[str]:
  """Decodes what `infer_model.decode_fn` names with the chosen checkpoints.

  For files, gin's `decode_from_file.input_filename` and `output_filename` (or
  the lists of `decode_from_files`) are read, and `output_filename-STEP` is
  written: UTF-8, one line for each answer, so many lines for each input as
  outputs were asked for. `output_filename-STEP.json` says how it was made; with
  several outputs, `output_filename-STEP.jsonl` has them all with their scores.

  Returns:
    The paths of the answers.

  Raises:
    UserError: nothing to read is bound, a file is missing or empty, or an
      output is there already and was made in another way.
  """
  decode_fn = gin_config.bound("infer_model", "decode_fn")
  name = getattr(decode_fn, "__name__", "decode_from_file")
  if name == "decode_from_dataset":
    return priming.infer_dataset(settings)
  if name not in ("decode_from_file", "decode_from_files"):
    raise errors.UserError(
        f"infer_model.decode_fn is {name!r}, but decoding functions of one's"
        " own are not supported: bind @decode_from_file, @decode_from_files or"
        " @decode_from_dataset."
    )
  pairs = decode_from_files() if name == "decode_from_files" else _file_pair()
  options = decoding.options_of(settings)
  texts = {source: files.read_lines(source) for source, _ in pairs}
  jobs = [
      (path, _Job(source, tuple(texts[source]), f"{target}-{step}"))
      for path in checkpoints.select(
          settings.model_dir, settings.checkpoint_step
      )
      for step in [checkpoints.step_of(path)]
      for source, target in pairs
  ]
  pending = [
      (path, job)
      for path, job in jobs
      if not is_made(job.output, job.record(settings, path))
  ]
  for path, job in pending:
    decoded = decoding.decode_texts(settings, job.inputs, path)
    write(
        job.output,
        job.inputs,
        decoded,
        job.record(settings, path),
        options.num_outputs,
    )
    print(f"{job.output}: {summary(settings, decoded)}", flush=True)
  return [job.output for _, job in jobs]


def is_made(output: str, record: dict[str, Any]) -> bool:
  """Whether the output is there, made from the same.

  Raises:
    UserError: it is there, and was made from something else.
  """
  if not files.exists(output):
    return False
  if files.exists(output + SETTINGS):
    found = json.loads(files.read_text(output + SETTINGS))
    if {name: found.get(name) for name in record} == record:
      print(f"{output} is there already, from the same inputs, weights and"
            " options: nothing decoded.", flush=True)
      return True
  raise errors.UserError(
      f"{output} is there already, and is not from these inputs, weights and"
      " options. Nothing was overwritten: remove it, or give another output."
  )


def write(
    output: str,
    inputs: Sequence[str],
    decoded: Decoded,
    record: dict[str, Any],
    num_outputs: int,
) -> None:
  """Writes answers one a line, how they were made, and all with scores."""
  if num_outputs > 1:
    lines = [
        {
            "input": text,
            "outputs": [dataclasses.asdict(answer) for answer in answers],
        }
        for text, answers in zip(inputs, decoded.every, strict=True)
    ]
    files.write_atomically(
        output + ANSWERS,
        "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines),
    )
  made = {
      **record,
      "truncated_inputs": decoded.truncated_inputs,
      "unfinished_outputs": decoded.unfinished_outputs,
  }
  files.write_atomically(
      output + SETTINGS, json.dumps(made, indent=2, ensure_ascii=False) + "\n"
  )
  texts: list[str] = []
  for answers in decoded.every:
    found = [answer.text for answer in answers]
    texts += found + [""] * (num_outputs - len(found))
  files.write_lines(output, texts)


def summary(settings: RunSettings, decoded: Decoded) -> str:
  """How many inputs were decoded how, and what was cut."""
  text = f"{len(decoded.outputs):,} inputs decoded"
  text += f" ({decoding.describe(settings)})"
  if decoded.truncated_inputs:
    text += (
        f"; {decoded.truncated_inputs:,} of them were cut to"
        f" {resident.inputs_length(settings)} tokens"
    )
  if decoded.unfinished_outputs:
    text += f"; {decoded.unfinished_outputs:,} outputs end at the length limit"
  return text


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
  if not source or not target or f"{_PLACEHOLDER}inputs" in (source, target):
    raise errors.UserError(
        "infer needs a file to read and one to write. Add"
        " --gin_param=\"input_filename = 'in.txt'\""
        " --gin_param=\"output_filename = 'out.txt'\"."
    )
  return [(source, target)]


def _sha256(path: str) -> str:
  with files.open_file(path, "rb") as f:
    return hashlib.sha256(f.read()).hexdigest()
