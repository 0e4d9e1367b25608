"""The command `t5_mtf`: tools around the model."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from t5_mtf import errors
from t5_mtf.cli import (
    ablations,
    cache,
    checkpoints,
    console,
    convert,
    corpus,
    demo,
    doctor,
    ensemble,
    metrics,
    mixtures,
    plan,
    predict,
    report,
    stats,
    submission,
    tasks,
    vocab,
)

# A command is a module: `add_parser(commands)` describes it, `run(flags)` does
# it and returns the exit status.
_COMMANDS = (
    ablations,
    cache,
    checkpoints,
    convert,
    corpus,
    demo,
    doctor,
    ensemble,
    metrics,
    tasks,
    mixtures,
    plan,
    predict,
    report,
    stats,
    submission,
    vocab,
)


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
  own, after_dashes = _split(sys.argv[1:] if argv is None else argv)
  flags = parser.parse_strictly(own)
  flags.after_dashes = after_dashes
  if flags.command is None:
    parser.print_help()
    return 1
  if after_dashes and flags.command not in ("cache", "corpus"):
    raise errors.UserError(
        f"`{flags.command}` takes nothing after ` -- `, but there is"
        f" {' '.join(after_dashes)}."
    )
  return flags.run(flags)


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
  """Splits at ` -- `: our flags, and those for another program."""
  argv = list(argv)
  at = argv.index("--") if "--" in argv else len(argv)
  return argv[:at], argv[at + 1 :]


if __name__ == "__main__":
  sys.exit(main())
