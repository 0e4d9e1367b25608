"""`t5_mtf report`: tables of scores, beside those of the paper."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import terminal

_OWN = "tasks"  # every score of every task
_ENDINGS = {".md": "markdown", ".tex": "latex", ".csv": "csv"}
_EXAMPLES = """\
examples:
  t5_mtf report demo_output
  t5_mtf report base=runs/1,runs/2,runs/3 new=runs/4 --format=markdown
  t5_mtf report span3=my_model --paper_row=table_7/3 --output=span3.tex
  t5_mtf report --list_paper_rows table_7
  t5_mtf report --paper_table=table_7
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "report",
      help="benchmark averages and result tables, beside the paper's",
      usage="t5_mtf report [NAME=]DIR[,DIR...] ... [flags]",
      description=(
          "Makes a table of what evaluations left in results.json: benchmark"
          " averages by\nthe paper's rules, one row for each NAME. Several DIRs"
          " of a NAME are runs, of\nwhich mean and standard deviation are"
          " shown."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("words", nargs="*", metavar="[NAME=]DIR[,DIR...]",
      help="model directories, evaluation directories or results.json files")
  add("--columns", default="auto", metavar="SETS",
      help="paper (its seven columns), glue, super_glue, all (the 33 of table"
      f" 16), table_14, mini, {_OWN} (every score there is), or several with"
      " commas between (default: by the tasks that there are)")
  add("--paper_row", metavar="TABLE/ROW",
      help="put a published row beside ours, such as table_7/3")
  add("--split", default="validation", metavar="NAME",
      help="the evaluated split (default validation)")
  add("--step", default="best", metavar="WHICH",
      help="checkpoint: best (of each task, as published; the default), latest,"
      " or a step")
  add("--std", default="auto", metavar="WHICH",
      help="what bold is judged by, two deviations below the best: those across"
      " runs, paper (its table 1), none (no bold), COLUMN=DEVIATION,... or auto"
      " (runs, else paper; the default)")
  add("--format", metavar="NAME",
      help="terminal, markdown, latex or csv (default: by the ending of"
      " --output, else terminal)")
  add("--output", metavar="FILE", help="write to a new file")
  add("--list_paper_rows", nargs="?", const="", metavar="TABLE",
      help="list the rows of the paper's tables, or of one")
  add("--paper_table", metavar="TABLE", help="show a table as published")
  add("--dry_run", action="store_true", help="check the flags, and stop")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  from t5_mtf.evaluation import comparison, paper

  asked = [bool(flags.words), flags.list_paper_rows is not None,
           flags.paper_table is not None]  # fmt: skip
  if sum(asked) != 1:
    raise errors.UserError(
        "give directories, or --list_paper_rows, or --paper_table, and one of"
        " these only. See t5_mtf report --help."
    )
  form = _form(flags)
  if flags.list_paper_rows is not None:
    names = [flags.list_paper_rows] if flags.list_paper_rows else paper.tables()
    text = "\n\n".join(_listing(paper.table(name)) for name in names)
    if not flags.dry_run:
      _deliver(text, flags.output)
    return 0
  if flags.paper_table is not None:
    table = comparison.published(flags.paper_table)
  else:
    table = _compare(flags)
  if not flags.dry_run:
    _show(table, form, flags.output)
  return 0


def _form(flags: argparse.Namespace) -> str:
  """The format; refuses to write over a file."""
  from t5_mtf.evaluation import tables

  if flags.output and os.path.exists(flags.output):
    raise errors.UserError(
        f"--output={flags.output} is there already. Give another name, or"
        " remove it first."
    )
  ending = os.path.splitext(flags.output or "")[1]
  form = flags.format or _ENDINGS.get(ending, "terminal")
  if form not in tables.FORMATS:
    raise errors.unknown_name("--format", form, tables.FORMATS)
  return form


def _compare(flags: argparse.Namespace) -> Any:
  """The table of the directories; None in a dry run."""
  from t5_mtf.evaluation import benchmarks, comparison, paper, selection

  folders = folders_by_name(flags.words)
  sets = flags.columns.split(",")
  for name in sets:
    if name not in (known := [*benchmarks.COLUMN_SETS, _OWN, "auto"]):
      raise errors.unknown_name("set of columns", name, known)
  paper_row = paper.row(flags.paper_row) if flags.paper_row else None
  step, bold_by = _step(flags.step), deviations(flags.std)
  if flags.dry_run:
    return None
  rows = {
      name: [
          selection.choose(selection.read(folder, flags.split), step)
          for folder in every
      ]
      for name, every in folders.items()
  }
  scores = {
      name: [{task: dict(r.metrics) for task, r in one.items()} for one in runs]
      for name, runs in rows.items()
  }
  columns, notes = _columns(sets, [s for runs in scores.values() for s in runs])
  table = comparison.compare(
      scores, columns, paper_row=paper_row, bold_by=bold_by,
      title=f"Scores, {flags.split} split",
  )  # fmt: skip
  if step == "best":
    notes.append("Checkpoints: of each task the best by its main metrics.")
  return table.with_notes([*notes, *selection.notes(rows)])


def folders_by_name(words: Iterable[str]) -> dict[str, list[str]]:
  """Reads `[NAME=]DIR[,DIR...]`.

  >>> folders_by_name(["base=a,b", "base=c", "runs/d"])
  {'base': ['a', 'b', 'c'], 'runs/d': ['runs/d']}

  Raises:
    UserError: a name or directory is empty, or a directory is given twice.
  """
  rows: dict[str, list[str]] = {}
  for word in words:
    name, equals, rest = word.partition("=")
    if not equals or "/" in name or os.path.exists(word):
      name, rest = word, word
    folders = [rest] if os.path.exists(rest) else rest.split(",")
    if not name or not all(folders):
      raise errors.UserError(
          f"{word!r} was given, but must be [NAME=]DIR or [NAME=]DIR,DIR,..."
      )
    rows.setdefault(name.rstrip("/") or name, []).extend(folders)
  for name, folders in rows.items():
    paths = [os.path.realpath(folder) for folder in folders]
    twice = {f for f, p in zip(folders, paths, strict=True)
             if paths.count(p) > 1}  # fmt: skip
    if twice:
      raise errors.UserError(
          f"{name}: {', '.join(sorted(twice))} is given twice; runs must be"
          " different ones."
      )
  return rows


def _step(text: str) -> str | int:
  if text in ("best", "latest"):
    return text
  number = text.replace(",", "").replace("_", "")
  if not number.isdecimal():
    raise errors.UserError(
        f"--step={text} was given, but must be best, latest or a step."
    )
  return int(number)


def deviations(text: str) -> str | dict[str, float]:
  """Reads --std.

  >>> deviations("GLUE=0.2,EnDe=0.1")
  {'GLUE': 0.2, 'EnDe': 0.1}

  Raises:
    UserError: it is neither a word that is known nor such pairs.
  """
  from t5_mtf.evaluation import comparison

  if text in comparison.BOLD_BY:
    return text
  found = {}
  for pair in text.split(","):
    name, _, number = pair.rpartition("=")
    try:
      found[name.strip()] = float(number)
    except ValueError:
      name = ""
    if not name.strip():
      raise errors.UserError(
          f"--std={text} was given, but must be one of"
          f" {', '.join(comparison.BOLD_BY)}, or columns with deviations:"
          " --std=GLUE=0.2,EnDe=0.1."
      )
  return found


def _columns(
    sets: Sequence[str], every: Sequence[Mapping[str, Mapping[str, float]]]
) -> tuple[Sequence[Any], list[str]]:
  """The columns, and notes on what is in none."""
  from t5_mtf.evaluation import benchmarks

  tasks = dict.fromkeys(task for scores in every for task in scores)
  own = benchmarks.columns_of_scores(every)
  notes = []
  found: list[Any] = []
  for name in sets:
    if name == "auto":
      known = benchmarks.columns_for(tasks)
      if not known:
        notes.append("No task of a benchmark: every score is a column.")
      found += known or own
    else:
      found += own if name == _OWN else benchmarks.COLUMN_SETS[name]
  inside = {task for column in found for task in column.tasks}
  outside = [
      t for t in tasks if {t, benchmarks.plain_name(t)}.isdisjoint(inside)
  ]
  if outside:
    notes.append(
        f"In none of these columns: {', '.join(outside)}"
        f" (--columns={_OWN} shows every score)."
    )
  return list({c.name: c for c in found}.values()), notes


def _show(table: Any, form: str, output: str | None) -> None:
  from t5_mtf.evaluation import tables

  width = None if output else terminal.width()
  _deliver(tables.render(table, form, width), output)
  if form == "csv":
    for note in table.all_notes():
      print(note, file=sys.stderr)


def _deliver(text: str, output: str | None) -> None:
  from t5_mtf.evaluation import files

  if output:
    files.write_atomically(output, text + "\n")
    print(f"written to {output}")
  else:
    print(text)


def _listing(table: Any) -> str:
  """The ids and names of a table's rows; the examples of table 3."""
  lines = [f"{table.name}  {table.title} (section {table.section})"]
  rows = list(table.rows.values())
  if not table.columns:
    for row in rows:
      lines += ["", f"  {row.name}"]
      for key, text in row.details["example"].items():
        lines.append(terminal.labelled(f"  {key}", text))
    return "\n".join(lines)
  widest = max(len(row.id) for row in rows)
  for row in rows:
    more = [
        str(value)
        for key, value in row.details.items()
        if key != "refs" and value is not None
    ]
    star = ["the baseline"] * (row.starred and "aseline" not in row.name)
    extra = ", ".join([*more, *star])
    name = f"{row.name} ({extra})" if extra else row.name
    lines.append(f"  {row.id:<{widest}}  {name}")
  return "\n".join(lines)
