"""`t5_mtf ablations run`: carries out the runs of tables, or goes on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import ablations_flags, console, terminal

_EXAMPLES = """\
examples:
  t5_mtf ablations run table_4 --scale=tiny --output=first_look
  t5_mtf ablations run table_4 table_5 --seeds=2 --output=ablations
  t5_mtf ablations run table_7 --rows 3 "baseline (i.i.d.)"
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "run",
      help="carry out the runs of tables; run again, it continues",
      usage="t5_mtf ablations run TABLE [TABLE ...] [flags]",
      description=(
          "Trains and evaluates all that the rows of tables need, and writes"
          " OUTPUT/TABLE.json\nas rows end. What rows share is done once."
          " Whatever ended it, the same command\ngoes on where it was; what has"
          " ended is not done again."
      ),
      epilog=_EXAMPLES,
  )
  ablations_flags.add_rows(parser)
  add = parser.add_argument
  add("--seeds", type=int, default=1, metavar="N",
      help="runs of each row: with the seeds 0 to N - 1 (default 1)")
  add("--output", default="ablations", metavar="DIR",
      help="where runs and results go (default ablations)")
  add("--jobs", type=int, metavar="N",
      help="runs at a time, the cores divided among them (default: one on each"
      " core; one in all where there is a GPU)")
  ablations_flags.add_scale(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  for name in ("seeds", "jobs"):
    value = getattr(flags, name)
    if value is not None and value < 1:
      raise errors.UserError(f"--{name}={value} was given, but 1 is the least.")
  scale = ablations_flags.scale(flags)
  names = list(dict.fromkeys(map(ablations_flags.table_name, flags.tables)))
  wanted, without = _wanted(names, flags.rows, scale, flags.seeds)
  for row, reason in without.items():
    print(f"without {row}: {reason}")
  collectors = _collectors(names, scale, flags.seeds, flags.output)
  if flags.dry_run:
    for single in wanted:
      print(single.name)
    return 0
  for collector in collectors:
    collector.check_kept()
  return _carry_out(wanted, collectors, flags)


def _wanted(
    names: Sequence[str], rows: Sequence[str], scale: Any, seeds: int
) -> tuple[list[Any], dict[str, str]]:
  """The runs, seed by seed, and why rows are left out."""
  from t5_mtf.ablations import configurations

  chosen = ablations_flags.chosen_rows(names, rows)
  reasons = {e.id: configurations.why_not(e, scale) for e in chosen}
  without = {row: reason for row, reason in reasons.items() if reason}
  wanted = configurations.needed(chosen, scale, range(seeds))
  if not wanted:
    raise errors.UserError(
        "none of the rows can be run: "
        + "; ".join(f"{row}: {reason}" for row, reason in without.items())
    )
  return wanted, without


def _collectors(
    names: Sequence[str], scale: Any, seeds: int, output: str
) -> list[Any]:
  """What writes the results file of each table, with all its rows."""
  from t5_mtf.ablations import collecting, configurations, experiments

  collectors = []
  for name in names:
    there = collecting.seeds_in(collecting.file_of(name, output))
    every = [
        configurations.row_runs(e, scale, seed)
        for e in experiments.table(name)
        if not configurations.why_not(e, scale)
        for seed in sorted(there | {*range(seeds)})
    ]
    collectors.append(collecting.Collector(name, scale, every, output))
  return collectors


def _carry_out(
    wanted: Sequence[Any], collectors: Sequence[Any], flags: argparse.Namespace
) -> int:
  from t5_mtf.ablations import commands, running

  console.quiet_tensorflow()  # also of the processes that are started
  command = commands.text(["t5_mtf", *sys.argv[1:]])

  def ended(*unused: Any) -> None:
    for collector in collectors:
      if collector.update(command):
        print(f"written {collector.path}", flush=True)

  jobs = flags.jobs or running.default_jobs()
  ending = running.run_all(
      wanted, flags.output, jobs, console.quiet_tensorflow, ended
  )
  print(_tables(collectors))
  if ending.signal is not None:
    print(
        f"stopped; {len(ending.left)} runs are left. The same command goes on:"
        f"\n  {command}"
    )
    return 128 + ending.signal
  for single, error in ending.failed.items():
    print(f"failed: {single.name}: {error}", file=sys.stderr)
  for single in ending.left:
    print(f"missing, as it needs one that failed: {single.name}",
          file=sys.stderr)
  return 1 if ending.failed else 0


def _tables(collectors: Sequence[Any]) -> str:
  """The tables that have a row, for a terminal."""
  from t5_mtf.ablations import report_text, table_results, table_view
  from t5_mtf.evaluation import files

  results = [
      table_results.read(collector.path)
      for collector in collectors
      if files.exists(collector.path)
  ]
  parts = []
  for result in results:
    if not result.rows:
      continue
    view = table_view.view(result, results)
    rows = [["", *(column.own.name for column in view.columns)]]
    rows += [
        [report_text.row_name(row), *map(report_text.score, row.cells)]
        for row in view.rows
    ]
    numbers = range(1, len(view.columns) + 1)
    parts.append(f"\n{view.paper.name}\n" + terminal.table(rows, numbers))
  return "\n".join(parts)
