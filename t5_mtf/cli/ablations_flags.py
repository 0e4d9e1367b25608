"""What the subcommands of `t5_mtf ablations` share: scales, tables, rows."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from t5_mtf import errors


def add_rows(parser: argparse.ArgumentParser) -> None:
  """Adds TABLE ... and --rows."""
  add = parser.add_argument
  add("tables", nargs="+", metavar="TABLE", help="table_4 or 4, ...")
  add("--rows", nargs="+", default=[], metavar="ROW",
      help="only these, such as bert_style or table_4/bert_style")


def add_scale(parser: argparse.ArgumentParser) -> None:
  """Adds --scale, --set and --dry_run."""
  add = parser.add_argument
  add("--scale", default="mini", metavar="NAME",
      help="paper (as published), mini (a CPU and the embedded data; the"
      " default) or tiny (seconds a run, no scores to read)")
  add("--set", action="append", default=[], metavar="NAME=VALUE",
      help="change a number of the scale, such as finetuning_steps=400, or"
      " layout=gpu_8 (a file of gin/layouts); may be given several times")
  add("--dry_run", action="store_true", help="check the flags, and stop")


def scale(flags: argparse.Namespace) -> Any:
  """Reads the scale that the flags name.

  Raises:
    UserError: there is no such scale, or no such setting, or a value of one
      cannot be used.
  """
  from t5_mtf.ablations import scales

  return scales.load(flags.scale, flags.set)


def table_name(word: str) -> str:
  """Returns the name of a table of experiments; its number is enough.

  Raises:
    UnknownNameError: there is no such table.
  """
  from t5_mtf.ablations import experiments

  name = f"table_{word}" if word.isdecimal() else word
  if name not in experiments.tables():
    raise errors.unknown_name(
        "table of experiments", word, experiments.tables(),
        "`t5_mtf ablations list` shows them.",
    )  # fmt: skip
  return name


def chosen_rows(tables: Iterable[str], rows: Sequence[str]) -> list[Any]:
  """Returns the experiments of tables that rows name; all if none is named.

  Raises:
    UnknownNameError: a row is in none of the tables.
  """
  from t5_mtf.ablations import experiments
  from t5_mtf.evaluation import paper

  every = {e.id: e for name in tables for e in experiments.table(name)}
  if not rows:
    return list(every.values())
  by_name: dict[str, list[Any]] = {}
  for row_id, experiment in every.items():
    for name in (row_id, row_id.partition("/")[2], paper.row(row_id).name):
      if experiment not in by_name.setdefault(name.casefold(), []):
        by_name[name.casefold()].append(experiment)
  found = []
  for row in rows:
    if row.casefold() not in by_name:
      raise errors.unknown_name("row of these tables", row, every)
    found += by_name[row.casefold()]
  return [e for e in every.values() if e in found]


def changes(experiment: Any) -> str:
  """What a row changes in the baseline, in one line.

  >>> from t5_mtf.ablations import experiments
  >>> changes(experiments.of_row("table_10/adapter_layers_d_32"))
  'trained adapters, adapter_width 32'
  """
  found = experiment.changes()
  if not found:
    return "nothing: it is the baseline"
  return ", ".join(
      f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
      for name, value in found.items()
  )
