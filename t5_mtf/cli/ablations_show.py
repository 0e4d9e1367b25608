"""`t5_mtf ablations show`: a row, its published scores, its configuration."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import ablations_flags, terminal

_KINDS = {
    "pretraining": "pre-training",
    "fine_tuning": "fine-tuning",
    "multitask": "one training on all tasks",
    "ensemble": "ensembles",
}
_EXAMPLES = """\
examples:
  t5_mtf ablations show table_7
  t5_mtf ablations show table_7/3 --scale=paper
  t5_mtf ablations show table_10 gradual_unfreezing --commands
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "show",
      help="a table as published, or a row with its full configuration",
      usage="t5_mtf ablations show TABLE [ROW] [flags]\n"
      "       t5_mtf ablations show TABLE/ROW [flags]",
      description=(
          "Shows a table as published; of a row its published scores, what it"
          " changes in\nthe baseline, and the gin files and bindings of all its"
          " runs."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("table", metavar="TABLE", help="table_7 or 7, or TABLE/ROW")
  add("row", nargs="?", metavar="ROW", help="`list TABLE` shows them")
  add("--seed", type=int, default=0, metavar="N",
      help="of the runs (default 0)")
  add("--commands", action="store_true",
      help="print the commands that carry out the row, and nothing else")
  add("--output", default="ablations", metavar="DIR",
      help="with --commands: the directory of the runs (default ablations)")
  ablations_flags.add_scale(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  scale = ablations_flags.scale(flags)
  table, slash, row = flags.table.partition("/")
  if slash and flags.row:
    raise errors.UserError(
        f"the row is given twice: {flags.table!r} and {flags.row!r}."
    )
  table = ablations_flags.table_name(table)
  row = (flags.row or row).removeprefix(f"{table}/")
  experiment = _experiment(table, row) if row else None
  if experiment is None and flags.commands:
    raise errors.UserError(
        f"--commands is for one row. `t5_mtf ablations list {table}` shows"
        " them."
    )
  if flags.dry_run:
    return 0
  if experiment is None:
    print(_table(table))
  elif flags.commands:
    print(_commands(experiment, scale, flags.seed, flags.output))
  else:
    print(_row(experiment, scale, flags.seed))
  return 0


def _experiment(table: str, row: str) -> Any:
  from t5_mtf.ablations import experiments
  from t5_mtf.evaluation import paper

  rows = {e.id.partition("/")[2]: e for e in experiments.table(table)}
  names = {paper.row(e.id).name.casefold(): e for e in rows.values()}
  found = rows.get(row) or names.get(row.casefold())
  if found is None:
    raise errors.unknown_name(
        f"row of {table}", row, rows,
        f"`t5_mtf ablations list {table}` shows them.",
    )  # fmt: skip
  return found


def _table(name: str) -> str:
  from t5_mtf.evaluation import comparison, tables

  return tables.render(
      comparison.published(name), "terminal", terminal.width()
  )


def _row(experiment: Any, scale: Any, seed: int) -> str:
  from t5_mtf.ablations import assumptions, configurations
  from t5_mtf.evaluation import paper

  row, table = paper.row(experiment.id), paper.table(experiment.table)
  parts = [f"{row.id}  {row.name}\n{table.title} (section {table.section})"]
  facts = [
      terminal.labelled("changes", ablations_flags.changes(experiment)),
      *(
          terminal.labelled("published" if n == 0 else "", f"{key}: {value}")
          for n, (key, value) in enumerate(row.change.items())
      ),
  ]
  if row.erratum:
    facts.append(terminal.labelled("erratum", row.erratum))
  parts.append("\n".join(facts))
  if row.scores:
    columns = [name for name in table.columns if name in row.scores]
    cells = [f"{row.scores[name]:.2f}" for name in columns]
    how = f"{table.split}, {table.decode}"
    parts.append(f"published scores ({how})\n\n{_wrapped(columns, cells)}")
  parts.append(f"scale {scale.name}: {scale.description}")
  if reason := configurations.why_not(experiment, scale):
    parts.append(f"no runs: {reason}")
    return "\n\n".join(parts)
  if said := assumptions.of(experiment, scale):
    labels = ("here", *[""] * len(said))
    parts.append("\n".join(map(terminal.labelled, labels, said)))
  parts.append(_configuration(experiment, scale, seed))
  return "\n\n".join(parts)


def _wrapped(columns: Sequence[str], cells: Sequence[str]) -> str:
  """A line of scores; several below one another where there are many."""
  if len(columns) > 8:
    rows = [["column", "score"], *map(list, zip(columns, cells, strict=True))]
    return terminal.table(rows, (1,))
  return terminal.table([columns, cells], range(len(columns)))


def _configuration(experiment: Any, scale: Any, seed: int) -> str:
  """The runs, grouped: what all of a kind have in common is said once."""
  from t5_mtf.ablations import configurations, runs

  columns = configurations.row_runs(experiment, scale, seed).columns
  every = runs.in_order(columns.values())
  parts = []
  for kind in dict.fromkeys(run.kind for run in every):
    group = [run for run in every if run.kind == kind]
    parts.append(_group(_KINDS[kind], group))
  return "\n\n".join(parts)


def _group(title: str, group: Sequence[Any]) -> str:
  described = [_description(run) for run in group]
  common = [line for line in described[0] if all(line in d for d in described)]
  several = len(group) != 1
  heading = f"{title}: {len(group)} run{'s' * several}"
  if group[0].steps:
    heading += f", {group[0].steps:,} steps{' each' * several}"
  lines = [heading]
  lines += [f"  {line}" for line in common]
  for run, own in zip(group, described, strict=True):
    lines.append(f"  {run.name}")
    lines += [f"    {line}" for line in own if line not in common]
  return "\n".join(lines)


def _description(run: Any) -> list[str]:
  """Gin files, bindings, and what the run starts from and is evaluated on."""
  lines = [f"--gin_file={name}" for name in run.gin_files]
  lines += [f'--gin_param="{param}"' for param in run.gin_params]
  lines += [f"starts from {parent.name}" for parent in run.parents]
  if run.tasks:
    lines.append(f"evaluated on {', '.join(run.tasks)}")
  lines += [f'in evaluations --gin_param="{p}"' for p in run.eval_params]
  return lines


def _commands(experiment: Any, scale: Any, seed: int, output: str) -> str:
  from t5_mtf.ablations import commands, configurations, runs

  columns = configurations.row_runs(experiment, scale, seed).columns
  return commands.script(runs.in_order(columns.values()), output)
