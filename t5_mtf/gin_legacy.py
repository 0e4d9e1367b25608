"""Gin text of older releases: what is renamed, and what is left out and said.

Operative configs of the published checkpoints bind names that later releases
of `t5` and Mesh TF no longer have (the names were found by comparing releases
0.5 to 0.9 of the one and 0.1.7 to 0.1.21 of the other). Here such text is
rewritten before gin reads it: a dropped binding becomes blank lines, so that
line numbers stay, and a note of one line.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

from gin import config_parser

from t5_mtf import errors

_BY_THE_TASK = "the task names its vocabulary"

# Configurables that are gone -> what does their work now.
GONE_CONFIGURABLES = {
    "ByteVocabulary": _BY_THE_TASK,
    "SentencePieceVocabulary": _BY_THE_TASK,
    "configurable_vocabulary": _BY_THE_TASK,
    "get_sentencepiece_model_path": _BY_THE_TASK,
    "init_from_checkpoint": "utils.run.init_checkpoint names a checkpoint",
    "maybe_print_dataset": "`t5_mtf tasks` shows examples",
    "num_parallel_calls": "tf.data chooses by itself",
    "run_model_spec": "the published trainer is the only one",
    "train_model": "the published training loop is the only one",
}


@dataclasses.dataclass(frozen=True)
class GoneParameter:
  """A parameter that a configurable no longer has.

  Attributes:
    why: what does its work now.
    neutral: the values that ask for nothing else; None if all do.
  """

  why: str
  neutral: tuple[Any, ...] | None = None


_NO_VOCABULARY = GoneParameter("the function needs no vocabulary")

# "configurable.parameter" -> what became of it.
GONE_PARAMETERS = {
    "clean_decodes.vocab_size": GoneParameter(_BY_THE_TASK),
    "drop_noise_tokens.unused_vocabulary": _NO_VOCABULARY,
    "drop_nonnoise_tokens.unused_vocabulary": _NO_VOCABULARY,
    "make_layer_stack.use_universal_transformer": GoneParameter(
        "the layers say what is stacked", (False, None)
    ),
    "mesh_eval_dataset_fn.pack": GoneParameter(
        "examples are evaluated one by one", (False, None)
    ),
    "mesh_eval_dataset_fn.seed": GoneParameter(
        "evaluation reads examples in order"
    ),
    "mesh_eval_dataset_fn.shuffle_buffer_size": GoneParameter(
        "evaluation reads examples in order"
    ),
    "mesh_eval_dataset_fn.shuffle_eval_examples": GoneParameter(
        "evaluation reads examples in order", (False, None)
    ),
    "noise_token_to_gathered_token.unused_vocabulary": _NO_VOCABULARY,
    "permute_noise_tokens.unused_vocabulary": _NO_VOCABULARY,
}


@dataclasses.dataclass(frozen=True)
class Ineffective:
  """A parameter that can be bound, and that nothing here reads.

  Attributes:
    default: the value that asks for nothing.
    why: what does its work, or why it is refused.
    refused: whether another value than the default would change the model.
  """

  default: Any
  why: str
  refused: bool = False


_RESUMED = "training continues in its data by itself"
_NOT_HERE = "it would change the model, and is not supported yet"

INEFFECTIVE_PARAMETERS = {
    "pack_dataset.use_custom_ops": Ineffective(True, "packing is done by us"),
    "run.eval_dir_suffix": Ineffective(
        None, "utils.run.eval_summary_dir names the folder"
    ),
    "run.output_eval_examples": Ineffective(True, "they are always written"),
    "run.seen_data_init_step": Ineffective(0, _RESUMED),
    "run.skip_seen_data": Ineffective(False, _RESUMED),
    "tpu_estimator_model_fn.hierarchical_tiling_spec": Ineffective(
        None, "utils.run.mesh_shape says how a TPU is split"
    ),
    "tpu_estimator_model_fn.init_checkpoint": Ineffective(
        None, "bind utils.run.init_checkpoint", refused=True
    ),
    "tpu_estimator_model_fn.init_variable_filter": Ineffective(
        "", _NOT_HERE, refused=True
    ),
    "tpu_estimator_model_fn.model_info_file": Ineffective(
        "", "the start report describes the model"
    ),
    "tpu_estimator_model_fn.outer_batch_size": Ineffective(
        1, _NOT_HERE, refused=True
    ),
    "tpu_estimator_model_fn.tpu_summaries": Ineffective(
        False, "metrics.jsonl and TensorBoard have the losses"
    ),
    "tpu_estimator_model_fn.weight_decay_checkpoint": Ineffective(
        None, _NOT_HERE, refused=True
    ),
}

# "configurable.parameter" -> what it is called now.
RENAMED = {
    "infer_model.decode_from_file_fn": "infer_model.decode_fn",
    "infer_model.input_filename": "decode_from_file.input_filename",
    "infer_model.output_filename": "decode_from_file.output_filename",
}

# Modules that published files import -> where their configurables are now.
# The longest name that a module starts with counts.
_MODULES = {
    "t5": "t5_mtf",
    "t5.data": "t5_mtf.data",
    "t5.data.preprocessors": "t5_mtf.data.preprocessors",
    "t5.data.sentencepiece_vocabulary": "t5_mtf.data.vocabularies",
    "t5.data.vocabularies": "t5_mtf.data.vocabularies",
    "t5.evaluation": "t5_mtf.evaluation",
    "t5.models": "t5_mtf.models.mesh_transformer",
    "multilingual_t5": "t5_mtf.data.tasks",
    "byt5": "t5_mtf.data.tasks",
    "seqio": "t5_mtf.data",
}
_VOCABULARY = "@t5.models.mesh_transformer.get_vocabulary()"


@dataclasses.dataclass(frozen=True)
class Binding:
  """One binding of a gin text, references and macros as text.

  Attributes:
    name: `scope/configurable.parameter`, or the name of a macro.
    value: literal; references are strings that start with "@" or "%".
  """

  name: str
  value: Any

  @property
  def key(self) -> str:
    """`configurable.parameter`, without scope and modules."""
    return ".".join(self.name.rpartition("/")[2].split(".")[-2:])


@dataclasses.dataclass(frozen=True)
class Rewritten:
  """A gin text that gin can read.

  Attributes:
    text: the text.
    bindings: those that are left in it.
    notes: a line for each binding that was dropped or replaced.
  """

  text: str
  bindings: tuple[Binding, ...] = ()
  notes: tuple[str, ...] = ()


class _AsText(config_parser.ParserDelegate):
  """Keeps references as text, so that nothing has to be registered."""

  def configurable_reference(self, name: str, evaluate: bool) -> str:
    return f"@{name}{'()' if evaluate else ''}"

  def macro(self, name: str) -> str:
    return f"%{name}"


@dataclasses.dataclass(frozen=True)
class Ignored:
  """Unknown configurables whose bindings the user wants left out.

  Attributes:
    names: of configurables.
    all_unknown: whether every unknown one is left out.
  """

  names: tuple[str, ...] = ()
  all_unknown: bool = False


NOTHING_IGNORED = Ignored()


def rewrite(
    text: str,
    path: str,
    is_known: Callable[[str], bool],
    ignored: Ignored = NOTHING_IGNORED,
) -> Rewritten:
  """Rewrites a gin text of any published release.

  Args:
    text: of a gin file, or a binding.
    path: of the file, for messages.
    is_known: whether gin has a configurable of that name; such are kept.
    ignored: what else to leave out.

  Raises:
    UserError: a module is imported that is not there, or a dropped parameter
      asked for something that no longer exists.
  """
  try:
    statements = list(config_parser.ConfigParser(text, _AsText()))
  except SyntaxError:
    return Rewritten(text)  # gin says what is wrong with it

  def is_gone(selector: str) -> str | None:
    return None if is_known(selector) else _why_gone(selector, ignored)

  lines = text.split("\n")
  starts = [statement.location.line_num - 1 for statement in statements]
  bindings, notes = [], []
  for statement, start, end in zip(
      statements, starts, [*starts[1:], len(lines)], strict=True
  ):
    changed = None
    if isinstance(statement, config_parser.ImportStatement):
      changed = _import_line(statement.module, path)
    elif isinstance(statement, config_parser.BindingStatement):
      binding, changed, note = _binding_line(statement, path, is_gone)
      bindings += [binding] if binding else []
      notes += [note] if note else []
    if changed is not None:
      lines[start:end] = [changed] + [""] * (end - start - 1)
  return Rewritten("\n".join(lines), tuple(bindings), tuple(notes))


def _binding_line(
    statement: Any, path: str, is_gone: Callable[[str], str | None]
) -> tuple[Binding | None, str | None, str | None]:
  """What is left of a binding, its new line if it has one, and a note."""
  scope = f"{statement.scope}/" if statement.scope else ""
  if not statement.arg_name:
    return Binding(f"{scope}{statement.selector}", statement.value), None, None
  name = f"{scope}{statement.selector}.{statement.arg_name}"
  binding = Binding(name, statement.value)
  configurable = statement.selector.split(".")[-1]
  if why := is_gone(statement.selector):
    return None, "", f"{name} was left out: {why}"
  if gone := GONE_PARAMETERS.get(binding.key):
    if gone.neutral is not None and statement.value not in gone.neutral:
      raise errors.UserError(
          f"{path}: {name} = {statement.value!r} is no longer possible"
          f" ({gone.why}). Remove the binding."
      )
    return None, "", f"{name} was left out: {gone.why}"
  if new := RENAMED.get(binding.key):
    line = f"{new} = {_literal(statement.value)}"
    return Binding(new, statement.value), line, f"{name} is now {new}"
  for reference in _references(statement.value):
    why = is_gone(reference)
    if not why:
      continue
    if (configurable, statement.arg_name) == ("run", "vocabulary"):
      note = f"{name} = {statement.value} is now {_VOCABULARY}: {why}"
      return Binding(name, _VOCABULARY), f"{name} = {_VOCABULARY}", note
    note = f"{name} = {statement.value} was left out: {why}"
    return None, "", note
  return binding, None, _without_effect(binding, path)


def _without_effect(binding: Binding, path: str) -> str | None:
  """A note on a binding that nothing reads; None if it asks for nothing."""
  known = INEFFECTIVE_PARAMETERS.get(binding.key)
  if known is None or binding.value in (known.default, None):
    return None
  text = f"{binding.name} = {binding.value!r}"
  if known.refused:
    raise errors.UserError(f"{path}: {text} cannot be used: {known.why}.")
  return f"{text} has no effect: {known.why}"


def _why_gone(selector: str, ignored: Ignored) -> str | None:
  """Why bindings of an unknown configurable are left out; None to keep them."""
  name = selector.split(".")[-1]
  if name in GONE_CONFIGURABLES:
    return GONE_CONFIGURABLES[name]
  if name in ignored.names or selector in ignored.names or ignored.all_unknown:
    return "there is none of that name, and it is to be ignored"
  return None


def _references(value: Any) -> Iterator[str]:
  """Names of the configurables that a value refers to."""
  if isinstance(value, str) and value.startswith("@"):
    yield value[1:].removesuffix("()").rpartition("/")[2]
  elif isinstance(value, dict):
    for pair in value.items():
      yield from _references(pair)
  elif isinstance(value, (list, tuple)):
    for item in value:
      yield from _references(item)


def _literal(value: Any) -> str:
  """A value as gin text; only for strings, references and macros."""
  if isinstance(value, str) and value[:1] in ("@", "%"):
    return value
  return repr(value)


def _import_line(module: str, path: str) -> str:
  """The import of what a module's configurables are in now."""
  parts = module.split(".")
  for n in range(len(parts), 0, -1):
    translated = _MODULES.get(".".join(parts[:n]))
    if translated:
      return f"import {translated}"
  try:
    found = importlib.util.find_spec(module)
  except ModuleNotFoundError:
    found = None
  if found is None:
    raise errors.UserError(
        f"{path}: `import {module}` names a module that is not installed."
        " Correct the line, or install the package that has it."
    )
  return f"import {module}"
