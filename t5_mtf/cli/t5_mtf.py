"""The command `t5_mtf`: tools around the model."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from t5_mtf.cli import console, demo

# A command is a module: `add_parser(commands)` describes it, `run(flags)` does
# it and returns the exit status.
_COMMANDS = (demo,)


def make_parser() -> console.Parser:
  """Returns the parser of the command."""
  parser = console.Parser(
      prog="t5_mtf", description="Tools around T5 on Mesh TensorFlow."
  )
  commands = parser.add_subparsers(
      title="commands", dest="command", metavar="COMMAND",
      parser_class=console.Parser,
  )
  for command in _COMMANDS:
    command.add_parser(commands).set_defaults(run=command.run)
  return parser


@console.guarded
def main(argv: Sequence[str] | None = None) -> int:
  """Runs the command; returns its exit status."""
  parser = make_parser()
  flags = parser.parse_strictly(sys.argv[1:] if argv is None else argv)
  if flags.command is None:
    parser.print_help()
    return 1
  return flags.run(flags)


if __name__ == "__main__":
  sys.exit(main())
