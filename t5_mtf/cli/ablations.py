"""`t5_mtf ablations`: the paper's tables, shown, planned, run and reported."""

from __future__ import annotations

import argparse
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import (
    ablations_list,
    ablations_plan,
    ablations_report,
    ablations_run,
    ablations_show,
    console,
)

# Subcommand -> module: `add_parser(commands)` describes it, `run(flags)` does
# it and returns the exit status.
_MODULES = {
    "list": ablations_list,
    "show": ablations_show,
    "plan": ablations_plan,
    "run": ablations_run,
    "report": ablations_report,
}
_EXAMPLES = """\
examples:
  t5_mtf ablations list
  t5_mtf ablations show table_7/3
  t5_mtf ablations plan table_7 --scale=paper --hardware=v3-8
  t5_mtf ablations run table_4 table_5 --seeds=2
  t5_mtf ablations report --results=ablations
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
  for module in _MODULES.values():
    module.add_parser(subcommands)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the subcommand; returns its exit status."""
  if flags.subcommand is None:
    raise errors.UserError(
        f"give a subcommand: {', '.join(_MODULES)}."
        " See t5_mtf ablations --help."
    )
  return _MODULES[flags.subcommand].run(flags)
