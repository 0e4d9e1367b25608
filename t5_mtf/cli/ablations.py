"""`t5_mtf ablations`: the paper's tables, shown, planned, run and reported."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console

# Subcommand -> module: `add_parser(commands)` describes it, `run(flags)` does
# it and returns the exit status.
_MODULES = {
    "list": "ablations_list",
    "show": "ablations_show",
    "plan": "ablations_plan",
    "run": "ablations_run",
    "report": "ablations_report",
}
_EXAMPLES = """\
examples:
  t5_mtf ablations list
  t5_mtf ablations show table_7/3
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its subcommands."""
  parser = commands.add_parser(
      "ablations",
      help="the paper's tables of experiments: show, plan, run and report them",
      description=(
          "The experiments of tables 1, 2 and 4 to 15, each row a complete"
          " configuration,\nat the paper's scale or at one for this machine."
      ),
      epilog=_EXAMPLES,
  )
  subcommands = parser.add_subparsers(
      title="subcommands", dest="subcommand", metavar="SUBCOMMAND",
      parser_class=console.Parser,
  )
  for name in _MODULES:
    if module := _module(name):
      module.add_parser(subcommands)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the subcommand; returns its exit status."""
  if flags.subcommand is None:
    raise errors.UserError(
        f"give a subcommand: {', '.join(n for n in _MODULES if _module(n))}."
        " See t5_mtf ablations --help."
    )
  return _module(flags.subcommand).run(flags)


def _module(name: str) -> Any:
  path = f"t5_mtf.cli.{_MODULES[name]}"
  if importlib.util.find_spec(path) is None:
    return None
  return importlib.import_module(path)
