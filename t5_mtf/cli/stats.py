"""`t5_mtf stats`: lengths, truncation, packing and unknown characters."""

from __future__ import annotations

import argparse
import dataclasses
import html
import itertools
import json
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import registered, terminal

_LIMITS = (64, 128, 256, 512, 1024)
_SAMPLE = 20_000
_WORST = 10  # characters that are shown
_OF_FILES = (
    "vocabulary",
    "columns",
    "input_template",
    "target_column",
    "file_format",
    "bad_rows",
    "targets",
)
_EXAMPLES = """\
examples:
  t5_mtf stats mini_squad --sequence_length=inputs=64,targets=16
  t5_mtf stats reviews.tsv --vocabulary=mini
  t5_mtf stats 'parts/*.jsonl.gz' --input_template='sst2 sentence: {text}' \\
    --target_column=label --whole --json
"""


@dataclasses.dataclass(frozen=True)
class Measured:
  """What was measured, of what.

  Attributes:
    name: of the task, mixture or file.
    split: its split; empty for files.
    whole: whether it was read to the end.
    features: feature -> `statistics.FeatureStatistics`.
    lengths: feature -> ids of a row.
    vocabularies: the vocabularies, in words.
  """

  name: str
  split: str
  whole: bool
  features: Mapping[str, Any]
  lengths: Mapping[str, int]
  vocabularies: list[str]

  @property
  def examples(self) -> int:
    """Number of examples that were read."""
    return max(f.lengths.size for f in self.features.values())


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "stats",
      help="lengths in ids, truncation, packing and unknown characters",
      description=(
          "Measures a task, a mixture, or files of yours (tsv, csv, jsonl, txt;"
          " .gz too):\nlengths in ids, what a limit cuts, how full rows are,"
          " and what the vocabulary\ncannot express. Every column of a file is"
          " measured by itself, unless\n--input_template and --target_column"
          " say what a model would be given."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("words", nargs="+", metavar="NAME | FILE...",
      help="a task, a mixture, or files of one kind; globs in quotes")
  add("--split", default="train", metavar="NAME",
      help="of a task or mixture (default train)")
  registered.add_length_flag(parser, "to count what is cut and fill rows")
  add("--max_examples", type=int, default=_SAMPLE, metavar="N",
      help=f"measure the first N examples (default {_SAMPLE:,})")
  add("--whole", action="store_true", help="measure every example")
  add("--vocabulary", metavar="NAME", help="for files: t5 (the default), mini,"
      " or a SentencePiece model file")
  add("--columns", metavar="A,B", help="for files without a header row")
  add("--input_template", metavar="TEXT", help="for files: the model's input,"
      " columns in braces")
  add("--target_column", metavar="NAME", help="for files: the column to answer")
  add("--targets", metavar="FILE", help="for a text file of inputs: the file of"
      " its targets, line by line")
  add("--file_format", metavar="NAME", help="for files: tsv, csv, jsonl or text"
      " (default: by the ending of the name)")
  add("--bad_rows", metavar="WHAT", help="for files: error (the default) or"
      " skip, which leaves malformed rows out and says how many")
  add("--json", action="store_true", help="print JSON")
  add("--chart", metavar="FILE.html", help="write a page with histograms")
  registered.add_flags(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  if flags.max_examples < 1:
    raise errors.UserError(
        f"--max_examples is {flags.max_examples}, but must be 1 or more; every"
        " example is measured with --whole."
    )
  registered.prepare(flags)
  measured = _measured(flags)
  if measured is None:
    return 0
  if not measured.examples:
    raise errors.DataError(f"{measured.name} has no examples.")
  if flags.json:
    print(json.dumps(as_json(measured), indent=2, ensure_ascii=False))
  else:
    print(_report(measured))
  if flags.chart:
    from t5_mtf.evaluation import files

    files.write_atomically(flags.chart, _page(measured))
    if not flags.json:
      print(f"\nhistograms in {flags.chart}")
  return 0


def _measured(flags: argparse.Namespace) -> Measured | None:
  """Measures what the words name; nothing in a dry run."""
  from t5_mtf import data

  name = flags.words[0]
  known = data.TaskRegistry.names() + data.MixtureRegistry.names()
  if name in known and len(flags.words) == 1:
    return _of_registered(data.get_mixture_or_task(name), flags)
  looks_like_a_file = len(flags.words) > 1 or set("./*?[\\") & set(name)
  if not looks_like_a_file:
    raise errors.unknown_name(
        "task, mixture or file", name, known,
        "`t5_mtf tasks` lists the tasks; a file is given by its path.",
    )  # fmt: skip
  return _of_files(flags)


def _of_registered(task: Any, flags: argparse.Namespace) -> Measured | None:
  from t5_mtf.data import describe, statistics, text_lines

  for flag in _OF_FILES:
    if getattr(flags, flag):
      raise errors.UserError(f"--{flag} is for files; {task.name} has its own.")
  tasks = getattr(task, "tasks", None)
  if tasks and flags.whole:
    raise errors.UserError(
        f"{task.name} is a mixture, which is sampled without end. Leave out"
        " --whole."
    )
  lengths = registered.lengths(flags.sequence_length, task.output_features)
  if flags.dry_run:
    return None
  for each in tasks or [task]:
    if missing := describe.missing_data(each):
      raise errors.DataError(missing)
  limit = None if flags.whole else flags.max_examples
  # One more than are measured tells whether that was all.
  dataset = statistics.untrimmed_dataset(
      task, flags.split, lengths, limit and limit + 1
  )
  progress = text_lines.ReadingProgress(f"measuring {task.name}")
  examples = _Head(dataset.as_numpy_iterator(), limit)
  found = statistics.measure(examples, task.output_features, progress.at)
  progress.close()
  return Measured(
      task.name,
      flags.split,
      not examples.more,
      {k: f for k, f in found.items() if f.lengths.size},
      lengths,
      _vocabulary_texts(task.output_features),
  )


class _Head:
  """The first examples, and whether there are more."""

  def __init__(self, examples: Iterable[Any], limit: int | None):
    self._examples = iter(examples)
    self._limit = limit
    self.more = False

  def __iter__(self):
    yield from itertools.islice(self._examples, self._limit)
    self.more = next(self._examples, None) is not None


def _of_files(flags: argparse.Namespace) -> Measured | None:
  from t5_mtf import data
  from t5_mtf.data import files, statistics, text_lines

  vocabulary = registered.vocabulary(flags.vocabulary or "t5")
  paths = files.expand(flags.words)
  columns, rows = _rows(paths, flags)
  features = {column: data.Feature(vocabulary) for column in columns}
  lengths = registered.lengths(flags.sequence_length, features)
  if flags.dry_run:
    return None
  name = paths[0] if len(paths) == 1 else f"{len(paths)} files"
  progress = text_lines.ReadingProgress(f"measuring {name}")
  examples = _Head(rows, None if flags.whole else flags.max_examples)
  found = statistics.measure(
      statistics.tokenized_rows(examples, features), features, progress.at
  )
  progress.close()
  texts = _vocabulary_texts(features)
  return Measured(name, "", not examples.more, found, lengths, texts)


def _rows(paths: list[str], flags: argparse.Namespace) -> tuple[list[str], Any]:
  """Names of the features, and the rows: feature -> text."""
  from t5_mtf.data import file_task, files, tables

  if flags.target_column and not flags.input_template:
    raise errors.UserError("--target_column goes with --input_template.")
  given = flags.columns.split(",") if flags.columns else None
  bad_rows = flags.bad_rows or "error"
  if flags.targets:
    opened = [
        tables.PairedText(path, targets, bad_rows)
        for path, targets in _pairs(paths, files.expand(flags.targets))
    ]
  else:
    opened = [
        tables.Table(path, given, flags.file_format, bad_rows)
        for path in paths
    ]
  columns = list(opened[0].columns)
  for table in opened[1:]:
    if set(table.columns) != set(columns):
      raise errors.DataError(
          f"{table.path} has the columns {list(table.columns)}, but"
          f" {opened[0].path} has {columns}. Measure them one by one."
      )
  if flags.bad_rows == "skip" and not flags.dry_run:
    for table in opened:
      for line in table.report.lines(table.path):
        print(line, file=sys.stderr)
  rows = (
      dict(zip(table.columns, row, strict=True))
      for table in opened
      for row in table.rows()
  )
  if not flags.input_template:
    return columns, rows
  target = flags.target_column or "targets"
  template = flags.input_template
  for column in [*file_task.template_columns(template), target]:
    if column not in columns:
      raise errors.unknown_name(
          f"column of {paths[0]}", column, columns,
          "If the file has no header row, name its columns with --columns.",
      )  # fmt: skip
  return ["inputs", "targets"], (
      {"inputs": template.format(**row), "targets": row[target]} for row in rows
  )


def _pairs(
    inputs: list[str], targets: list[str]
) -> list[tuple[str, str]]:
  if len(inputs) != len(targets):
    raise errors.UserError(
        f"there are {len(inputs)} files of inputs, but {len(targets)} of"
        " targets."
    )
  return list(zip(inputs, targets, strict=True))


def _vocabulary_texts(features: Mapping[str, Any]) -> list[str]:
  from t5_mtf.data import describe

  return list(
      dict.fromkeys(
          describe.vocabulary_text(f.vocabulary) for f in features.values()
      )
  )


def as_json(measured: Measured) -> dict[str, Any]:
  """All that was measured, for programs; shares are from 0 to 1."""
  count = measured.examples
  features = {}
  for name, found in measured.features.items():
    summary = found.summary()
    limits = sorted({*_LIMITS, measured.lengths[name]})
    features[name] = {
        "examples": summary.examples,
        "tokens": found.tokens,
        "mean": summary.mean,
        "percentiles": {str(p): n for p, n in summary.percentiles.items()},
        "longer_than": {
            str(limit): found.truncated(limit) / max(1, summary.examples)
            for limit in limits
        },
        "unknown": found.unknown,
        "unknown_share": found.unknown / max(1, found.tokens),
        "unknown_examples": found.unknown_examples,
        "unknown_characters": found.unknown_characters,
    }
  return {
      "name": measured.name,
      "split": measured.split,
      "examples": count,
      "whole": measured.whole,
      "vocabularies": measured.vocabularies,
      "features": features,
      "sequence_length": dict(measured.lengths),
      "rows": {
          kind: dataclasses.asdict(_row_use(measured, kind == "packed"))
          for kind in ("padded", "packed")
      },
  }


def _row_use(measured: Measured, packed: bool) -> Any:
  from t5_mtf.data import statistics

  return statistics.row_use(
      {key: f.lengths for key, f in measured.features.items()},
      measured.lengths,
      packed,
  )


def _report(measured: Measured) -> str:
  """All that was measured, for a person."""
  split = f", {measured.split}" if measured.split else ""
  extent = "all of them" if measured.whole else "the first; --whole reads all"
  lines = [f"{measured.name}{split}: {measured.examples:,} examples ({extent})"]
  lines += [terminal.labelled("vocabulary", t) for t in measured.vocabularies]
  headings = ["ids", "mean", "p50", "p90", "p95", "p99", "longest"]
  rows = [headings]
  for name, found in measured.features.items():
    summary = found.summary()
    values = [f"{n:,}" for n in summary.percentiles.values()]
    rows.append([name, f"{summary.mean:,.1f}", *values])
  lines += ["", terminal.table(rows, range(1, 7))]
  lines += ["", terminal.table(_longer_rows(measured), range(1, 12))]
  lines += ["", terminal.table(_filled_rows(measured), range(1, 12))]
  return "\n".join([*lines, "", *_unknown_lines(measured)])


def _longer_rows(measured: Measured) -> list[list[str]]:
  own = {measured.lengths[name] for name in measured.features}
  limits = sorted({*_LIMITS, *own})
  rows = [["longer than", *(f"{limit:,}" for limit in limits)]]
  for name, found in measured.features.items():
    shares = [found.truncated(n) / max(1, found.lengths.size) for n in limits]
    rows.append([name, *map(_percent, shares)])
  return rows


def _filled_rows(measured: Measured) -> list[list[str]]:
  names = list(measured.features)
  heads = [f"{name} of {measured.lengths[name]:,}" for name in names]
  rows = [["rows", "number", *heads]]
  for kind in ("padded", "packed"):
    use = _row_use(measured, kind == "packed")
    shares = [f"{_percent(use.filled[name])} full" for name in names]
    rows.append([kind, f"{use.rows:,}", *shares])
  return rows


def _percent(share: float) -> str:
  """A share in per cent; what is not 0 does not look like 0.

  >>> _percent(0.5), _percent(0.00001), _percent(0)
  ('50.0 %', '<0.1 %', '0 %')
  """
  if share == 0:
    return "0 %"
  return "<0.1 %" if share < 0.0005 else f"{share:.1%}".replace("%", " %")


def _unknown_lines(measured: Measured) -> list[str]:
  """The share of unknown ids, and the characters behind them."""
  lines = []
  for name, found in measured.features.items():
    if not found.unknown:
      lines.append(terminal.labelled("unknown", f"{name}: none"))
      continue
    share = found.unknown / found.tokens
    examples = found.unknown_examples / found.lengths.size
    lines.append(
        terminal.labelled(
            "unknown",
            f"{name}: {found.unknown:,} ids ({share:.3%}), in"
            f" {_percent(examples)} of the examples",
        )
    )
    worst = list((found.unknown_characters or {}).items())
    for character, count in worst[:_WORST]:
      lines.append(f"{'':<12}{count:>9,}  {_character(character)}")
    if len(worst) > _WORST:
      lines.append(f"{'':<12}{'':>9}  and {len(worst) - _WORST} others")
  if any(found.unknown for found in measured.features.values()):
    text = (
        "The model neither sees nor can write these characters. Replace them"
        " in the text, or train a vocabulary that has them: t5_mtf vocab train"
        " --byte_fallback."
    )
    lines += ["", *textwrap.wrap(text, min(terminal.width() or 80, 80))]
  return lines


def _character(character: str) -> str:
  name = unicodedata.name(character, "unnamed")
  shown = character if character.isprintable() else " "
  return f"{shown}  U+{ord(character):04X} {name}"


def _page(measured: Measured) -> str:
  """A page with one histogram a feature."""
  from t5_mtf.evaluation import histogram_chart, report_style

  title = html.escape(f"{measured.name} {measured.split}".strip())
  figures = [
      f"<figure><h3>{html.escape(name)}</h3>"
      + histogram_chart.length_histogram(
          name, found.lengths.tolist(), measured.lengths[name]
      )
      + "</figure>"
      for name, found in measured.features.items()
  ]
  return "\n".join([
      '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      f"<title>{title}</title><style>{report_style.CSS}</style></head><body>",
      f"<h1>{title}</h1>",
      '<p class="quiet">Lengths in ids; the dashed line is the maximum length,'
      " beyond which examples are cut.</p>",
      f'<div class="charts">{"".join(figures)}</div>',
      f"<h2>In numbers</h2><pre>{html.escape(_report(measured))}</pre>",
      "</body></html>\n",
  ])
