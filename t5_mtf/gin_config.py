"""Loading of gin files: search, legacy names, and errors that say what to do.

Published gin files and operative configs were written for `t5` and Mesh TF.
They are read unchanged: `gin_legacy` translates what they import and leaves
out, with a note, bindings that no longer mean anything. Whatever else is
unknown is an error with the nearest name. What was given on the command line
wins over all files, and nothing a file says is overruled without a note.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import io
import os
import pathlib
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import gin

from t5_mtf import errors, gin_legacy

GIN_DIRECTORY = str(pathlib.Path(__file__).parent / "gin")
RUN = "mesh_tensorflow.transformer.utils.run"
OPERATIVE_CONFIG = "operative_config.gin"  # its name in a model directory

_UNKNOWN_CONFIGURABLE = re.compile(
    r"No configurable matching (?:reference )?'@?([^'(]+)(?:\(\))?'"
)
_UNKNOWN_PARAMETER = re.compile(
    r"Configurable '([^']+)' doesn't have a parameter named '([^']+)'"
)
_NOT_BOUND = re.compile(
    r"Required bindings for `([^`]+)` not provided in config: \['([^']+)'"
)
_UNBOUND_MACRO = re.compile(r"No bindings specified for '([^']+)/gin\.macro'")
_UNREADABLE_FILE = re.compile(r"Unable to open file: (\S+?)\.? Searched")

# Names bound on the command line by the last load; gin itself keeps no origin.
_given: set[str] = set()


@dataclasses.dataclass(frozen=True)
class GinReport:
  """What a load read and what it left out.

  Attributes:
    files: the gin files as given, in the order they were read.
    notes: a line for each binding that was left out, replaced or overruled.
  """

  files: tuple[str, ...]
  notes: tuple[str, ...]


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
    ignored: gin_legacy.Ignored = gin_legacy.NOTHING_IGNORED,
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
    ignored: unknown configurables to leave out, rather than refuse.

  Returns:
    What was read, and notes on what was not taken as it stands.

  Raises:
    UserError: a file is missing, a name is unknown, or a value is malformed.
  """
  found = [find_gin_file(name, search_paths) for name in gin_files]
  gin.clear_config()
  _given.clear()
  session = _Session(ignored)
  with session.reading(search_paths), _explained():
    gin.parse_config_file(_mesh_defaults())
    gin.parse_config(list(defaults))
    session.said.clear()
    for path in found:
      gin.parse_config_file(path)
    given = session.rewrite_given(bindings)
    keys = {b.key for rewritten in given for b in rewritten.bindings}
    for override in overrides:
      session.override(override, keys)
    for rewritten in given:
      gin.parse_config(rewritten.text)
      _given.update(b.name for b in rewritten.bindings)
    session.check_macros([b for r in given for b in r.bindings])
    gin.finalize()
  return GinReport(tuple(gin_files), tuple(session.notes))


def is_given(configurable: str, parameter: str) -> bool:
  """Whether a parameter was bound on the command line, in any scope."""
  key = f"{configurable}.{parameter}"
  return any(gin_legacy.Binding(name, None).key == key for name in _given)


def bind_found(name: str, value: Any) -> None:
  """Binds what was found out by itself, such as a checkpoint's data type.

  Args:
    name: `configurable.parameter`.
    value: its value.
  """
  with gin.unlock_config():
    gin.bind_parameter(name, value)


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
  """Returns what a bound value stands for: macros and references followed.

  Raises:
    UserError: a function that it calls needs a parameter that is not bound.
  """
  try:
    return copy.deepcopy(value)
  except RuntimeError as error:
    missing = _NOT_BOUND.search(str(error))
    if missing is None:
      raise
    raise errors.UserError(
        f"gin: {missing[1]}.{missing[2]} is not bound. Add a gin file that"
        f' binds it, or --gin_param="{missing[1]}.{missing[2]} = ...".'
    ) from error


def snapshot() -> dict[Any, dict[str, Any]]:
  """Returns all that is bound now, for `using`."""
  return {name: dict(values) for name, values in gin.config._CONFIG.items()}


@contextlib.contextmanager
def using(bindings: dict[Any, dict[str, Any]]) -> Iterator[None]:
  """Binds what a snapshot holds, and nothing else, for a while.

  A model that is kept builds graphs long after its configuration was loaded;
  by then another one may be.
  """
  current = snapshot()
  config = gin.config._CONFIG  # gin has no public way to swap it
  config.clear()
  config.update(bindings)
  try:
    yield
  finally:
    config.clear()
    config.update(current)


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


def configuration(without: Sequence[str] = (RUN,)) -> str:
  """Returns what is bound, macros filled in, one sorted line a parameter.

  Args:
    without: configurables to leave out.
  """
  lines = []
  for (scope, selector), parameters in gin.config._CONFIG.items():
    if selector in (*without, "gin.macro"):
      continue
    name = f"{scope}/{selector}" if scope else selector
    for parameter, value in parameters.items():
      if is_reference_to(value, "macro"):
        value = resolve(value)
      lines.append(f"{name}.{parameter} = {value!r}")
  return "\n".join(sorted(lines))


def _exists(path: str) -> bool:
  if "://" not in path:
    return os.path.isfile(path)
  from t5_mtf.tf_compat import tf

  return tf.io.gfile.exists(path)


def _read(path: str) -> str:
  if "://" not in path:
    return pathlib.Path(path).read_text(encoding="utf-8")
  from t5_mtf.tf_compat import tf

  with tf.io.gfile.GFile(path) as f:
    return f.read()


class _NamedText(io.StringIO):
  """A text that gin names in its errors."""

  def __init__(self, text: str, name: str) -> None:
    super().__init__(text)
    self.name = name


class _Session:
  """One load: reads files through `gin_legacy`, gathers what they say.

  Attributes:
    notes: on what was not taken as it stands.
    said: "configurable.parameter", or macro -> its value in a file as text.
  """

  def __init__(self, ignored: gin_legacy.Ignored) -> None:
    self._ignored = ignored
    self.notes: list[str] = []
    self.said: dict[str, Any] = {}

  @contextlib.contextmanager
  def reading(self, search_paths: Sequence[str]) -> Iterator[None]:
    """Lets gin read files through this session, from the places searched."""
    readers = list(gin.config._FILE_READERS)  # no public way to list or restore
    prefixes = list(gin.config._LOCATION_PREFIXES)
    gin.config._FILE_READERS[:] = [(self._open, _exists)]
    gin.config._LOCATION_PREFIXES[:] = ["", *search_paths, GIN_DIRECTORY]
    try:
      yield
    finally:
      gin.config._FILE_READERS[:] = readers
      gin.config._LOCATION_PREFIXES[:] = prefixes

  def rewrite(self, text: str, path: str) -> gin_legacy.Rewritten:
    """Rewrites a text and keeps its notes."""
    rewritten = gin_legacy.rewrite(
        text, path, _is_registered, self._ignored
    )
    self.notes += [n for n in rewritten.notes if n not in self.notes]
    return rewritten

  def rewrite_given(
      self, bindings: Sequence[str]
  ) -> list[gin_legacy.Rewritten]:
    """Checks and rewrites the bindings of the command line."""
    for binding in bindings:
      _check_binding(binding)
    return [self.rewrite(binding, "--gin_param") for binding in bindings]

  def override(self, binding: str, given: Collection[str]) -> None:
    """Binds over the files; notes it if one of them said something else.

    Args:
      binding: one binding.
      given: keys of the command line's bindings, which win over it.
    """
    [wanted] = self.rewrite(binding, "").bindings
    said = self.said.get(wanted.key, wanted.value)
    if said != wanted.value and wanted.key not in given:
      self.notes.append(
          f"{wanted.name} = {said!r} of a file is {wanted.value!r} here; with"
          f' --gin_param="{wanted.name} = {said!r}" it stays'
      )
    gin.parse_config(binding)

  def check_macros(self, given: Sequence[gin_legacy.Binding]) -> None:
    """Notes macros of the command line that nothing refers to.

    Raises:
      UserError: no file binds such a macro either: it is misspelt.
    """
    macros = [b.name for b in given if "." not in b.name]
    if not macros:
      return
    used = {
        reference.scoped_selector.rpartition("/")[0]
        for reference in gin.config.iterate_references(
            gin.config._CONFIG, to=gin.get_configurable(gin.config.macro)
        )
    }
    for macro in macros:
      if macro in used:
        continue
      if macro not in self.said:
        raise errors.unknown_name("gin macro", macro, used)
      self.notes.append(f"{macro} has no effect: nothing refers to %{macro}")

  def _open(self, path: str) -> io.StringIO:
    rewritten = self.rewrite(_read(path), path)
    self.said.update({b.key: b.value for b in rewritten.bindings})
    return _NamedText(rewritten.text, path)


def _is_registered(selector: str) -> bool:
  return bool(gin.config._REGISTRY.matching_selectors(selector))


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
  if match := _UNBOUND_MACRO.search(message):
    macros = [name for name, of in gin.config._CONFIG if of == "gin.macro"]
    return errors.unknown_name(
        "gin macro",
        match[1],
        macros,
        f'It is used but not bound: add --gin_param="{match[1]} = ...".',
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
