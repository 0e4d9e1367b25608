"""`t5_mtf mixtures`: the registered mixtures, and the shares of one."""

from __future__ import annotations

import argparse
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import registered, terminal

_EXAMPLES = """\
examples:
  t5_mtf mixtures
  t5_mtf mixtures show mini_all
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "mixtures",
      help="list the mixtures; `mixtures show NAME` shows its tasks' shares",
      usage="t5_mtf mixtures [PATTERN] | t5_mtf mixtures show NAME [flags]",
      description=(
          "Lists the registered mixtures whose names match a pattern (or hold"
          " a word),\nor shows one: its tasks, how many examples they have, at"
          " which rate they are\ndrawn and what share of the batches they are."
      ),
      epilog=_EXAMPLES,
  )
  parser.add_argument(
      "words", nargs="*", metavar="PATTERN | show NAME",
      help="a glob such as 'glue_*', or a part of the names")
  registered.add_flags(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  from t5_mtf import data

  show, word = registered.words_of(flags, "mixtures")
  registered.prepare(flags)
  if not show:
    names = registered.matching("mixture", word, data.MixtureRegistry.names())
    if not flags.dry_run:
      print(_listing(names))
    return 0
  if word in data.TaskRegistry.names():
    raise errors.UserError(
        f"{word!r} is a task: `t5_mtf tasks show {word}` shows it."
    )
  mixture = data.MixtureRegistry.get(word)
  if not flags.dry_run:
    print(_description(mixture))
  return 0


def _listing(names: list[str]) -> str:
  """One line a mixture, beneath a heading."""
  from t5_mtf import data
  from t5_mtf.data import describe

  rows = [["mixture", "tasks", "rate"]]
  for name in names:
    mixture = data.MixtureRegistry.get(name)
    rules = _rules(describe.rules(mixture))
    try:
      count = str(len(mixture.tasks))
    except errors.UnknownNameError:  # `show` says which task is missing
      count = "?"
    rows.append([name, count, rules])
  count = f"{len(names)} mixture{'s' if len(names) != 1 else ''}"
  return (
      f"{terminal.table(rows, [1], widest=60)}\n\n{count}."
      " `t5_mtf mixtures show NAME` tells more."
  )


def _rules(rules: list[str]) -> str:
  """The declared rates in a few words."""
  numbers = [rule for rule in rules if _is_number(rule)]
  functions = [rule for rule in rules if rule not in numbers]
  if rules == numbers and len(numbers) == 1:
    return f"equal ({numbers[0]})"
  if len(numbers) > 3:
    functions.append(f"{len(numbers)} different numbers")
    numbers = []
  return ", ".join([*functions, *numbers])


def _is_number(rule: str) -> bool:
  return rule.replace(".", "").replace("e+", "").isdecimal()


def _description(mixture: Any) -> str:
  """The tasks of a mixture and their shares."""
  from t5_mtf.data import describe

  found = describe.shares(mixture)
  rules = list(dict.fromkeys(share.rule for share in found))
  functions = [rule for rule in rules if not _is_number(rule)]
  marks = dict(zip(functions, "abcdefghij", strict=False))
  if len(rules) == 1:
    marks = {}
  rows = [["task", "examples", "rate", "share", "by", "through"]]
  for share in found:
    rows.append([
        share.task,
        _known(share.examples, "{:,}"),
        _known(share.rate, "{:,.0f}" if _is_whole(share.rate) else "{:,.6g}"),
        _percent(share.share),
        marks.get(share.rule, ""),
        ", ".join(share.through),
    ])
  examples = [share.examples for share in found]
  total = None if None in examples else sum(examples)
  rows.append(["all", _known(total, "{:,}"), "", "", "", ""])
  kept = [i for i in range(6) if i < 4 or any(row[i] for row in rows[1:])]
  lines = [mixture.name, ""]
  for i, rule in enumerate(marks or rules[: len(rules) == 1]):
    text = f"{marks[rule]}: {rule}" if marks else _rules([rule])
    lines.append(terminal.labelled("" if i else "rate", text))
  if len(rules) > 1:
    others = "others: as given" if marks else "as given"
    if len(functions) < len(rules):
      lines.append(terminal.labelled("" if marks else "rate", others))
  table = [[row[i] for i in kept] for row in rows]
  lines += ["", terminal.table(table, [1, 2, 3], widest=44)]
  if total is None or None in [share.rate for share in found]:
    lines += ["", _unknown_note(mixture)]
  return "\n".join(lines)


def _is_whole(rate: float | None) -> bool:
  return rate is not None and rate == int(rate)


def _percent(share: float | None) -> str:
  if share is None:
    return "?"
  return "<0.01%" if 0 < share < 0.00005 else f"{share:.2%}"


def _known(value: float | None, text: str) -> str:
  return "?" if value is None else text.format(value)


def _unknown_note(mixture: Any) -> str:
  from t5_mtf.data import describe

  reasons = [
      reason
      for task in mixture.tasks
      if describe.num_examples(task) is None
      and (reason := describe.missing_data(task))
  ]
  if not reasons:
    return "?: the source does not know its number of training examples."
  return (
      f"?: not known here, as {len(reasons)} data sets are not prepared. The"
      f" first of them:\n{reasons[0]}"
  )
