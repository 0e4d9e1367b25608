"""`t5_mtf submission`: files for the servers of GLUE and SuperGLUE."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import registered, terminal
from t5_mtf.evaluation import files

# File -> the tasks whose predictions it can be made of, the usual one first.
_GLUE = {
    "CoLA.tsv": ("glue_cola_v002",),
    "SST-2.tsv": ("glue_sst2_v002",),
    "MRPC.tsv": ("glue_mrpc_v002",),
    "STS-B.tsv": ("glue_stsb_v002",),
    "QQP.tsv": ("glue_qqp_v002",),
    "MNLI-m.tsv": ("glue_mnli_matched_v002",),
    "MNLI-mm.tsv": ("glue_mnli_mismatched_v002",),
    "QNLI.tsv": ("glue_qnli_v002",),
    "RTE.tsv": ("glue_rte_v002",),
    "WNLI.tsv": ("glue_wnli_v002_simple_eval", "glue_wnli_v002"),
    "AX.tsv": ("glue_ax_v002",),
}
_SUPER_GLUE = {
    "BoolQ.jsonl": "super_glue_boolq_v102{}",
    "CB.jsonl": "super_glue_cb_v102{}",
    "COPA.jsonl": "super_glue_copa_v102{}",
    "MultiRC.jsonl": "super_glue_multirc_v102{}",
    "ReCoRD.jsonl": "super_glue_record_v102{}",
    "RTE.jsonl": "super_glue_rte_v102{}",
    "WiC.jsonl": "super_glue_wic_v102{}",
    "WSC.jsonl": "super_glue_wsc_v102_simple{}_eval",
    "AX-b.jsonl": "super_glue_axb_v102{}",
    "AX-g.jsonl": "super_glue_axg_v102{}",
}
TASKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "glue": _GLUE,
    "super_glue": {
        file: (name.format(""), name.format("_1_sentinel"))
        for file, name in _SUPER_GLUE.items()
    },
}

_NO_NUMBER = -1.0  # what the postprocessor of STS-B gives for other text
_PREDICTIONS = "predictions"  # folder of a model's texts, in the output folder
_EXAMPLES = """\
examples:
  t5_mtf submission --benchmark=glue --predictions=my_model/test_eval \\
    --output=glue_submission
  t5_mtf submission --benchmark=super_glue --model_dir=my_model \\
    --output=super_glue_submission
  t5_mtf submission --benchmark=glue --check=glue_submission.zip
"""


@dataclasses.dataclass(frozen=True)
class Predictions:
  """The texts that a model gave for one task.

  Attributes:
    task: the task's registered name.
    step: the checkpoint's step.
    path: the file they were read from.
    texts: one an example, in the order of the evaluation.
    inputs: what the model was given; None where that is not recorded.
  """

  task: str
  step: int
  path: str
  texts: Sequence[str]
  inputs: Sequence[str] | None


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "submission",
      help="files for the servers of GLUE and SuperGLUE, made and checked",
      description=(
          "Makes the files that the server of a benchmark scores, and a zip of"
          " them, from the\ntexts that a model gave for the test sets; or"
          " checks a folder or zip of such files."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("--benchmark", required=True, metavar="NAME", help="glue or super_glue")
  add("--predictions", metavar="DIR", help="an evaluation's folder, with files"
      " TASK_STEP.jsonl or TASK_STEP_predictions")
  add("--model_dir", metavar="DIR", help="a model instead, which then answers"
      " the test sets; its texts are kept in OUTPUT/predictions")
  add("--output", metavar="DIR", help="where the files and the zip go")
  add("--check", metavar="PATH", help="check this folder or zip, and stop")
  add("--step", type=int, metavar="N", help="of the checkpoint (default: the"
      " latest that each task has)")
  add("--split", default="test", metavar="NAME",
      help="the split that was evaluated (default test)")
  add("--task", action="append", default=[], metavar="NAME", help="the task to"
      " use where there are several for a file, such as those with sentinels;"
      " may be repeated")
  add("--rows_in_order", action="store_true", help="the predictions are in the"
      " order of the server's own test file: number the rows, do not look up"
      " the data set")
  add("--overwrite", action="store_true", help="replace files that are there")
  add("--gin_param", action="append", default=[], metavar="'NAME = VALUE'",
      help="with --model_dir: a gin binding, such as 'utils.run.batch_size ="
      " 8'; may be repeated")
  registered.add_flags(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  from t5_mtf.evaluation import submissions

  wanted = submissions.formats(flags.benchmark)
  if flags.check:
    return _check(flags)
  _check_flags(flags)
  tasks = _chosen_tasks(flags)
  if flags.dry_run:
    rows = [[name, " or ".join(names)] for name, names in tasks.items()]
    print(terminal.table([["file", "task"], *rows], widest=80))
    return 0
  archive = os.path.join(flags.output, f"{flags.benchmark}.zip")
  _refuse_to_overwrite(flags, [*tasks, os.path.basename(archive)])
  registered.prepare(flags)
  folder, step = flags.predictions, flags.step
  if flags.model_dir:
    folder = os.path.join(flags.output, _PREDICTIONS)
    tasks = {name: names[:1] for name, names in tasks.items()}
    step = _decode(flags, [task for [task] in tasks.values()], folder)
  elif not os.path.isdir(folder):
    raise errors.UserError(f"--predictions: there is no folder {folder!r}.")
  found = {name: _find(folder, names, step) for name, names in tasks.items()}
  if not any(found.values()):
    names = [task for names in tasks.values() for task in names]
    raise errors.UserError(
        f"{folder!r} has no predictions of {names[0]}, nor of any other task of"
        f" {flags.benchmark}: no file such as {names[0]}_1000.jsonl or"
        f" {names[0]}_1000_predictions"
        + (f" of step {flags.step}." if flags.step is not None else ".")
    )
  built = [
      (file_format, predictions, _file(file_format, predictions, flags))
      for file_format in wanted
      if (predictions := found[file_format.name])
  ]
  submission = [file for _, _, file in built]
  submissions.write(flags.output, submission)
  print(_report(built))
  return _finish(flags, submission, archive)


def _check(flags: argparse.Namespace) -> int:
  from t5_mtf.evaluation import submission_checks

  if flags.dry_run:
    return 0
  faults = submission_checks.check(flags.check, flags.benchmark)
  for line in faults:
    print(line)
  if not faults:
    print(f"{flags.check}: as the server of {flags.benchmark} wants it")
  return 1 if faults else 0


def _check_flags(flags: argparse.Namespace) -> None:
  if bool(flags.predictions) == bool(flags.model_dir):
    raise errors.UserError(
        "give --predictions=DIR (texts that a model gave) or --model_dir=DIR (a"
        " model), and not both; or --check=PATH."
    )
  if not flags.output:
    raise errors.UserError(
        "--output is not given. Name the folder for the files, such as"
        f" --output={flags.benchmark}_submission."
    )
  if flags.gin_param and not flags.model_dir:
    raise errors.UserError("--gin_param is for use with --model_dir.")
  if flags.rows_in_order and flags.model_dir:
    raise errors.UserError(
        "--rows_in_order is for use with --predictions: a model reads the data"
        " set, which has the indices."
    )


def _chosen_tasks(flags: argparse.Namespace) -> dict[str, tuple[str, ...]]:
  """File -> the tasks that it can be made of; one where --task says so."""
  tasks = dict(TASKS[flags.benchmark])
  known = [task for names in tasks.values() for task in names]
  for task in flags.task:
    if task not in known:
      raise errors.unknown_name(f"task of {flags.benchmark}", task, known)
    tasks = {
        file: (task,) if task in names else names
        for file, names in tasks.items()
    }
  return tasks


def _refuse_to_overwrite(
    flags: argparse.Namespace, names: Sequence[str]
) -> None:
  there = [
      name
      for name in (*names, _PREDICTIONS if flags.model_dir else names[0])
      if os.path.exists(os.path.join(flags.output, name))
  ]
  if there and not flags.overwrite:
    raise errors.UserError(
        f"{flags.output!r} already has {there[0]}. Name another --output, or"
        " add --overwrite to replace what is there."
    )


def _find(
    folder: str, tasks: Sequence[str], step: int | None
) -> Predictions | None:
  """Reads the predictions of one of the tasks; None if there are none."""
  found = {task: _paths(folder, task) for task in tasks}
  found = {
      task: paths
      for task, paths in found.items()
      if paths and (step is None or step in paths)
  }
  if len(found) > 1:
    raise errors.UserError(
        f"{folder!r} has predictions of {' and of '.join(found)}. Say which are"
        f" meant: --task={next(iter(found))}."
    )
  for task, paths in found.items():
    chosen = max(paths) if step is None else step
    return _read(folder, task, chosen, paths[chosen])
  return None


def _paths(folder: str, task: str) -> dict[int, str]:
  """Step -> the file of its predictions; JSON lines, with the inputs, first."""
  pattern = re.compile(re.escape(task) + r"_(\d+)(\.jsonl|_predictions)")
  paths: dict[int, str] = {}
  for name in sorted(os.listdir(folder)):  # "." is before "_"
    match = pattern.fullmatch(name)
    path = os.path.join(folder, name)
    if match and (match[2] == "_predictions" or _is_decoded(path)):
      paths.setdefault(int(match[1]), path)
  return paths


def _is_decoded(path: str) -> bool:
  """Whether JSON lines have predictions; an evaluation may score targets."""
  with open(path, encoding="utf-8") as f:
    return '"prediction": ' in f.readline()


def _read(folder: str, task: str, step: int, path: str) -> Predictions:
  lines = files.read_lines(path)
  if not path.endswith(".jsonl"):
    inputs = os.path.join(folder, f"{task}_inputs")
    known = files.read_lines(inputs) if os.path.isfile(inputs) else None
    return Predictions(task, step, path, lines, known)
  rows = []
  for number, line in enumerate(lines, 1):
    try:
      row = json.loads(line)
      rows.append((str(row["prediction"]), str(row["input"])))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
      raise errors.DataError(
          f"{path}:{number}: must be a JSON object with `input` and"
          " `prediction`."
      ) from error
  texts, inputs = zip(*rows, strict=True)
  return Predictions(task, step, path, texts, inputs)


def _file(
    file_format: Any, predictions: Predictions, flags: argparse.Namespace
) -> Any:
  """Builds a file of the texts of its task."""
  from t5_mtf import data
  from t5_mtf.evaluation import submissions

  task = data.TaskRegistry.get(predictions.task)
  if flags.rows_in_order:
    rows = _numbered_rows(file_format, task, len(predictions.texts))
  else:
    rows = _rows_of_the_data(file_format, task, flags.split)
  indices, values = [], []
  texts = predictions.texts
  for number, (index, example) in enumerate(rows):
    indices.append(index)
    if number < len(texts):
      _check_input(predictions, number, example, flags.split)
      values.append(_value(file_format, task, texts[number], example))
  if len(texts) != len(indices):
    raise errors.DataError(
        f"{predictions.path} has {len(texts):,} predictions, but split"
        f" {flags.split!r} of {predictions.task} has {len(indices):,} examples."
        " Evaluate the whole split."
    )
  return submissions.build(file_format, indices, values)


def _numbered_rows(
    file_format: Any, task: Any, count: int
) -> Iterator[tuple[int, None]]:
  # The names that a model gives are compared with those of the data set.
  if not file_format.numbered or "simple" in task.name:
    raise errors.UserError(
        f"{file_format.name} cannot be made with --rows_in_order: the indices"
        f" or names of {task.name} are in the data set alone. Leave the flag"
        " out, and name the folder of the data with --tfds_data_dir."
    )
  return ((i, None) for i in range(count))


def _rows_of_the_data(
    file_format: Any, task: Any, split: str
) -> Iterator[tuple[Any, dict[str, Any]]]:
  """Yields the server's index and the texts of each example, in order."""
  from t5_mtf.data import preprocessors
  from t5_mtf.evaluation import submissions

  keys = {
      submissions.NESTED: ("idx/paragraph", "idx/question", "idx/answer"),
      submissions.TEXT: ("idx/query",),
  }.get(file_format.kind, ("idx",))
  dataset = task.source.get_dataset(split, shuffle=False)
  for step in task.preprocessors:
    if step is preprocessors.tokenize:
      break
    dataset = step(dataset)
  for example in dataset.as_numpy_iterator():
    index = tuple(int(example[key]) for key in keys)
    example["targets_pretokenized"] = example["targets"]
    yield index if len(index) > 1 else index[0], example


def _check_input(
    predictions: Predictions,
    number: int,
    example: Mapping[str, Any] | None,
    split: str,
) -> None:
  """Holds the recorded input against the data set's, if there are both."""
  if example is None or predictions.inputs is None:
    return
  inputs = predictions.inputs
  given = " ".join(inputs[number].splitlines()) if number < len(inputs) else ""
  expected = " ".join(example["inputs"].decode("utf-8").splitlines())
  if given != expected:
    raise errors.DataError(
        f"{predictions.path} is not of split {split!r} of {predictions.task}:"
        f" input {number} there is {given[:80]!r}, but {expected[:80]!r} in the"
        " data set. Evaluate that split, or name the one that was evaluated"
        " with --split."
    )


def _value(file_format: Any, task: Any, text: str, example: Any) -> Any:
  """What the postprocessor makes of a text, as `submissions.build` takes it."""
  from t5_mtf.evaluation import submissions

  found = task.postprocess_fn(text, example=example, is_target=False)
  if isinstance(found, Mapping):  # of an answer in a group
    found = found["value"]
  if file_format.kind == submissions.NUMBER and found == _NO_NUMBER:
    return math.nan
  return found


def _decode(
    flags: argparse.Namespace, names: Sequence[str], folder: str
) -> int:
  """Lets a model answer the split of each task, and writes its texts.

  Returns:
    The checkpoint's step.
  """
  from t5_mtf import data
  from t5_mtf.cli import t5_mesh_transformer
  from t5_mtf.models import checkpoints, decoding, settings

  [path] = checkpoints.select(flags.model_dir, flags.step)
  step = checkpoints.step_of(path)
  config = os.path.join(flags.model_dir, "operative_config.gin")
  t5_mesh_transformer.load_gin([config], flags.gin_param)
  run_settings = settings.from_gin(flags.model_dir, mode="infer")
  ids: list[list[int]] = []
  inputs: dict[str, list[str]] = {}
  length = run_settings.batch.sequence_length["inputs"]
  for name in names:
    task = data.TaskRegistry.get(name)
    if run_settings.vocabulary[0] != task.output_features["inputs"].vocabulary:
      raise errors.UserError(
          f"the model in {flags.model_dir} has another vocabulary than {name}:"
          f" {run_settings.vocabulary[0]!r}."
      )
    start = len(ids)
    texts = inputs[name] = []
    for example in task.get_dataset(
        None, split=flags.split, shuffle=False
    ).as_numpy_iterator():
      ids.append(example["inputs"].tolist())
      texts.append(example["inputs_pretokenized"].decode("utf-8"))
    cut = sum(len(row) > length for row in ids[start:])
    cut_text = f", {cut:,} of them cut to {length} tokens" if cut else ""
    print(f"{name}: {len(texts):,} inputs{cut_text}", flush=True)
  outputs = decoding.decode(run_settings, ids, path).outputs
  start = 0
  for name, texts in inputs.items():
    stop = start + len(texts)
    prefix = os.path.join(folder, name)
    files.write_lines(f"{prefix}_inputs", texts)
    files.write_lines(f"{prefix}_{step}_predictions", outputs[start:stop])
    start = stop
  return step


def _report(built: Sequence[tuple[Any, Predictions, Any]]) -> str:
  """A line for each file: its source, and what was put in place of what."""
  rows = [["file", "task", "step", "rows", "changed"]]
  for file_format, predictions, file in built:
    changed = []
    if file.replaced:
      what = "no number" if file_format.kind == "number" else "no label"
      changed.append(f"{file.replaced:,} {what}: {file.default}")
    if file.clipped:
      changed.append(f"{file.clipped:,} outside of 0 to 5: clipped")
    rows.append([
        file_format.name,
        predictions.task,
        f"{predictions.step:,}",
        f"{len(predictions.texts):,}",
        "; ".join(changed) or "none",
    ])
  return terminal.table(rows, numbers=(2, 3), widest=60)


def _finish(
    flags: argparse.Namespace, submission: Sequence[Any], archive: str
) -> int:
  """Checks what was written, and makes the archive if the server takes it."""
  from t5_mtf.evaluation import submission_checks, submissions

  faults = submission_checks.check(flags.output, flags.benchmark)
  if faults:
    print("\nthe server would not take this, so there is no zip:")
    for line in faults:
      name = line.removesuffix(": missing")
      if name in (tasks := TASKS[flags.benchmark]):
        line = f"{line}, for want of predictions of {' or '.join(tasks[name])}"
      print(f"  {line}")
    if os.path.exists(archive):
      print(f"  {archive} is of an earlier time")
    return 1
  submissions.write_zip(archive, submission)
  print(f"\n{archive} is ready to be uploaded")
  return 0
