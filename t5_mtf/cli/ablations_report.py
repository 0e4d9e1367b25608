"""`t5_mtf ablations report`: the paper's tables with our numbers."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import ablations_flags

_ENDINGS = {"md": ".md", "latex": ".tex", "csv": ".csv", "html": ".html"}
_FORMATS = (*_ENDINGS, "all")
_ALL_TABLES = "ablations"  # name of the files on all tables together
_EXAMPLES = """\
examples:
  t5_mtf ablations report --results=ablations
  t5_mtf ablations report table_4 table_5 --results=ablations --format=csv
  t5_mtf ablations report --results=ablations --output=ablations/report
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "report",
      help="the paper's tables with our numbers, and how far they agree",
      usage="t5_mtf ablations report [TABLE ...] --results DIR [flags]",
      description=(
          "Makes reports of results files, DIR/table_N.json: each table in the"
          " paper's form\nwith our scores over seeds, published scores and"
          " differences to the baseline;\nwhich differences and whose order"
          " agree with the paper's, and what that can\ncarry; what it cost."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("tables", nargs="*", metavar="TABLE",
      help="table_4 or 4, ... (default: all that DIR has)")
  add("--results", required=True, metavar="DIR",
      help="folder of the results files")
  add("--output", metavar="DIR",
      help="write files here: TABLE.md, .tex and .csv, and of all tables"
      f" {_ALL_TABLES}.md and .html (default: print)")
  add("--format", choices=_FORMATS, metavar="NAME",
      help="md, latex, csv, html or all (default: all with --output, else md)")
  add("--overwrite", action="store_true",
      help="replace files of an earlier report")
  add("--dry_run", action="store_true", help="check the flags, and stop")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  form = flags.format or ("all" if flags.output else "md")
  if form == "all" and not flags.output:
    raise errors.UserError(
        "--format=all makes several files: say where with --output=DIR."
    )
  names = [ablations_flags.table_name(word) for word in flags.tables]
  if flags.dry_run:
    return 0
  views = _views(flags.results, names)
  if not flags.output:
    print(_text(views, form).rstrip("\n"))
    return 0
  forms = list(_ENDINGS) if form == "all" else [form]
  made = {name: text for f in forms for name, text in _files(views, f).items()}
  _write(flags.output, made, flags.overwrite)
  return 0


def _views(folder: str, names: Sequence[str]) -> list[Any]:
  """Reads the results; tables that nothing has ended of are named."""
  from t5_mtf.ablations import experiments, table_results, table_view
  from t5_mtf.evaluation import files

  found = {
      name: table_results.read(path)
      for name in experiments.tables()
      if files.exists(path := os.path.join(folder, f"{name}.json"))
  }
  if not found:
    raise errors.UserError(
        f"--results={folder} has no table_N.json. Give the folder in which"
        " `t5_mtf ablations run` wrote its results."
    )
  for name in names:
    if name not in found:
      raise errors.UserError(
          f"--results={folder} has no {name}.json; it has {', '.join(found)}."
      )
  empty = [
      name
      for name, result in found.items()
      if not any(row.seeds for row in result.rows)
  ]
  for name in empty:
    print(f"{name}: no row has ended yet, left out.", file=sys.stderr)
  wanted = [name for name in names or found if name not in empty]
  if not wanted:
    raise errors.UserError(
        f"no row of {', '.join(names or found)} has ended yet: there is nothing"
        " to report."
    )
  every = list(found.values())
  return [table_view.view(found[n], every) for n in dict.fromkeys(wanted)]


def _text(views: Sequence[Any], form: str) -> str:
  """All tables in one text."""
  from t5_mtf.ablations import report_page, report_text

  if form == "html":
    return report_page.page(views)
  if form == "csv":
    return report_text.to_csv(views)
  if form == "latex":
    return "\n\n".join(map(report_text.latex, views))
  parts = [report_text.markdown(view) for view in views]
  if len(views) > 1:
    parts.insert(0, report_text.markdown_overview(views, links=False))
  return "\n\n".join(parts)


def _files(views: Sequence[Any], form: str) -> dict[str, str]:
  """File name -> text."""
  from t5_mtf.ablations import report_text

  if form == "html":
    return {f"{_ALL_TABLES}.html": _text(views, form)}
  made = {
      view.paper.name + _ENDINGS[form]: _text([view], form) for view in views
  }
  if form == "md":
    made[f"{_ALL_TABLES}.md"] = report_text.markdown_overview(views)
  return made


def _write(folder: str, made: Mapping[str, str], overwrite: bool) -> None:
  from t5_mtf.evaluation import files

  paths = {os.path.join(folder, name): text for name, text in made.items()}
  there = [path for path in paths if files.exists(path)]
  if there and not overwrite:
    raise errors.UserError(
        f"{len(there)} of {len(paths)} files are there already, such as"
        f" {there[0]}. Give another --output, or --overwrite to replace them."
    )
  for path, text in paths.items():
    files.write_atomically(path, text.rstrip("\n") + "\n")
    print(f"written to {path}")
