"""`t5_mtf ablations plan`: what tables of experiments would cost."""

from __future__ import annotations

import argparse
import collections
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import ablations_flags, console, terminal

_EXAMPLES = """\
examples:
  t5_mtf ablations plan table_4
  t5_mtf ablations plan table_4 table_5 --scale=paper --hardware=v3-32
  t5_mtf ablations plan table_10 --rows "gradual unfreezing" --commands
"""
_PAPER_HARDWARE = "v3-8"  # without which the published batches take years
_EXPLANATION = (
    "Estimates: matrix products at half the hardware's peak (a CPU: 0.6 of a"
    " measured product), and sending; not evaluations, start-up or input, which"
    " outweigh the steps of small models. Disk is that of all checkpoints"
    " before a run is evaluated; `run` keeps the last one of a fine-tuning."
)


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "plan",
      help="what tables would cost: runs, steps, operations, hours, disk",
      usage="t5_mtf ablations plan TABLE [TABLE ...] [flags]",
      description=(
          "Says what each run of tables would cost on hardware that need not be"
          "\nthere, what rows share, and the sum. Trains nothing."
      ),
      epilog=_EXAMPLES,
  )
  ablations_flags.add_rows(parser)
  add = parser.add_argument
  add("--seeds", type=int, default=1, metavar="N",
      help="runs of each row (default 1)")
  add("--hardware", metavar="NAME", help="v2-8 ... v3-1024, T4, V100, A100,"
      f" 8xA100-80GB, cpu:4 (default: {_PAPER_HARDWARE} at the scale paper,"
      " else what is visible here)")
  add("--output", default="ablations", metavar="DIR",
      help="where runs that are done are looked for (default ablations)")
  add("--commands", action="store_true",
      help="print the commands that carry out the runs, and nothing else")
  ablations_flags.add_scale(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns 1 if a run would not work."""
  from t5_mtf.ablations import commands, configurations

  if flags.seeds < 1:
    raise errors.UserError(f"--seeds={flags.seeds} is not a number from 1 on.")
  scale = ablations_flags.scale(flags)
  rows = ablations_flags.chosen_rows(
      dict.fromkeys(map(ablations_flags.table_name, flags.tables)), flags.rows
  )
  reasons = {row.id: configurations.why_not(row, scale) for row in rows}
  needed = {
      row.id: configurations.needed([row], scale, range(flags.seeds))
      for row in rows
      if not reasons[row.id]
  }
  if flags.dry_run:
    return 0
  if flags.commands:
    print(commands.script(_distinct(needed), flags.output))
    return 0
  print(f"scale {scale.name}: {scale.description}")
  for row, reason in reasons.items():
    if reason:
      print(f"without {row}: {reason}")
  return _plan(needed, flags, scale) if needed else 1


def _distinct(needed: Mapping[str, Sequence[Any]]) -> list[Any]:
  every = {single.name: single for row in needed.values() for single in row}
  return list(every.values())


def _plan(
    needed: Mapping[str, Sequence[Any]], flags: argparse.Namespace, scale: Any
) -> int:
  console.quiet_tensorflow()
  from t5_mtf.ablations import planned_costs
  from t5_mtf.models.planning import hardware

  name = flags.hardware or (_PAPER_HARDWARE if scale.name == "paper" else "")
  there = hardware.parse(name) if name else hardware.visible()
  print(f"hardware {there.describe()}\n")
  planner = planned_costs.Planner(there)
  costs = {run.name: planner.cost(run) for run in _distinct(needed)}
  users = collections.Counter(
      single.name for row in needed.values() for single in row
  )
  print(_runs(_distinct(needed), costs, users) + "\n")
  print(_rows(needed, costs, users) + "\n")
  done = _measured(_distinct(needed), flags.output)
  for label, text in _sums(needed, costs, users, done, planner.notes):
    print(terminal.labelled(label, text))
  print(f"\n{terminal.labelled('', _EXPLANATION)}")
  problems = {cost.problem: name for name, cost in costs.items()}
  problems.pop("", None)
  for problem, name in problems.items():
    print("\n" + terminal.labelled("PROBLEM", f"{name}: {problem}"))
  return 1 if problems else 0


def _runs(
    runs: Sequence[Any], costs: Mapping[str, Any], users: Mapping[str, int]
) -> str:
  """One line a run."""
  lines = [["run", "rows", "steps", "tokens", "FLOP", "hours", "disk", "fits"]]
  for single in runs:
    cost = costs[single.name]
    fits = "no" if cost.problem else "tight" if cost.tight else "yes"
    lines.append(
        [single.name, str(users[single.name]), f"{single.steps:,}",
         *_cells([cost]), fits]
    )  # fmt: skip
  return terminal.table(lines, (1, 2, 3, 4, 5, 6), 60)


def _rows(
    needed: Mapping[str, Sequence[Any]],
    costs: Mapping[str, Any],
    users: Mapping[str, int],
) -> str:
  """One line a row: all its runs, and those that no other row here needs."""
  lines = [["row", "runs", "tokens", "FLOP", "hours", "disk", "shared runs",
            "hours without them"]]
  for row, runs in needed.items():
    own = [single for single in runs if users[single.name] == 1]
    lines.append([
        row,
        str(len(runs)),
        *_cells([costs[single.name] for single in runs]),
        str(len(runs) - len(own)),
        _hours([costs[single.name] for single in own]),
    ])
  return terminal.table(lines, (1, 2, 3, 4, 5, 6, 7), 48)


def _cells(costs: Sequence[Any]) -> list[str]:
  """Tokens, operations, hours, disk."""
  from t5_mtf.ablations import wording
  from t5_mtf.models.planning import hardware

  return [
      wording.large(sum(c.tokens for c in costs), ""),
      wording.large(sum(c.flops for c in costs), ""),
      _hours(costs),
      hardware.gigabytes(sum(c.disk for c in costs)),
  ]


def _hours(costs: Sequence[Any], which: int = 1) -> str:
  """Most hours that runs take; a dash if one does not work."""
  if any(cost.seconds is None for cost in costs):
    return "-"
  return _as_hours(sum(cost.seconds[which] for cost in costs))


def _as_hours(seconds: float) -> str:
  hours = seconds / 3600
  return f"{hours:,.0f}" if hours >= 10 else f"{max(hours, 0.01):.2f}"


def _measured(runs: Sequence[Any], output: str) -> dict[str, float]:
  """Seconds that runs took that are done."""
  from t5_mtf.ablations import run_folder

  found = {
      single.name: run_folder.RunFolder(single, output).read_done()
      for single in runs
  }
  return {name: done.seconds for name, done in found.items() if done}


def _sums(
    needed: Mapping[str, Sequence[Any]],
    costs: Mapping[str, Any],
    users: Mapping[str, int],
    done: Mapping[str, float],
    notes: Sequence[str],
) -> list[tuple[str, str]]:
  """(label, text) of what all rows need together."""
  working = [cost for cost in costs.values() if cost.seconds]
  tokens, flops, _, disk = _cells(list(costs.values()))
  hours = " to ".join(dict.fromkeys(_hours(working, n) for n in (0, 1)))
  if len(working) < len(costs):
    hours += f" (of the {len(working):,} runs that work)"
  shared = sum(count > 1 for count in users.values())
  alone = sum(map(len, needed.values()))
  lines = [
      ("runs", f"{len(costs):,} for {len(needed):,} rows, of which {shared:,}"
       f" are shared; {alone:,} if nothing were"),
      ("tokens", tokens),
      ("FLOP", flops),
      ("hours", hours),
      ("disk", disk),
  ]
  if done:
    of_these = [costs[name] for name in done]
    took = sum(done.values())
    lines.append((
        "done",
        f"{len(done):,} of the runs, evaluated, in {_as_hours(took)} hours"
        f" (training estimated: {_hours(of_these)})",
    ))
  return lines + [("note", note) for note in notes]
