"""The short form of `t5_mesh_transformer`: flags for files of one's own.

The flags become a registered task, gin files and gin bindings, and a list of
runs (train, eval, infer, export) over them; nothing else is special about them,
and gin files and bindings given beside them win.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import file_flags

_PUBLISHED_LEARNING_RATE = 0.001
_MINI_LEARNING_RATE = 0.02  # as in mini/finetuning.gin
_MAX_LENGTH = 512
_SAMPLE = 2000  # rows that are measured to choose the lengths
_MEASURED = 100_000  # rows that are measured to say how many are cut
_PRETRAINING_LENGTH = 128  # tokens, of a new mini model

# Names of objectives -> files of gin/objectives (Raffel et al. 2020, table 3).
OBJECTIVES = {
    "span_corruption": "span_3_15_u_u",
    "prefix_lm": "prefix_lm",
    "bert": "iid_15_r10s90_f",
    "mass": "iid_15_m_f",
    "deshuffling": "all_permute",
    "replace_spans": "iid_15_u_u",
    "drop_tokens": "iid_15_d_d",
}


@dataclasses.dataclass(frozen=True)
class Plan:
  """What to load and what to run.

  Attributes:
    defaults: gin bindings of lowest priority.
    gin_files: gin files to load before the user's.
    bindings: gin bindings to apply before the user's.
    runs: changes to the published `run`'s parameters, one dict a run.
    prepare: what to write before the runs, called if it is no dry run.
  """

  defaults: tuple[str, ...] = ()
  gin_files: tuple[str, ...] = ()
  bindings: tuple[str, ...] = ()
  runs: tuple[dict[str, Any], ...] = ({},)
  prepare: tuple[Callable[[], None], ...] = ()


def add_flags(parser: argparse.ArgumentParser) -> None:
  """Adds the flags of the short form to the parser."""
  file_flags.add_flags(parser)
  group = parser.add_argument_group(
      "short forms of gin bindings, for use with --train_file or alone"
  )
  add = group.add_argument
  add("--pretrained_model_dir", metavar="DIR", help="start from this model: its"
      " operative config, vocabulary and latest checkpoint")
  add("--vocabulary", metavar="NAME", help="t5, mini, or a SentencePiece model"
      " file (default: the pre-trained model's, else mini)")
  add("--train_steps", type=int, metavar="N", help="steps to train with"
      " --train_file, beyond those of the pre-trained model (default 1000)")
  add("--learning_rate", type=float, metavar="R", help="constant, for use with"
      " --train_file (default 0.001, as published, for a pre-trained model;"
      " 0.02 for a new mini one)")
  add("--batch_size", type=int, metavar="N", help="sequences a step"
      " (default 64)")
  add("--input_sequence_length", type=int, metavar="N", help="in tokens"
      " (default: what the longest input needs, up to 512; with --objective"
      " 128)")
  add("--target_sequence_length", type=int, metavar="N", help="in tokens"
      " (default: what the longest target needs, up to 512)")
  add("--save_checkpoints_steps", type=int, metavar="N", help="steps between"
      " checkpoints (default 500)")
  add("--input_file", metavar="FILE", help="texts to answer, one a line; or a"
      " table, whose rows go through the input template")
  add("--output_file", metavar="FILE", help="where the answers go; the step is"
      " appended to the name")
  add("--beam_size", type=int, metavar="N", help="beams (default 1: greedy)")
  add("--export_dir", metavar="DIR", help="write a SavedModel here")


def plan(flags: argparse.Namespace) -> Plan:
  """Turns the flags into what to load and what to run.

  Raises:
    UserError: flags that do not go together, or a file that cannot be used.
  """
  if bool(flags.input_file) != bool(flags.output_file):
    raise errors.UserError("--input_file and --output_file go together.")
  if flags.train_file:
    return _plan_with_file(flags)
  for flag in ("learning_rate", "train_targets", "validation_fraction",
               "objective"):
    if getattr(flags, flag):
      raise errors.UserError(f"--{flag} is for use with --train_file.")
  record = file_flags.read_record(flags.model_dir)
  if flags.eval_file or (record and not flags.pretrained_model_dir):
    return _plan_after_training(flags, record)
  for flag in (*file_flags.given(flags), "eval_targets"):
    if getattr(flags, flag):
      raise errors.UserError(
          f"--{flag} is for use with --train_file or --eval_file."
      )
  return _plan_without_file(flags)


def _plan_after_training(
    flags: argparse.Namespace, record: Mapping[str, Any] | None
) -> Plan:
  """Evaluates, answers or exports with the model that is in --model_dir."""
  from t5_mtf.data import file_task
  from t5_mtf.models import checkpoints, run_bindings

  if not (flags.eval_file or flags.input_file or flags.export_dir
          or flags.gin_file):
    raise errors.UserError(
        f"nothing to do with the model in {flags.model_dir}. Give --train_file,"
        " --eval_file, --input_file and --output_file, --export_dir, or a"
        " --gin_file."
    )
  record = record or {"vocabulary": None, "spec": {}}
  of_texts = record["spec"].get("unsupervised")  # which have no answers
  spec = file_flags.make_spec(flags, None if of_texts else record["spec"])
  name = flags.vocabulary or record["vocabulary"]
  vocabulary = find_vocabulary(name, checkpoints.find(flags.model_dir))
  _, found = file_task.register_file_task(spec, vocabulary)
  _say(found)
  bindings = _gin_run_bindings(flags)
  if flags.eval_file:
    bindings += [
        f"MIXTURE_NAME = '{file_task.NAME}'",
        *run_bindings.evaluation(file_task.NAME),
    ]
  runs: list[dict[str, Any]] = []
  gin_files = []
  if not flags.gin_file:  # which would say what to do
    gin_files.append(os.path.join(flags.model_dir, "operative_config.gin"))
    if flags.eval_file:
      runs.append({"mode": "eval", "dataset_split": "validation"})
  prepare = _input_table(flags, spec)
  return Plan(
      (),
      tuple(gin_files),
      (*bindings, *_common_bindings(flags)),
      tuple([*runs, *_runs_after_training(flags)] or [{}]),
      prepare,
  )


def _plan_without_file(flags: argparse.Namespace) -> Plan:
  if flags.vocabulary or flags.pretrained_model_dir:
    raise errors.UserError(
        "--vocabulary and --pretrained_model_dir are for use with --train_file;"
        " in gin, a task has its vocabulary, and"
        " utils.run.init_checkpoint = 'DIR' names a checkpoint."
    )
  bindings = [*_gin_run_bindings(flags), *_common_bindings(flags)]
  runs = [*_runs_after_training(flags)] or [{}]
  return Plan((), (), tuple(bindings), tuple(runs))


def _gin_run_bindings(flags: argparse.Namespace) -> list[str]:
  """Bindings of flags that have another meaning with --train_file."""
  bindings = []
  if flags.train_steps:
    bindings.append(f"utils.run.train_steps = {flags.train_steps}")
  if flags.input_sequence_length or flags.target_sequence_length:
    if not (flags.input_sequence_length and flags.target_sequence_length):
      raise errors.UserError(
          "--input_sequence_length and --target_sequence_length go together."
      )
    lengths = _lengths(flags, {})
    bindings.append(f"utils.run.sequence_length = {lengths}")
  return bindings


def _plan_with_file(flags: argparse.Namespace) -> Plan:
  from t5_mtf.data import file_task
  from t5_mtf.models import checkpoints, run_bindings

  checkpoint = None
  gin_files = ["models/mini.gin"]
  if flags.pretrained_model_dir:
    checkpoint = checkpoints.find(flags.pretrained_model_dir)
    folder = checkpoint.rpartition("/")[0] or "."
    gin_files = [f"{folder}/operative_config.gin"]
  spec = file_flags.make_spec(flags)
  vocabulary_name = _vocabulary_name(flags.vocabulary, checkpoint)
  task, found = file_task.register_file_task(
      spec, find_vocabulary(vocabulary_name, checkpoint)
  )
  _say(found)
  start = checkpoints.step_of(checkpoint) if checkpoint else 0
  bindings = [
      f"MIXTURE_NAME = '{file_task.NAME}'",
      f"utils.run.train_steps = {start + (flags.train_steps or 1000)}",
      f"utils.run.init_checkpoint = {checkpoint!r}",
      *run_bindings.evaluation(file_task.NAME),
  ]
  defaults = ["utils.run.save_checkpoints_steps = 500"]
  if checkpoint:  # whose own batch may be sized for a pod
    bindings.append("utils.run.batch_size = 64")
  else:
    defaults.append("utils.run.batch_size = 64")
  job = _pretraining if flags.objective else _supervised
  more_files, more_bindings = job(flags, task, checkpoint)
  runs = [{"mode": "train", "dataset_split": "train"}]
  if "validation" in task.splits and not flags.objective:
    runs.append({"mode": "eval", "dataset_split": "validation"})
  spec = dataclasses.replace(spec, labels=task.source.labels)
  return Plan(
      tuple(defaults),
      (*gin_files, "dataset.gin", *more_files),
      (*bindings, *more_bindings, *_common_bindings(flags)),
      (*runs, *_runs_after_training(flags)),
      (
          file_flags.recorder(flags.model_dir, spec, vocabulary_name),
          *_input_table(flags, spec),
      ),
  )


def _supervised(
    flags: argparse.Namespace, task: Any, checkpoint: str | None
) -> tuple[list[str], list[str]]:
  """Gin files and bindings of training on inputs and targets."""
  from t5_mtf.data import statistics

  measured = statistics.length_statistics(task, "train", max_examples=_SAMPLE)
  lengths = _lengths(flags, measured)
  for split in task.splits:
    cut = statistics.length_statistics(task, split, lengths, _MEASURED)
    _say_lengths(split, cut, lengths)
  rate = flags.learning_rate or (
      _PUBLISHED_LEARNING_RATE if checkpoint else _MINI_LEARNING_RATE
  )
  return ["learning_rate_schedules/constant_0_001.gin"], [
      f"utils.run.sequence_length = {lengths}",
      "mesh_train_dataset_fn.pack = False",
      f"constant_learning_rate.learning_rate = {rate}",
  ]


def _pretraining(
    flags: argparse.Namespace, task: Any, checkpoint: str | None
) -> tuple[list[str], list[str]]:
  """Gin files and bindings of an unsupervised objective."""
  name = OBJECTIVES.get(flags.objective, flags.objective)
  _check_objective(name)
  if "validation" in task.splits:
    print("validation: no scores, since an objective has no metric")
  length = flags.input_sequence_length or (
      _MAX_LENGTH if checkpoint else _PRETRAINING_LENGTH
  )
  targets = flags.target_sequence_length
  if not name.startswith("span"):
    lengths = {"inputs": length, "targets": targets or length}
    bindings = [f"utils.run.sequence_length = {lengths}"]
  elif targets:
    raise errors.UserError(
        f"--target_sequence_length: objective {flags.objective!r} computes it"
        " from --input_sequence_length, so that nothing is padded. Leave it"
        " out."
    )
  else:
    bindings = [f"inputs_length = {length}"]
  if flags.learning_rate:
    schedule = "constant_0_001"
    bindings.append(
        f"constant_learning_rate.learning_rate = {flags.learning_rate}"
    )
  else:
    schedule = "rsqrt_no_ramp_down"
  return [
      f"learning_rate_schedules/{schedule}.gin",
      f"objectives/{name}.gin",
  ], bindings


def _check_objective(name: str) -> None:
  from t5_mtf import gin_config

  if name in ("lm", "all_lm"):
    raise errors.UserError(
        "the objective lm trains decoder-only models, which have no short"
        " form; in gin it is objectives/lm.gin with models/lm_v1.gin. Near to"
        " it here: --objective=prefix_lm."
    )
  folder = os.path.join(gin_config.GIN_DIRECTORY, "objectives")
  known = {name.removesuffix(".gin") for name in os.listdir(folder)}
  known -= {"lm"}
  if name not in known:
    raise errors.unknown_name("objective", name, {*known, *OBJECTIVES})


def _input_table(
    flags: argparse.Namespace, spec: Any
) -> tuple[Callable[[], None], ...]:
  """What writes the rows of a table to answer as texts, if it is one."""
  if not flags.input_file or not file_flags.is_table(flags.input_file):
    return ()
  return (
      file_flags.input_writer(spec, flags.input_file, _input_texts(flags)),
  )


def _input_texts(flags: argparse.Namespace) -> str:
  """The file of texts to answer: as given, or made from a table."""
  if file_flags.is_table(flags.input_file):
    return f"{flags.output_file}-inputs"
  return flags.input_file


def _say(lines: list[str]) -> None:
  for line in lines:
    print(line, flush=True)


def _common_bindings(flags: argparse.Namespace) -> list[str]:
  bindings = []
  if flags.batch_size:
    bindings.append(f"utils.run.batch_size = {flags.batch_size}")
  if flags.save_checkpoints_steps:
    bindings.append(
        f"utils.run.save_checkpoints_steps = {flags.save_checkpoints_steps}"
    )
  if flags.beam_size:
    bindings.append(f"Bitransformer.decode.beam_size = {flags.beam_size}")
  if flags.input_file:
    bindings.append(
        f"decode_from_file.input_filename = {_input_texts(flags)!r}"
    )
    bindings.append(f"decode_from_file.output_filename = {flags.output_file!r}")
  return bindings


def _runs_after_training(flags: argparse.Namespace) -> list[dict[str, Any]]:
  runs: list[dict[str, Any]] = []
  if flags.input_file:
    runs.append({"mode": "infer"})
  if flags.export_dir:
    runs.append({"mode": "export", "export_path": flags.export_dir})
  return runs


def _lengths(flags: argparse.Namespace, measured: Any) -> dict[str, int]:
  """Lengths as given, else what the longest example needs, in steps of 16."""
  lengths = {}
  for feature, given in (
      ("inputs", flags.input_sequence_length),
      ("targets", flags.target_sequence_length),
  ):
    if given is None:
      longest = measured[feature].percentiles[100]
      given = min(_MAX_LENGTH, -(-longest // 16) * 16)
    lengths[feature] = given
  return lengths


def _say_lengths(
    split: str, measured: Any, lengths: Mapping[str, int]
) -> None:
  for feature, found in measured.items():
    rows = f"{found.examples:,} rows"
    if found.examples == _MEASURED:
      rows = f"the first {rows}"
    text = f"{split} {feature}: length {lengths[feature]}, longest of"
    text += f" {rows} {found.percentiles[100]} tokens"
    if found.truncated:
      share = found.truncated / found.examples
      text += f"; {found.truncated:,} rows ({share:.1%}) are CUT"
    print(text, flush=True)


def _vocabulary_name(name: str | None, checkpoint: str | None) -> str | None:
  """The name to record: a file is found from any folder.

  Without a name it is the file that a converted model has beside it, if any.
  """
  if not name and checkpoint:
    beside = os.path.join(os.path.dirname(checkpoint), "spiece.model")
    name = beside if os.path.isfile(beside) else None
  if name and os.path.isfile(name):
    return os.path.abspath(name)
  return name


def find_vocabulary(name: str | None, checkpoint: str | None) -> Any:
  """The vocabulary asked for, else the one that fits the checkpoint."""
  from t5_mtf import data

  packaged = {
      "t5": data.get_default_vocabulary,
      "mini": data.get_mini_vocabulary,
  }
  if name in packaged:
    return packaged[name]()
  if name:
    if not os.path.isfile(name):
      raise errors.unknown_name(
          "vocabulary", name, packaged, "Or give a SentencePiece model file."
      )
    from t5_mtf.data import vocabularies

    sentinels = vocabularies.missing_sentinels(name)
    return data.SentencePieceVocabulary(name, sentinels)
  if checkpoint is None:
    return data.get_mini_vocabulary()
  rows = _embedding_rows(checkpoint)
  for make in packaged.values():
    if -(-make().vocab_size // 128) * 128 == rows:
      return make()
  raise errors.UserError(
      f"the model in {checkpoint} was trained with a vocabulary of its own"
      f" ({rows} rows). Name its SentencePiece model with --vocabulary=FILE."
  )


def _embedding_rows(checkpoint: str) -> int | None:
  from t5_mtf.tf_compat import tf

  for name, shape in tf.train.list_variables(checkpoint):
    if name.endswith("embedding"):
      return shape[0]
  return None
