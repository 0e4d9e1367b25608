"""The command `t5_mtf`: tools around the model."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from t5_mtf.cli import console


def make_parser() -> console.Parser:
  """Returns the parser of the command."""
  parser = console.Parser(
      prog="t5_mtf", description="Tools around T5 on Mesh TensorFlow."
  )
  commands = parser.add_subparsers(
      title="commands", dest="command", metavar="COMMAND",
      parser_class=console.Parser,
  )
  demo = commands.add_parser(
      "demo",
      help="the main job on the embedded data, in about eight minutes",
      description=(
          "Pre-trains a small T5 on the embedded prose, fine-tunes it on the"
          " mini suite, scores every column against a trivial baseline, exports"
          " a SavedModel, asks it from a fresh process, and writes"
          " results.json, curves.png and report.html. Run again, it continues,"
          " or says what is done."
      ),
  )
  demo.add_argument("--output", default="demo_output", metavar="DIR",
                    help="where everything goes (default demo_output)")
  demo.add_argument("--pretrain_steps", type=int, metavar="N",
                    help="instead of those in mini/pretraining.gin")
  demo.add_argument("--finetune_steps", type=int, metavar="N",
                    help="instead of those in mini/finetuning.gin")
  demo.add_argument("--max_examples", type=int, metavar="N",
                    help="evaluate only so many examples a task")
  demo.add_argument("--dry_run", action="store_true",
                    help="print what would be run, and stop")
  return parser


@console.guarded
def main(argv: Sequence[str] | None = None) -> int:
  """Runs the command; returns its exit status."""
  parser = make_parser()
  flags = parser.parse_strictly(sys.argv[1:] if argv is None else argv)
  if flags.command is None:
    parser.print_help()
    return 1
  from t5_mtf.cli import demo

  return demo.run(flags)


if __name__ == "__main__":
  sys.exit(main())
