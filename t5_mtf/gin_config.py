"""Loading of gin files: search, legacy names, and errors that say what to do.

Published gin files and operative configs were written for `t5` and Mesh TF.
They are read unchanged: the modules that they import are translated to ours,
and bindings that no longer mean anything are skipped and reported, never
silently. Whatever else is unknown is an error with the nearest name.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib.util
import inspect
import io
import os
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import gin

from t5_mtf import errors

GIN_DIRECTORY = str(pathlib.Path(__file__).parent / "gin")
RUN = "mesh_tensorflow.transformer.utils.run"

# Modules that published files import, and where their configurables are now.
_IMPORT_TRANSLATIONS = {
    "t5": "t5_mtf",
    "t5.data": "t5_mtf.data",
    "t5.data.preprocessors": "t5_mtf.data.preprocessors",
    "t5.data.sentencepiece_vocabulary": "t5_mtf.data.vocabularies",
    "t5.models": "t5_mtf.models",
    "t5.models.mesh_transformer": "t5_mtf.models.mesh_transformer",
    "t5.models.mtf_model": "t5_mtf.models.mesh_transformer",
}

# Configurables of older releases whose bindings have no effect any more.
LEGACY_CONFIGURABLES = (
    "get_sentencepiece_model_path",
    "mesh_transformer.get_sentencepiece_model_path",
    "init_from_checkpoint",
    "num_parallel_calls",
    "run_model_spec",
    "sentencepiece_vocabulary.SentencePieceVocabulary",
    "t5.data.sentencepiece_vocabulary.SentencePieceVocabulary",
)

_IMPORT_LINE = re.compile(r"^import\s+([\w.]+)\s*$", re.MULTILINE)
_UNKNOWN_CONFIGURABLE = re.compile(
    r"No configurable matching (?:reference )?'@?([^'(]+)(?:\(\))?'"
)
_UNKNOWN_PARAMETER = re.compile(
    r"Configurable '([^']+)' doesn't have a parameter named '([^']+)'"
)
_UNREADABLE_FILE = re.compile(r"Unable to open file: (\S+?)\.? Searched")


@dataclasses.dataclass(frozen=True)
class GinReport:
  """What a load read and what it left out.

  Attributes:
    files: the gin files as given, in the order they were read.
    skipped: the legacy configurables whose bindings have no effect any more.
  """

  files: tuple[str, ...]
  skipped: tuple[str, ...]


def find_gin_file(name: str, search_paths: Sequence[str]) -> str:
  """Returns the path of a gin file.

  Args:
    name: a path, or a path relative to one of the places searched.
    search_paths: places to search before the package's own gin directory.

  Raises:
    UserError: nothing was found; lists every place and the nearest names.
  """
  places = ["", *search_paths, GIN_DIRECTORY]
  for place in places:
    path = os.path.join(place, name)
    if _exists(path):
      return path
  known = [
      str(p.relative_to(GIN_DIRECTORY))
      for p in pathlib.Path(GIN_DIRECTORY).rglob("*.gin")
  ]
  matches = errors.nearest(name, known)
  raise errors.UserError(
      f"gin file {name!r} was not found. Searched:"
      f" {', '.join(p or 'the current directory' for p in places)}."
      + (f" Did you mean {' or '.join(matches)}?" if matches else "")
  )


def load(
    gin_files: Sequence[str],
    bindings: Sequence[str] = (),
    search_paths: Sequence[str] = (),
    defaults: Sequence[str] = (),
    overrides: Sequence[str] = (),
) -> GinReport:
  """Replaces gin's configuration: defaults, files, overrides, bindings.

  The modules whose configurables the files name must be imported before.

  Args:
    gin_files: paths, or paths relative to a search path or to the package's
      gin directory.
    bindings: `name.parameter = value` lines; they win over all else.
    search_paths: further places for gin files and what they include.
    defaults: bindings of lowest priority.
    overrides: bindings that win over the files, but not over `bindings`.

  Returns:
    What was read and what was skipped.

  Raises:
    UserError: a file is missing, a name is unknown, or a value is malformed.
  """
  found = [find_gin_file(name, search_paths) for name in gin_files]
  gin.clear_config()
  legacy = _LegacyNames()
  with _reader(search_paths), _explained():
    gin.parse_config_file(_mesh_defaults())
    gin.parse_config(list(defaults))
    for path in found:
      gin.parse_config_file(path, skip_unknown=legacy)
    gin.parse_config(list(overrides))
    for binding in bindings:
      _check_binding(binding)
      gin.parse_config(binding, skip_unknown=legacy)
    gin.finalize()
  return GinReport(tuple(gin_files), tuple(legacy.skipped))


def run_bindings() -> dict[str, Any]:
  """Returns the unresolved bindings of the published `utils.run`.

  Values may be gin references; `resolve` turns one into what it stands for.
  """
  return dict(gin.get_bindings(RUN, resolve_references=False))


def bound(configurable: str, parameter: str) -> Any:
  """Returns what a parameter of a configurable is bound to, None if it is not.

  Raises:
    ValueError: there is no such configurable.
  """
  return gin.get_bindings(configurable).get(parameter)


def resolve(value: Any) -> Any:
  """Returns what a bound value stands for: macros and references followed."""
  return copy.deepcopy(value)


def is_reference_to(value: Any, name: str) -> bool:
  """Whether a bound value is a gin reference to the configurable `name`."""
  configurable = getattr(value, "configurable", None)
  return configurable is not None and configurable.name == name


def operative_config() -> str:
  """Returns the operative config, `run`'s bindings among it.

  Mesh TF's `run` is never called here, so gin does not count its bindings as
  used; they are appended as the published operative config has them.
  """
  lines = [gin.operative_config_str().rstrip(), "", "# Parameters for run:"]
  lines.append("# " + "=" * 78)
  with gin.unlock_config():
    for name, value in sorted(run_bindings().items()):
      lines.append(f"run.{name} = {value!r}")
  return "\n".join(lines) + "\n"


def _exists(path: str) -> bool:
  if "://" not in path:
    return os.path.isfile(path)
  from t5_mtf.tf_compat import tf

  return tf.io.gfile.exists(path)


def _open(path: str) -> io.StringIO:
  """Opens a gin file, its imports translated and checked."""
  if "://" in path:
    from t5_mtf.tf_compat import tf

    with tf.io.gfile.GFile(path) as f:
      text = f.read()
  else:
    text = pathlib.Path(path).read_text(encoding="utf-8")

  def translate(match: re.Match) -> str:
    module = _IMPORT_TRANSLATIONS.get(match[1], match[1])
    try:
      found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
      found = None
    if found is None:
      raise errors.UserError(
          f"{path}: `import {match[1]}` names a module that is not installed."
          " Correct the line, or install the package that has it."
      )
    return f"import {module}"

  return io.StringIO(_IMPORT_LINE.sub(translate, text))


@contextlib.contextmanager
def _reader(search_paths: Sequence[str]) -> Iterator[None]:
  """Lets gin read files through `_open`, from the places searched."""
  readers = list(gin.config._FILE_READERS)  # no public way to list or restore
  prefixes = list(gin.config._LOCATION_PREFIXES)
  gin.config._FILE_READERS[:] = [(_open, _exists)]
  gin.config._LOCATION_PREFIXES[:] = ["", *search_paths, GIN_DIRECTORY]
  try:
    yield
  finally:
    gin.config._FILE_READERS[:] = readers
    gin.config._LOCATION_PREFIXES[:] = prefixes


class _LegacyNames(set):
  """The legacy configurables; remembers which of them gin asked for."""

  def __init__(self) -> None:
    super().__init__(LEGACY_CONFIGURABLES)
    self.skipped: dict[str, None] = {}

  def __contains__(self, name: object) -> bool:
    found = super().__contains__(name)
    if found:
      self.skipped[str(name)] = None
    return found


@contextlib.contextmanager
def _explained() -> Iterator[None]:
  """Turns gin's errors into ours, with the nearest names."""
  try:
    yield
  except errors.UserError:
    raise
  except (ValueError, TypeError, SyntaxError, OSError, AttributeError) as error:
    raise _explain(error) from error


def _explain(error: Exception) -> errors.UserError:
  message = str(error)
  place = re.search(r'In file "([^"]+)", line (\d+)', message)
  where = f" ({place[1]}, line {place[2]})" if place else ""
  if match := _UNKNOWN_PARAMETER.search(message):
    parameters = list(_parameters(match[1]))
    return errors.unknown_name(
        f"parameter of gin's {match[1]}{where}", match[2], parameters
    )
  if match := _UNKNOWN_CONFIGURABLE.search(message):
    return errors.unknown_name(
        f"gin configurable{where}",
        match[1],
        _short_names(),
        "A module of your own is imported with --module_import.",
    )
  if match := _UNREADABLE_FILE.search(message):
    return errors.UserError(
        f"gin file {match[1]!r}, which another gin file includes, was not"
        " found. Add its place with --gin_location_prefix."
    )
  first = next((x for x in message.splitlines() if x.strip()), repr(error))
  return errors.UserError(f"gin cannot read the configuration{where}: {first}")


def _check_binding(binding: str) -> None:
  if "=" not in binding:
    raise errors.UserError(
        f"--gin_param {binding!r} is not of the form name.parameter = value."
    )


def _parameters(selector: str) -> Iterator[str]:
  function = gin.config._REGISTRY.get_match(selector).wrapped
  if inspect.isclass(function):
    function = function.__init__
  yield from (p for p in inspect.signature(function).parameters if p != "self")


def _short_names() -> list[str]:
  """The names under which a configurable may be bound, last parts first."""
  names: list[str] = []
  for selector, _ in gin.config._REGISTRY.items():
    parts = selector.split(".")
    names += [".".join(parts[-n:]) for n in range(1, min(3, len(parts)) + 1)]
  return names


def _mesh_defaults() -> str:
  """Path of Mesh TF's own defaults, which published configs build on."""
  from t5_mtf.tf_compat import mtf_transformer

  package = pathlib.Path(mtf_transformer.__file__ or "").parent
  return str(package / "gin" / "defaults.gin")
