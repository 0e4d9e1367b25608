"""`t5_mtf ablations list`: tables, rows, and how many runs they are."""

from __future__ import annotations

import argparse
from typing import Any

from t5_mtf.cli import ablations_flags, terminal

_EXAMPLES = """\
examples:
  t5_mtf ablations list
  t5_mtf ablations list table_12 --scale=paper
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "list",
      help="the tables, or a table's rows, and how many runs they are",
      usage="t5_mtf ablations list [TABLE ...] [flags]",
      description=(
          "Lists the tables of experiments; of the tables that are given, the"
          " rows.\nRuns that several rows share are counted once."
      ),
      epilog=_EXAMPLES,
  )
  parser.add_argument("tables", nargs="*", metavar="TABLE",
                      help="table_4 or 4, ...")
  ablations_flags.add_scale(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  from t5_mtf.ablations import experiments

  scale = ablations_flags.scale(flags)
  names = [ablations_flags.table_name(word) for word in flags.tables]
  if flags.dry_run:
    return 0
  print(f"scale {scale.name}: {scale.description}\n")
  for name in names:
    print(_rows_of(name, scale) + "\n")
  if not names:
    print(_tables(experiments.tables(), scale))
  return 0


def _tables(tables: Any, scale: Any) -> str:
  from t5_mtf.ablations import configurations
  from t5_mtf.evaluation import paper

  lines = [["table", "rows", "runs", "section", "what"]]
  every = []
  for name, rows in tables.items():
    found = configurations.needed(rows, scale)
    every += rows
    known = paper.table(name)
    lines.append(
        [name, str(len(rows)), str(len(found)), known.section, known.title]
    )
  found = configurations.needed(every, scale)
  lines.append(["all", str(len(every)), str(len(found)), "", ""])
  return terminal.table(lines, (1, 2), 70)


def _rows_of(name: str, scale: Any) -> str:
  from t5_mtf.ablations import configurations, experiments
  from t5_mtf.evaluation import paper

  table = paper.table(name)
  lines = [["row", "runs", "name", "changes in the baseline"]]
  for experiment in experiments.table(name):
    reason = configurations.why_not(experiment, scale)
    lines.append([
        experiment.id,
        str(len(configurations.needed([experiment], scale))),
        table.rows[experiment.id].name,
        f"no runs: {reason}" if reason else ablations_flags.changes(experiment),
    ])  # fmt: skip
  heading = f"{name}  {table.title} (section {table.section})"
  return f"{heading}\n\n{terminal.table(lines, (1,), 100)}"
